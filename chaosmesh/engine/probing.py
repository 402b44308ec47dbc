"""Sends the requests of one probe, and takes from the ledger what became of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace

from chaosmesh.checks import Check, Probe, Seen
from chaosmesh.checks.model import Act
from chaosmesh.engine.acting import acting
from chaosmesh.engine.logfile import LogFile
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.ways import ANYWHERE
from chaosmesh.errors import DeadlineError
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Call
from chaosmesh.load import Record, RequestSpec, Running, Tls

SPLIT_DEADLINE = 60.0
ROWS_DEADLINE = 20.0
PASSED_ON = 3.0
ACTS_DEADLINE = 120.0
SPARED = 30
"""Calls of other copies in a row that are no chance: of two copies one in 10⁹ is spared so long."""

LOOK_EVERY = 5
"""Answers between two looks at whether a check passes already."""


async def send(stack: Stack, check: Check, probe: Probe) -> Seen:
    """All requests of a probe, and every row of theirs; a split ends when the check's judgement is decided."""
    one = _Sending(stack, check, probe)
    await one.begin()
    return await one.seen()


class _Sending:
    def __init__(self, stack: Stack, check: Check, probe: Probe) -> None:
        self._stack, self._check, self._probe = stack, check, probe
        self._began, self._since = time.time_ns(), time.monotonic()
        self._tcp = probe.shape.protocol == "tcp"
        self._answered = 0
        self._log = LogFile.of(stack, probe.client) if probe.log else None
        self._running: Running

    async def begin(self) -> None:
        stack, probe = self._stack, self._probe
        self._running = await stack.begin(
            self._check.id,
            address(stack, probe),
            probe.shape.host or probe.service or probe.client,
            [_request(probe)],
            probe.rate,
            count=probe.count,
            patience=probe.timeout,
            tls=tls_of(stack, probe),
            on_records=self._count,
            users=False,
        )

    def _count(self, records: list[Record]) -> None:
        self._answered += len(records)

    async def seen(self) -> Seen:
        problem = None
        try:
            if self._probe.split:
                await self._until_decided()
            async with acting(self._stack, self._probe, lambda: self._answered, self._alone) as marks:
                if self._probe.acts:
                    await self._until_passed(marks)
                await self._running.done()
        finally:
            self._running.stop()  # also when another check ended the run
        try:
            await self._stack.settled([self._running.stream.id])
            if self._tcp:
                await self._connections()
            if self._probe.place == "door":
                await self._passed_on()
        except DeadlineError as error:
            problem = str(error)
        problem = self._stack.fallen(self._since) or problem
        seen = replace(self._seen(problem), marks=tuple(marks))
        return replace(seen, log=await self._log.grown(len(seen.requests))) if self._log else seen

    def _alone(self, act: Act, since_ns: int) -> float:
        """See `acting`: nothing while so few calls went to other copies that chance may have spared this one."""
        found = [one for call in self._calls() for one in call.attempts if one.server == act.node]
        last = max([since_ns, *(one.start_ns for one in found if one.replica == act.replica)])
        others = [one.start_ns for one in found if one.replica != act.replica and one.start_ns > last]
        return (max(others) - last) / 1e9 if len(others) >= SPARED else 0.0

    async def _until_passed(self, marks: list[int]) -> None:
        """Once all acts are done, the sending ends with the first look at which the check passes."""
        looked = 0

        def open_() -> str:
            nonlocal looked
            n, sent = self._answered, self._probe.count
            if n >= sent or len(marks) < len(self._probe.acts) or n < looked + LOOK_EVERY:
                return "" if n >= sent else f"{n} of {sent} answers"
            looked = n
            seen = replace(self._seen(None), requests=(), marks=tuple(marks))
            return "" if self._check.judge([seen]).verdict is Verdict.PASS else f"{n} of {sent} answers"

        try:
            await self._stack.bell.until(open_, seconds=ACTS_DEADLINE, what=f"{self._check.id}: a pass")
        except DeadlineError:
            pass
        finally:
            self._running.stop()

    async def _until_decided(self) -> None:
        """A split is looked at as often as rows arrive, and ends the sending once it is decided."""
        looked = 0

        def open_() -> str:
            nonlocal looked
            seen = self._seen(None)
            n = len(seen.calls)
            if n >= self._probe.count:
                return ""
            if n < looked + 200:
                return f"{n} calls"
            looked = n
            return "" if self._check.judge([seen]).verdict.decided else f"{n} calls"

        try:
            await self._stack.bell.until(open_, seconds=SPLIT_DEADLINE, what=f"{self._check.id}: a decision")
        except DeadlineError:
            pass
        finally:
            self._running.stop()

    async def _connections(self) -> None:
        """Nothing joins a request with its connection's row, so that rows are counted."""
        requests = self._stack.ledger.requests(self._running.stream.id)
        wanted = sum(one.ok for one in requests)

        def missing() -> str:
            n = len(self._calls())
            return "" if n >= wanted else f"{n} of {wanted} rows of connections"

        await self._stack.bell.until(
            missing, seconds=ROWS_DEADLINE, what="the rows of a stream of connections"
        )

    async def _passed_on(self) -> None:
        """What a gateway's own egress answers carries no id of a call, so that nothing else waits for its row."""

        def missing() -> str:
            requests = self._stack.ledger.requests(self._running.stream.id)
            n = sum(bool(one.entry_route and not one.calls) for one in requests)
            return f"{n} calls of the gateway" if n else ""

        with contextlib.suppress(DeadlineError):  # then none was made, and the judgement says so
            await self._stack.bell.until(missing, seconds=PASSED_ON, what="the calls of a gateway")

    def _calls(self) -> Sequence[Call]:
        probe = self._probe
        stream = None if self._tcp else self._running.stream.id
        service = probe.service if probe.place == "egress" else None
        found = self._stack.ledger.calls(stream, probe.client, service)
        if self._tcp:
            port = f":{probe.port}"
            found = [
                one for one in found if one.tcp and one.start_ns >= self._began and one.host.endswith(port)
            ]
        return [one for one in found if one.complete]

    def _seen(self, problem: str | None) -> Seen:
        requests = () if self._probe.split else self._stack.ledger.requests(self._running.stream.id)
        return Seen(self._calls(), requests, problem)


