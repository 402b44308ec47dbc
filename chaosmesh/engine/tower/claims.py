"""Expectations of a mesh that runs: their evidence grows while they are looked at, episode by episode.

An episode is a time in which policy and faults stay as they are. A change begins a new one: what was known goes to the
timeline, and nothing of it counts any more. The test may be looked at every second without a cost (`judge`).
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.canary.claims import claim_of
from chaosmesh.engine.experiment.evidence.shares import latency_ms, met
from chaosmesh.engine.experiment.policy import most_attempts
from chaosmesh.engine.goal import Goal
from chaosmesh.engine.tower.counted import Counted
from chaosmesh.engine.tower.ordered import Latest, Ordered
from chaosmesh.engine.tower.seen import Pair
from chaosmesh.engine.tower.state import ClaimState
from chaosmesh.envoy import AccessRow
from chaosmesh.errors import UsageError
from chaosmesh.judge import ALPHA, Counting, Decision, Requirement, Verdict, judge, requirement
from chaosmesh.load import Record, Stream
from chaosmesh.mesh import Mesh, retry_of
from chaosmesh.mesh.picture import Arrow

POINTS: Final = 120
"""Looks at the evidence that the page draws; older ones are thinned out."""
USUAL_ATTEMPTS: Final = 3.0
"""Attempts a call that are expected at most of an edge with retries, where nobody says otherwise."""
GROWTH: Final = 1.01
"""A look is worth its while when there is so many times as much as at the last one."""
ENDING_S: Final = 35.0
"""Seconds after which a request that has not ended is not waited for: what generators wait for an answer, and more."""
ON_THE_WAY_S: Final = 0.25
MEASURES: Final = ("success", "latency", "status", "grpc", "attempts", "overflow")
_ON_EDGE: Final = ("attempts", "overflow")


@dataclass(slots=True)
class Claim:
    """One expectation; `pair`: the edge that it is about, None: what users feel. `decision` is that of the last look, and
    `facts` the evidence that it follows from."""

    id: str
    requirement: Requirement
    bound: str
    edge: str | None
    pair: Pair | None
    counted: Counted
    ordered: Ordered | None
    since_ns: int
    decision: Decision | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    points: list[tuple[float, float, float, float]] = field(default_factory=list)
    said: Verdict | None = None
    seen: int = -1

    @property
    def text(self) -> str:
        """In words."""
        return self.requirement.statement

    def reason(self) -> str:
        """Of its present verdict."""
        return self.decision.reason if self.decision else f"{self.text}: nothing was counted yet"


class Claims:
    """All expectations. `counting` says for the present faults and traffic how outcomes count."""

    def __init__(
        self,
        scenario: Scenario,
        mesh: Callable[[], Mesh],
        arrows: Callable[[], Mapping[str, Arrow]],
        counting: Callable[[Pair | None], Counting],
    ) -> None:
        self._mesh = mesh
        self._arrows = arrows
        self._counting = counting
        self._numbers = itertools.count(1)
        self._latest = Latest()
        self._claims: dict[str, Claim] = {}
        self.begun_ns = time.time_ns()
        for measure, on, bound in usual(scenario, mesh(), arrows()):
            self.add(measure, on, bound)

    @property
    def all(self) -> tuple[Claim, ...]:
        """In the order in which they were made."""
        return tuple(self._claims.values())

    def add(self, measure: str, on: str | None, bound: str | float) -> Claim:
        """One more, from now on. UsageError where it makes no sense."""
        asked, pair = self._asked(measure, on, bound)
        name = f"claim-{next(self._numbers)}"
        self._claims[name] = self._fresh(name, asked, str(bound), on, pair, time.time_ns())
        return self._claims[name]

    def remove(self, name: str) -> Claim:
        """One less. UsageError where it is none."""
        if name not in self._claims:
            raise UsageError(
                f"there is no expectation {name!r}", hint=", ".join(self._claims) or "there are none"
            )
        return self._claims.pop(name)

    def again(self, begin_ns: int | None = None) -> None:
        """A new episode from `begin_ns` (epoch; default: now): nothing that was sent before counts."""
        self.begun_ns = begin_ns or time.time_ns()
        for name, one in self._claims.items():
            self._claims[name] = self._fresh(
                name, one.requirement, one.bound, one.edge, one.pair, self.begun_ns
            )

    def saw_records(self, stream: Stream, records: Sequence[Record]) -> None:
        """Requests of users have ended."""
        for one in self._claims.values():
            if one.ordered is not None:
                _count(one, one.ordered.add(stream, records))
        self._latest.saw(stream, records)

    def saw_call(self, pair: Pair, row: AccessRow, attempts: int) -> None:
        """A call has ended."""
        for one in self._claims.values():
            if one.pair == pair and row.start_ns >= one.since_ns:
                one.counted.add(_of_call(one.requirement, row, attempts))

    def ended(self, stream: int) -> None:
        """A stream is over."""
        for one in self._claims.values():
            if one.ordered is not None:
                _count(one, one.ordered.end(stream))
        self._latest.of.pop(stream, None)

    async def look(self, one: Claim) -> None:
        """Judge what there is of one of them, if there is enough more than at the last look."""
        if one.ordered is not None:
            _count(one, one.ordered.tick(time.time_ns()))
        if one.counted.outcomes < one.seen * GROWTH or one.counted.outcomes == one.seen:
            return
        one.seen = one.counted.outcomes
        evidence, facts = one.counted.evidence, one.counted.as_json()
        if not evidence.n:
            return
        # On a thread: it takes some milliseconds, and there may be many.
        decision = await asyncio.to_thread(judge, one.requirement, evidence, ALPHA)
        one.decision, one.facts = decision, facts
        if decision.observed is None:
            return
        at = round((time.time_ns() - one.since_ns) / 1e9, 1)
        seen, low, high = decision.observed, decision.low, decision.high
        one.points.append((at, round(seen, 5), round(low, 5), round(high, 5)))
        if len(one.points) > POINTS:
            del one.points[1:-1:2]

    @property
    def tightest_ms(self) -> float | None:
        """The shortest latency that is claimed."""
        limits = [one.requirement.limit * 1000 for one in self._claims.values() if one.requirement.limit]
        return min(limits, default=None)

    def _asked(self, measure: str, on: str | None, bound: str | float) -> tuple[Requirement, Pair | None]:
        pair = None
        if on is not None:
            arrow = self._arrows().get(on)
            if arrow is None:
                known = ", ".join(self._arrows()) or "none"
                raise UsageError(f"there is no edge {on!r}", hint=f"edges: {known}")
            pair = (arrow.client, arrow.service)
        asked = requirement(measure, claim_of(written(measure, bound)))
        if asked.measure not in MEASURES or asked.relative is not None:
            raise UsageError(
                f"{measure} is not watched here",
                hint="success, p99 (any quantile), status_503, attempts, overflow",
            )
        if asked.measure in _ON_EDGE and pair is None:
            raise UsageError(f"{measure} is counted on an edge", hint="say which one")
        return asked, pair

    def _fresh(
        self, name: str, asked: Requirement, bound: str, edge: str | None, pair: Pair | None, begin_ns: int
    ) -> Claim:
        patience = ENDING_S if asked.limit is None else asked.limit + ON_THE_WAY_S
        ordered = Ordered(begin_ns, patience, self._latest) if pair is None else None
        high = 1.0 if asked.is_share else float(self._most(asked, pair))
        counting = self._counting(pair)
        return Claim(name, asked, bound, edge, pair, Counted(counting, high), ordered, begin_ns)

    def _most(self, asked: Requirement, pair: Pair | None) -> int:
        """As many attempts as the policy allows, and room above a bound that it can't reach."""
        known = {one.name for one in self._mesh().services}
        allowed = most_attempts(self._mesh(), pair[1]) if pair and pair[1] in known else 1
        return max(allowed, int(asked.bound) + 1)


