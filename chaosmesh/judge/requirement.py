"""The question to the counts that a claim comes down to."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chaosmesh.judge.claims import Kind, Relative, Weights
from chaosmesh.judge.durations import spoken

Measure = Literal[
    "success",
    "latency",
    "status",
    "grpc",
    "attempts",
    "amplification_entry",
    "spacing",
    "cutoff",
    "split",
    "sticky",
    "overflow",
    "fallback",
    "orphans",
    "ejected",
    "returned",
    "recovery",
    "shift",
    "promql",
]
Unit = Literal["request", "call", "gap", "attempt", "moment", "reading"]

MOMENTS: frozenset[Measure] = frozenset({"ejected", "returned", "recovery", "shift"})
MEANS: frozenset[Measure] = frozenset({"attempts", "amplification_entry"})
ON_EDGE: frozenset[Measure] = frozenset(
    {
        "attempts",
        "amplification_entry",
        "spacing",
        "cutoff",
        "split",
        "sticky",
        "overflow",
        "fallback",
        "orphans",
    }
)
"""What can only be counted on an edge."""
ON_NODE: frozenset[Measure] = frozenset({"ejected", "returned"})
"""What happens to a node or a replica."""

_UNITS: dict[Measure, Unit] = {
    "amplification_entry": "request",
    "attempts": "call",
    "spacing": "gap",
    "cutoff": "call",
    "split": "call",
    "sticky": "request",
    "overflow": "call",
    "fallback": "call",
    "orphans": "attempt",
    "promql": "reading",
}
_COUNTED: dict[Measure, str] = {
    "success": "successful",
    "attempts": "attempts a call",
    "amplification_entry": "attempts a request",
    "split": "to their target",
    "sticky": "to where most of them go",
    "overflow": "stopped by the breaker",
    "fallback": "answered by the fallback",
    "orphans": "ended after their caller had given up",
    "ejected": "until it got no more traffic",
    "returned": "until it got traffic again",
    "recovery": "until users were well again",
    "shift": "until the last call that met the old policy",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is counted, and what the count must show.

    `side`, `bound` and `margin` are about the share of outcomes that `counted` describes, about the mean per call
    (attempts) or per entry request (amplification_entry), or about a moment in seconds; `tolerance` is in the same
    unit and belongs to "around" and "split". With `relative` the line comes from another sample of the run: `bound`
    is then 0 and says nothing, but for a quantile, whose `bound` is the share and whose `limit` comes from there.

    `limit`: seconds, of a latency. `within`: the shortest and longest duration (seconds) that counts, of spacing and
    cut-offs. `statuses`: first and last status of a status share; `grpc`: a grpc-status. `weights`: of a split; empty
    until `written` gives those of the policy. `on`, `of`, `during`: edge or node, request of the mix, phase. `query`: of
    a claim in PromQL.
    """

    name: str
    measure: Measure
    side: Kind
    bound: float
    margin: float
    on: object
    statement: str
    limit: float | None = None
    statuses: tuple[int, int] | None = None
    grpc: int | None = None
    of: str | None = None
    during: str | None = None
    relative: Relative | None = None
    tolerance: float = 0.0
    within: tuple[float, float] | None = None
    weights: Weights = ()
    query: str = ""

    @property
    def allowed(self) -> tuple[float, float]:
        """The least and the greatest value that keeps it."""
        if self.side == "around":
            return self.bound - self.tolerance, self.bound + self.tolerance
        return (self.bound, math.inf) if self.side == "at_least" else (-math.inf, self.bound)

    @property
    def is_moment(self) -> bool:
        """True when times of this run are compared, and nothing is estimated."""
        return self.measure in MOMENTS

    @property
    def is_split(self) -> bool:
        """True when shares of several targets are counted."""
        return self.measure == "split"

    @property
    def is_share(self) -> bool:
        """True when outcomes of two kinds are counted; False when values are averaged or times compared."""
        return self.measure not in MEANS and self.measure not in MOMENTS and self.measure != "promql"

    @property
    def in_promql(self) -> bool:
        """True when a Prometheus server is asked, once, at the end."""
        return self.measure == "promql"

    @property
    def needs(self) -> Literal["edge", "node"] | None:
        """What `on` has to name, if it must."""
        if self.measure in ON_NODE:
            return "node"
        return "edge" if self.measure in ON_EDGE else None

    @property
    def unit(self) -> Unit:
        """What is counted, one by one: requests at the entry, calls on an edge, …"""
        if self.is_moment:
            return "moment"
        return _UNITS.get(self.measure, "request" if self.on is None else "call")

    @property
    def counted(self) -> str:
        """What an outcome must be to count, in plain words."""
        if self.limit is not None:
            return f"answered within {spoken(self.limit)}"
        if self.statuses is not None:
            first, last = self.statuses
            return f"with status {first}" if first == last else f"with status {first}–{last}"
        if self.grpc is not None:
            return f"with grpc-status {self.grpc}"
        if self.within is not None:
            between = _between(*self.within)
            return f"cut off after {between}" if self.measure == "cutoff" else f"{between} long"
        return _COUNTED.get(self.measure, "answered in time")

    def timely(self, seconds: float) -> bool:
        """Whether a duration counts: a latency within `limit`, a gap or a cut-off `within` its two ends."""
        shortest, longest = self.within or (0.0, self.limit if self.limit is not None else float("inf"))
        return shortest <= seconds <= longest

    def written(self, weights: Mapping[str, float]) -> Requirement:
        """The same question with the weights of the policy, where the claim left them to it."""
        return self if self.weights else dataclasses.replace(self, weights=tuple(weights.items()))


def _between(shortest: float, longest: float) -> str:
    if shortest <= 0:
        return f"at most {spoken(longest)}"
    if longest == float("inf"):
        return f"at least {spoken(shortest)}"
    return f"{spoken(shortest)} to {spoken(longest)}"
