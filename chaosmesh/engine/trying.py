"""Tries the checks: sends their probes side by side and judges what the ledger saw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from chaosmesh.checks import Check, Outcome, Probe, Seen
from chaosmesh.engine.results import CheckResult, ResourceRef
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.turns import Turns
from chaosmesh.errors import DeadlineError
from chaosmesh.faults import Down
from chaosmesh.judge import Verdict
from chaosmesh.load import RequestSpec, Running

TOGETHER = 700.0
"""Requests a second of all probes at once; what a shared host with stand-ins carries without falling behind."""

SPLIT_DEADLINE = 60.0


class Trial:
    """Tries checks on one running mesh; many at once, those that cut an edge one after another."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._budget = _RateBudget(TOGETHER)
        self._quiet = Turns()

    async def try_(self, check: Check) -> CheckResult:
        """One check; what stays undecided is tried once more, a `fail` never."""
        begin = time.monotonic()
        cuts = any(probe.down for probe in check.probes)
        async with self._quiet.alone() if cuts else self._quiet.shared():
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
                return await self._send(check, probe)
            fault = Down(f"check-{self._stack.run}-{id(probe):x}", (probe.client, probe.service))
            await fault.apply(self._stack)
            try:
                return await self._send(check, probe)
            finally:
                await fault.heal(self._stack)

    async def _send(self, check: Check, probe: Probe) -> Seen:
        stack = self._stack
        headers = probe.shape.headers
        if probe.standin:
            headers = (*headers, ("x-standin", probe.standin))
        spec = RequestSpec(probe.shape.method, probe.shape.path, headers)
        running = await stack.begin(
            check.id,
            stack.egress_url(probe.client, probe.service),
            probe.service,
            [spec],
            probe.rate,
            count=probe.count,
            patience=probe.timeout,
        )
        try:
            if probe.split:
                await self._until_decided(check, probe, running)
            await running.done()
        finally:
            running.stop()  # also when another check ended the run
        problem = None
        try:
            await stack.settled([running.stream.id])
        except DeadlineError as error:
            problem = str(error)
        return self._seen(probe, running.stream.id, problem)

    async def _until_decided(self, check: Check, probe: Probe, running: Running) -> None:
        """A split is looked at as often as rows arrive, and ends the sending once it is decided."""
        stream = running.stream.id
        looked = 0

        def open_() -> str:
            nonlocal looked
            seen = self._seen(probe, stream, None)
            n = len(seen.calls)
            if n >= probe.count:
                return ""
            if n < looked + 200:
                return f"{n} calls"
            looked = n
            return "" if check.judge([seen]).verdict.decided else f"{n} calls"

        try:
            await self._stack.bell.until(open_, seconds=SPLIT_DEADLINE, what=f"{check.id}: a decision")
        except DeadlineError:
            pass
        finally:
            running.stop()

    def _seen(self, probe: Probe, stream: int, problem: str | None) -> Seen:
        ledger = self._stack.ledger
        calls = [c for c in ledger.calls(stream, probe.client, probe.service) if c.complete]
        return Seen(calls, () if probe.split else ledger.requests(stream), problem)


def _judged(check: Check, seen: Sequence[Seen]) -> Outcome:
    problem = next((one.problem for one in seen if one.problem), None)
    return check.judge(seen) if problem is None else Outcome(Verdict.INVALID, problem)


def _joined(first: Sequence[Seen], second: Sequence[Seen]) -> list[Seen]:
    return [
        Seen([*a.calls, *b.calls], [*a.requests, *b.requests], b.problem)
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
