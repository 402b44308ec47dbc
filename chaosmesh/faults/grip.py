"""What faults on processes, on the control plane and on certificates need of the running mesh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from chaosmesh.faults.evidence import Evidence

Role = Literal["app", "sidecar"]
"""Which process of a replica."""

Flaw = Literal["expired", "wrong_name", "wrong_authority"]
"""What may be wrong with a certificate."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One replica of a node."""

    node: str
    index: int

    def __str__(self) -> str:
        return f"{self.node}.{self.index}"


class ProcessActs(Protocol):
    """What faults do to processes. Everything that could outlive this process is done under a lease; what undoes
    is harmless where nothing was done. UsageError for what this mesh can't do, and then nothing was done."""

    async def crash(self, copy: Copy, role: Role, evidence: Evidence) -> None:
        """Kill a process; returns once it is gone and calls to the replica are refused."""

    async def revive(self, copy: Copy, role: Role) -> None:
        """Start it again; returns once it serves, a sidecar with everything that it should hold."""

    async def freeze(self, lease: str, copy: Copy, role: Role, evidence: Evidence) -> None:
        """Stop a process (SIGSTOP); returns once the kernel says that it is."""

    async def thaw(self, lease: str, copy: Copy, role: Role) -> None:
        """Cut the connections that hung, and let it go on."""

    async def restart(self, lease: str, copy: Copy, after_s: float, evidence: Evidence) -> None:
        """Kill an application; it is started again by itself `after_s` seconds later."""

    async def restarted(self, lease: str, copy: Copy) -> None:
        """Returns once it serves again; what has not been started yet is started now."""

    async def behave(
        self, lease: str, copy: Copy, changes: Mapping[str, Any], counter: str, evidence: Evidence
    ) -> None:
        """Tell a stand-in to behave otherwise; `counter` of its own counts is the evidence."""

    async def behave_again(self, lease: str) -> None:
        """It behaves as before."""

    async def burn(self, lease: str, cores: int, evidence: Evidence) -> None:
        """Start a process for each core that does nothing but take its time."""

    async def quench(self, lease: str) -> None:
        """End them."""

    async def take_out(self, copy: Copy, evidence: Evidence) -> None:
        """Take a replica out of the mesh: nobody calls it any more, its calls end, it is stopped."""

    async def put_back(self, copy: Copy) -> None:
        """It is in the mesh again."""

    async def grow(self, node: str, evidence: Evidence) -> None:
        """One replica more; returns when it is called."""

    async def shrink(self, node: str) -> None:
        """One replica less."""


class ControlActs(Protocol):
    """What faults do to the control plane and to certificates."""

    async def lose_control(self, lease: str, evidence: Evidence) -> None:
        """The control plane goes away; access logs still come."""

    async def regain_control(self, lease: str) -> None:
        """It is back, and every sidecar holds what it should."""

    async def hold_back(self, lease: str, evidence: Evidence) -> None:
        """No push reaches a sidecar any more."""

    async def let_through(self, lease: str) -> None:
        """Pushes reach the sidecars again."""

    async def push_badly(self, lease: str, evidence: Evidence) -> None:
        """Every sidecar is sent something that it refuses, again and again until it is taken back."""

    async def push_well(self, lease: str) -> None:
        """It is taken back."""

    async def show_flawed(self, lease: str, node: str, flaw: Flaw, evidence: Evidence) -> None:
        """A node shows a certificate that is not right; connections that believed the right one are cut."""

    async def show_right(self, lease: str) -> None:
        """It shows the right one."""
