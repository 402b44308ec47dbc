"""Tries the checks: sends their probes side by side and judges what the ledger saw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from chaosmesh.checks import Check, Outcome, Probe, Seen
from chaosmesh.engine.lanes import Lanes
from chaosmesh.engine.probing import send
from chaosmesh.engine.results import CheckResult, ResourceRef
from chaosmesh.engine.stack import Stack
from chaosmesh.faults import Down
from chaosmesh.judge import Verdict

TOGETHER = 700.0
"""Requests a second of all probes at once; what a shared host with stand-ins carries without falling behind."""


class Trial:
    """Tries checks on one running mesh; many at once, but none beside one that would disturb it."""

    def __init__(self, stack: Stack, most: float | None = None) -> None:
        """`most`: requests a second that the scenario allows, if it says so."""
        self._stack = stack
        self._budget = _RateBudget(TOGETHER if most is None else min(TOGETHER, most))
        self._lanes = Lanes()

    async def try_(self, check: Check) -> CheckResult:
        """One check; what stays undecided is tried once more, a `fail` never."""
        begin = time.monotonic()
        async with self._lanes.take(alone=check.alone, shared=check.shares):
            seen = await self._probe_all(check)
            outcome = _judged(check, seen)
            if not outcome.verdict.decided:
                seen = _joined(seen, await self._probe_all(check))
                outcome = _judged(check, seen)
        return _result(check, outcome, time.monotonic() - begin)

    async def _probe_all(self, check: Check) -> list[Seen]:
        return list(await asyncio.gather(*(self._probe(check, probe) for probe in check.probes)))

    async def _probe(self, check: Check, probe: Probe) -> Seen:
        async with self._budget.take(probe.rate):
            if not probe.down:
                return await send(self._stack, check, probe)
            fault = Down(f"check-{self._stack.run}-{id(probe):x}", (probe.client, probe.service))
            await fault.apply(self._stack.site)
            try:
                return await send(self._stack, check, probe)
            finally:
                await fault.heal(self._stack.site)


def _judged(check: Check, seen: Sequence[Seen]) -> Outcome:
    problem = next((one.problem for one in seen if one.problem), None)
    return check.judge(seen) if problem is None else Outcome(Verdict.INVALID, problem)


def _joined(first: Sequence[Seen], second: Sequence[Seen]) -> list[Seen]:
    """What follows times of its own (`marks`) is told by the second run alone."""
    return [
        b if b.marks else replace(b, calls=[*a.calls, *b.calls], requests=[*a.requests, *b.requests])
        for a, b in zip(first, second, strict=True)
    ]


def _result(check: Check, outcome: Outcome, seconds: float) -> CheckResult:
    resource = check.resource
    return CheckResult(
        id=check.id,
        resource=ResourceRef(resource.kind, resource.name, check.place),
        statement=check.statement,
        basis=check.basis,
        verdict=outcome.verdict,
        reason=outcome.reason,
        observed=outcome.observed,
        expected=outcome.expected,
        n=outcome.n,
        duration_s=seconds,
    )


def failed(result: CheckResult) -> bool:
    """Whether `--fail-fast` ends the run here."""
    return result.verdict is Verdict.FAIL


class _RateBudget:
    """Hands out requests a second; a probe that wants more than there is gets all of it, alone."""

    def __init__(self, total: float) -> None:
        self._total = self._free = total
        self._condition = asyncio.Condition()

    @asynccontextmanager
    async def take(self, rate: float) -> AsyncIterator[None]:
        share = min(rate, self._total)
        async with self._condition:
            await self._condition.wait_for(lambda: self._free >= share)
            self._free -= share
        try:
            yield
        finally:
            async with self._condition:
                self._free += share
                self._condition.notify_all()
