"""Closed and open egress on real Envoys: what a client may reach that is no backend of its own."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from tests.integration.live import live
from tests.meshes import mesh, route, service, topology, workload

pytestmark = pytest.mark.integration


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 100))


def policy(*, opened):
    """`front` calls `color` (blue); `red` is modelled, and behind `tint`, which nobody has as a backend."""
    made = mesh(
        [workload("front", "color"), workload("blue"), workload("red", port=9090)],
        [
            service("color", route("color", "all", {"blue": 1})),
            service("tint", route("tint", "all", {"red": 1})),
        ],
    )
    return replace(made, open_egress=opened)


async def echo(replica, request):
    return web.json_response({"node": replica.node, "host": request.host, "path": request.path})


@asynccontextmanager
async def outside():
    """A server that the mesh knows nothing of, at localhost."""

    async def answer(request):
        return web.json_response({"node": "outside", "host": request.host, "path": request.path})

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    yield f"localhost:{listening.getsockname()[1]}"
    await runner.cleanup()


async def ask(one, host, url=None):
    """(node, host) as who answered saw it, or the status."""
    url = url or f"http://{one.topology.replicas_of('front')[0].sidecar}:15001"
    async with one.http.get(f"{url}/x", headers={"host": host}) as answer:
        if answer.status != 200:
            return answer.status
        told = await answer.json()
        return told["node"], told["host"]


def test_an_open_mesh_lets_out_what_a_closed_one_refuses():
    async def body():
        closed, opened = policy(opened=False), policy(opened=True)
        async with outside() as place, live(closed, lambda s: topology(closed, s), echo) as one:
            color = one.egress("front", "color")
            strangers = ("red.local", "red.local:9090", "tint", "tint:8080", place)
            for host in strangers:
                assert await ask(one, host) == 404
            assert await ask(one, place, color) == 404
            await one.put(opened)
            for host, node in zip(strangers, (*["red"] * 4, "outside"), strict=True):
                assert await ask(one, host) == (node, host)
            assert await ask(one, place) == ("outside", place)
            assert await ask(one, place, color) == ("outside", place)
            assert await ask(one, "blue.local", color) == ("blue", "blue.local")
            assert await ask(one, "color") == ("blue", "color")
            await one.put(closed)
            for host in strangers:
                assert await ask(one, host) == 404

    run(body())


def test_calls_let_out_are_in_the_books_and_never_go_round():
    async def body():
        opened = policy(opened=True)
        async with outside() as place, live(opened, lambda s: topology(opened, s), echo) as one:
            assert (await ask(one, "red.local:9090"))[0] == "red"
            assert (await ask(one, place))[0] == "outside"
            rows = await one.rows_until(lambda rows: len(rows) >= 5)
            calls = {(r.edge, r.call, r.attempt) for r in rows if r.side == "egress" and not r.attempt_row}
            assert {edge for edge, _, _ in calls} == {"front>red.local", f"front>{place}"}
            assert calls == {(r.edge, r.call, r.attempt) for r in rows if r.attempt_row}
            assert {r.cluster.removesuffix("_modelled") for r in rows if r.side == "egress"} == {
                "cds_egress_test_mesh-allow-all"
            }
            own = one.topology.replicas_of("front")[0].sidecar
            assert await ask(one, f"{own}:15001") == 404
            assert await ask(one, own) == 404

    run(body())


def test_a_connection_to_a_port_that_is_not_modelled_stays_refused():
    async def body():
        opened = policy(opened=True)
        async with live(opened, lambda s: topology(opened, s), echo) as one:
            address = one.topology.egress("front", "color").address
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(address, 5432)

    run(body())
