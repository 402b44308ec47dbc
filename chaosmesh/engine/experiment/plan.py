"""Load as an expectation drives it."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.engine.experiment.phases import Phase
from chaosmesh.load import RequestSpec
from chaosmesh.load.plan import Arrivals, Closed, Protocol
from chaosmesh.load.shapes import Shape

PATIENCE = 15.0  # seconds that a request waits for its answer


@dataclass(frozen=True, slots=True)
class Plan:
    """Load as asked for: `rate` requests/s of `mix` at `entry`, at most `count` of them, for at most `duration` s.

    `phases`: the schedule that one stream goes through. `closed`: users of a locustfile instead of the rate.
    `control`: indexes of the requests in the mix that make the control cohort. `host`: not users at the door of
    `entry`, but its own application sends them, to any host, through its sidecar.
    """

    entry: str
    mix: tuple[RequestSpec, ...]
    rate: float
    arrivals: Arrivals
    seed: int
    count: int | None = None
    duration: float | None = None
    patience: float = PATIENCE
    shape: Shape | None = None
    workers: int | None = None
    closed: Closed | None = None
    phases: tuple[Phase, ...] = ()
    control: tuple[int, ...] = ()
    host: str | None = None

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """What is spoken at the entry, each once."""
        return tuple(dict.fromkeys(one.protocol for one in self.mix))

    @property
    def names(self) -> tuple[str, ...]:
        """What claims call each request of the mix."""
        return tuple(one.name or one.path for one in self.mix)

    def longest(self, budget: float) -> float | None:
        """Seconds after which one stream ends; None with a schedule, which says it itself."""
        if self.phases:
            return self.duration
        return budget if self.duration is None else min(budget, self.duration)
