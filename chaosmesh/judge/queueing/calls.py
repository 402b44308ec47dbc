"""Calls and their attempts, as a sidecar makes them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from chaosmesh.judge.queueing.clock import Clock, Timer
from chaosmesh.judge.queueing.model import Arm, Edge, Server, Trouble
from chaosmesh.judge.queueing.pool import Pool
from chaosmesh.judge.queueing.queue import Queue

Why = Literal["", "answer", "reset", "below", "per_try", "timeout", "pool", "overloaded", "gone"]
"""Why a call or attempt failed: a fault's answer, a break, a call below, a timeout, a breaker of the caller's, one of
the callee's; "gone": the caller had left."""

TRIED_AGAIN: Final[Mapping[str, str]] = {
    "answer": "answer",
    "below": "answer",
    "reset": "reset",
    "per_try": "reset",
}


@dataclass(slots=True)
class Seen:
    """One call: when, how many attempts, why it failed; `refused`: a breaker or budget refused a retry."""

    start: float
    end: float = float("inf")
    attempts: int = 0
    why: Why = ""
    refused: bool = False

    @property
    def ok(self) -> bool:
        """Whether it was answered well."""
        return not self.why


@dataclass(slots=True)
class World:
    """Everything that calls share. `arrived`: when attempts came to each server, `rng`: all chance there is."""

    clock: Clock
    rng: random.Random
    servers: Mapping[str, Server]
    calls: Mapping[str, Sequence[Edge]]
    queues: Mapping[str, Sequence[Queue]]
    pools: dict[tuple[str, str], Pool] = field(default_factory=dict)
    inside: dict[str, Pool] = field(default_factory=dict)
    seen: dict[str, list[Seen]] = field(default_factory=dict)
    arrived: dict[str, list[float]] = field(default_factory=dict)
    turn: dict[str, int] = field(default_factory=dict)

    def pool(self, edge: Edge, arm: Arm) -> Pool:
        """The client's pool towards an arm: one for all of a client's edges to this server."""
        key = (edge.name.partition(">")[0], arm.server)
        if key not in self.pools:
            self.pools[key] = Pool(arm.limits)
        return self.pools[key]

    def queue(self, server: str) -> Queue:
        """The next replica's queue, in turn."""
        queues = self.queues[server]
        self.turn[server] = (self.turn.get(server, -1) + 1) % len(queues)
        return queues[self.turn[server]]


class Call:
    """One call with all its attempts; `done` is told how it ended."""

    __slots__ = (
        "_arm",
        "_attempt",
        "_backoff",
        "_deadline",
        "_done",
        "_edge",
        "_holds",
        "_pool",
        "_world",
        "seen",
    )

    def __init__(self, world: World, edge: Edge, done: Callable[[Why], None]) -> None:
        self._world, self._edge, self._done = world, edge, done
        arms = edge.arms
        self._arm = arms[0] if len(arms) == 1 else world.rng.choices(arms, [one.weight for one in arms])[0]
        self._pool = world.pool(edge, self._arm)
        self._holds = False
        self._backoff: Timer | None = None
        self._attempt: Attempt | None = None
        self.seen = Seen(world.clock.now)
        world.seen.setdefault(edge.name, []).append(self.seen)
        timeout = edge.policy.timeout
        self._deadline = world.clock.after(timeout, self._too_late) if timeout else None
        self._next()

    def leave(self) -> None:
        """The caller has gone."""
        if self.seen.end == float("inf"):
            self._end("gone", tell=False)

    def _next(self) -> None:
        self.seen.attempts += 1
        arm = self._arm
        spared = self.seen.attempts > 1 and arm.elsewhere != ""
        server = arm.elsewhere if spared else arm.server
        troubles = () if spared else self._edge.troubles
        self._attempt = Attempt(self._world, self._edge, server, troubles, self._pool, self._over)
        self._attempt.start()

    def _over(self, why: Why) -> None:
        """An attempt has ended."""
        policy = self._edge.policy
        self._let_go()
        kind = TRIED_AGAIN.get(why)
        wanted = policy.on_answer if kind == "answer" else policy.on_reset
        if not why or kind is None or not wanted or self.seen.attempts > policy.retries:
            self._end(why)
        elif not self._pool.retry():
            self.seen.refused = True
            self._end(why)
        else:
            self._holds = True
            wait = self._world.rng.random() * policy.backoff.bound(self.seen.attempts)
            self._backoff = self._world.clock.after(wait, self._next)

    def _too_late(self) -> None:
        self._end("timeout")

    def _let_go(self) -> None:
        if self._holds:
            self._holds = False
            self._pool.retried()

    def _end(self, why: Why, *, tell: bool = True) -> None:
        for timer in (self._deadline, self._backoff):
            if timer is not None:
                timer.off()
        self._let_go()
        if self._attempt is not None:
            self._attempt.leave()
        self.seen.end, self.seen.why = self._world.clock.now, why
        if tell:
            self._done(why)


