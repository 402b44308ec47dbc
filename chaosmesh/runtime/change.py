"""What has to start and to stop so that another mesh can run in the place of the present one: pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chaosmesh.mesh import Mesh, Replica, Topology
from chaosmesh.runtime import layout, parts
from chaosmesh.runtime.parts import App
from chaosmesh.runtime.toxiproxy import ProxySpec
from chaosmesh.services.config import StandIn


@dataclass(frozen=True, slots=True)
class Layer:
    """A mesh with everything that runs for it."""

    mesh: Mesh
    topology: Topology
    apps: Mapping[Replica, App]


@dataclass(frozen=True, slots=True)
class Change:
    """From one layer to another. `moved` are replicas (as they will be) whose application is started anew beside
    the old one, because it listens or calls differently: a new process at a new address, so that the old one can
    finish what it has."""

    before: Layer
    after: Layer

    @property
    def new_sidecars(self) -> tuple[Replica, ...]:
        """Replicas that come."""
        return _without(self.after.topology.replicas, self.before.topology.replicas)

    @property
    def gone_sidecars(self) -> tuple[Replica, ...]:
        """Replicas that go."""
        return _without(self.before.topology.replicas, self.after.topology.replicas)

    @property
    def new_apps(self) -> tuple[Replica, ...]:
        """Replicas whose application starts."""
        have = {(one.key, one.app) for one in self.before.apps}
        return tuple(one for one in self.after.apps if (one.key, one.app) not in have)

    @property
    def gone_apps(self) -> tuple[Replica, ...]:
        """Replicas whose application ends."""
        have = {(one.key, one.app) for one in self.after.apps}
        return tuple(one for one in self.before.apps if (one.key, one.app) not in have)

    @property
    def moved(self) -> tuple[Replica, ...]:
        """Replicas that stay and whose application is another process afterwards."""
        staying = {one.key for one in self.before.topology.replicas}
        return tuple(one for one in self.new_apps if one.key in staying)

    @property
    def new_proxies(self) -> tuple[ProxySpec, ...]:
        """Toxiproxy proxies that come."""
        have = {one.name for one in parts.proxies(self.before.topology)}
        return tuple(one for one in parts.proxies(self.after.topology) if one.name not in have)

    @property
    def gone_proxies(self) -> tuple[ProxySpec, ...]:
        """Toxiproxy proxies that go."""
        have = {one.name for one in parts.proxies(self.after.topology)}
        return tuple(one for one in parts.proxies(self.before.topology) if one.name not in have)

    @property
    def abandoned(self) -> tuple[str, ...]:
        """ "address:port" of proxies that go and that a client which stays may still be connected to."""
        clients = {one.name for one in self.after.mesh.workloads}
        own = {
            edge.name(port)
            for edge in self.before.topology.proxies
            if edge.client in clients
            for port in edge.ports
        }
        return tuple(one.listen for one in self.gone_proxies if one.name in own)

    @property
    def relieved(self) -> tuple[str, ...]:
        """ "address:port" of the applications that go, where a new one serves the same port of the same replica."""
        served = {(one.key, port) for one, new in self.after.apps.items() for _, port, _ in new.listen}
        return tuple(
            f"{host}:{port}"
            for one in self.gone_apps
            for host, port, _ in self.before.apps[one].listen
            if (one.key, port) in served
        )

    def back(self) -> Change:
        """The way back."""
        return Change(self.after, self.before)


def plan(
    before: Layer,
    mesh: Mesh,
    topology: Topology,
    known: Topology,
    wanted: Mapping[str, App],
    *,
    token: str,
) -> Change:
    """The change to another mesh at `topology`; where an application moves, the topology of the result says so.

    `known` is every address that the run ever gave away. What a running stand-in was told meanwhile (latency,
    capacity, queue, version, health) stays.
    """
    running = {one.key: app for one, app in before.apps.items()}
    for one, wish in parts.apps(mesh, topology, wanted, token=token).items():
        old = running.get(one.key)
        if old is not None and not _same(old, wish):
            topology = layout.new_app(topology, known, one.node, one.index)
    apps = {
        one: _as_told(app, running.get(one.key))
        for one, app in parts.apps(mesh, topology, wanted, token=token).items()
    }
    return Change(before, Layer(mesh, topology, apps))


def _same(old: App, new: App) -> bool:
    """A program of the user's own knows nothing of the mesh: it stays, whatever the policy becomes."""
    if isinstance(old, StandIn) and isinstance(new, StandIn):
        return set(old.listen) == set(new.listen) and old.calls == new.calls
    return True


def _as_told(new: App, old: App | None) -> App:
    if not isinstance(old, StandIn) or not isinstance(new, StandIn):
        return new
    return replace(
        new,
        version=old.version,
        latency_ms=old.latency_ms,
        capacity=old.capacity,
        queue=old.queue,
        healthy=old.healthy,
    )


def _without(ours: tuple[Replica, ...], theirs: tuple[Replica, ...]) -> tuple[Replica, ...]:
    keys = {one.key for one in theirs}
    return tuple(one for one in ours if one.key not in keys)
