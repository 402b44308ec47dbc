"""Gateways on real Envoys: what users ask for, what services get, and what the logs say of both."""

from __future__ import annotations

import asyncio

import grpc
import grpc.aio
import pytest
from aiohttp import web

from chaosmesh.mesh import Breaker, Listener, Match, Pattern, Retry, Rewrite
from tests.gateways import behind, entry_route, gateway
from tests.integration.live import live
from tests.meshes import mesh, route, service, topology, workload

pytestmark = pytest.mark.integration


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 200))


async def echo(replica, request):
    """Says who answers, and what came in."""
    shown = {name.lower(): value for name, value in request.headers.items()}
    return web.json_response(
        {"node": replica.node, "path": request.path_qs, "host": request.host, "headers": shown},
        headers={"x-app-mesh-virtual-service": "mine"},
    )


def door_of(one, port=8088):
    return f"http://{one.topology.replicas_of('door')[0].door}:{port}"


async def ask(one, path, method="GET", **headers):
    """(status, node, path, host) as the service saw them."""
    async with one.http.request(method, door_of(one) + path, headers=headers) as answer:
        if answer.status != 200:
            return (answer.status,)
        told = await answer.json()
        return (told["node"], told["path"], told["host"])


def opened(made, answer=echo):
    return live(made, lambda s: topology(made, s, doors=["door"]), answer)


def test_prefixes_are_taken_off_in_both_forms_and_the_longer_one_comes_first():
    made = behind(
        gateway(
            entry_route("rose", "rose.local", Match(prefix="/red/rose"), Rewrite(prefix="/")),
            entry_route("red", "red.local", Match(prefix="/red"), Rewrite(prefix="/")),
            entry_route("kept", "blue.local", Match(prefix="/kept/"), Rewrite(prefix=None)),
            entry_route("own", "blue.local", Match(prefix="/own"), Rewrite(prefix="/v1/")),
        ),
        *("rose", "red", "blue"),
    )

    async def body():
        async with opened(made) as one:
            for asked, node, path in (
                ("/red", "red", "/"),
                ("/red/", "red", "/"),
                ("/red/tell?a=1", "red", "/tell?a=1"),
                ("/red/rose", "rose", "/"),
                ("/red/rose/x", "rose", "/x"),
                ("/kept/x", "blue", "/kept/x"),
                ("/kept", "blue", "/kept"),
                ("/own/x", "blue", "/v1/x"),
                ("/own", "blue", "/v1/"),
            ):
                assert await ask(one, asked) == (node, path, f"{node}.local"), asked
            assert await ask(one, "/green") == (404,)

    run(body())


def test_whole_paths_expressions_hosts_methods_queries_and_headers_choose_in_the_written_order():
    def to(name, match, path=None):
        return entry_route(name, f"{name}.local", match, Rewrite(path=path))

    made = behind(
        gateway(
            to("path", Match(path="/exact"), "/other"),
            to("regex", Match(path_regex="/v[0-9]+/.*"), "/vee"),
            to("host", Match(host="www.example.com")),
            to("suffix", Match(host_suffix=".example.com")),
            to("post", Match(prefix="/", method="POST")),
            to("query", Match(prefix="/", query=(Pattern("fish", "exact", "nemo"),))),
            to("header", Match(prefix="/", headers=(Pattern("color", "prefix", "re"),))),
        ),
        *("path", "regex", "host", "suffix", "post", "query", "header"),
    )

    async def body():
        async with opened(made) as one:
            for asked, method, headers, node, path in (
                ("/exact?q=1", "GET", {}, "path", "/other?q=1"),
                ("/exact", "GET", {"host": "www.example.com"}, "path", "/other"),
                ("/v12/x?q=1", "GET", {}, "regex", "/vee?q=1"),
                ("/a", "GET", {"host": "WWW.example.com:8088"}, "host", "/a"),
                ("/a", "GET", {"host": "api.example.com"}, "suffix", "/a"),
                ("/a", "POST", {}, "post", "/a"),
                ("/a?fish=nemo", "GET", {}, "query", "/a?fish=nemo"),
                ("/a", "GET", {"color": "red"}, "header", "/a"),
            ):
                assert await ask(one, asked, method, **headers) == (node, path, f"{node}.local"), asked
            assert await ask(one, "/a", host="example.com") == (404,)
            assert await ask(one, "/a", host="wwwxexample.com") == (404,)

    run(body())


def test_a_request_that_keeps_its_host_reaches_its_service_and_the_answer_loses_the_name():
    made = behind(
        gateway(
            entry_route("red", "red.local", Match(prefix="/red"), Rewrite(prefix="/", host=False)),
            entry_route("blue", "blue.local", Match(prefix="/blue"), Rewrite(prefix="/", host=False)),
        ),
        *("red", "blue"),
    )

    async def body():
        async with opened(made) as one:
            assert await ask(one, "/red/x", host="shop.example") == ("red", "/x", "shop.example")
            assert await ask(one, "/blue/x", host="shop.example") == ("blue", "/x", "shop.example")
            stolen = {"x-app-mesh-virtual-service": "blue.local", "host": "shop.example"}
            assert await ask(one, "/red/x", **stolen) == ("red", "/x", "shop.example")
            async with one.http.get(door_of(one) + "/red") as answer:
                assert "x-app-mesh-virtual-service" not in answer.headers
            rows = await one.rows_until(lambda rows: sum(r.side == "egress" for r in rows) >= 8)
            assert {r.edge for r in rows if r.side == "egress"} == {"door>red.local", "door>blue.local"}

    run(body())