class Attempt:
    """One try: through the pool, on its way, at the server, and back."""

    __slots__ = (
        "_below",
        "_edge",
        "_hop",
        "_inside",
        "_left",
        "_over",
        "_pool",
        "_server",
        "_state",
        "_timers",
        "_troubles",
        "_world",
    )

    def __init__(
        self,
        world: World,
        edge: Edge,
        server: str,
        troubles: Sequence[Trouble],
        pool: Pool,
        over: Callable[[Why], None],
    ) -> None:
        self._world, self._edge, self._pool, self._over = world, edge, pool, over
        self._troubles = troubles
        self._server = world.servers[server]
        self._state: Literal["waiting", "under way", "over"] = "waiting"
        self._timers: list[Timer] = []
        self._below: list[Call] = []
        self._left = 0
        self._inside: Pool | None = None
        self._hop = 0.0

    def start(self) -> None:
        """Go as soon as the pool lets it."""
        if not self._pool.enter(self._go):
            self._state = "over"
            self._over("pool")

    def leave(self) -> None:
        """Nobody waits for it any more."""
        if self._state == "waiting" and not self._pool.give_up(self._go):
            return
        if self._state == "under way":
            self._close()
        self._state = "over"

    def _go(self) -> None:
        world = self._world
        self._state = "under way"
        self._hop = world.rng.choice(self._server.hop)
        if per_try := self._edge.policy.per_try:
            self._after(per_try, lambda: self._end("per_try"))
        delay = 0.0
        for one in self._troubles:
            if one.since <= world.clock.now < one.until and world.rng.random() < one.share:
                if one.kind != "delay":
                    why: Why = "reset" if one.kind == "reset" else "answer"
                    self._after(one.delay + self._hop, lambda why=why: self._end(why))  # type: ignore[misc]
                    return
                delay += one.delay
        self._after(delay + self._hop / 2, self._arrive)

    def _arrive(self) -> None:
        world, server = self._world, self._server
        world.arrived.setdefault(server.name, []).append(world.clock.now)
        inside = world.inside.setdefault(server.name, Pool(server.limits))
        if not inside.enter(self._inside_now):
            self._after(self._hop / 2, lambda: self._end("overloaded"))

    def _inside_now(self) -> None:
        self._inside = self._world.inside[self._server.name]
        if self._state == "over":  # it left while it waited
            self._inside.leave()
        else:
            self._world.queue(self._server.name).take(self._served)

    def _served(self) -> None:
        if self._state == "under way":
            self._after(self._world.rng.choice(self._server.latency), self._call)

    def _call(self) -> None:
        edges = self._world.calls.get(self._server.name, ())
        self._left = len(edges)
        if not edges:
            self._answer("")
        failed: list[Why] = []

        def done(why: Why) -> None:
            self._left -= 1
            if why:
                failed.append(why)
            if not self._left:
                self._answer("below" if failed else "")

        for edge in edges:
            self._below.append(Call(self._world, edge, done))

    def _answer(self, why: Why) -> None:
        self._leave_inside()
        self._after(self._hop / 2, lambda: self._end(why))

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._timers.append(self._world.clock.after(seconds, act))

    def _leave_inside(self) -> None:
        if self._inside is not None:
            self._inside.leave()
            self._inside = None

    def _close(self) -> None:
        for timer in self._timers:
            timer.off()
        for one in self._below:
            one.leave()
        self._leave_inside()
        self._pool.leave()

    def _end(self, why: Why) -> None:
        self._close()
        self._state = "over"
        self._over(why)