def address(stack: Stack, probe: Probe) -> str:
    """Where the requests of a probe are sent."""
    if probe.place == "egress":
        return stack.egress_url(probe.client, probe.service, probe.port)
    replica = stack.topology.replicas_of(probe.client)[0]
    if probe.place == "open":
        return f"http://{replica.sidecar}:{ANYWHERE}"
    host = replica.door if probe.place == "door" and replica.door else replica.sidecar
    return f"{'https' if tls_of(stack, probe) else 'http'}://{host}:{probe.port}"


def tls_of(stack: Stack, probe: Probe) -> Tls | None:
    """How a probe speaks TLS where it is sent; None for plain text."""
    if probe.place in ("egress", "open") or probe.tls == "plain":
        return None
    workload = stack.mesh.workload(probe.client)
    listener = workload.listener(probe.port)
    if listener is None or listener.tls is None:
        return None
    if probe.tls == "as wanted":
        return stack.secrets.tls(stack.mesh, workload, listener)
    asked = replace(listener, tls=replace(listener.tls, mode="strict"))
    return stack.secrets.tls(stack.mesh, workload, asked)


def _request(probe: Probe) -> RequestSpec:
    shape = probe.shape
    if shape.protocol == "tcp":
        return RequestSpec(body=probe.standin.encode(), protocol="tcp")
    headers = (*shape.headers, *((("x-standin", probe.standin),) if probe.standin else ()))
    return RequestSpec(shape.method, shape.path, headers, protocol=shape.protocol)
