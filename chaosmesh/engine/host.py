"""Whether the host gave us the time that a measurement needs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from chaosmesh.engine.cores import UNTOLD, Cores
from chaosmesh.errors import DeadlineError
from chaosmesh.runtime import Keeper, Ticks, probe

LATE_SHARE = 0.01
"""Share of the keeper's 10 ms ticks that may come more than 50 ms late."""

CROWDED = 0.6
"""Share of its time on a run queue that a busy process may spend waiting for a core before what it serves is slow
for a reason of the host. Seen: up to 0.5 on two quiet cores, 0.6–0.8 beside programs that want both."""

BUSY = 0.02
"""Share of a core from which on a process counts as busy."""

OTHERS, IDLE = 0.2, 0.1
"""Share of the cores' time that others' programs had at least, and that nobody had at most, where others crowd a host:
what a mesh does to itself is the policy's. Seen: others at most 0.01 on two quiet cores, also where a policy that cuts
every try leaves nothing idle; 0.16–0.47 beside programs that want both."""

QUIET_S, PATIENCE_S = 2.0, 20.0
"""Seconds without a late tick that are called calm, and how long they are waited for."""

Blamed = Literal["host", "generator"]
_BLAMED: tuple[tuple[str, Blamed], ...] = (
    ("the host starved", "host"),
    ("the host was crowded", "host"),
    ("the generator", "generator"),
    ("the users of the locustfile", "generator"),
)

Times = Mapping[int, tuple[int, int]]
"""Process → (ns on a core, ns waiting for one), its threads together, from /proc/<pid>/task/*/schedstat."""


class Watched(Protocol):
    """A running mesh, as far as its processes go."""

    @property
    def keeper(self) -> Keeper: ...

    def pids(self, *, every: bool = False) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Watch:
    """A span, seen from the host: the keeper's ticks and the processes that serve requests."""

    keeper: Keeper
    ticks: Ticks
    begin: float
    processes: Times = field(default_factory=dict)
    cores: Cores = UNTOLD
    ours: Sequence[int] = ()

    @classmethod
    async def start(cls, keeper: Keeper) -> Watch:
        """From now, the ticks alone."""
        return cls(keeper, await keeper.ticks(), time.monotonic())

    @classmethod
    async def of(cls, stack: Watched) -> Watch:
        """From now, its sidecars and services too."""
        answering, ours = _times(stack.pids()), stack.pids(every=True)
        return cls(
            stack.keeper, await stack.keeper.ticks(), time.monotonic(), answering, Cores.now(ours), ours
        )

    async def starved(self) -> str | None:
        """Why nothing measured in the span can be trusted, if so."""
        now = await self.keeper.ticks()
        total, late = now.total - self.ticks.total, now.late - self.ticks.late
        if total and late / total > LATE_SHARE:
            return f"the host starved: {late} of {total} ticks came more than 50 ms late"
        return None

    def crowded(self) -> str | None:
        """Why slowness in the span may be the host's, if so: a process that serves requests waited for a core far
        longer than it ran. Says nothing about answers that were quick all the same."""
        worst, least = 0.0, BUSY * (time.monotonic() - self.begin) * 1e9
        for pid, (ran, waited) in _times(self.processes).items():
            before = self.processes[pid]
            on, off = ran - before[0], waited - before[1]
            if on > least:
                worst = max(worst, off / (on + off))
        if worst <= CROWDED:
            return None
        return f"the host was crowded: a process that answers waited for a core {worst:.0%} of its time"

    def crowded_by_others(self) -> str | None:
        """The same, where it was not the mesh itself that left no time."""
        if (crowded := self.crowded()) is None:
            return None
        theirs, idle = self.cores.others(Cores.now(self.ours))
        if theirs < OTHERS or idle > IDLE:
            return None
        return f"{crowded}, and other programs had {theirs:.0%} of the cores"


def blamed(reason: str) -> Blamed | None:
    """Who took the time that a measurement needed, by the reason why it says nothing; None: nobody of these."""
    return next((who for words, who in _BLAMED if words in reason), None)


async def calm(keeper: Keeper, problems: Iterable[str], say: Callable[[str], None]) -> None:
    """Before something is measured anew: where the host left no time for it, say so and wait until it has time again. If
    it does not come to rest, return all the same: the measurement itself tells."""
    reason = next(filter(blamed, problems), None)
    if reason is None:
        return
    say(f"measured anew once the host has time ({PATIENCE_S:.0f} s at most): {reason}")
    watch = await Watch.start(keeper)

    async def look() -> str:
        nonlocal watch
        if why := await watch.starved():
            watch = await Watch.start(keeper)
            return why
        seconds = time.monotonic() - watch.begin
        return "" if seconds >= QUIET_S else f"no late tick for {seconds:.1f} s"

    with contextlib.suppress(DeadlineError):
        await probe.until("the host has time", look, within=PATIENCE_S)


def _times(pids: Iterable[int]) -> Times:
    return {pid: found for pid in pids if (found := _of(pid)) is not None}


def _of(pid: int) -> tuple[int, int] | None:
    ran = waited = 0
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            on, off, _ = (thread / "schedstat").read_text().split()
            ran, waited = ran + int(on), waited + int(off)
    except (OSError, ValueError):
        return None
    return ran, waited
