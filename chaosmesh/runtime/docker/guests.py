"""What a run of containers has besides the mesh: the user's own containers behind a node, servers outside, and faults
that only containers have."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from chaosmesh.mesh import Mesh, Replica, Topology
from chaosmesh.runtime import probe
from chaosmesh.runtime.ailing import Ailing
from chaosmesh.runtime.docker import outside, specs, workloads
from chaosmesh.runtime.docker.ailments import Ailments
from chaosmesh.runtime.docker.attached import Guest, program_of
from chaosmesh.runtime.docker.containers import Containers
from chaosmesh.runtime.docker.ill import Patient
from chaosmesh.runtime.docker.specs import Spec
from chaosmesh.runtime.keeper_client import Keeper
from chaosmesh.runtime.outside import Outside
from chaosmesh.runtime.parts import App, Part, Role
from chaosmesh.runtime.relay import Relay
from chaosmesh.runtime.runtime import Runtime
from chaosmesh.services.program import Program

if TYPE_CHECKING:
    from chaosmesh.runtime.docker.network import Bridge

OUTSIDE_S = 60.0
"""Seconds until a container of something outside must accept connections."""


class Guests(Runtime):
    """The part of the docker runtime that is not the mesh itself."""

    _network: Bridge
    _containers: Containers
    _images: dict[str, str]
    _own: dict[str, str]

    def __init__(self, keeper: Keeper) -> None:
        super().__init__(keeper)
        self._ailments = Ailments(self._do)
        self._relays: list[Relay] = []

    async def ailing(self, replica: Replica, role: Role, kind: str, values: Mapping[str, Any]) -> Ailing:
        """A fault on a container of this engine."""
        if kind != "partition":  # a gateway can be cut off, too
            self.part(replica, role)
        pod = self._pod(self._mesh, self._topology, replica, self._apps)
        patient = Patient(
            self._network.client,
            self._containers,
            self._keeper.run,
            self._network.socket,
            self._network.subnet,
            self._images["sidecar"],
            replica,
            role,
            pod,
            self._apps.get(replica),
        )
        return await self._ailments.on(patient, kind, values)

    async def unwell(self) -> list[str]:
        """And what a fault has left in a container."""
        return [*await super().unwell(), *await self._ailments.left()]

    async def _reach(self, one: Outside) -> str:
        """A container of it, or by way of this machine where it listens on loopback only."""
        if one.image:
            spec = outside.box(one, self._own[one.name])
            await self._run(spec)
            await self._until(spec.part, lambda: probe.accepts(one.home, one.port), OUTSIDE_S)
            return f"{one.home}:{one.port}"
        if one.here:
            relay = await Relay.start(f"{self._network.subnet}.{specs.GATEWAY}", one.host, one.port)
            self._relays.append(relay)
            return relay.place
        return await super()._reach(one)

    async def _receive(self, part: Part, app: Program) -> None:
        """A container that runs already joins the network."""
        self._started(part)
        network = self._network
        guest = await self._do(Guest, network.client, network.name, app.container, app.address)
        receive = partial(self._containers.receive, part.name, guest.container, guest.leave)
        self._pids[part.name] = await self._do(receive)

    async def attached(self, node: str, container: Any, port: int | None) -> Program:
        """The user's own container as what runs behind a node."""
        ports = [one.port for one in self._mesh.workload(node).listeners]
        made: Program = await self._do(partial(program_of, node, container, ports, port))
        if made.image:
            self._own |= await self._do(partial(workloads.images, self._network.client, [made]))
        return made

    def shown(self, replica: Replica) -> Any:
        """The application's container itself."""
        return self._containers.get(Part("app", replica).name)

    async def _accepted(self, replica: Replica, program: Program) -> str:
        own = [program.ports.get(port, port) for _, port, _ in program.listen]
        return "; ".join(filter(None, [await probe.accepts(replica.app, port) for port in own]))

    def _let_go(self) -> None:
        """Relays take no more connections."""
        for one in self._relays:
            one.close()

    @abstractmethod
    def _pod(self, mesh: Mesh, topology: Topology, replica: Replica, apps: Mapping[Replica, App]) -> Spec:
        """The holder of a replica's network as it should be."""

    @abstractmethod
    async def _run(self, spec: Spec) -> None:
        """Starts a container."""

    @abstractmethod
    async def _do(self, act: Any, *arguments: Any) -> Any:
        """Runs something that blocks in a thread."""
