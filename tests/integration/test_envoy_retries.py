"""What is tried again and where, on real Envoys: targets, hosts, refusals, callers' wishes, budgets."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import h2.config
import h2.connection
import h2.events
import pytest
from aiohttp import web
from h2.errors import ErrorCodes

from chaosmesh.ledger import Addresses, Ledger
from chaosmesh.mesh import Retry, RetryBudget
from tests.integration.live import live
from tests.meshes import mesh, pair, route, service, topology, workload

pytestmark = pytest.mark.integration
ON_503 = Retry(2, None, statuses=(503,))


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 200))


async def get(one, **headers):
    async with one.http.get(one.egress("front", "color") + "/", headers=headers) as answer:
        await answer.read()
        return answer.status


async def many(one, count, together=20):
    """Statuses of `count` requests."""
    gate = asyncio.Semaphore(together)

    async def single(n):
        async with gate:
            return await get(one, **{"x-request-id": f"r{n}"})

    return await asyncio.gather(*(single(n) for n in range(count)))


async def calls_of(one, count):
    """The calls of front, when all their rows are in."""
    ledger = Ledger(Addresses.of(one.topology))

    def enough(rows):
        ledger.add_rows(rows[len(ledger.rows) :])
        calls = ledger.calls(client="front")
        return len(calls) >= count and all(call.complete for call in calls)

    await one.rows_until(enough)
    return ledger.calls(client="front")


async def counter(one, name):
    """One counter of front's cluster for blue."""
    sidecar = one.topology.replicas_of("front")[0].sidecar
    stat = f"cluster.cds_egress_test_blue_http_8080.{name}"
    async with one.http.get(f"http://{sidecar}:9901/stats?format=json&filter=^{stat}$") as answer:
        return sum(stat.get("value", 0) for stat in (await answer.json())["stats"])


def test_a_retry_stays_with_the_target_that_the_weight_chose():
    async def dead_green(replica, request):
        return web.Response(status=503 if replica.node == "green" else 200)

    async def body():
        made = pair(route("color", "half", {"blue": 50, "green": 50}, retry=ON_503), arms=("blue", "green"))
        async with live(made, lambda s: topology(made, s), dead_green) as one:
            found = await many(one, 100)
            calls = await calls_of(one, 100)
            met = Counter((call.status, tuple(a.server for a in call.attempts)) for call in calls)
            assert set(met) == {(200, ("blue",)), (503, ("green",) * 3)}
            assert Counter(found) == Counter(call.status for call in calls)

    run(body())


def test_callers_wishes_for_retries_and_timeouts_are_not_heard():
    wishes = {
        "x-envoy-max-retries": "5",
        "x-envoy-retry-on": "5xx",
        "x-envoy-retriable-status-codes": "503",
        "x-envoy-upstream-rq-timeout-ms": "1",
        "x-envoy-upstream-rq-per-try-timeout-ms": "1",
    }
    seen = []

    async def failing(replica, request):
        seen.append({name.lower() for name in request.headers})
        await asyncio.sleep(0.1)
        return web.Response(status=503)

    async def body():
        for retry, attempts in ((None, 1), (replace(ON_503, max_retries=1), 2)):
            made = pair(route("color", "all", {"blue": 1}, retry=retry))
            async with live(made, lambda s, made=made: topology(made, s), failing) as one:
                for extra in ({}, {"x-forwarded-for": "10.0.0.1"}):
                    before = len(seen)
                    assert await get(one, **wishes, **extra) == 503
                    assert len(seen) - before == attempts
        assert not set(wishes) & set().union(*seen)

    run(body())


