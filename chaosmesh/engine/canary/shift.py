"""A canary carried out on a running mesh, under load that goes on from its first step to its last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.shift import WHOLE, shifted
from chaosmesh.engine.canary.arms import NOTHING, Arms, arms_of
from chaosmesh.engine.canary.claims import said
from chaosmesh.engine.canary.deciding import Action, action_of, decisions_of
from chaosmesh.engine.canary.plan import Plan, Step
from chaosmesh.engine.canary.result import Back, Canary, Ending, StepResult
from chaosmesh.engine.experiment.policy import most_attempts
from chaosmesh.engine.growth import Growth
from chaosmesh.engine.host import Watch
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import DeadlineError
from chaosmesh.judge import Decision, Verdict
from chaosmesh.ledger import Call
from chaosmesh.load import Running
from chaosmesh.mesh import Mesh

FEWEST = 20
"""Requests between two looks at least."""

Say = Callable[[str], None]


class Traffic(Protocol):
    """The load that goes on while traffic shifts."""

    async def begin(self) -> Running:
        """Start sending."""


@dataclass(slots=True)
class Shift:
    """One canary. `policy` translates resources as the running mesh's owner does; `alpha`: what each claim of each step
    may err with; `say` gets a line whenever something happens."""

    stack: Stack
    resources: Resources
    policy: Callable[[Resources], Mesh]
    plan: Plan
    alpha: float
    say: Say

    async def run(self, traffic: Traffic) -> Canary:
        """Every step until the end, or until one holds or goes back."""
        watch = await Watch.start(self.stack.keeper)
        before = self.stack.mesh
        running = await traffic.begin()
        try:
            results, back = await self._steps(running, before)
        finally:
            running.stop()
            report = await running.done()
        try:
            await self.stack.settled([running.stream.id])
        except DeadlineError as error:
            return self._canary(results, back, running, f"the ledger is incomplete: {error.message}")
        problem = self.stack.fallen(watch.begin) or report.late(None) or await watch.starved()
        return self._canary(results, back, running, problem)

    async def _steps(self, running: Running, before: Mesh) -> tuple[list[StepResult], Back | None]:
        results: list[StepResult] = []
        stable: tuple[Call, ...] = ()
        for step in self.plan.steps:
            result, arms = await self._step(step, running, stable)
            stable = arms.stable or stable
            results.append(result)
            self.say(f"{step.weight:>3} %  {result.end:<4}  {result.reason}")
            if result.end == "back" and self.plan.back:
                return results, await self._retreat(before)
            if result.end != "on":
                break
        return results, None

    async def _step(self, step: Step, running: Running, stable: tuple[Call, ...]) -> tuple[StepResult, Arms]:
        begin = time.monotonic()
        await self.stack.apply(
            self.policy(shifted(self.resources, self.plan.route, self.plan.to, step.weight))
        )
        look = _Look(self, step, running, stable, time.monotonic(), time.time_ns())
        await self._until(look, running, self.plan.patience(step))
        seen = (tuple(look.decisions), len(look.arms.new), len(look.arms.stable))
        took, passed = (look.begin - begin) * 1000, time.monotonic() - look.begin
        reason = _reason(look.action, look.decisions)
        return StepResult(step.weight, look.end, reason, *seen, took, passed), look.arms

    async def _until(self, look: _Look, running: Running, seconds: float) -> None:
        """Look whenever something is new, until the step is over; the end of the load is an error of the load."""
        over = asyncio.create_task(
            self.stack.bell.until(look.missing, seconds=seconds, what="a verdict on every claim of the step")
        )
        ended = asyncio.create_task(running.done())
        try:
            await asyncio.wait({over, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            if not over.done():
                over.cancel()
        if not over.done() or over.cancelled():
            raise DeadlineError(
                "the load ended before the canary did", hint="give it no count and no duration"
            )
        over.result()

    def arms(self, running: Running, since_ns: int) -> Arms:
        return arms_of(self.stack.ledger, self.plan, running.stream.id, self.stack.mesh.name, since_ns)

    def decisions(self, step: Step, arms: Arms) -> list[Decision]:
        most = max(most_attempts(self.stack.mesh, one) for one in self.plan.services)
        return decisions_of(step, arms.new, arms.stable, most, self.alpha)

    async def _retreat(self, before: Mesh) -> Back:
        begin = time.monotonic()
        await self.stack.apply(before)
        took, at_ns = time.monotonic() - begin, time.time_ns()
        self.say(f"  0 %  back in force after {took * 1000:.0f} ms")
        return Back(took * 1000, at_ns)

    def _canary(
        self, results: list[StepResult], back: Back | None, running: Running, problem: str | None
    ) -> Canary:
        every = self.arms(running, 0)
        strays = sum(back is not None and one.start_ns >= back.at_ns for one in every.new)
        last = results[-1]
        verdict = {"on": Verdict.PASS, "back": Verdict.FAIL, "hold": Verdict.INCONCLUSIVE}[last.end]
        verdict = Verdict.INVALID if problem else verdict
        return Canary(
            self.plan.route.id,
            self.plan.to,
            verdict,
            problem or last.reason,
            tuple(results),
            replace(back, strays=strays) if back else None,
            len(every.new),
            sum(not one.ok for one in every.new),
        )


@dataclass(slots=True)
class _Look:
    """A step being watched since `begin` (monotonic seconds) and `since_ns` (epoch ns)."""

    shift: Shift
    step: Step
    running: Running
    before: tuple[Call, ...]
    begin: float
    since_ns: int
    arms: Arms = NOTHING
    decisions: list[Decision] = field(default_factory=list)
    action: Action = "watch"
    growth: Growth = field(default_factory=lambda: Growth(least=FEWEST))
    _first: int = -1

    @property
    def end(self) -> Ending:
        """What the step led to."""
        if self.action == "watch":
            raise RuntimeError("the step is not over")
        return self.action

    def missing(self) -> str:
        """What is not known yet; nothing once the step is over."""
        total = len(self.shift.stack.ledger.records)
        self._first = total if self._first < 0 else self._first
        rows = total - self._first
        if not self.growth.due(rows):
            return f"{rows} requests"
        arms = self.shift.arms(self.running, self.since_ns)
        if not arms.stable and self.step.weight == WHOLE:
            arms = replace(arms, stable=self.before)
        self.arms, self.decisions = arms, self.shift.decisions(self.step, arms)
        passed = time.monotonic() - self.begin
        waited = passed >= max(self.step.bake, self.shift.plan.hold)
        self.action = action_of(self.decisions, baked=passed >= self.step.bake, waited=waited)
        return f"{len(arms.new)} calls of the new version" if self.action == "watch" else ""


def _reason(action: Action, decisions: list[Decision]) -> str:
    wanted = {"back": Verdict.FAIL, "on": Verdict.PASS}.get(action)
    shown = [one for one in decisions if wanted is None or one.verdict is wanted]
    open_ = [one for one in shown if action != "hold" or one.verdict is not Verdict.PASS]
    return said("; ".join(one.reason for one in open_ or shown))
