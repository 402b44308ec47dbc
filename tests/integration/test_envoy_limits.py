"""Pools, ejection and timeouts on real Envoys, at their edges."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import grpc
import grpc.aio
import pytest
from aiohttp import ClientPayloadError, web

from chaosmesh.mesh import Breaker, Ejection, Timeout
from tests.integration.live import live
from tests.meshes import mesh, route, service, topology, workload

pytestmark = pytest.mark.integration
EARLY = 0.02  # s; Envoy's timers start from a clock that it reads once per turn of its event loop


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 200))


async def get(one, path="/"):
    async with one.http.get(one.egress("front", "color") + path) as answer:
        await answer.read()
        return answer.status


async def stats(one, key, pattern):
    """Counters of a sidecar by name."""
    node, _, index = key.rpartition(".")
    sidecar = one.topology.replicas_of(node)[int(index)].sidecar
    async with one.http.get(f"http://{sidecar}:9901/stats?format=json&filter={pattern}") as answer:
        found = (await answer.json())["stats"]
    return {one["name"].rpartition(".")[2]: one["value"] for one in found if "value" in one}


async def until(what, holds, within=60):
    """Asks `what` until `holds` of it; gives it."""
    seen = None
    try:
        async with asyncio.timeout(within):
            while not holds(seen := await what()):  # noqa: ASYNC110 - an admin page tells nobody that it changed
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not in {within} s; last seen: {seen}") from None
    return seen


class Load:
    """A few clients that ask for ever."""

    def __init__(self, one):
        self._one, self._tasks = one, []

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self._ask()) for _ in range(4)]

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self):
        while True:
            await get(self._one)
            await asyncio.sleep(0.005)


def to_blue(*, on_route=None, **blue):
    return mesh(
        [workload("front", "color"), workload("blue", **blue)],
        [service("color", route("color", "all", {"blue": 1}, timeout=on_route))],
    )


def test_with_more_than_half_ejected_all_serve_again():
    asked = Counter()

    async def three_fail(replica, request):
        asked[replica.index] += 1
        return web.Response(status=200 if replica.index == 3 else 500)

    async def body():
        made = to_blue(ejection=Ejection(3, 0.2, 300, 100))
        pattern = (
            "^cluster.cds_egress_test_blue_http_8080[.](lb_healthy_panic|outlier_detection.ejections_active)$"
        )
        async with live(made, lambda s: topology(made, s, replicas={"blue": 4}), three_fail) as one:
            async with Load(one):
                await until(lambda: stats(one, "front.0", pattern), lambda v: v["lb_healthy_panic"] > 0)
                before = asked.copy()
                await until(lambda: asyncio.sleep(0, asked - before), lambda new: len(new) == 4)
            seen = await stats(one, "front.0", pattern)
            assert seen["ejections_active"] == 3

    run(body())


def test_each_ejection_lasts_longer_than_the_one_before():
    async def failing(replica, request):
        return web.Response(status=500 if replica.index else 200)

    async def ejected(one):
        sidecar = one.topology.replicas_of("front")[0].sidecar
        async with one.http.get(f"http://{sidecar}:9901/clusters?format=json") as answer:
            found = (await answer.json())["cluster_statuses"]
        hosts = next(c for c in found if c["name"] == "cds_egress_test_blue_http_8080")["host_statuses"]
        return any(host["health_status"].get("failed_outlier_check") for host in hosts)

    async def body():
        # Rounded up to the next look, the first ejection ends after less than 2 s, the third after 3 s at least.
        made = to_blue(ejection=Ejection(3, 1, 1, 100))
        async with live(made, lambda s: topology(made, s, replicas={"blue": 2}), failing) as one, Load(one):
            longest, deadline = 0.0, time.monotonic() + 90
            while longest < 2.5 and time.monotonic() < deadline:
                await until(lambda: ejected(one), bool)
                began = last = time.monotonic()
                while await ejected(one):
                    longest, last = max(longest, last - began), time.monotonic()
                    await asyncio.sleep(0.02)
            assert longest >= 2.5

    run(body())


def test_a_pool_stops_what_is_above_connections_and_queue_at_the_server():
    release, arrived = asyncio.Event(), asyncio.Queue()

    async def held(replica, request):
        arrived.put_nowait(request)
        await release.wait()
        return web.Response()

    async def body():
        made = to_blue(pool=Breaker(max_connections=2, max_pending=1))
        async with live(made, lambda s: topology(made, s), held) as one:
            # One by one, for a request that waits for its connection to open stands in the queue as well.
            calls = []
            for _ in range(2):
                calls.append(asyncio.create_task(get(one)))
                await arrived.get()
            calls.append(asyncio.create_task(get(one)))
            queue = "^cluster.cds_ingress_test_blue_http_8080.upstream_rq_pending_active$"
            await until(lambda: stats(one, "blue.0", queue), lambda v: v["upstream_rq_pending_active"] == 1)
            assert [await get(one) for _ in range(5)] == [503] * 5
            rows = await one.rows_until(lambda rows: sum(r.side == "ingress" for r in rows) == 5)
            stopped = [r for r in rows if r.side == "ingress"]
            assert {(r.status, r.flags, r.sidecar) for r in stopped} == {(503, ("UO",), "blue.0")}
            release.set()
            assert await asyncio.gather(*calls) == [200] * 3
            pattern = "^cluster.cds_ingress_test_blue_http_8080.upstream_(cx|rq_pending)_overflow$"
            assert (await stats(one, "blue.0", pattern))["upstream_rq_pending_overflow"] == 5

    run(body())


@pytest.mark.parametrize("protocol", ["http2", "grpc"])
def test_a_pool_of_requests_stops_what_is_above(protocol):
    release = asyncio.Event()

    async def held(request, context):
        await release.wait()
        return request

    async def body():
        made = mesh(
            [
                workload("front", "color"),
                workload("blue", protocol=protocol, pool=Breaker(max_requests=2)),
            ],
            [service("color", route("color", "all", {"blue": 1}, protocol=protocol), protocol=protocol)],
        )
        async with live(made, lambda s: topology(made, s), serve=["front"]) as one:
            server = grpc.aio.server()
            handler = grpc.method_handlers_generic_handler(
                "g.G", {"Say": grpc.unary_unary_rpc_method_handler(held)}
            )
            server.add_generic_rpc_handlers((handler,))
            server.add_insecure_port(f"{one.topology.replicas_of('blue')[0].app}:8080")
            await server.start()
            address = one.topology.egress("front", "color").address
            try:
                async with grpc.aio.insecure_channel(f"{address}:8080") as channel:
                    calls = [
                        asyncio.ensure_future(channel.unary_unary("/g.G/Say")(b"x", timeout=60))
                        for _ in range(6)
                    ]
                    rows = await one.rows_until(lambda rows: sum(r.side == "ingress" for r in rows) == 4)
                    assert {(r.flags, r.grpc_status) for r in rows if r.side == "ingress"} == {(("UO",), 14)}
                    release.set()
                    done = await asyncio.gather(*calls, return_exceptions=True)
                    codes = Counter(one.code().name for one in done if isinstance(one, grpc.aio.AioRpcError))
                    assert codes == {"UNAVAILABLE": 4}
            finally:
                await server.stop(None)

    run(body())


def test_silence_on_a_stream_ends_it():
    async def silent(replica, request):
        if request.path == "/late":
            await asyncio.Event().wait()  # until the application is stopped
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(12):
            await answer.write(b"x")
            await asyncio.sleep(0.2)
        if request.path == "/stops":
            await asyncio.Event().wait()
        return answer

    async def body():
        made = to_blue(on_route=Timeout(request=0, idle=2))
        async with live(made, lambda s: topology(made, s), silent) as one:
            began = time.monotonic()
            assert await get(one, "/late") == 504
            assert time.monotonic() - began >= 2 - EARLY
            with pytest.raises(ClientPayloadError):
                await get(one, "/stops")
            assert await get(one, "/talks") == 200
            rows = await one.rows_until(
                lambda rows: sum(r.side == "egress" and not r.attempt_row for r in rows) >= 3
            )
            flags = {r.path: r.flags for r in rows if r.side == "egress" and not r.attempt_row}
            assert "SI" in flags["/late"]
            assert "SI" in flags["/stops"]
            assert flags["/talks"] == ()

    run(body())


def test_a_listeners_idle_timeout_is_its_sidecars():
    async def silent(replica, request):
        await asyncio.Event().wait()  # until the application is stopped

    async def body():
        made = to_blue(on_route=Timeout(request=0), timeout=Timeout(request=0, idle=0.3))
        async with live(made, lambda s: topology(made, s), silent) as one:
            assert await get(one) == 504
            rows = await one.rows_until(lambda rows: any(r.side == "ingress" for r in rows))
            assert ["SI" in r.flags for r in rows if r.side == "ingress"] == [True]

    run(body())


def test_a_timeout_of_0_waits_longer_than_the_default():
    async def slow(replica, request):
        await asyncio.sleep(16)
        return web.Response()

    async def body():
        made = to_blue(on_route=Timeout(0), timeout=Timeout(0))
        async with live(made, lambda s: topology(made, s), slow) as one:
            assert await get(one) == 200

    run(body())
