"""Load in a test's hands: what is sent, and what is expected of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from chaosmesh.engine.experiment.about import Session
from chaosmesh.engine.experiment.drive import Plan
from chaosmesh.engine.experiment.result import ERRORS, Run
from chaosmesh.judge import Claim, Verdict
from chaosmesh.judge.durations import duration as seconds
from chaosmesh.load import RequestSpec
from chaosmesh.load.plan import Arrivals

DEFAULT_BUDGET = "30s"


class View(Protocol):
    """The mesh that the load is for."""

    @property
    def session(self) -> Session:
        """What is the same for the whole test."""

    async def drive(self, wish: Wish, claims: Mapping[str, Claim], budget: float) -> Run:
        """Send it until every claim is decided."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Load as the test wrote it."""

    mix: tuple[RequestSpec, ...]
    rate: float
    arrivals: Arrivals
    entry: str | None
    count: int | None
    duration: float | None

    def plan(self, entry: str, seed: int, patience: float | None) -> Plan:
        plan = Plan(entry, self.mix, self.rate, self.arrivals, seed, self.count, self.duration)
        return plan if patience is None else replace(plan, patience=patience)


class Load:
    """Load that is sent only while something is expected of it."""

    def __init__(self, view: View, wish: Wish) -> None:
        self._view = view
        self._wish = wish

    def expect(self, *, budget: str = DEFAULT_BUDGET, **claims: Claim) -> Run:
        """Drive load until every claim is decided or the budget ends; what was found.

        Raises Failed, Inconclusive or Invalid with the evidence. Claims: success, p50, p99 (any quantile),
        status_503, status_5xx, and on an edge attempts and amplification_entry.
        """
        return self._checked(self._view.session.live.call(self._expect(budget, claims)))

    async def expect_async(self, *, budget: str = DEFAULT_BUDGET, **claims: Claim) -> Run:
        """`expect` for tests that are coroutines: their own loop goes on meanwhile."""
        live = self._view.session.live
        work = live.loop.submit(live.guarded(self._expect(budget, claims)))
        return self._checked(await asyncio.wrap_future(work))

    async def _expect(self, budget: str, claims: Mapping[str, Claim]) -> Run:
        return await self._view.drive(self._wish, claims, seconds(budget, "budget"))

    def _checked(self, run: Run) -> Run:
        if run.verdict is not Verdict.PASS and run.verdict not in self._view.session.tolerated:
            raise ERRORS[run.verdict](run)
        return run
