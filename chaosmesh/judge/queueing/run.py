"""A simulated run: load through a model, with a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from chaosmesh.judge.queueing.calls import Call, Seen, World
from chaosmesh.judge.queueing.clock import Clock
from chaosmesh.judge.queueing.model import Flow, Model
from chaosmesh.judge.queueing.queue import Queue

DRAIN = 60.0
"""Seconds after the last request in which answers still count; what takes longer is never answered."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a run showed. `requests` at the entry, in the order of their start; `calls` by edge; `arrived`: when attempts
    came to each server; `ages`: (when, how long the first in a server's queue had waited), every tenth of a second."""

    requests: tuple[Seen, ...]
    calls: dict[str, tuple[Seen, ...]]
    arrived: dict[str, tuple[float, ...]]
    ages: dict[str, tuple[tuple[float, float], ...]]

    def goodput(self, since: float, until: float) -> float:
        """Requests a second that were answered well, by the time of their answer."""
        good = sum(since <= one.end < until for one in self.requests if one.ok)
        return good / (until - since)


def simulate(model: Model, flow: Flow, seed: int) -> Simulated:
    """One run; the same seed gives the same run."""
    clock = Clock()
    queues = {one.name: [Queue(clock, one.capacity) for _ in range(one.replicas)] for one in model.servers}
    world = World(clock, random.Random(seed), {one.name: one for one in model.servers}, model.calls, queues)
    times = _times(flow, random.Random(seed + 1))
    ages: dict[str, list[tuple[float, float]]] = {name: [] for name in queues}

    def arrive() -> None:
        Call(world, model.entry, lambda _: None)
        if (at := next(times, None)) is not None:
            clock.after(at - clock.now, arrive)

    def look() -> None:
        for name, several in queues.items():
            ages[name].append((clock.now, max(one.oldest for one in several)))
        if clock.now < flow.seconds:
            clock.after(LOOK, look)

    if (first := next(times, None)) is not None:
        clock.after(first, arrive)
    clock.after(0.0, look)
    clock.run(flow.seconds + DRAIN)
    return Simulated(
        tuple(world.seen.get(model.entry.name, ())),
        {name: tuple(calls) for name, calls in world.seen.items()},
        {name: tuple(when) for name, when in world.arrived.items()},
        {name: tuple(seen) for name, seen in ages.items()},
    )


LOOK = 0.1  # seconds


def _times(flow: Flow, rng: random.Random) -> Iterator[float]:
    pieces = [*flow.rates, (flow.seconds, 0.0)]
    for (since, rate), (until, _) in pairwise(pieces):
        at = since
        while rate > 0 and at < until:
            yield at
            at += rng.expovariate(rate) if flow.poisson else 1 / rate
