"""A comparison as a whole (`chaosmesh.compare/1`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaosmesh.engine.compare.behaviour import ORDER, Behaviour, State, behaviour, pairs
from chaosmesh.engine.compare.rules import RuleChange, rules_changed
from chaosmesh.engine.history.beside import ran_otherwise
from chaosmesh.engine.stated import Rule
from chaosmesh.engine.summary import Summary
from chaosmesh.errors import ExitCode
from chaosmesh.judge import RUN_ALPHA

SCHEMA = "chaosmesh.compare/1"
MARGIN = 0.02
"""Shares that surely differ by no more than two points are the same: as sharp as a usual cell is."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what the user named, the run, and what its documents say (None: that is not known)."""

    name: str
    summary: Summary
    rules: tuple[Rule, ...] | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A and B. `rules`: what the documents say differently, None where a side's are not known. `alpha`: the chance that
    any of the intervals is wrong. `earlier`: two runs of whatever time were compared, not two policies just now."""

    a: Side
    b: Side
    behaviours: tuple[Behaviour, ...]
    rules: tuple[RuleChange, ...] | None
    alpha: float
    each: float
    margin: float
    earlier: bool

    def of(self, state: State) -> tuple[Behaviour, ...]:
        """All behaviours of a state."""
        return tuple(one for one in self.behaviours if one.state == state)

    def count(self) -> dict[str, int]:
        """How many behaviours of each state."""
        found = Counter(one.state for one in self.behaviours)
        return {state: found[state] for state in ORDER}

    @property
    def same_policy(self) -> bool | None:
        """Whether both ran the same documents; None where that is not known."""
        one, other = self.a.summary.policy, self.b.summary.policy
        return one == other if one and other else None

    @property
    def otherwise(self) -> list[str]:
        """What else both runs do not have in common, in words: "seed 0 → 3"."""
        return ran_otherwise(self.a.summary, self.b.summary)

    @property
    def verdict(self) -> str:
        """ "worse", "undecided" or "no worse"; nothing in common is undecided."""
        count = self.count()
        if count["worse"]:
            return "worse"
        return (
            "undecided"
            if count["undecided"] or not any(count[one] for one in ("same", "better"))
            else "no worse"
        )

    @property
    def code(self) -> ExitCode:
        """0 no worse, 1 worse, 3 undecided."""
        codes = {"worse": ExitCode.FAIL, "undecided": ExitCode.UNDECIDED}
        return codes.get(self.verdict, ExitCode.PASS)

    def as_json(self) -> dict[str, Any]:
        """The document of `compare --json`."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "exit": int(self.code),
            "a": _side(self.a),
            "b": _side(self.b),
            "same_policy": self.same_policy,
            "alpha": self.alpha,
            "margin": self.margin,
            "summary": self.count(),
            "behaviours": [one.as_json() for one in self.behaviours],
            "rules": None if self.rules is None else [one.as_json() for one in self.rules],
            "ran_otherwise": self.otherwise,
        }


def compare(
    a: Side,
    b: Side,
    *,
    alpha: float = RUN_ALPHA,
    margin: float = MARGIN,
    earlier: bool = True,
) -> Comparison:
    """Every item of both runs, and every rule where both sides' are known. The intervals share `alpha` equally (Bonferroni), so that all of them hold at once."""
    old = {one.id: one for one in a.summary.items}
    new = {one.id: one for one in b.summary.items}
    both = [name for name in old if name in new]
    each = alpha / max(1, sum(len(pairs(old[name], new[name])) for name in both))
    found = [behaviour(old[name], new[name], each, margin) for name in both]
    found += [
        Behaviour(name, "gone", _absent("B", name, a.rules, b.rules), old[name], None)
        for name in old
        if name not in new
    ]
    found += [
        Behaviour(name, "new", _absent("A", name, b.rules, a.rules), None, new[name])
        for name in new
        if name not in old
    ]
    ordered = sorted(found, key=lambda one: (ORDER.index(one.state), one.item.kind != "cell"))
    rules = None if a.rules is None or b.rules is None else rules_changed(a.rules, b.rules)
    return Comparison(a, b, tuple(ordered), rules, alpha, each, margin, earlier)


def _absent(side: str, name: str, own: Sequence[Rule] | None, its: Sequence[Rule] | None) -> str:
    """Why a run does not have an item that the other has: by the rule that is `own` to the other, or by its course."""
    stated, there = ({one.id for one in rules or ()} for rules in (own, its))
    if its is not None and name in stated and name not in there:
        return f"{side} has no such rule"
    return f"not tried in {side}"


def _side(one: Side) -> dict[str, Any]:
    run = one.summary
    return {
        "name": one.name,
        "run": run.name,
        "at": run.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "folder": run.folder,
        "verdict": run.verdict,
        "policy": run.policy,
        "commit": run.versions.get("commit"),
        "envoy": run.versions.get("envoy"),
        "seed": run.seed,
        "starved": run.host.starved,
    }
