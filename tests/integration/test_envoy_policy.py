"""The translated policy on real Envoys: routes, weights, retries, faults, doors, and what the logs say of them."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from chaosmesh.envoy import is_victim, translate
from chaosmesh.mesh import Ejection, Match, Pattern, RequestFault, Retry, Timeout
from tests.integration.live import live
from tests.meshes import mesh, pair, route, service, topology, workload

pytestmark = pytest.mark.integration
EARLY = 20  # ms; Envoy's timers start from a clock that it reads once per turn of its event loop
RETRY = Retry(2, None, statuses=(503,), on_reset=True, on_connect_failure=True, avoid_previous_hosts=True)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 200))


async def get(one, url, **headers):
    async with one.http.get(url, headers=headers) as answer:
        text = await answer.text()
        return answer.status, text


async def many(one, url, ids):
    """One request per id, 20 at a time; id to status."""
    gate, found = asyncio.Semaphore(20), {}

    async def single(name):
        async with gate:
            found[name] = (await get(one, url, **{"x-request-id": name}))[0]

    await asyncio.gather(*(single(name) for name in ids))
    return found


def test_every_attempt_of_every_retry_is_a_row_on_both_sides():
    async def failing_twice(replica, request):
        attempt = int(request.headers["x-envoy-attempt-count"])
        return web.json_response(
            {"lineage": request.headers["x-chaosmesh-lineage"]}, status=503 if attempt < 3 else 200
        )

    async def body():
        made = pair(route("color", "all", {"blue": 1}, retry=RETRY))
        async with live(made, lambda s: topology(made, s), failing_twice) as one:
            ids = [f"r{n}" for n in range(150)]
            found = await many(one, one.egress("front", "color") + "/", ids)
            assert set(found.values()) == {200}
            rows = await one.rows_until(lambda rows: len(rows) >= 7 * len(ids))
            assert len(rows) == 7 * len(ids)
            calls = {(r.call, r.attempt, r.status) for r in rows if r.side == "egress" and not r.attempt_row}
            made_by = sorted((r.call, r.attempt, r.status) for r in rows if r.attempt_row)
            met = sorted((r.call, r.attempt, r.status) for r in rows if r.side == "ingress")
            assert len(calls) == len(ids)
            assert (
                made_by
                == met
                == sorted((c, n, 200 if n == 3 else 503) for c, _, _ in calls for n in (1, 2, 3))
            )
            assert {attempt for _, attempt, _ in calls} == {3}
            assert {r.lineage for r in rows if r.side == "ingress"} == {"1", "2", "3"}
            assert {r.request_id for r in rows} == set(ids)
            assert {r.edge for r in rows} == {"front>color"}
            hashes = translate(made, one.topology)["front.0"].route_hashes()
            assert {r.route_hash for r in rows if r.side == "egress"} == set(hashes.values())

    run(body())


def test_traffic_splits_by_weight_and_an_arm_of_weight_zero_gets_none():
    async def body():
        made = pair(
            route("color", "split", {"blue": 80, "green": 20, "red": 0}), arms=("blue", "green", "red")
        )
        async with live(made, lambda s: topology(made, s)) as one:
            await many(one, one.egress("front", "color") + "/", [f"w{n}" for n in range(1000)])
            rows = await one.rows_until(lambda rows: sum(not r.attempt_row for r in rows) >= 2000)
            share = sum(r.sidecar == "green.0" for r in rows) / 1000
            assert 0.14 < share < 0.26  # 5 standard deviations
            assert not any(r.sidecar == "red.0" for r in rows)

    run(body())


def test_lua_in_the_sidecar_and_python_draw_the_same_victims():
    async def body():
        made = pair(route("color", "all", {"blue": 1}, retry=RETRY))
        fault = RequestFault("f1", "front", "color", 0.3, 2**60 + 1, status=503)
        async with live(made, lambda s: topology(made, s), faults=[fault]) as one:
            ids = [f"{n:08x}-0000-4000-8000-{n:012x}" for n in range(400)]
            await many(one, one.egress("front", "color") + "/", ids)

            def draw(name, attempt):
                return is_victim(0.3, fault.seed, name, "", "front>color", attempt)

            expected = {(name, 1) for name in ids if draw(name, 1)}
            expected |= {(name, 2) for name, _ in expected if draw(name, 2)}
            expected |= {(name, 3) for name, n in expected if n == 2 and draw(name, 3)}
            total = len(ids) + sum(n < 3 for _, n in expected)
            rows = await one.rows_until(lambda rows: sum(r.side == "ingress" for r in rows) >= total)
            hit = {(r.request_id, r.attempt) for r in rows if r.victim == "f1"}
            assert hit == expected
            assert all(("FI" in r.flags) == (r.victim == "f1") for r in rows if r.side == "ingress")
            await one.put(made)
            assert set((await many(one, one.egress("front", "color") + "/", ids)).values()) == {200}

    run(body())


def test_a_delay_holds_the_attempt_back_and_leaves_no_steering_header_for_the_application():
    seen = []

    async def watching(replica, request):
        seen.append({name.lower() for name in request.headers})
        return web.Response()

    async def body():
        made = pair()
        fault = RequestFault("slow", "front", "color", 1.0, 1, delay_ms=200)
        async with live(made, lambda s: topology(made, s), watching, faults=[fault]) as one:
            assert (await get(one, one.egress("front", "color") + "/"))[0] == 200
            rows = await one.rows_until(lambda rows: len(rows) >= 3)
            assert all(r.duration_ms >= 200 - EARLY for r in rows)
            assert {r.victim for r in rows if r.side == "ingress"} == {"slow"}
            assert not any(name.startswith("x-envoy-fault") for name in seen[0])

    run(body())


def test_the_lineage_tells_nested_retries_apart():
    async def relay(replica, request):
        if replica.node != "middle":
            return web.json_response({"lineage": request.headers["x-chaosmesh-lineage"]})
        passed = {n: request.headers[n] for n in ("x-request-id", "x-chaosmesh-lineage")}
        status, text = await get(holder["run"], holder["run"].egress("middle", "last") + "/", **passed)
        first = request.headers["x-envoy-attempt-count"] == "1"
        return web.Response(text=text, status=503 if first else status)

    holder = {}

    async def body():
        made = mesh(
            [workload("front", "mid"), workload("middle", "last"), workload("leaf")],
            [
                service("mid", route("mid", "all", {"middle": 1}, retry=RETRY)),
                service("last", route("last", "all", {"leaf": 1}, retry=RETRY)),
            ],
        )
        async with live(made, lambda s: topology(made, s), relay) as one:
            holder["run"] = one
            assert await get(one, one.egress("front", "mid") + "/") == (200, '{"lineage": "2.1"}')
            rows = await one.rows_until(lambda rows: sum(r.sidecar == "leaf.0" for r in rows) >= 2)
            assert sorted(r.lineage for r in rows if r.sidecar == "leaf.0") == ["1.1", "2.1"]

    run(body())


@pytest.mark.parametrize("forwarded", ["", "10.0.0.1", "127.0.0.1"])
def test_a_door_takes_steering_headers_off_and_passes_the_rest(forwarded):
    steering = {
        "x-envoy-fault-abort-request": "503",
        "x-envoy-fault-delay-request": "9000",
        "x-chaosmesh-lineage": "9.9",
        "x-chaosmesh-edge": "evil>color",
        "x-chaosmesh-call": "evil",
        "x-chaosmesh-victim": "evil",
        "x-chaosmesh-health": "1",
        "x-envoy-attempt-count": "7",
        "x-standin": "front=status:200",
        "x-request-id": "my-own-id-1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    if forwarded:
        steering["x-forwarded-for"] = forwarded
    arrived = {}

    async def watching(replica, request):
        arrived.update({name.lower(): value for name, value in request.headers.items()})
        return web.Response()

    async def body():
        made = pair()
        fault = RequestFault("f1", "evil", "color", 1.0, 1, status=503)
        async with live(
            made, lambda s: topology(made, s, doors=["front"]), watching, faults=[fault], only=["front"]
        ) as one:
            door = one.topology.replicas_of("front")[0].door
            assert (await get(one, f"http://{door}:8080/", **steering))[0] == 200
            [row] = await one.rows_until(lambda rows: len(rows) >= 1)
            assert (row.side, row.attempt, row.lineage, row.edge, row.call) == ("door", 1, "1", "", "")
            assert (row.request_id, row.victim) == ("my-own-id-1", "")
            assert arrived["x-standin"] == "front=status:200"
            assert arrived["traceparent"] == steering["traceparent"]
            assert arrived["x-chaosmesh-lineage"] == "1"
            left = {name for name in arrived if name.startswith(("x-chaosmesh", "x-envoy-fault"))}
            assert left == {"x-chaosmesh-lineage"}
            assert "x-envoy-attempt-count" not in arrived

    run(body())


def test_routes_are_tried_in_order_and_what_is_not_modelled_is_404():
    async def body():
        patterns = (Pattern("v", "range", low=100, high=150),)
        made = pair(
            route("color", "range", {"green": 1}, match=Match(prefix="/", headers=patterns)),
            route("color", "path", {"blue": 1}, match=Match(path_regex="/b[0-9]+")),
            arms=("blue", "green"),
        )
        async with live(made, lambda s: topology(made, s)) as one:
            url = one.egress("front", "color")
            for headers, path, expected in (
                ({"v": "100"}, "/", "green"),
                ({"v": "149"}, "/b1", "green"),
                ({"v": "150"}, "/b1", "blue"),
                ({}, "/b22", "blue"),
                ({"v": "150"}, "/", None),
                ({"host": "stranger"}, "/b1", None),
            ):
                status, text = await get(one, url + path, **headers)
                assert (f'"{expected}"' in text) if expected else status == 404
            sidecar = one.topology.replicas_of("front")[0].sidecar
            assert (await get(one, f"http://{sidecar}:15001/b1", host="color"))[0] == 200
            assert (await get(one, f"http://{sidecar}:15001/b1", host="color:8080"))[0] == 200
            assert (await get(one, f"http://{sidecar}:15001/b1", host="color:9090"))[0] == 404

    run(body())


def test_a_timeout_of_a_route_ends_the_call_and_a_per_try_timeout_is_retried():
    async def slow_first(replica, request):
        if request.path == "/never" or request.headers["x-envoy-attempt-count"] == "1":
            await asyncio.Event().wait()  # until the application is stopped
        return web.Response()

    async def body():
        per_try = Retry(20, 0.3, on_reset=True)  # on a busy host a later try may take too long as well
        made = pair(
            route("color", "never", {"blue": 1}, match=Match(prefix="/never"), timeout=Timeout(0.4)),
            route("color", "try", {"blue": 1}, retry=per_try),
        )
        async with live(made, lambda s: topology(made, s), slow_first) as one:
            url = one.egress("front", "color")
            assert await get(one, url + "/never") == (504, "upstream request timeout")
            assert (await get(one, url + "/"))[0] == 200
            rows = await one.rows_until(
                lambda rows: sum(not r.attempt_row and r.side == "egress" for r in rows) >= 2
            )
            served = {r.route: r for r in rows if r.side == "egress" and not r.attempt_row}
            assert "UT" in served["never"].flags
            assert served["never"].duration_ms >= 400 - EARLY
            assert served["try"].attempt >= 2
            assert served["try"].duration_ms >= 300 - EARLY

    run(body())


def test_a_replica_that_fails_in_a_row_leaves_the_balancing():
    async def second_fails(replica, request):
        return web.Response(status=500 if replica.index else 200)

    async def body():
        made = mesh(
            [workload("front", "color"), workload("blue", ejection=Ejection(3, 0.5, 60, 50))],
            [service("color", route("color", "all", {"blue": 1}))],
        )
        async with live(made, lambda s: topology(made, s, replicas={"blue": 2}), second_fails) as one:
            url, found = one.egress("front", "color") + "/", []
            async with asyncio.timeout(60):
                while found[-10:] != [200] * 10:
                    found.append((await get(one, url))[0])
            assert found.count(500) >= 3
            assert [(await get(one, url))[0] for _ in range(20)] == [200] * 20

    run(body())
