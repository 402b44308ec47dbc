"""Everything but the ledger that a verdict rests on. It can be written down and read back exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from chaosmesh.engine.experiment.in_force import Met
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.engine.experiment.plain import tree_of, value_of
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.errors import UsageError
from chaosmesh.judge import Counting, Reading, Relative, Requirement

SETTLING_NS = 100_000_000
"""Requests that are meant to be sent so shortly before a phase ends may still be under way when the next one's faults
come or go: claims about the phase leave them out, whatever became of them."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time with a name, in epoch nanoseconds; `end_ns` None: it goes on. `coming_ns`: from when on some may
    have met it already, because it took a while to come (0: it did not)."""

    name: str
    begin_ns: int
    end_ns: int | None = None
    coming_ns: int = 0

    @property
    def first_ns(self) -> int:
        """Nothing met it before."""
        return self.coming_ns or self.begin_ns


@dataclass(frozen=True, slots=True)
class Sent:
    """A stream of requests: its id in the ledger, whether it is over, and its phases, if it has any."""

    id: int
    ended: bool = False
    phases: tuple[Span, ...] = ()

    def steady(self, phase: str) -> list[tuple[int, float]]:
        """Begin and end (epoch ns) of what counts as a phase, each time that it came. The last one ends with the load."""
        ends = [math.inf if one.end_ns is None else one.end_ns - SETTLING_NS for one in self.phases[:-1]]
        pairs = zip(self.phases, [*ends, math.inf], strict=False)
        return [(one.begin_ns, end) for one, end in pairs if one.name == phase]


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault: as asked for, when it was in force (a span each time), and what it met."""

    label: str
    spans: tuple[Span, ...]
    met: Met


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run was: `questions` with the limits of the policy, `streams`, `faults`, and `problems` noted on the way.

    `alpha`: what each claim may err with. `names`: those of the mix's requests, by their index. `control`: indexes of
    the requests that make the control cohort. `policies`: when which policy was in force everywhere while the load ran.
    `readings`: what the queries of claims in PromQL gave.
    """

    alpha: float
    entry: str
    questions: tuple[Question, ...]
    streams: tuple[Sent, ...] = ()
    faults: tuple[Struck, ...] = ()
    problems: tuple[str, ...] = ()
    policies: tuple[Span, ...] = ()
    names: tuple[str, ...] = ()
    control: tuple[int, ...] = ()
    readings: tuple[Reading, ...] = ()

    @property
    def spans(self) -> tuple[Span, ...]:
        """When each fault was in force."""
        return tuple(span for one in self.faults for span in one.spans)

    def kinds(self, of: str | None, *, control: bool = False) -> frozenset[int]:
        """Indexes of the mix's requests of a name (None: of any), in the control cohort or outside it."""
        return frozenset(
            index
            for index, name in enumerate(self.names)
            if of in (None, name) and (index in self.control) == control
        )

    def to_json(self) -> dict[str, Any]:
        """A tree for a JSON file."""
        tree: dict[str, Any] = tree_of(self)
        return tree

    @classmethod
    def from_json(cls, tree: Any) -> Facts:
        """What `to_json` gave; UsageError when it is anything else."""
        try:
            facts = value_of(tree, CLASSES)
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(
                f"these are not the facts of a run: {error}", hint="run the experiment again"
            ) from error
        if not isinstance(facts, cls):
            raise UsageError("these are not the facts of a run", hint="run the experiment again")
        return facts


CLASSES: dict[str, type] = {
    one.__name__: one
    for one in (
        Facts,
        Question,
        Requirement,
        Relative,
        Counting,
        Named,
        Path,
        Span,
        Sent,
        Struck,
        Met,
        Reading,
    )
}
