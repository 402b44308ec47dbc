"""Drives load until every claim of an expectation is decided or its budget ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chaosmesh.engine.experiment.evidence import Book
from chaosmesh.engine.experiment.expected import announced, predictions, theory_of
from chaosmesh.engine.experiment.facts import Facts, Sent, Span, Struck
from chaosmesh.engine.experiment.in_force import InForce, Met
from chaosmesh.engine.experiment.judging import decide, decisions_of
from chaosmesh.engine.experiment.names import Path
from chaosmesh.engine.experiment.observed import observed
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.result import Run
from chaosmesh.engine.host import Watch
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import DeadlineError
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Attempt
from chaosmesh.load import Record, RequestSpec, StreamReport
from chaosmesh.load.plan import Arrivals

PATIENCE = 15.0  # seconds that a request waits for its answer

ENOUGH = 200
"""Requests that every expectation gets: fewer say nothing about a 99th percentile, the generator's lag included,
nor that a fault or an edge is not met at all."""

SHORTEST = 0.5  # seconds of a budget that are worth another stream

LOOK = 1.1
"""Evidence grows by a tenth from look to look, so that looking costs little however long it takes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Load as asked for: `rate` requests/s of `mix` at `entry`, at most `count` of them, for at most `duration` s."""

    entry: str
    mix: tuple[RequestSpec, ...]
    rate: float
    arrivals: Arrivals
    seed: int
    count: int | None = None
    duration: float | None = None
    patience: float = PATIENCE


class Drive:
    """One expectation: `questions` asked of the load `plan` while the faults of `contexts` are in force."""

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
        self._contexts = tuple(contexts)
        self._theory = theory_of(stack.mesh, plan.entry, self._contexts)
        asked = announced(questions, stack.mesh, plan.entry, self._theory, alpha)
        self._facts = Facts(alpha, plan.entry, tuple(one.plain for one in asked))
        self._budget = budget
        self._policy = policy
        self._say = say
        self._begin = time.monotonic()
        self._fresh()

    async def run(self) -> Run:
        """What stays inconclusive is run once more on the same evidence, what could not be measured anew."""
        for one in self._facts.questions:
            if one.planned is not None:
                self._say(f"chaosmesh: {one}: about {one.planned:,} requests if the policy does what it says")
        await self._round()
        if self._facts.problems and not self._elsewhere():
            self._fresh()
            await self._round()
        elif self._verdict() is Verdict.INCONCLUSIVE:
            await self._round()
        return self._result()

    def _fresh(self) -> None:
        self._facts = replace(self._facts, streams=(), problems=())
        self._received = self._looked = 0

    async def _round(self) -> None:
        """Load for one budget.

        What came in after a stream was stopped may undo its decision: then the rest of the budget is used too.
        """
        left = self._budget
        bounded = self._plan.count is not None or self._plan.duration is not None
        while True:
            begin = time.monotonic()
            await self._turn(left)
            left -= time.monotonic() - begin
            if bounded or left < SHORTEST or self._verdict() is not Verdict.INCONCLUSIVE:
                return

    async def _turn(self, seconds: float) -> None:
        """One stream of at most so many seconds, and what makes it worthless."""
        stack = self._stack
        watch = await Watch.start(stack.keeper, stack.pids())
        report = await self._load(seconds)
        problems = [report.late(self._tightest_ms()), await watch.starved()]
        try:
            await stack.settled([report.stream])
        except DeadlineError as error:
            problems.append(f"the ledger is incomplete: {error.message}")
        if not any(problems) and self._only_slow():
            problems.append(watch.crowded())
        self._facts = replace(
            self._facts, problems=self._facts.problems + tuple(one for one in problems if one)
        )

    def _only_slow(self) -> bool:
        """Whether nothing but a bound on latency is broken: then a crowded host may be the reason."""
        book = self._book()
        pairs = zip(self._facts.questions, decisions_of(self._facts, book), strict=True)
        broken = [question for question, decision in pairs if decision.verdict is Verdict.FAIL]
        return bool(broken) and all(one.requirement.measure == "latency" for one in broken)

    async def _load(self, seconds: float) -> StreamReport:
        plan, stack = self._plan, self._stack
        limits = [seconds] if plan.duration is None else [seconds, plan.duration]
        running = await stack.begin(
            f"expect {plan.entry}",
            stack.entry_url(plan.entry),
            plan.entry,
            plan.mix,
            plan.rate,
            count=plan.count,
            duration=min(limits),
            arrivals=plan.arrivals,
            seed=plan.seed,
            patience=plan.patience,
            tls=stack.entry_tls(plan.entry),
            on_records=self._take,
        )
        before = self._facts.streams
        self._facts = replace(self._facts, streams=(*before, Sent(running.stream.id)))
        decided = asyncio.create_task(
            stack.bell.until(self._open, seconds=min(limits), what="a verdict on every claim")
        )
        done = asyncio.create_task(running.done())
        try:
            await asyncio.wait({decided, done}, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            done.cancel()
            raise
        finally:
            running.stop()
            decided.cancel()
        await asyncio.gather(decided, return_exceptions=True)
        report = await done
        self._facts = replace(self._facts, streams=(*before, Sent(running.stream.id, ended=True)))
        return report

    def _take(self, records: list[Record]) -> None:
        self._received += len(records)

    def _open(self) -> str:
        """What is still undecided, looked at whenever there is a tenth more to see."""
        if self._received < max(ENOUGH, self._looked * LOOK):
            return f"{self._received} requests"
        self._looked = self._received
        book = self._book()
        verdicts = {one.verdict for one in decisions_of(self._facts, book)}
        if Verdict.FAIL in verdicts:
            return ""
        if Verdict.INCONCLUSIVE in verdicts:
            return f"{self._looked} requests, undecided"
        unmet = [met for one in self._contexts if not (met := self._met(one, book)).hit]
        return "a fault met nothing yet" if any(one.may_come for one in unmet) else ""

    # -- what is known by now ------------------------------------------------------------------------------

    def _now(self) -> Facts:
        """The facts so far, with what the faults met by now."""
        book = self._book()
        struck = tuple(Struck(str(one), self._spans(one), self._met(one, book)) for one in self._contexts)
        return replace(self._facts, faults=struck)

    def _spans(self, context: InForce) -> tuple[Span, ...]:
        ids = {one.id for one in context.faults}
        events = [one for one in self._stack.ledger.faults if one.fault in ids]
        applied = [one.at_ns for one in events if one.phase == "applied"]
        healed = [one.at_ns for one in events if one.phase == "healed"]
        return (Span(str(context), max(applied), min(healed, default=None)),) if applied else ()

    def _book(self) -> Book:
        return Book(self._stack.ledger, self._facts)

    def _met(self, context: InForce, book: Book) -> Met:
        def attempts(path: Path) -> list[Attempt]:
            return [
                a for one in book.calls([path]) for a in one.attempts if path.workload in (None, a.server)
            ]

        return context.met(self._stack.mesh, attempts)

    def _verdict(self) -> Verdict:
        return decide(self._now(), self._stack.ledger)[0]

    def _elsewhere(self) -> bool:
        """Whether more of the same would say nothing either: this traffic does not come along the broken edge."""
        book = self._book()
        return self._received >= ENOUGH and any(not self._met(one, book).attempts for one in self._contexts)

    def _result(self) -> Run:
        facts, ledger = self._now(), self._stack.ledger
        verdict, reason, claims = decide(facts, ledger)
        book = self._book()
        edges = list(dict.fromkeys(path.pair for one in self._contexts for path in one.paths))
        return Run(
            verdict=verdict,
            reason=reason,
            requests=len(book.records()),
            claims=claims,
            observed=observed(book, ledger, edges),
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
