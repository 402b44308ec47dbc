"""What is simulated: a tree of calls with the policy of each edge, servers with queues, faults, and load.

Times are seconds. None as a limit means that there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BASE_BACKOFF: Final = 0.025
MOST_BACKOFF: Final = 0.250


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: before retry k a wait drawn evenly from 0 to `base`·2^(k−1), which stops growing at `most`.

    Envoy's defaults; nothing else can be written in App Mesh documents.
    """

    base: float = BASE_BACKOFF
    most: float = MOST_BACKOFF

    def bound(self, retry: int) -> float:
        """The longest wait before the retry of that number, from 1."""
        return min(self.base * 2.0 ** (retry - 1), self.most)

    def mean(self, retry: int) -> float:
        """The mean wait before it."""
        return self.bound(retry) / 2


@dataclass(frozen=True, slots=True)
class Limits:
    """Breaker of one upstream: what may be under way at once.

    `retries` counts from the decision to try again until that attempt ended, its back-off included. With `percent` a
    budget takes its place: that share of the requests in flight, never less than `at_least`.
    """

    connections: int | None = None
    pending: int | None = None
    requests: int | None = None
    retries: int | None = None
    percent: float | None = None
    at_least: int = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """Retries and timeouts of one edge. `on_answer`: a failing answer is tried again; `on_reset`: a broken attempt is,
    one that the timeout per try cut included. What a breaker stopped never is."""

    retries: int = 0
    on_answer: bool = True
    on_reset: bool = True
    per_try: float | None = None
    timeout: float | None = None
    backoff: Backoff = Backoff()


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault on the attempts of an edge from `since` to `until`, drawn for each attempt.

    `kind` "answer": it fails after `delay` without reaching the application; "reset": it breaks after `delay`; "delay":
    it takes so much longer.
    """

    kind: str
    share: float = 1.0
    delay: float = 0.0
    since: float = 0.0
    until: float = float("inf")


@dataclass(frozen=True, slots=True)
class Server:
    """One workload. `latency` holds times that an answer takes, drawn evenly; `hop` those of the way there and back.

    `capacity` is a list of (from when, requests/s for each of `replicas`): one after another from one endless queue, in
    which work that nobody waits for any more stays. None as a capacity: nobody queues. `limits`: what its own sidecar
    lets through to it.
    """

    name: str
    latency: tuple[float, ...] = (0.0,)
    hop: tuple[float, ...] = (0.0,)
    capacity: tuple[tuple[float, float | None], ...] = ()
    replicas: int = 1
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Arm:
    """A target of an edge with its breaker. `elsewhere`: the server that retries go to, which the edge's troubles
    spare; "" for the same."""

    server: str
    weight: float = 1.0
    limits: Limits = Limits()
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """Calls of one client to one service."""

    name: str
    arms: tuple[Arm, ...]
    policy: Policy = Policy()
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """The mesh as requests at `entry` meet it. `calls` holds, by server, the edges that its application calls, all at
    once; it fails when one of them does."""

    entry: Edge
    servers: tuple[Server, ...]
    calls: dict[str, tuple[Edge, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """Load: (from when, requests/s) pieces until `seconds`. `poisson`: else evenly spaced."""

    rates: tuple[tuple[float, float], ...]
    seconds: float
    poisson: bool = False

    @classmethod
    def steady(cls, rate: float, requests: int, *, poisson: bool = False) -> Flow:
        """One rate for so many requests."""
        return cls(((0.0, rate),), requests / rate, poisson)
