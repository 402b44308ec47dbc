"""Drives load until every claim of an expectation is decided or its budget ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaosmesh.engine.experiment.counts import Outcomes, Question, calls_on, on_edge
from chaosmesh.engine.experiment.in_force import InForce, Met
from chaosmesh.engine.experiment.names import Path
from chaosmesh.engine.experiment.result import Claimed, Run
from chaosmesh.engine.host import Watch
from chaosmesh.engine.predict import Prediction, predict
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import DeadlineError
from chaosmesh.judge import Decision, Evidence, Verdict, judge, planned_for, worst
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
        self._questions = tuple(questions)
        self._contexts = tuple(contexts)
        self._alpha = alpha
        self._budget = budget
        self._policy = policy
        self._say = say
        self._begin = time.monotonic()
        self._fresh()

    async def run(self) -> Run:
        """What stays inconclusive is run once more on the same evidence, what could not be measured anew."""
        theory = self._theory()
        planned = [self._planned(one, theory) for one in self._questions]
        self._announce(planned)
        problem = await self._round()
        if problem and not self._elsewhere():
            self._fresh()
            problem = await self._round()
        elif not problem and self._verdict(None)[0] is Verdict.INCONCLUSIVE:
            problem = await self._round()
        return self._result(problem, theory, planned)

    def _fresh(self) -> None:
        self._outcomes = Outcomes(self._questions)
        self._streams: list[int] = []
        self._looked = 0

    async def _round(self) -> str | None:
        """Load for one budget; why it can't be trusted, if so.

        What came in after a stream was stopped may undo its decision: then the rest of the budget is used too.
        """
        left = self._budget
        while True:
            begin = time.monotonic()
            problem = await self._turn(left)
            left -= time.monotonic() - begin
            bounded = self._plan.count is not None or self._plan.duration is not None
            if problem or bounded or left < SHORTEST or self._verdict(None)[0] is not Verdict.INCONCLUSIVE:
                return problem

    async def _turn(self, seconds: float) -> str | None:
        """One stream of at most so many seconds."""
        stack = self._stack
        watch = await Watch.start(stack.keeper, stack.pids())
        report = await self._load(seconds)
        problem = report.late(self._tightest_ms()) or await watch.starved()
        try:
            await stack.settled([report.stream])
        except DeadlineError as error:
            problem = problem or f"the ledger is incomplete: {error.message}"
        return problem or (watch.crowded() if self._only_slow() else None)

    def _only_slow(self) -> bool:
        """Whether nothing but a bound on latency is broken: then a crowded host may be the reason."""
        pairs = zip(self._questions, self._decisions(), strict=True)
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
        self._streams.append(running.stream.id)
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
        self._outcomes.end()
        return report

    def _take(self, records: list[Record]) -> None:
        self._outcomes.add(records)

    def _open(self) -> str:
        """What is still undecided, looked at whenever there is a tenth more to see."""
        n = self._outcomes.n
        if n < max(ENOUGH, self._looked * LOOK):
            return f"{n} requests"
        self._looked = n
        decisions = self._decisions()
        if any(one.verdict is Verdict.FAIL for one in decisions):
            return ""
        if any(one.verdict is Verdict.INCONCLUSIVE for one in decisions):
            return f"{n} requests, undecided"
        return "a fault met nothing yet" if any(one.may_come for one in self._unmet()) else ""

    def _unmet(self) -> list[Met]:
        return [met for one in self._contexts if not (met := self._met(one)).hit]

    def _decisions(self) -> list[Decision]:
        return [judge(one.requirement, self._evidence(one), self._alpha) for one in self._questions]

    def _evidence(self, question: Question) -> Evidence:
        if not question.paths:
            return self._outcomes.evidence(question)
        stack = self._stack
        return on_edge(question, stack.ledger, self._streams, stack.mesh, self._plan.entry)

    def _met(self, context: InForce) -> Met:
        def attempts(path: Path) -> list[Attempt]:
            calls = calls_on(self._stack.ledger, self._streams, [path])
            return [a for one in calls for a in one.attempts if path.workload in (None, a.server)]

        return context.met(self._stack.mesh, attempts)

    def _verdict(self, problem: str | None) -> tuple[Verdict, str]:
        outcomes = self._outcomes
        unmet = next((one.nothing for one in self._unmet()), None)
        if reason := self._elsewhere() or problem or unmet:
            return Verdict.INVALID, reason
        if outcomes.n and outcomes.unknown_path == outcomes.n:
            return Verdict.INVALID, "every request was answered 404: nothing serves this path"
        decisions = self._decisions()
        verdict = worst(one.verdict for one in decisions)
        return verdict, "; ".join(one.reason for one in decisions if one.verdict is verdict)

    def _elsewhere(self) -> str | None:
        """Why more of the same would say nothing either: this traffic does not come along the broken edge."""
        if self._outcomes.n < ENOUGH:
            return None
        return next((one.nothing for one in self._unmet() if not one.attempts), None)

    def _result(self, problem: str | None, theory: Prediction | None, planned: Sequence[int | None]) -> Run:
        verdict, reason = self._verdict(problem)
        outcomes = self._outcomes
        observed: dict[str, float | None] = {
            "success": outcomes.ok / outcomes.n if outcomes.n else None,
            "p50_ms": outcomes.quantile_ms(0.5),
            "p99_ms": outcomes.quantile_ms(0.99),
        }
        predicted: dict[str, float] = {}
        if theory and theory.success is not None:
            predicted["success"] = theory.success
        for pair in dict.fromkeys(path.pair for one in self._contexts for path in one.paths):
            name = f"attempts {'>'.join(pair)}"
            observed[name] = self._stack.ledger.amplification(*pair, self._streams[-1]).value
            if theory and pair in theory.by_edge:
                predicted[name] = theory.by_edge[pair]
        return Run(
            verdict=verdict,
            reason=reason,
            requests=outcomes.n,
            claims=tuple(
                Claimed(str(question), decision, often, question.requirement.is_share)
                for question, decision, often in zip(self._questions, self._decisions(), planned, strict=True)
            ),
            observed=observed,
            predicted=predicted,
            faults=tuple(f"{one}: {self._met(one)}" for one in self._contexts),
            ledger=self._stack.ledger,
            streams=tuple(self._streams),
            seconds=time.monotonic() - self._begin,
            policy=self._policy,
            unpredicted=theory.unknown if theory else "",
        )

    # -- before anything is sent ---------------------------------------------------------------------------

    def _tightest_ms(self) -> float | None:
        limits = [
            one.requirement.limit * 1000 for one in self._questions if one.requirement.limit is not None
        ]
        return min(limits, default=None)

    def _theory(self) -> Prediction | None:
        failing = [theory for one in self._contexts for theory in one.theory]
        if any(one is None for one in failing):
            return None
        return predict(self._stack.mesh, self._plan.entry, *(one for one in failing if one is not None))

    def _planned(self, question: Question, theory: Prediction | None) -> int | None:
        """Requests after which the claim is decided if the prediction holds; None where nothing is predicted."""
        requirement = question.requirement
        if theory is None or theory.success is None:
            return None
        if requirement.measure == "attempts":
            high = self._evidence(question).high
            mean = theory.by_edge.get(question.pairs[0], 1.0)
            often = round(1000 * (mean - 1) / (high - 1)) if high > 1 else 0
            expected = Evidence.counted({1.0: 1000 - often, high: often}, high=high)
        elif question.paths or requirement.measure not in ("success", "latency"):
            return None
        else:
            good = theory.success if requirement.measure == "success" else 1.0
            expected = Evidence.share(10_000, round(10_000 * good))
        return planned_for(requirement, expected, self._alpha)

    def _announce(self, planned: Sequence[int | None]) -> None:
        for question, often in zip(self._questions, planned, strict=True):
            if often is not None:
                self._say(f"chaosmesh: {question}: about {often:,} requests if the policy does what it says")
