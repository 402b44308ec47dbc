"""One item of two runs: worse, better, the same, or not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chaosmesh.engine.history.series import BAD, GOOD
from chaosmesh.engine.summary_items import Item
from chaosmesh.judge.differences import Difference, difference
from chaosmesh.judge.nights import LEAST, Count

State = Literal["worse", "better", "same", "undecided", "new", "gone"]

ORDER: tuple[State, ...] = ("worse", "undecided", "better", "new", "gone", "same")


@dataclass(frozen=True, slots=True)
class Facet:
    """A share of both runs: what it counts ("share" or "in time"), and how far B lies from A."""

    name: str
    a: Count
    b: Count
    apart: Difference

    @property
    def fell(self) -> bool:
        """Whether B's share surely is the lower one, by enough to matter."""
        return self.apart.down and self.apart.estimate < -LEAST

    @property
    def rose(self) -> bool:
        """Whether B's share surely is the higher one, by enough to matter."""
        return self.apart.up and self.apart.estimate > LEAST

    def state(self, margin: float) -> State:
        """What became of this share alone; within `margin` it is the same."""
        if self.fell or self.rose:
            return "worse" if self.fell else "better"
        return "same" if self.apart.within(margin) else "undecided"

    def as_json(self) -> dict[str, Any]:
        """The entry of `facets`."""
        return {
            "what": self.name,
            "a": {"k": self.a.k, "n": self.a.n},
            "b": {"k": self.b.k, "n": self.b.n},
            "difference": round(self.apart.estimate, 6),
            "low": round(self.apart.low, 6),
            "high": round(self.apart.high, 6),
            "alpha": self.apart.alpha,
        }


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What became of an item. `reason` says it in words; `a` or `b` is None where a run does not have it."""

    id: str
    state: State
    reason: str
    a: Item | None
    b: Item | None
    facets: tuple[Facet, ...] = ()

    @property
    def item(self) -> Item:
        """As B has it, else as A had it."""
        found = self.b or self.a
        if found is None:
            raise ValueError(f"{self.id} is in neither run")
        return found

    def as_json(self) -> dict[str, Any]:
        """The entry of `behaviours`."""
        return {
            "id": self.id,
            "kind": self.item.kind,
            "text": self.item.text,
            "state": self.state,
            "reason": self.reason,
            "where": self.item.where,
            "a": _side(self.a),
            "b": _side(self.b),
            "facets": [one.as_json() for one in self.facets],
        }


def pairs(a: Item, b: Item) -> list[tuple[str, Count, Count]]:
    """The shares that both runs counted, more being better in each of them."""
    if "invalid" in (a.verdict, b.verdict):
        return []
    found = []
    if a.k is not None and b.k is not None and a.n and b.n and (b.good or b.kind == "cell"):
        found.append(("share", _good(a, a.k, a.n), _good(b, b.k, b.n)))
    if a.in_time and b.in_time and a.in_time[1] and b.in_time[1]:
        found.append(("in time", Count(*a.in_time), Count(*b.in_time)))
    return found


def behaviour(a: Item, b: Item, alpha: float, margin: float) -> Behaviour:
    """`alpha` is the error of each share's interval; shares within `margin` are the same."""
    facets = tuple(Facet(name, one, two, difference(one, two, alpha)) for name, one, two in pairs(a, b))
    state, reason = _state(a, b, facets, margin)
    return Behaviour(b.id, state, reason, a, b, facets)


def _state(a: Item, b: Item, facets: tuple[Facet, ...], margin: float) -> tuple[State, str]:
    for name, verdicts in (("A", a), ("B", b)):
        if verdicts.verdict == "invalid":
            return "undecided", f"invalid in {name}: {verdicts.reason}"
    if any(one.fell for one in facets) or (a.verdict in GOOD and b.verdict in BAD):
        return "worse", _words(a, b)
    if any(one.rose for one in facets) or (a.verdict in BAD and b.verdict in GOOD):
        return "better", _words(a, b)
    if "inconclusive" in (a.verdict, b.verdict):
        return "undecided", f"{_words(a, b)}: not enough evidence"
    if all(one.apart.within(margin) for one in facets) or a.verdict in BAD:
        return "same", _words(a, b)
    return "undecided", f"{_words(a, b)}: the shares may differ by more than {margin * 100:g} points, or not"


def _words(a: Item, b: Item) -> str:
    return a.verdict if a.verdict == b.verdict else f"{a.verdict} → {b.verdict}"


def _good(one: Item, k: int, n: int) -> Count:
    return Count(n - k if one.good == "lower" else k, n)


def _side(one: Item | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        name: getattr(one, name) for name in ("verdict", "reason", "k", "n", "estimate", "p99_ms", "text")
    }
