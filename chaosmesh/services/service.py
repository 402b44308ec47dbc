"""What a stand-in answers, whatever protocol it is asked in: time, plan, backends, and the status that comes of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from chaosmesh.errors import UsageError
from chaosmesh.services import answers, codes
from chaosmesh.services.answers import Outcome
from chaosmesh.services.asking import Ask
from chaosmesh.services.backends import Backends
from chaosmesh.services.config import StandIn
from chaosmesh.services.line import Line
from chaosmesh.services.plan import Plan, parse

HEALTH_CHECK: Final = "x-chaosmesh-health"
"""Header of the health checks that sidecars make."""

Cut = Literal["hang", "close", "refuse"]


@dataclass(slots=True)
class Reply:
    """What is to be answered. `status` is HTTP's; `grpc` a code that was told as such, else the status is translated.

    `cut` says how the request ends instead of being answered.
    """

    status: int = 200
    grpc: int | None = None
    attempt: int = 1
    outcomes: tuple[Outcome, ...] = ()
    error: str = ""
    cut: Cut | None = None

    @property
    def code(self) -> int:
        """The gRPC code."""
        return codes.to_grpc(self.status) if self.grpc is None else self.grpc


class Service:
    """Answers requests; its configuration may be changed while it runs."""

    def __init__(self, config: StandIn) -> None:
        self.config = config
        self._backends = Backends(config.calls)
        self._line = Line(config.capacity)
        self._counts: Counter[str] = Counter()
        self._head = answers.Head(config)

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Other behaviour from the next request on; UsageError for what can't be changed."""
        self.config = self.config.changed(wanted)
        self._line.change(self.config.capacity)
        self._head = answers.Head(self.config)

    async def answer(self, ask: Ask) -> Reply:
        """What to answer to one request; cancelled when its client leaves."""
        headers = ask.headers
        attempt = whole(headers.get("x-envoy-attempt-count"), 1)
        plan: Plan | None = None
        if (header := headers.get("x-standin")) is not None:
            try:
                plan = self._plan(header)
            except UsageError as error:
                return Reply(400, codes.INVALID_ARGUMENT, attempt, error=str(error))
        if self._crowded():
            return Reply(503, attempt=attempt, error="overloaded")
        await self._take_time()
        if plan is not None and plan.meets(attempt, call_age_ms(headers.get("x-chaosmesh-call"))):
            reply = await _follow(plan, attempt)
            if reply is not None:
                return reply
        if not self.config.calls:
            return Reply(attempt=attempt)
        outcomes = await self._backends.call(ask)
        failed = next((one for one in outcomes if one.status >= 400), None)
        if failed is None:
            return Reply(attempt=attempt, outcomes=outcomes)
        return Reply(failed.status, failed.grpc, attempt, outcomes)

    def refuses(self, headers: Mapping[str, str]) -> bool:
        """Whether a request is a sidecar's health check that must fail."""
        refused = not self.config.healthy and HEALTH_CHECK in headers
        self._counts["unhealthy"] += refused
        return refused

    @property
    def counts(self) -> dict[str, int]:
        """Since the start: requests that had to wait for others or were refused for their number ("overloaded"), and
        health checks that failed ("unhealthy")."""
        return {name: self._counts[name] for name in ("overloaded", "unhealthy")}

    def _crowded(self) -> bool:
        """Whether the line is too long to wait in it."""
        waiting = len(self._line)
        self._counts["overloaded"] += waiting > 0
        return self.config.queue is not None and waiting >= self.config.queue

    def _plan(self, header: str) -> Plan | None:
        """What this copy is told, else what all of its node are."""
        plans, config = parse(header), self.config
        return plans.get(f"{config.node}.{config.replica}") or plans.get(config.node)

    def as_json(self, ask: Ask, reply: Reply) -> bytes:
        """The answer as a JSON document."""
        if reply.error:
            return answers.error(reply.error)
        return self._head.as_json(ask.headers, reply.attempt, reply.outcomes)

    def as_message(self, ask: Ask, reply: Reply) -> bytes:
        """The answer as a message `Answer`."""
        return self._head.as_message(ask.headers, reply.attempt, reply.outcomes)

    async def _take_time(self) -> None:
        await self._line.turn()
        if self.config.latency_ms > 0:
            await asyncio.sleep(self.config.latency_ms / 1000)


async def _follow(plan: Plan, attempt: int) -> Reply | None:
    if plan.delay_ms:
        await asyncio.sleep(plan.delay_ms / 1000)
    if plan.hang or plan.close or plan.refuse:
        cut: Cut = "hang" if plan.hang else "close" if plan.close else "refuse"
        return Reply(cut=cut)
    if plan.grpc is not None:
        return Reply(codes.to_http(plan.grpc), plan.grpc, attempt)
    return Reply(plan.status, None, attempt) if plan.status is not None else None


def call_age_ms(call: str | None) -> float | None:
    """Milliseconds since the call began, from the start time (ns) in `x-chaosmesh-call`."""
    start = (call or "").rpartition("-")[2]
    return (time.time_ns() - int(start)) / 1e6 if start.isascii() and start.isdigit() else None


def whole(text: str | None, default: int) -> int:
    """A whole number below 10^9, or the default."""
    return int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else default
