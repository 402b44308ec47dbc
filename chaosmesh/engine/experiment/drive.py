"""Drives load until every claim of an expectation is decided, its schedule is through or its budget ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from chaosmesh.engine.experiment.course import Course
from chaosmesh.engine.experiment.expected import announced, predictions, theory_of
from chaosmesh.engine.experiment.facts import Facts
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.observed import observed
from chaosmesh.engine.experiment.phases import faults_of
from chaosmesh.engine.experiment.plan import PATIENCE, Plan
from chaosmesh.engine.experiment.promql import Queries
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.result import Run
from chaosmesh.engine.experiment.sense import checked, speaking
from chaosmesh.engine.experiment.sight import Sight
from chaosmesh.engine.growth import Growth
from chaosmesh.engine.host import Watch, calm
from chaosmesh.engine.slowness import excuse, gave_up
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import DeadlineError
from chaosmesh.judge import Decision, Verdict
from chaosmesh.load import StreamReport

__all__ = ["ENOUGH", "PATIENCE", "Drive", "Plan"]

ENOUGH = 200
"""Requests that every expectation gets: fewer say nothing about a 99th percentile, the generator's lag included,
nor that a fault or an edge is not met at all."""

SHORTEST = 0.5  # seconds of a budget that are worth another stream

LAG_S = 1.0
"""Rows of what happened may come so much later: what had not happened so far beyond its bound surely did not."""

RARE = ("spacing", "cutoff")
"""What is counted of calls that meet trouble alone: the first of it may take a while."""

PATIENT = 5
"""So many times ENOUGH requests without a single one of the rare: none is to come."""


class Drive:
    """One expectation: `questions` asked of the load `plan`, under the faults of `contexts` and of its phases."""

    def __init__(
        self,
        stack: Stack,
        plan: Plan,
        questions: Sequence[Question],
        contexts: Sequence[InForce],
        *,
        alpha: float,
        budget: float,
        policy: str,
        say: Callable[[str], None],
    ) -> None:
        self._stack = stack
        self._plan = plan
        self._contexts = tuple({id(one): one for one in (*contexts, *faults_of(plan.phases))}.values())
        foreseen = not plan.phases and plan.host is None
        self._theory = theory_of(stack.mesh, plan.entry, contexts) if foreseen else None
        checked(questions, plan)
        speaking(questions, plan, stack.mesh)
        asked = announced(questions, stack.mesh, plan, contexts, self._theory, alpha)
        self._facts = Facts(
            alpha, plan.entry, tuple(one.plain for one in asked), names=plan.names, control=plan.control
        )
        self._queries = Queries(stack, questions)
        self._budget = budget
        self._policy = policy
        self._say = say
        self._begin = time.monotonic()
        self._fresh()

    async def run(self) -> Run:
        """What could not be measured is measured anew (where the host left no time for it: once it has); both times,
        what stays inconclusive is run once more on the same evidence."""
        await self._queries.prepare()
        for one in self._facts.questions:
            if one.planned is not None:
                self._say(f"chaosmesh: {one}: about {one.planned:,} requests if the policy does what it says")
        await self._measured()
        if self._facts.problems and not self._elsewhere():
            await calm(self._stack.keeper, self._facts.problems, lambda text: self._say(f"chaosmesh: {text}"))
            self._fresh()
            await self._measured()
        return self._result()

    async def _measured(self) -> None:
        await self._round()
        if self._verdict() is Verdict.INCONCLUSIVE:
            await self._round()

    def _fresh(self) -> None:
        self._facts = replace(self._facts, streams=(), problems=(), policies=(), readings=())
        self._growth = Growth(ENOUGH)
        self._sight = self._look()

    async def _round(self) -> None:
        """Load for one budget, or one schedule.

        What came in after a stream was stopped may undo its decision: then the rest of the budget is used too.
        """
        left = self._budget
        plan = self._plan
        bounded = bool(plan.phases) or plan.count is not None or plan.duration is not None
        while True:
            begin = time.monotonic()
            await self._turn(left)
            left -= time.monotonic() - begin
            if bounded or left < SHORTEST or self._verdict() is not Verdict.INCONCLUSIVE:
                return

    async def _turn(self, seconds: float) -> None:
        """One stream of at most so many seconds, and what makes it worthless."""
        stack = self._stack
        watch = await Watch.of(stack)
        self._queries.begin()
        report, problem = await self._load(seconds)
        fallen = stack.fallen(watch.begin)
        problems = [fallen, report.late(self._tightest_ms()), await watch.starved(), problem]
        try:
            await stack.settled([report.stream])
        except DeadlineError as error:
            problems.append(f"the ledger is incomplete: {error.message}")
        readings = await self._queries.read(self._facts.streams[-1:])
        self._facts = replace(self._facts, readings=readings)
        self._sight = self._look()
        if not any(problems):
            problems.append(self._excuse(watch))
        self._facts = replace(
            self._facts, problems=self._facts.problems + tuple(one for one in problems if one)
        )

    def _excuse(self, watch: Watch) -> str | None:
        """Why a crowded host may be the reason of all that is broken."""
        pairs = zip(self._facts.questions, self._sight.decisions, strict=True)
        broken = [question for question, decision in pairs if decision.verdict is Verdict.FAIL]
        if not broken or any(one.edge and one.requirement.measure != "latency" for one in broken):
            return None
        records = self._sight.book.records()
        well = sum(one.ok or gave_up(one) for one in records)
        return excuse(watch, [one.requirement for one in broken], len(records), well, self._facts.alpha)

    async def _load(self, seconds: float) -> tuple[StreamReport, str | None]:
        course = Course(self._stack, self._plan, self._plan.longest(seconds))
        before = self._facts

        def seen() -> None:
            self._facts = replace(
                before,
                streams=(*before.streams, *course.sent),
                policies=(*before.policies, *course.policies),
            )

        try:
            return await course.run(lambda: self._open(course), seen)
        finally:
            seen()

    def _open(self, course: Course) -> str:
        """What is still undecided, looked at whenever there is a tenth more to see."""
        if not self._growth.due(course.received):
            return f"{course.received} requests"
        sight = self._look()
        pairs = zip(self._facts.questions, sight.decisions, strict=True)
        verdicts = {
            _by_now(question, decision, course.received)
            for question, decision in pairs
            if not question.requirement.in_promql
        }
        if Verdict.FAIL in verdicts:
            return ""
        whole = self._plan.phases or self._plan.shape  # a spike that has not come yet has not been withstood
        if whole or Verdict.INCONCLUSIVE in verdicts:
            return f"{course.received} requests, undecided"
        may_come = any(one.met.may_come for one in sight.facts.faults if not one.met.hit)
        return "a fault met nothing yet" if may_come else self._queries.open()

    # -- what is known by now ------------------------------------------------------------------------------

    def _look(self) -> Sight:
        return Sight(self._facts, self._contexts, self._stack.ledger, self._stack.mesh)

    def _verdict(self) -> Verdict:
        return self._sight.conclusion(self._facts.problems)[0]

    def _elsewhere(self) -> bool:
        """Whether more of the same would say nothing either: this traffic does not come along the broken edge."""
        return self._sight.book.size >= ENOUGH and any(
            not one.met.attempts and one.met.unit != "act" for one in self._sight.facts.faults
        )

    def _result(self) -> Run:
        sight, problems, ledger = self._sight, self._facts.problems, self._stack.ledger
        verdict, reason, claims = sight.conclusion(problems)
        facts = replace(sight.facts, problems=problems)
        edges = _edges(self._contexts, facts.questions)
        return Run(
            verdict=verdict,
            reason=reason,
            requests=sight.book.size,
            claims=claims,
            observed=observed(sight.book, ledger, edges),
            predicted=predictions(self._theory, edges),
            faults=tuple(f"{one.label}: {one.met}" for one in facts.faults),
            ledger=ledger,
            streams=tuple(one.id for one in facts.streams),
            seconds=time.monotonic() - self._begin,
            policy=self._policy,
            unpredicted=self._theory.unknown if self._theory else "",
            facts=facts,
        )

    def _tightest_ms(self) -> float | None:
        found = [one.requirement.limit for one in self._facts.questions]
        return min((1000 * one for one in found if one is not None), default=None)


def _by_now(question: Question, decision: Decision, requests: int) -> Verdict:
    """A verdict on which load may be stopped: that something did not happen is only sure after a while."""
    one, verdict = question.requirement, decision.verdict
    if one.is_moment and verdict is Verdict.FAIL and decision.low <= one.bound + LAG_S:
        return Verdict.INCONCLUSIVE
    rare = one.is_moment or one.measure in RARE
    waited_for = verdict is Verdict.INVALID and not decision.n and rare and requests < PATIENT * ENOUGH
    return Verdict.INCONCLUSIVE if waited_for else verdict


def _edges(contexts: Sequence[InForce], questions: Sequence[Question]) -> list[tuple[str, str]]:
    """Every edge that a fault or a claim is about."""
    paths = [
        path
        for many in (*(one.paths for one in contexts), *(one.paths for one in questions))
        for path in many
    ]
    return list(dict.fromkeys(one.pair for one in paths if one.client))
