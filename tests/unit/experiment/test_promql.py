"""Queries of an expectation: when they are asked, over which time, and that nothing else waits for them."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest

from chaosmesh import Verdict, at_least, at_most, promql
from chaosmesh.engine.experiment.facts import Facts, Sent, Span
from chaosmesh.engine.experiment.judging import decide
from chaosmesh.engine.experiment.promql import Queries
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.errors import UsageError
from chaosmesh.judge import Reading, requirement
from chaosmesh.ledger import Ledger
from chaosmesh.runtime.prometheus import Answer

S = 1_000_000_000


class WrittenMetrics:
    """Answers every query with one number, and notes what it was asked."""

    interval = 1.0

    def __init__(self, now: float = 20.0) -> None:
        self.started = 0
        self.checked: list[str] = []
        self.asked: list[tuple[str, float]] = []
        self.rules: list[bool] = []
        self._now = now

    async def start(self) -> None:
        self.started += 1

    async def check(self, query: str) -> None:
        self.checked.append(query)
        if "nonsense" in query:
            raise UsageError("no PromQL")

    async def scraped(self, *, rules: bool = False) -> float:
        self.rules.append(rules)
        return self._now

    async def value(self, query: str, at: float) -> Answer:
        self.asked.append((query, at))
        return Answer(1.5)


def question(query: str, **place) -> Question:
    return Question(requirement("errors", promql(query, at_most(2, **place))))


PLAIN = Question(requirement("success", at_least(0.9)))


def queries(*asked: Question) -> tuple[Queries, WrittenMetrics]:
    metrics = WrittenMetrics()
    return Queries(SimpleNamespace(metrics=metrics), asked), metrics  # type: ignore[arg-type]


def test_without_a_query_nothing_is_started_or_waited_for():
    made = Queries(SimpleNamespace(), [PLAIN])  # type: ignore[arg-type]
    asyncio.run(made.prepare())
    made.begin()
    assert made.open() == ""
    assert asyncio.run(made.read([Sent(1, True)])) == ()


def test_a_server_is_started_and_asked_before_any_load():
    made, metrics = queries(PLAIN, question("rate(x[$window])"))
    asyncio.run(made.prepare())
    assert (metrics.started, metrics.checked) == (1, ["rate(x[60000ms])"])
    with pytest.raises(UsageError):
        asyncio.run(queries(question("nonsense"))[0].prepare())


def test_a_phase_in_the_middle_ends_where_it_ended_and_the_last_one_when_it_was_scraped():
    phases = (Span("calm", 2 * S, 5 * S), Span("fault", 5 * S, 9 * S), Span("calm", 9 * S, 12 * S))
    made, metrics = queries(question("x[$window]", during="calm"))
    found = asyncio.run(made.read([Sent(1, True, phases)]))
    assert metrics.asked == [("x[3000ms]", 5.0), ("x[11000ms]", 20.0)]
    assert [(one.begin_ns, one.at_ns, one.value) for one in found] == [
        (2 * S, 5 * S, 1.5),
        (9 * S, 20 * S, 1.5),
    ]


def test_a_load_without_phases_counts_whole():
    made, metrics = queries(question("x[$window]"))
    made._begun_ns = 8 * S
    asyncio.run(made.read([Sent(1, True)]))
    assert metrics.asked == [("x[12000ms]", 20.0)]


def test_rules_are_waited_for_where_a_query_asks_for_what_they_record():
    for query, rules in (("envoy_appmesh_RequestCount", True), ("envoy_cluster_upstream_rq_total", False)):
        made, metrics = queries(question(query))
        asyncio.run(made.read([Sent(1, True)]))
        assert metrics.rules == [rules]


def test_load_goes_on_for_some_scrapes_and_where_there_is_nothing_else_to_its_end():
    made, _ = queries(PLAIN, question("x"))
    made.begin()
    assert "of scrapes" in made.open()
    made._begun_ns -= 6 * S
    assert made.open() == ""
    alone, _ = queries(question("x"))
    alone._begun_ns = 0
    assert "when the load has ended" in alone.open()


def facts(*readings: Reading) -> Facts:
    return Facts(1e-4, "front", (question("x"),), (Sent(1, True),), readings=readings)


def test_the_verdict_follows_from_the_facts_alone_and_they_are_read_back():
    read = Reading("errors", "x", 1 * S, 2 * S, 1.5)
    whole = facts(read)
    assert Facts.from_json(json.loads(json.dumps(whole.to_json()))) == whole
    verdict, reason, claims = decide(whole, Ledger())
    assert verdict is Verdict.PASS
    assert claims[0].decision.observed == 1.5
    assert "1.5, at most 2 wanted" in reason


def test_a_claim_whose_phase_never_came_is_invalid():
    verdict, reason, _ = decide(facts(), Ledger())
    assert verdict is Verdict.INVALID
    assert "never asked" in reason
