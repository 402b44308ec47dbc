"""What is known of an expectation at one moment: read and judged once, however often it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from chaosmesh.engine.experiment.evidence import Book
from chaosmesh.engine.experiment.facts import Facts
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.judging import concluded, decisions_of
from chaosmesh.engine.experiment.result import Claimed
from chaosmesh.engine.experiment.witness import struck
from chaosmesh.judge import Decision, Verdict
from chaosmesh.ledger import Ledger
from chaosmesh.mesh import Mesh


class Sight:
    """One look at the ledger. It holds for as long as no row and no record comes in: nobody may wait in between."""

    def __init__(self, facts: Facts, contexts: Sequence[InForce], ledger: Ledger, mesh: Mesh) -> None:
        self._facts = facts
        self._contexts = contexts
        self._ledger = ledger
        self._mesh = mesh
        self._entries = Book(ledger, facts)

    @cached_property
    def facts(self) -> Facts:
        """The facts so far, with what the faults met by now."""
        met = struck(self._contexts, self._entries, self._ledger, self._mesh)
        return replace(self._facts, faults=met)

    @cached_property
    def book(self) -> Book:
        """What may be counted by now."""
        return self._entries.told(self.facts)

    @cached_property
    def decisions(self) -> list[Decision]:
        """Each question's. When faults came and went matters for moments alone."""
        if any(one.requirement.is_moment for one in self._facts.questions):
            return decisions_of(self.facts, self.book)
        return decisions_of(self._facts, self._entries)

    def conclusion(self, problems: Sequence[str]) -> tuple[Verdict, str, tuple[Claimed, ...]]:
        """The verdict on the whole, why, and each claim's own; `problems` make it worthless."""
        return concluded(replace(self.facts, problems=tuple(problems)), self.book, self.decisions)
