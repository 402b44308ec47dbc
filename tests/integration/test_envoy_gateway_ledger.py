"""A user's request through a gateway in the ledger: its redirect to itself is no attempt of anybody."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from aiohttp import web

from chaosmesh.ledger import Addresses, Ledger, parse_stats
from chaosmesh.load import Record, request_id
from chaosmesh.mesh import Match, Retry, Rewrite
from tests.gateways import behind, entry_route, gateway
from tests.integration.live import live
from tests.meshes import topology

pytestmark = pytest.mark.integration
FRONT = gateway(
    entry_route("kept", "red.local", Match(prefix="/kept"), Rewrite(prefix=None, host=False)),
    entry_route("none", "empty.local", Match(prefix="/none"), Rewrite(prefix="/")),
    entry_route("rest", "red.local", Match(prefix="/"), Rewrite(prefix="/")),
)


async def fails_once(replica, request):
    return web.Response(status=503 if request.headers["x-envoy-attempt-count"] == "1" else 200)


def policy():
    made = behind(FRONT, "red", "empty")
    retry = Retry(1, None, statuses=(503,))
    services = []
    for one in made.services:
        routes = () if one.name == "empty.local" else tuple(replace(r, retry=retry) for r in one.routes)
        services.append(replace(one, routes=routes))
    return replace(made, services=tuple(services))


async def counters(one):
    found = {}
    for replica in one.topology.replicas:
        async with one.http.get(f"http://{replica.sidecar}:9901/stats?format=json") as answer:
            found[replica.key] = parse_stats(await answer.json())
    return found


def test_a_request_of_a_user_is_one_call_with_its_attempts():
    made = policy()

    async def ask(one, seq, path):
        door = one.topology.replicas_of("door")[0].door
        began = time.time_ns()
        headers = {"x-request-id": request_id(1, seq), "host": "www.example.com"}
        async with one.http.get(f"http://{door}:8088{path}", headers=headers) as answer:
            await answer.read()
            return Record(seq, 0, began, began, time.time_ns(), answer.status, 0, "")

    async def body():
        async with live(made, lambda s: topology(made, s, doors=["door"]), fails_once) as one:
            ledger = Ledger(Addresses.of(one.topology))
            records = [await ask(one, n, path) for n, path in enumerate(("/x", "/kept", "/none"))]
            ledger.add_records(1, records)

            def enough(rows):
                ledger.add_rows(rows[len(ledger.rows) :])
                return len(rows) >= 14 and ledger.complete(1).ok

            await one.rows_until(enough)
            rewritten, kept, nowhere = ledger.requests(1)
            for request in (rewritten, kept):
                assert (request.entry, request.status, request.complete) == ("door", 200, True)
                (call,) = request.calls
                assert (call.client, call.service) == ("door", "red.local")
                assert [(a.server, a.status, a.matched) for a in call.attempts] == [
                    ("red", 503, True),
                    ("red", 200, True),
                ]
            assert (nowhere.entry, nowhere.status) == ("door", 404)
            assert [(c.service, c.attempts) for c in nowhere.calls] == [("empty.local", ())]
            assert ledger.amplification("door", "red.local", 1).value == 2
            held = ledger.conservation(await counters(one))
            assert held.ok, held.differences
            assert {cluster for _, cluster in held.rows} == {"cds_egress_test_red_http_8080"}

    asyncio.run(asyncio.wait_for(body(), 100))