def written(measure: str, bound: str | float) -> str:
    """A bound as a claim: success is to be at least that, everything else at most."""
    if isinstance(bound, bool) or not isinstance(bound, str | int | float) or not str(bound).strip():
        raise UsageError(f"{measure}: {bound!r} is no bound", hint='"99 %", "300ms" or 3')
    text = str(bound).strip()
    if re.match(r"at\s+(least|most)\b", text, re.IGNORECASE):
        return text
    return f"at {'least' if measure == 'success' else 'most'} {text}"


def usual(
    scenario: Scenario, mesh: Mesh, arrows: Mapping[str, Arrow]
) -> Iterator[tuple[str, str | None, str | float]]:
    """What is expected where nobody says: the scenario's `slo:`, else 99 % success and p99 ≤ 1 s, and at most 3 attempts a
    call on edges with retries."""
    goal = Goal.of(scenario)
    yield "success", None, f"{goal.success * 100:g} %"
    yield "p99", None, f"{goal.p99_s * 1000:g}ms"
    most = scenario.slo.amplification if scenario.slo else None
    if scenario.slo is not None and most is None:
        return
    known = {one.name: one for one in mesh.services}
    for arrow in arrows.values():
        service = known.get(arrow.service)
        if service and any(retry_of(one) for one in service.routes):
            yield "attempts", arrow.id, most or USUAL_ATTEMPTS


def state_of(one: Claim, problem: str, doubt: str) -> ClaimState:
    """For the page. `problem`: why nothing that is seen can be trusted; `doubt`: why a pass would say nothing."""
    decision = one.decision
    verdict, reason = _verdict(one, problem, doubt)
    return ClaimState(
        one.id,
        one.text,
        one.edge,
        verdict.value,
        one.since_ns // 1_000_000,
        decision.n if decision else 0,
        decision.k if decision else 0,
        decision.observed if decision else None,
        decision.low if decision else 0.0,
        decision.high if decision else one.counted.high,
        one.requirement.bound,
        decision.more if decision else None,
        reason,
        tuple(one.points),
    )


def _verdict(one: Claim, problem: str, doubt: str) -> tuple[Verdict, str]:
    if one.decision is None:
        return Verdict.INCONCLUSIVE, one.reason()
    if problem:
        return Verdict.INVALID, f"{one.text}: {problem}"
    if doubt and one.decision.verdict is Verdict.PASS:
        return Verdict.INVALID, f"{one.text}: {doubt}"
    return one.decision.verdict, one.reason()


def _count(one: Claim, given: Iterator[Record | None]) -> None:
    for record in given:
        if record is not None:
            good = met(one.requirement, record.status, latency_ms(record), record.grpc_status)
            one.counted.add(float(good))
        elif one.requirement.limit is not None:
            one.counted.add(0.0)


def _of_call(asked: Requirement, row: AccessRow, attempts: int) -> float:
    if asked.measure == "attempts":
        return float(attempts)
    if asked.measure == "overflow":
        return float("UO" in row.flags)
    return float(met(asked, row.status, row.duration_ms, row.grpc_status))


def facts_of(one: Claim) -> dict[str, Any]:
    """What the verdict on an episode can be told again from."""
    return {
        "measure": one.requirement.name,
        "bound": one.bound,
        "wanted": one.requirement.bound,
        "on": one.edge,
        "evidence": one.facts,
    }