def test_a_user_request_is_a_door_row_and_one_call_of_the_gateway_with_its_attempts():
    retry = Retry(2, None, statuses=(503,))

    async def second_try(replica, request):
        attempt = request.headers["x-envoy-attempt-count"]
        return web.json_response(dict(request.headers), status=503 if attempt == "1" else 200)

    async def body():
        made = mesh(
            [gateway(entry_route("red", "red.local", Match(prefix="/red"))), workload("red")],
            [service("red.local", route("red.local", "all", {"red": 1}, retry=retry))],
        )
        steering = {
            "x-request-id": "my-own-id",
            "x-chaosmesh-lineage": "7",
            "x-chaosmesh-call": "evil",
            "x-chaosmesh-edge": "evil>red.local",
            "x-envoy-attempt-count": "9",
            "x-envoy-fault-abort-request": "418",
        }
        async with opened(made, second_try) as one:
            async with one.http.get(door_of(one) + "/red/x", headers=steering) as answer:
                assert answer.status == 200
                seen = {name.lower(): value for name, value in (await answer.json()).items()}
            rows = await one.rows_until(lambda rows: len(rows) >= 6)
            assert sorted((r.sidecar, r.side, r.attempt_row, r.attempt, r.lineage) for r in rows) == [
                ("door.0", "door", False, 1, "1"),
                ("door.0", "egress", False, 2, "1"),
                ("door.0", "egress", True, 1, "1"),
                ("door.0", "egress", True, 2, "1"),
                ("red.0", "ingress", False, 1, "1.1"),
                ("red.0", "ingress", False, 2, "1.2"),
            ]
            assert {r.request_id for r in rows} == {"my-own-id"}
            calls = {(r.edge, r.call) for r in rows if r.side != "door"}
            assert len(calls) == 1
            assert {edge for edge, _ in calls} == {"door>red.local"}
            door = next(r for r in rows if r.side == "door")
            assert (door.edge, door.call, door.route, door.path) == ("", "", "red", "/x")
            assert door.cluster == "cds_ingress_test_door_self_redirect_http_15001"
            assert not any(name.startswith("x-envoy-fault") for name in seen)

    run(body())


def test_each_listener_has_its_own_routes_ports_and_limits():
    made = behind(
        gateway(
            entry_route("red", "red.local", Match(prefix="/", port=8088)),
            entry_route("blue", "blue.local", Match(prefix="/", port=8089), port=8080),
            listeners=[Listener(8088, "http", pool=Breaker(max_connections=1)), Listener(8089, "http")],
        ),
        *("red", "blue"),
    )

    async def body():
        async with opened(made) as one:
            for port, node, host in ((8088, "red", "red.local"), (8089, "blue", "blue.local:8080")):
                async with one.http.get(door_of(one, port) + "/") as answer:
                    told = await answer.json()
                assert (told["node"], told["host"]) == (node, host)
            replica = one.topology.replicas_of("door")[0]
            async with one.http.get(f"http://{replica.sidecar}:8089/") as answer:
                assert answer.status == 200
            async with one.http.get(f"http://{replica.sidecar}:9901/stats/prometheus?usedonly") as answer:
                stats = [
                    line for line in (await answer.text()).splitlines() if "downstream_rq_total{" in line
                ]
            tags = ('appmesh_mesh="test"', 'appmesh_virtual_gateway="door"')
            assert stats
            assert all(tag in line for line in stats for tag in tags)
            url = f"http://{replica.sidecar}:9901/stats?filter=http.ingress.http.8089.downstream_rq_total"
            async with one.http.get(url) as answer:
                assert await answer.text() == "http.ingress.http.8089.downstream_rq_total: 1\n"
            rows = await one.rows_until(lambda rows: sum(r.side == "door" for r in rows) >= 2)
            assert {r.cluster for r in rows if r.side == "door"} == {
                "cds_ingress_test_door_self_redirect_8088_http_15001",
                "cds_ingress_test_door_self_redirect_8089_http_15001",
            }

    run(body())


def test_grpc_calls_go_through_a_gateway_by_their_service():
    async def answer(request, context):
        if dict(context.invocation_metadata())["x-envoy-attempt-count"] == "1":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return request

    async def body():
        made = mesh(
            [
                gateway(
                    entry_route("say", "greeter", Match(prefix="/g.G/"), Rewrite(), protocol="grpc"),
                    listeners=[Listener(8088, "grpc")],
                ),
                workload("server", port=7100, protocol="grpc"),
            ],
            [
                service(
                    "greeter",
                    route(
                        "greeter",
                        "all",
                        {"server": 1},
                        retry=Retry(1, None, grpc=("unavailable",)),
                        protocol="grpc",
                    ),
                    port=7100,
                    protocol="grpc",
                )
            ],
        )
        async with live(made, lambda s: topology(made, s, doors=["door"]), serve=[]) as one:
            server = grpc.aio.server()
            method = grpc.unary_unary_rpc_method_handler(answer)
            server.add_generic_rpc_handlers(
                tuple(grpc.method_handlers_generic_handler(name, {"Say": method}) for name in ("g.G", "g.H"))
            )
            server.add_insecure_port(f"{one.topology.replicas_of('server')[0].app}:7100")
            await server.start()
            try:
                async with grpc.aio.insecure_channel(door_of(one).removeprefix("http://")) as channel:
                    assert await channel.unary_unary("/g.G/Say")(b"hello", timeout=30) == b"hello"
                    with pytest.raises(grpc.aio.AioRpcError) as caught:
                        await channel.unary_unary("/g.H/Say")(b"hello", timeout=30)
                    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
                rows = await one.rows_until(lambda rows: sum(r.attempt_row for r in rows) >= 2)
                assert {r.attempt for r in rows if r.attempt_row} == {1, 2}
            finally:
                await server.stop(None)

    run(body())
