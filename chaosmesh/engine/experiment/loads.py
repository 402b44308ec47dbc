"""Load in a test's hands: what is sent, and what is expected of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from chaosmesh.engine.experiment.about import Session
from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.holding import Meant
from chaosmesh.engine.experiment.phases import Phase, schedule
from chaosmesh.engine.experiment.result import ERRORS, Run
from chaosmesh.engine.experiment.scheduled import Places, scheduled
from chaosmesh.engine.experiment.wishes import Wish
from chaosmesh.errors import UsageError
from chaosmesh.judge import Claim, Verdict
from chaosmesh.judge.durations import duration as seconds

DEFAULT_BUDGET = "30s"

__all__ = ["Load", "View", "Wish"]


class View(Places, Protocol):
    """The mesh that the load is for."""

    @property
    def session(self) -> Session:
        """What is the same for the whole test."""

    async def drive(self, wish: Wish, claims: Mapping[str, Claim], budget: float) -> Run:
        """Send it until every claim is decided."""


class Load:
    """Load that is sent only while something is expected of it."""

    def __init__(self, view: View, wish: Wish) -> None:
        self._view = view
        self._wish = wish
        self._meant = Meant("load was made, and never sent", "mesh.load(…).expect(…)")
        view.session.live.expects(self._meant)

    def through(self, *phases: Phase | Iterable[Phase]) -> Load:
        """The same load while a schedule goes on: one stream over all phases, faults put in force and taken off at
        their borders. The schedule ends it; `expect` decides when it is through."""
        self._meant.done = True
        if self._wish.phases:
            raise UsageError("this load has a schedule already", hint="one through(…) with all phases")
        found = schedule(*phases)
        if not found:
            raise UsageError("a schedule without phases", hint='through(phase("baseline", "2s"), …)')
        for act in (act for one in found for act in one.acts if isinstance(act, FaultContext)):
            act.meant.done = True  # a claim that is surely broken may end the schedule before it
        return Load(self._view, replace(self._wish, phases=found))

    def scheduled(self) -> Load:
        """The same load while the faults of the scenario file come and go at their times."""
        return self.through(scheduled(self._view, self._view.session.live.scenario.faults))

    def expect(self, *, budget: str = DEFAULT_BUDGET, **claims: Claim) -> Run:
        """Drive load until every claim is decided or the budget ends; what was found.

        Raises Failed, Inconclusive or Invalid with the evidence. Claims: success, p50, p99 (any quantile),
        status_503, status_5xx, and on an edge attempts and amplification_entry.
        """
        self._meant.done = True
        return self._checked(self._view.session.live.call(self._expect(budget, claims)))

    async def expect_async(self, *, budget: str = DEFAULT_BUDGET, **claims: Claim) -> Run:
        """`expect` for tests that are coroutines: their own loop goes on meanwhile."""
        self._meant.done = True
        live = self._view.session.live
        return self._checked(await live.acall(self._expect(budget, claims)))

    async def _expect(self, budget: str, claims: Mapping[str, Claim]) -> Run:
        longest = seconds(budget, "budget")
        if not longest > 0:
            raise UsageError(f"budget: it lasts longer than nothing (got {budget!r})", hint='budget="30s"')
        return await self._view.drive(self._wish, claims, longest)

    def _checked(self, run: Run) -> Run:
        if run.verdict is not Verdict.PASS and run.verdict not in self._view.session.tolerated:
            raise ERRORS[run.verdict](run)
        return run
