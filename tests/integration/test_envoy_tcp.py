"""TCP through real sidecars: a row per connection, a call per row, and Envoy's own counters."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from chaosmesh.ledger import Addresses, Ledger, parse_stats
from chaosmesh.mesh import Fallback, Target, Timeout
from tests.integration.live import live
from tests.meshes import mesh, route, service, topology, workload

pytestmark = pytest.mark.integration


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 200))


def policy(*, fallback=None, **more):
    rule = replace(route("db", "all", {"one": 1}, protocol="tcp", **more), fallback=fallback)
    return mesh(
        [workload("front", "db"), *(workload(name, port=7000, protocol="tcp") for name in ("one", "two"))],
        [service("db", rule, port=7000, protocol="tcp")],
    )


@asynccontextmanager
async def echoing(made, **settings):
    """Every replica sends back what comes, with its own name in front."""
    async with live(made, lambda s: topology(made, s, **settings), serve=["front"]) as one:

        def echo(name):
            async def handle(reader, writer):
                while data := await reader.read(100):
                    writer.write(name.encode() + b" " + data)
                    await writer.drain()
                writer.close()

            return handle

        replicas = [r for r in one.topology.replicas if r.node != "front"]
        servers = [await asyncio.start_server(echo(r.node), r.app, 7000) for r in replicas]
        try:
            yield one
        finally:
            for server in servers:
                server.close()


async def connect(one):
    return await asyncio.open_connection(one.topology.egress("front", "db").address, 7000)


async def say(one):
    """The answer to one line on a connection of its own, "" if nobody took it."""
    reader, writer = await connect(one)
    try:
        writer.write(b"hello")
        return (await reader.read(100)).decode()
    except ConnectionError:
        return ""
    finally:
        writer.close()


def connections(rows):
    return [r for r in rows if r.tcp and r.side == "egress"]


async def held(one):
    """Rows against the counters of front's sidecar, once they agree."""
    sidecar = one.topology.replicas_of("front")[0].sidecar
    ledger = Ledger(Addresses.of(one.topology))
    for _ in range(200):
        async with one.http.get(f"http://{sidecar}:9901/stats?format=json") as answer:
            counters = {"front.0": parse_stats(await answer.json())}
        ledger.add_rows(one.rows[len(ledger.rows) :])
        if (seen := ledger.conservation(counters)).ok:
            break
        await asyncio.sleep(0.05)
    return ledger, seen


def test_every_connection_is_a_row_and_a_call_and_the_counters_agree():
    async def body():
        async with echoing(policy(), replicas={"one": 2}) as one:
            assert {await say(one) for _ in range(6)} == {"one hello"}
            await one.kill("one.1")
            assert Counter([await say(one) for _ in range(4)]) == {"one hello": 2, "": 2}
            rows = await one.rows_until(lambda rows: len(connections(rows)) >= 10)
            taken = [r for r in connections(rows) if r.status == 200]
            refused = [r for r in connections(rows) if r.status == 503]
            assert {(r.received, r.sent, r.edge, r.route, r.flags) for r in taken} == {
                (5, 9, "front>db", "all", ())
            }
            assert ["UF" in r.flags for r in refused] == [True, True]
            ledger, seen = await held(one)
            assert seen.ok, seen.differences
            assert seen.rows == {("front.0", "cds_egress_test_one_tcp_7000"): 10}
            calls = ledger.calls(client="front", service="db")
            assert Counter((a.server, a.replica) for c in calls for a in c.attempts) == {
                ("one", 0): 5,
                ("one", 1): 5,
            }
            assert all(call.complete and len(call.attempts) == 1 for call in calls)

    run(body())


def test_what_a_breaker_stops_is_a_call_without_an_attempt():
    async def body():
        made = policy()
        made = replace(made, breaker=replace(made.breaker, max_connections=1))
        async with echoing(made) as one:
            reader, writer = await connect(one)
            writer.write(b"hello")
            assert await reader.read(100) == b"one hello"
            assert [await say(one) for _ in range(3)] == [""] * 3
            rows = await one.rows_until(lambda rows: len(connections(rows)) >= 3)
            assert {r.flags for r in connections(rows)} == {("UO",)}
            writer.close()
            await one.rows_until(lambda rows: len(connections(rows)) >= 4)
            ledger, seen = await held(one)
            assert seen.ok, seen.differences
            calls = ledger.calls(client="front", service="db")
            assert sorted((call.ok, len(call.attempts)) for call in calls) == [*[(False, 0)] * 3, (True, 1)]

    run(body())


def test_an_open_connection_is_an_attempt_under_way():
    async def body():
        async with echoing(policy()) as one:
            reader, writer = await connect(one)
            writer.write(b"hello")
            await reader.read(100)
            _, seen = await held_once(one)
            assert "cds_egress_test_one_tcp_7000: 1 attempts still under way" in " ".join(seen.differences)
            writer.close()
            await one.rows_until(lambda rows: len(connections(rows)) >= 1)
            assert (await held(one))[1].ok

    async def held_once(one):
        sidecar = one.topology.replicas_of("front")[0].sidecar
        async with one.http.get(f"http://{sidecar}:9901/stats?format=json") as answer:
            counters = {"front.0": parse_stats(await answer.json())}
        ledger = Ledger(Addresses.of(one.topology))
        return ledger, ledger.conservation(counters)

    run(body())


def test_silence_ends_a_connection():
    async def body():
        async with echoing(policy(timeout=Timeout(idle=2))) as one:
            reader, writer = await connect(one)
            writer.write(b"hello")
            assert await reader.read(100) == b"one hello"
            assert await reader.read(100) == b""
            writer.close()
            (row,) = connections(await one.rows_until(lambda rows: bool(connections(rows))))
            assert row.duration_ms >= 1980

    run(body())


def test_connections_go_to_the_fallback_while_nobody_listens():
    async def body():
        made = policy(fallback=Fallback(Target("two", 1), frozenset({"down"})))
        async with echoing(made) as one:
            assert await say(one) == "one hello"
            await one.kill("one.0")
            async with asyncio.timeout(60):
                while await say(one) != "two hello":
                    pass
            await one.spawn(one.topology.replicas_of("one")[0], made)
            await one.plane.connected(["one.0"], 30)
            async with asyncio.timeout(60):
                while await say(one) != "one hello":
                    pass
            ledger, seen = await held(one)
            assert seen.ok, seen.differences
            servers = {a.server for call in ledger.calls(service="db") for a in call.attempts}
            assert servers == {"one", "two"}

    run(body())
