"""What can be done to the parts of a mesh: end, stop, continue and start them, and tell stand-ins to behave."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.mesh import Replica, Topology
from chaosmesh.runtime import parts, probe
from chaosmesh.runtime.ailing import Ailing
from chaosmesh.runtime.hands import Hands
from chaosmesh.runtime.heal import Heal
from chaosmesh.runtime.parts import App, Part, Role
from chaosmesh.runtime.toxiproxy import ToxiproxyClient
from chaosmesh.services.config import StandIn

START_TIMEOUT = 30.0  # seconds; an Envoy answers after 0.1 s, a hundred at once after 9 s
CONFIG_PATH, TOKEN_HEADER = "/.chaosmesh/config", "x-chaosmesh-token"


ASK_DEADLINE = 20.0
"""Seconds within which a stand-in must have answered what it is told."""


class Acts(Hands):
    """The part of a runtime that faults use."""

    toxiproxy: ToxiproxyClient
    _topology: Topology
    _token: str
    _parts: dict[str, Part]
    _ended: dict[str, int]
    _killed: set[str]
    _apps: dict[Replica, App]

    async def crash(self, replica: Replica, role: Role | None = None) -> None:
        """SIGKILL; returns when the process is gone and the proxies in front of the replica refuse connections.

        The default is the application; its sidecar keeps its control-plane stream. A gateway has only its sidecar.
        """
        name = self.part(replica, role).name
        self._killed.add(name)
        await self._kill(name)
        await self._gone(name)

    async def hang(self, replica: Replica, role: Role | None = None) -> None:
        """Stopped: connections are still accepted by the kernel, nothing is answered; in force when it returns."""
        part = self.part(replica, role)
        await self._freeze(part.name)

        async def look() -> str:
            state = await self._state(part.name)
            return "" if state == "stopped" else f"it {state}"

        await self._until(part, look, START_TIMEOUT)

    async def resume(self, replica: Replica, role: Role | None = None) -> None:
        """Cuts the connections to the replica, then lets it go on: what piled up is not answered late."""
        part = self.part(replica, role)
        reason, proxies = f"resume:{part.name}", parts.proxies_to(self._topology, replica)
        for proxy in proxies:
            await self.toxiproxy.disable(proxy, reason)
        await self._thaw(part.name)
        for proxy in proxies:
            await self.toxiproxy.enable(proxy, reason)

    async def restart(self, replica: Replica, within: float = START_TIMEOUT) -> None:
        """Starts again what crashed of a replica (the application if all of it runs); returns when it serves."""
        roles: list[Role] = ["sidecar", "app"] if replica in self._apps else ["sidecar"]
        down = [one for one in roles if Part(one, replica).name in self._ended]
        for role in down or roles[-1:]:
            if not down:
                await self.crash(replica, role)
            await self.revive(replica, role, within)

    async def revive(self, replica: Replica, role: Role, within: float = START_TIMEOUT) -> bool:
        """Starts again what crashed; returns once it serves. False when it runs anyway."""
        part = Part(role, replica)
        if part.name not in self._ended:
            return False
        await self._gone(part.name)  # what still closes its proxies would do so behind our back
        await (self._start_app(replica) if role == "app" else self._start_sidecar(replica))
        await (self._accepting(replica, within) if role == "app" else self._admin(replica, 200, within))
        for proxy in parts.proxies_to(self._topology, replica):
            await self.toxiproxy.enable(proxy, f"down:{part.name}")
        return True

    def heal_hang(self, replica: Replica, role: Role | None = None) -> tuple[Heal, ...]:
        """`resume` as data for a lease."""
        switch, names = self.toxiproxy.heal_switch, parts.proxies_to(self._topology, replica)
        return (
            *(switch(name, enabled=False) for name in names),
            self._heal_freeze(self.part(replica, role).name),
            *(switch(name, enabled=True) for name in names),
        )

    async def configure(self, replica: Replica, **changes: Any) -> StandIn:
        """Gives a running stand-in another latency_ms, capacity, queue, version or health; in force when this
        returns."""
        changed = self.standin(replica).changed(changes)
        if Part("app", replica).name in self._ended:
            self._apps[replica] = changed  # it starts like this
            return changed
        await self._ask(replica, "PUT", json.dumps(changes).encode())
        self._apps[replica] = changed
        return changed

    async def told(self, replica: Replica) -> Mapping[str, Any]:
        """How a running stand-in says it is configured, and what it counted ("counts")."""
        found: Mapping[str, Any] = json.loads(await self._ask(replica, "GET"))
        return found

    def heal_configure(self, replica: Replica, **changes: Any) -> Heal:
        """`configure` as data for a lease."""
        host, port = self._place(replica)
        body = json.dumps(changes)
        return Heal.http("PUT", host, port, CONFIG_PATH, body, headers={TOKEN_HEADER: self._token})

    def standin(self, replica: Replica) -> StandIn:
        """How the stand-in of a replica is configured; UsageError where none runs that can be told anything."""
        return self._told(replica)

    def down(self, part: Part) -> bool:
        """Whether it ended and was not started again."""
        return part.name in self._ended

    def told_replicas(self) -> list[Replica]:
        """Replicas whose stand-in can be told something."""
        return [one for one, app in self._apps.items() if isinstance(app, StandIn) and app.listen]

    def pid(self, replica: Replica, role: Role | None = None) -> int:
        """Pid (of this machine) of the application (or the given part) of a replica."""
        return self._pids[self.part(replica, role).name]

    def pids(self, *, every: bool = False) -> list[int]:
        """Pids of the sidecars and applications that run; `every`: of all else that does too."""
        running = (name for name in self._pids if name not in self._ended)
        return [self._pids[name] for name in running if every or self._parts[name].replica is not None]

    def part(self, replica: Replica, role: Role | None = None) -> Part:
        """The application of a replica, or the given part; UsageError where it has none."""
        if role == "app" and replica not in self._apps:
            raise UsageError(
                f"{replica.key} has no application of its own: it is a gateway",
                hint="its sidecar is all there is of it: .sidecar",
            )
        return Part(role or ("app" if replica in self._apps else "sidecar"), replica)

    async def ailing(self, replica: Replica, role: Role, kind: str, values: Mapping[str, Any]) -> Ailing:
        """A fault on a container, checked and ready to begin. UsageError for what can't be done: to anything that is
        no container, or to this one."""
        raise UsageError(
            f"{kind} {dict(values)}: only a container can have it, and {self.part(replica, role).name} is a process",
            hint="--runtime docker (pytest: --chaos-runtime docker)",
        )

    async def condition(self, replica: Replica) -> Literal["runs", "stopped", "ended"]:
        """What a replica does: the worse of its application and its sidecar, by the kernel's or the engine's word."""
        roles: list[Role] = ["sidecar", "app"] if replica in self._apps else ["sidecar"]
        names = [Part(role, replica).name for role in roles]
        found = [
            "ended" if one in self._ended or one not in self._parts else await self._state(one)
            for one in names
        ]
        return "ended" if "ended" in found else "stopped" if "stopped" in found else "runs"

    async def unwell(self) -> list[str]:
        """In words, every sidecar and application that ended or is stopped, as the kernel tells it."""
        names = [name for name, part in self._parts.items() if part.replica is not None]
        states = {name: "ended" if name in self._ended else await self._state(name) for name in names}
        words = {"ended": "ended", "stopped": "is stopped"}
        return [f"{name} {words[state]}" for name, state in states.items() if state in words]

    async def _ask(self, replica: Replica, method: str, body: bytes = b"") -> bytes:
        """Again until it answers: a host that starves may take longer than a look, and asking twice does no harm."""
        host, port = self._place(replica)
        answers: list[tuple[int, bytes]] = []

        async def look() -> str:
            try:
                answers.append(
                    await probe.request(method, host, port, CONFIG_PATH, {TOKEN_HEADER: self._token}, body)
                )
            except (OSError, TimeoutError, ValueError) as error:
                return str(error) or type(error).__name__
            return ""

        await probe.until(f"the stand-in {replica.key} answers", look, within=ASK_DEADLINE)
        status, answer = answers[-1]
        if status != 200:
            raise EnvironmentFailedError(
                f"the stand-in {replica.key} refused {method} {body.decode()}: {status} {answer!r}"
            )
        return answer

    def _place(self, replica: Replica) -> tuple[str, int]:
        """Where a stand-in can be told something."""
        host, port, _ = self._told(replica).listen[0]
        return host, port

    def _told(self, replica: Replica) -> StandIn:
        app = self._apps.get(replica)
        if not isinstance(app, StandIn):
            raise UsageError(
                f"{replica.key} is no stand-in: its program can't be told to behave otherwise",
                hint="crash, hang and request faults work on any program",
            )
        if not app.listen:
            raise UsageError(f"{replica.key}: its stand-in listens nowhere, so it can't be changed")
        return app

    @abstractmethod
    async def _gone(self, name: str) -> None:
        """Until a part has ended and the proxies in front of it refuse connections."""

    @abstractmethod
    async def _accepting(self, replica: Replica, within: float) -> None:
        """Until the application of a replica serves."""

    @abstractmethod
    async def _admin(self, replica: Replica, status: int | None, within: float) -> None:
        """Until the admin interface of a sidecar answers (with this status)."""

    @abstractmethod
    async def _until(self, part: Part, look: Callable[[], Awaitable[str]], within: float) -> None:
        """Until a condition holds of a part; an error when the part ends before."""
