"""The keeper's 10 ms tick: what a starved host shows up in."""

from __future__ import annotations

import time

TICK = 0.010  # seconds between two ticks
LATE = 0.050  # seconds after which a tick counts as late


class TickClock:
    """Counts ticks and the late ones; `due` is when the next one should come (monotonic seconds)."""

    def __init__(self) -> None:
        self.due = time.monotonic() + TICK
        self._total = self._late = 0

    def count(self) -> None:
        """Counts every tick that is due; after a stall each missed one, by its own lateness."""
        now = time.monotonic()
        while self.due <= now:
            self._total += 1
            self._late += now - self.due > LATE
            self.due += TICK

    def forgive(self) -> None:
        """Called after the keeper's own slow work (a first import, a heal), which says nothing about the host.

        Not after every command: a host that stalls during a short one would be forgiven too.
        """
        self.due = max(self.due, time.monotonic())

    def counts(self) -> dict[str, int]:
        """For the wire."""
        return {"total": self._total, "late": self._late}
