"""Claims in PromQL while an expectation is driven: checked before it, read when its load has ended."""

from __future__ import annotations

import time
from collections.abc import Sequence

from chaosmesh.engine.experiment.facts import Sent, Span
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.metrics import Metrics
from chaosmesh.engine.stack import Stack
from chaosmesh.judge import Reading, Requirement, written_out
from chaosmesh.runtime.prometheus.server import needs_rules

LEAST = 5
"""Scrapes of every target that a load lasts at least: a rate over fewer is guesswork."""

TYPICAL_S = 60.0
"""Length of the window with which a query is checked before there is one."""


class Queries:
    """The queries of one expectation's claims. Without any, nothing is started or waited for."""

    def __init__(self, stack: Stack, questions: Sequence[Question]) -> None:
        self._stack = stack
        self._asked = [one.requirement for one in questions if one.requirement.in_promql]
        self._alone = len(self._asked) == len(questions)
        self._begun_ns = 0

    @property
    def _metrics(self) -> Metrics:
        return self._stack.metrics

    async def prepare(self) -> None:
        """Start a server if none runs, and ask it whether it understands the queries; UsageError if it doesn't."""
        if not self._asked:
            return
        await self._metrics.start()
        for one in self._asked:
            await self._metrics.check(written_out(one.query, TYPICAL_S))

    def begin(self) -> None:
        """A load is about to begin."""
        self._begun_ns = time.time_ns()

    def open(self) -> str:
        """Why a load should go on for the queries' sake; nothing when it may end."""
        if not self._asked:
            return ""
        if self._alone:
            return "claims in PromQL are judged when the load has ended"
        passed = (time.time_ns() - self._begun_ns) / 1e9
        return "" if passed >= LEAST * self._metrics.interval else f"{passed:.1f} s of scrapes"

    async def read(self, streams: Sequence[Sent]) -> tuple[Reading, ...]:
        """Ask every query about the last load, once that has been answered and scraped to its end."""
        if not self._asked:
            return ()
        end = await self._metrics.scraped(rules=needs_rules([one.query for one in self._asked]))
        return tuple(
            [await self._reading(one, span) for one in self._asked for span in self._spans(one, streams, end)]
        )

    def _spans(self, one: Requirement, streams: Sequence[Sent], end: float) -> list[Span]:
        """When the claim's phase was, each time that it came. The last phase ends when all of it was scraped; without a
        phase the whole load counts."""
        end_ns = round(end * 1e9)
        if one.during is None:
            return [Span("", self._begun_ns, end_ns)]
        found: list[Span] = []
        for stream in streams:
            for span in stream.phases:
                last = span is stream.phases[-1]
                if span.name == one.during:
                    found.append(
                        Span(span.name, span.begin_ns, end_ns if last or span.end_ns is None else span.end_ns)
                    )
        return found

    async def _reading(self, one: Requirement, span: Span) -> Reading:
        until = span.end_ns or time.time_ns()
        query = written_out(one.query, (until - span.begin_ns) / 1e9)
        answer = await self._metrics.value(query, until / 1e9)
        return Reading(one.name, query, span.begin_ns, until, answer.value, answer.problem)
