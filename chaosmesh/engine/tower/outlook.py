"""What is to be expected under the faults in force: the policy's prediction, and how outcomes count."""

from __future__ import annotations

import asyncio

from chaosmesh.engine.experiment.luck import ejection_s
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.tower import scene
from chaosmesh.engine.tower.band import Foreseen, foresee
from chaosmesh.engine.tower.faults import Faults
from chaosmesh.engine.tower.seen import Pair, Seen
from chaosmesh.engine.tower.traffic import Traffic
from chaosmesh.judge import Counting, counting

USUAL_RATE = 100.0
"""Requests a second that are thought of where nothing is sent yet."""


class Outlook:
    """`foreseen` is of the last `look`. `traffic`: what comes from Locust's web UI."""

    def __init__(self, stack: Stack, seen: Seen, faults: Faults, traffic: Traffic | None) -> None:
        self._stack = stack
        self._seen = seen
        self._faults = faults
        self._traffic = traffic
        self._of: tuple[object, ...] = ()
        self.foreseen = Foreseen()

    async def look(self) -> None:
        """Anew only when policy or faults are others; on a thread, as a large mesh has many ways."""
        standing, mesh = self._faults.standing, self._stack.mesh
        present = (mesh, *standing)
        if len(present) == len(self._of) and all(a is b for a, b in zip(present, self._of, strict=True)):
            return
        self.foreseen = await asyncio.to_thread(foresee, mesh, self._stack.topology.entries, standing)
        self._of = present

    def counting(self, pair: Pair | None) -> Counting:
        """How outcomes count under the faults in force: at the entry, or of an edge's calls."""
        contexts = [one.context for one in self._faults.standing]
        doses = [(fault.kind, fault.size) for one in contexts for fault in one.faults]
        times = [each for one in contexts if (each := ejection_s(self._stack.mesh, one))]
        return counting(doses, self._rate(pair), ejection_s=max(times, default=None))

    @property
    def planned_rps(self) -> float:
        """Requests a second that are to be sent now, whoever sends them."""
        locust = self._traffic.streams if self._traffic else ()
        own = (one.stream for one in self._stack.limits.running if one.stream.id not in locust)
        return (self._traffic.planned_rps if self._traffic else 0.0) + sum(one.rate for one in own)

    def _rate(self, pair: Pair | None) -> float:
        now = scene.present()
        if pair is not None and pair in self._seen.edges:
            calls = [one.calls for one in self._seen.edges[pair].seconds.window(now)]
            return sum(calls) / len(calls) if calls else self.planned_rps or USUAL_RATE
        done = [one.done for one in self._seen.entry.window(now)]
        return (sum(done) / len(done) if done else 0.0) or self.planned_rps or USUAL_RATE
