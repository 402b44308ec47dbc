"""The control plane with real Envoys: in force means in force, refused means refused, and who leaves comes back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import grpc
import grpc.aio
import pytest
from aiohttp import web

from chaosmesh.envoy import ControlPlane, places, translate
from chaosmesh.errors import DeadlineError, RejectedError
from chaosmesh.mesh import HealthCheck, Match, RequestFault, Retry
from tests.integration.live import live
from tests.meshes import mesh, pair, route, service, topology, workload

pytestmark = pytest.mark.integration


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 200))


async def status(one, url, **headers):
    async with one.http.get(url, headers=headers) as answer:
        await answer.read()
        return answer.status


def to(arm):
    return pair(
        route("color", "all", {"blue": int(arm == "blue"), "green": int(arm == "green")}),
        arms=("blue", "green"),
    )


def test_no_request_that_starts_after_the_barrier_meets_the_old_route():
    async def body():
        async with live(to("blue"), lambda s: topology(to("blue"), s)) as one:
            url, current = one.egress("front", "color") + "/", (-1, "")
            answers = asyncio.Queue()

            async def client():
                while True:
                    expected = current
                    async with one.http.get(url) as answer:
                        node = (await answer.json())["node"]
                    if expected[1] and expected == current:
                        answers.put_nowait((expected, node))

            clients = [asyncio.create_task(client()) for _ in range(8)]
            for flip in range(200):
                target = ("green", "blue")[flip % 2]
                current = (flip, "")
                await one.put(to(target))
                current, seen = (flip, target), 0
                while seen < 3:
                    expected, node = await answers.get()
                    assert expected[1] == node, (
                        f"flip {expected[0]}: {node} answered after {expected[1]} was in force"
                    )
                    seen += expected[0] == flip
            for task in clients:
                task.cancel()
            await asyncio.gather(*clients, return_exceptions=True)

    run(body())


def test_a_refused_policy_names_the_rule_and_the_one_before_stays_in_force():
    async def body():
        good = pair(route("color", "all", {"blue": 1}))
        bad = pair(
            route("color", "broken", {"blue": 1}, match=Match(path_regex="/(unclosed")),
            route("color", "all", {"blue": 1}),
        )
        async with live(good, lambda s: topology(good, s)) as one:
            with pytest.raises(RejectedError) as caught:
                await one.plane.push(translate(bad, one.topology), places=places(bad))
            for part in ("front.0", "missing )", "virtualRouter/color/route/broken", "mesh.yaml:1:1"):
                assert part in str(caught.value)
            url = one.egress("front", "color") + "/"
            assert await status(one, url) == 200
            await one.put(good, [RequestFault("f", "front", "color", 1.0, 1, status=418)])
            assert await status(one, url) == 418
            assert await one.put(good, [RequestFault("f", "front", "color", 1.0, 1, status=418)])

    run(body())


def test_health_checks_pass_at_once_and_leave_no_rows():
    probes = asyncio.Queue()

    async def answer(replica, request):
        if request.path == "/ping":
            probes.put_nowait(replica.key)
        return web.Response()

    async def body():
        check = HealthCheck("http", 2, 2, 0.1, 2, "/ping")
        made = mesh(
            [workload("front", "color"), workload("blue", health=check)],
            [service("color", route("color", "all", {"blue": 1}))],
        )
        began = time.monotonic()
        async with live(made, lambda s: topology(made, s, replicas={"blue": 2}), answer) as one:
            assert time.monotonic() - began < 30
            assert await status(one, one.egress("front", "color") + "/") == 200
            met = [await probes.get() for _ in range(10)]
            assert set(met) == {"blue.0", "blue.1"}
            assert await status(one, one.egress("front", "color") + "/") == 200
            rows = await one.rows_until(lambda rows: len(rows) >= 6)
            assert len(rows) == 6
            assert {r.path for r in rows} == {"/"}

    run(body())


def test_a_cluster_change_does_not_wait_for_anything_but_its_acknowledgement():
    async def body():
        made = pair()
        async with live(made, lambda s: topology(made, s)) as one:
            narrow = replace(made, breaker=replace(made.breaker, max_requests=100))
            push = await one.put(narrow)
            assert push.changed == ("blue.0", "front.0")
            assert push.seconds < 10  # without its endpoints a changed cluster would warm for ever
            assert await status(one, one.egress("front", "color") + "/") == 200

    run(body())


def test_a_killed_sidecar_is_named_and_comes_back_with_the_latest_policy():
    async def body():
        async with live(to("blue"), lambda s: topology(to("blue"), s)) as one:
            await one.kill("front.0")
            snapshots = translate(to("green"), one.topology)
            with pytest.raises(DeadlineError, match=r"front\.0: (its stream ended|.*acknowledged)"):
                await one.plane.push(snapshots, timeout=1)
            await one.plane.push(snapshots, absent=["front.0"])
            await one.spawn(one.topology.replicas_of("front")[0], to("green"))
            await one.plane.connected(["front.0"], 30)
            await one.put(to("blue"))
            await one.put(to("green"))
            async with one.http.get(one.egress("front", "color") + "/") as answer:
                assert (await answer.json())["node"] == "green"

    run(body())


def test_sidecars_outlive_the_control_plane_and_obey_the_next_one():
    async def body():
        async with live(to("blue"), lambda s: topology(to("blue"), s)) as one:
            await one.plane.stop()
            assert await status(one, one.egress("front", "color") + "/") == 200
            before, one.plane = one.plane, ControlPlane()
            one.plane.admission = before.admission  # the sidecars keep the tokens that they started with
            one.plane.on_rows = one.take
            await one.plane.start(one.folder / "control.sock")
            try:
                await one.plane.push(translate(to("green"), one.topology), timeout=60)
                async with one.http.get(one.egress("front", "color") + "/") as answer:
                    assert (await answer.json())["node"] == "green"
            finally:
                await one.plane.stop()

    run(body())


def test_tcp_is_told_apart_by_address():
    async def body():
        made = mesh(
            [
                workload("front", "one", "two"),
                workload("a", port=7000, protocol="tcp"),
                workload("b", port=7000, protocol="tcp"),
            ],
            [
                service(name, route(name, "all", {arm: 1}, protocol="tcp"), port=7000, protocol="tcp")
                for name, arm in (("one", "a"), ("two", "b"))
            ],
        )
        async with live(made, lambda s: topology(made, s)) as one:
            for name, arm in (("one", "a"), ("two", "b")):
                async with one.http.get(one.egress("front", name) + "/") as answer:
                    assert (await answer.json())["node"] == arm

    run(body())


def test_grpc_is_retried_by_status_through_http2_sidecars():
    async def body():
        retry = Retry(3, None, grpc=("unavailable",))
        made = mesh(
            [workload("front", "greeter"), workload("server", port=7100, protocol="grpc")],
            [
                service(
                    "greeter",
                    route(
                        "greeter",
                        "all",
                        {"server": 1},
                        match=Match(prefix="/g.G/"),
                        retry=retry,
                        protocol="grpc",
                    ),
                    port=7100,
                    protocol="grpc",
                )
            ],
        )
        attempts = []

        async def answer(request, context):
            attempt = int(dict(context.invocation_metadata())["x-envoy-attempt-count"])
            attempts.append(attempt)
            if attempt < 3:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
            return request

        async with live(made, lambda s: topology(made, s), serve=["front"]) as one:
            server = grpc.aio.server()
            handler = grpc.method_handlers_generic_handler(
                "g.G", {"Say": grpc.unary_unary_rpc_method_handler(answer)}
            )
            server.add_generic_rpc_handlers((handler,))
            server.add_insecure_port(f"{one.topology.replicas_of('server')[0].app}:7100")
            await server.start()
            address = one.topology.egress("front", "greeter").address
            try:
                async with grpc.aio.insecure_channel(f"{address}:7100") as channel:
                    assert await channel.unary_unary("/g.G/Say")(b"hello", timeout=30) == b"hello"
                assert attempts == [1, 2, 3]
                rows = await one.rows_until(lambda rows: len(rows) >= 7)
                assert sorted(r.grpc_status for r in rows if r.attempt_row) == [0, 14, 14]
                assert [
                    (r.grpc_status, r.attempt) for r in rows if r.side == "egress" and not r.attempt_row
                ] == [(0, 3)]
            finally:
                await server.stop(None)

    run(body())