def test_a_retry_avoids_the_host_that_the_call_has_met():
    async def first_fails(replica, request):
        return web.Response(status=200 if replica.index else 503)

    async def body():
        retry = Retry(1, None, statuses=(503,), avoid_previous_hosts=True)
        made = pair(route("color", "all", {"blue": 1}, retry=retry))
        async with live(made, lambda s: topology(made, s, replicas={"blue": 2}), first_fails) as one:
            assert set(await many(one, 200)) == {200}
            calls = await calls_of(one, 200)
            met = Counter(tuple(a.replica for a in call.attempts) for call in calls)
            assert set(met) == {(1,), (0, 1)}
            await one.put(
                pair(route("color", "all", {"blue": 1}, retry=replace(retry, avoid_previous_hosts=False)))
            )
            assert 503 in await many(one, 400), "without the rule some retries meet the same host again"

    run(body())


@pytest.mark.parametrize(
    ("retry", "attempts"),
    [
        (Retry(2, None, on_connect_failure=True), 3),
        (Retry(2, None, statuses=(503,)), 1),
        (Retry(2, None, on_refused_stream=True), 1),
    ],
)
def test_refused_connections_are_tried_again_only_with_their_own_event(retry, attempts):
    async def body():
        made = pair(route("color", "all", {"blue": 1}, retry=retry))
        async with live(made, lambda s: topology(made, s), only=["front"], serve=["front"]) as one:
            assert await get(one) == 503
            (call,) = await calls_of(one, 1)
            assert [a.flags for a in call.attempts] == [("UF",)] * attempts

    run(body())


class Refusing(asyncio.Protocol):
    """An HTTP/2 server that refuses every first attempt of a call, and answers the others."""

    def __init__(self, code: ErrorCodes) -> None:
        self.code = code
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.http.initiate_connection()
        transport.write(self.http.data_to_send())

    def data_received(self, data) -> None:
        for event in self.http.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                if dict(event.headers)[b"x-envoy-attempt-count"] == b"1":
                    self.http.reset_stream(event.stream_id, self.code)
                else:
                    self.http.send_headers(event.stream_id, [(":status", "200")], end_stream=True)
        self.transport.write(self.http.data_to_send())


@pytest.mark.parametrize(
    ("retry", "code", "status"),
    [
        (Retry(1, None, on_refused_stream=True), ErrorCodes.REFUSED_STREAM, 200),
        (Retry(1, None, on_refused_stream=True), ErrorCodes.INTERNAL_ERROR, 503),
        (Retry(1, None, on_connect_failure=True), ErrorCodes.REFUSED_STREAM, 503),
        (Retry(1, None, on_reset=True), ErrorCodes.INTERNAL_ERROR, 200),
    ],
)
def test_refused_streams_and_resets_have_events_of_their_own(retry, code, status):
    async def body():
        made = mesh(
            [workload("front", "color"), workload("blue", protocol="http2")],
            [service("color", route("color", "all", {"blue": 1}, retry=retry))],
        )
        async with live(made, lambda s: topology(made, s), only=["front"], serve=["front"]) as one:
            address = one.topology.replicas_of("blue")[0].sidecar
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: Refusing(code), address, 8080)
            try:
                assert await get(one) == status
            finally:
                server.close()

    run(body())


def test_a_budget_bounds_what_retries_add():
    async def failing(replica, request):
        await asyncio.sleep(0.02)
        return web.Response(status=503)

    async def body():
        made = pair(route("color", "all", {"blue": 1}, retry=replace(ON_503, max_retries=3)))
        other = replace(made, budgets=(RetryBudget("blue", 1, 1, client="someone"),))
        bound = replace(made, budgets=(RetryBudget("blue", 20, 2), *other.budgets))
        async with live(other, lambda s: topology(made, s), failing) as one:
            await many(one, 200, together=50)
            calls = await calls_of(one, 200)
            assert {len(call.attempts) for call in calls} == {4}
            await one.put(bound)
            await many(one, 200, together=50)
            calls = (await calls_of(one, 400))[200:]
            attempts = sum(len(call.attempts) for call in calls)
            assert 200 < attempts < 2 * 200
            assert await counter(one, "upstream_rq_retry_overflow") > 0

    run(body())
