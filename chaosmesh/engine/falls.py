"""Parts of the mesh that ended although nobody ended them. Without them nothing is measured but the host."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from chaosmesh.runtime.parts import Part


@dataclass(frozen=True, slots=True)
class Fall:
    """`status` as of a process: negative for a signal; `at` monotonic seconds. `ours`: the mesh's own, not a program that
    the user brought (whose end is something that its callers must bear, and so no reason to doubt a verdict). `why`:
    the cause, where its log tells one."""

    part: Part
    status: int
    at: float
    ours: bool
    why: str = ""

    def __str__(self) -> str:
        how = f"{_words(self.status)}: {self.why}" if self.why else _words(self.status)
        return f"{self.part.name} ended by itself, {how} (logs/{self.part.name}.log in the run folder)"


class Falls:
    """`heard` takes what ended; `problem` is why a verdict says nothing. `ours` tells whether a part is the mesh's own,
    `leases` what faults hold just now, `why` the cause of an end; whoever is in `told` hears of each."""

    def __init__(
        self,
        ours: Callable[[Part], bool],
        leases: Callable[[], Collection[str]],
        *told: Callable[[Fall], None],
        why: Callable[[Part], str] = lambda _: "",
    ) -> None:
        self.all: list[Fall] = []
        self.told = list(told)
        self._ours, self._leases, self._why = ours, leases, why

    def heard(self, part: Part, status: int, meant: bool) -> None:
        """A part has ended. Killed under a fault it may have been the kernel, for lack of memory: that is the fault's doing."""
        if meant or (status == -signal.SIGKILL and self._leases()):
            return
        ours = self._ours(part)
        fall = Fall(part, status, time.monotonic(), ours, self._why(part) if ours else "")
        self.all.append(fall)
        for one in self.told:
            one(fall)

    def problem(self, begin: float, down: Callable[[Part], bool]) -> str | None:
        """Why nothing measured since then (monotonic seconds) can be trusted: something fell, or lay there already."""
        found = (one for one in self.all if one.ours and (one.at >= begin or down(one.part)))
        return next((str(one) for one in found), None)


def _words(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    name = signal.Signals(-status).name if -status in {one.value for one in signal.Signals} else "unknown"
    return f"signal {-status} ({name})"
