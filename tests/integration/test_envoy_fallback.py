"""Fallbacks on real Envoys: what moves a call to the alternate, what doesn't, and that it comes back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web

from chaosmesh.ledger import Addresses, Ledger
from chaosmesh.mesh import Ejection, Fallback, HealthCheck, Identity, Retry, ServerTls, Target
from tests.certificates import Authority, supplied
from tests.integration.live import live
from tests.meshes import mesh, route, service, topology, workload

pytestmark = pytest.mark.integration
HIDDEN = Retry(
    2, None, statuses=(503,), on_reset=True, on_connect_failure=True, on_refused_stream=True, implicit=True
)
ALL = ("failing", "down", "ejected", "unhealthy")


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 200))


def to_grey(*words, retry=None, **blue):
    """`front` calls color, which blue serves, and grey for it when one of the words holds."""
    one = replace(
        route("color", "all", {"blue": 1}, retry=retry),
        fallback=Fallback(Target("grey", 1), frozenset(words)),
    )
    one = one if words else replace(one, fallback=None)
    return mesh(
        [workload("front", "color"), workload("blue", **blue), workload("grey")],
        [service("color", one), service("other", route("other", "all", {"grey": 1}))],
    )


@dataclass
class Blue:
    """What blue's application answers (by replica), and how often it was asked (health checks apart)."""

    status: dict[int, int] = field(default_factory=dict)
    asked: Counter[int] = field(default_factory=Counter)

    async def answer(self, replica, request):
        status = self.status.get(replica.index, 200) if replica.node == "blue" else 200
        if replica.node == "blue" and request.path != "/ping":
            self.asked[replica.index] += 1
        return web.json_response({"node": replica.node, "replica": replica.index}, status=status)


async def get(one):
    async with one.http.get(one.egress("front", "color") + "/") as answer:
        return answer.status, (await answer.json())["node"] if answer.content_type.endswith("json") else ""


async def until(one, wanted, row=5, within=60):
    """Asks until `row` answers in a row are the wanted one; gives all that were seen before."""
    found = []
    try:
        async with asyncio.timeout(within):
            while found[-row:] != [wanted] * row:
                found.append(await get(one))
    except TimeoutError:
        raise AssertionError(f"no {row} x {wanted} within {within} s; last: {found[-10:]}") from None
    return found


@pytest.mark.parametrize("retry", [None, HIDDEN])
def test_a_failing_primary_is_answered_for_by_the_alternate(retry):
    async def body():
        made, blue = to_grey("failing", retry=retry), Blue({0: 503})
        async with live(made, lambda s: topology(made, s), blue.answer) as one:
            assert [await get(one) for _ in range(20)] == [(200, "grey")] * 20
            assert blue.asked[0] == 20
            rows = await one.rows_until(lambda rows: len(rows) >= 100)
            ledger = Ledger(Addresses.of(one.topology))
            ledger.add_rows(rows)
            calls = ledger.calls(client="front", service="color")
            assert [[a.server for a in call.attempts] for call in calls] == [["blue", "grey"]] * 20
            assert all(call.complete for call in calls)
            cluster = "cds_egress_test_blue_http_8080_fallback_grey_retry"
            assert {a.cluster for call in calls for a in call.attempts} == {cluster}
            blue.status.clear()
            assert [await get(one) for _ in range(10)] == [(200, "blue")] * 10
            blue.status[0] = 503
            await one.put(to_grey(retry=retry))
            assert await get(one) == (503, "blue")

    run(body())


def test_500_is_a_failure_also_where_the_policy_would_not_try_again():
    async def body():
        made, blue = to_grey("failing", retry=replace(HIDDEN, statuses=(409,))), Blue({0: 500})
        async with live(made, lambda s: topology(made, s), blue.answer) as one:
            assert await get(one) == (200, "grey")

    run(body())


@pytest.mark.parametrize(
    ("words", "retry"), [(("down",), None), (("down",), HIDDEN), (("failing", "down"), None)]
)
def test_a_primary_that_is_down_is_answered_for_and_has_its_traffic_back(words, retry):
    async def body():
        made, blue = to_grey(*words, retry=retry), Blue()
        async with live(made, lambda s: topology(made, s), blue.answer) as one:
            assert await get(one) == (200, "blue")
            await one.kill("blue.0")
            seen = await until(one, (200, "grey"))
            if retry is None:
                assert {node for _, node in seen[1:]} <= {"grey", ""}
            await one.spawn(one.topology.replicas_of("blue")[0], made)
            await one.plane.connected(["blue.0"], 30)
            await until(one, (200, "blue"))
            await one.put(to_grey())
            await one.kill("blue.0")
            await until(one, (503, ""))

    run(body())


@pytest.mark.parametrize("retry", [None, HIDDEN])
def test_down_alone_leaves_a_failing_primary_alone(retry):
    async def body():
        made, blue = to_grey("down", retry=retry), Blue({0: 503})
        async with live(made, lambda s: topology(made, s), blue.answer) as one:
            assert [await get(one) for _ in range(5)] == [(503, "blue")] * 5

    run(body())


def test_an_ejected_primary_is_not_asked_at_all_and_comes_back():
    rule = Ejection(3, 0.2, 2, 100)

    async def body():
        made, blue = to_grey("ejected", ejection=rule), Blue({0: 500, 1: 500})
        async with live(made, lambda s: topology(made, s, replicas={"blue": 2}), blue.answer) as one:
            began = time.monotonic()
            seen = await until(one, (200, "grey"), row=1)
            # three errors of each; the worker hears of an ejection a little later than the count is full
            assert seen[:-1] == [(500, "blue")] * (len(seen) - 1), "nothing but ejection moves a call"
            assert len(seen) > 6
            blue.status.clear()
            seen = await until(one, (200, "blue"), row=5)
            assert "grey" in {node for _, node in seen} or time.monotonic() - began >= rule.base

    run(body())


def test_one_fit_replica_keeps_all_traffic():
    rule = Ejection(3, 0.2, 300, 100)

    async def body():
        made, blue = to_grey("ejected", ejection=rule), Blue({0: 500, 1: 500, 2: 500})
        async with live(made, lambda s: topology(made, s, replicas={"blue": 4}), blue.answer) as one:
            await until(one, (200, "blue"), row=8)
            assert {await get(one) for _ in range(40)} == {(200, "blue")}

    run(body())


@pytest.mark.parametrize("words", [("failing",), ("down",), ("unhealthy",)])
def test_ejection_moves_nothing_where_the_word_is_missing(words):
    rule = Ejection(3, 0.2, 300, 100)

    async def body():
        made, blue = to_grey(*words, ejection=rule), Blue({0: 500, 1: 500})
        async with live(made, lambda s: topology(made, s, replicas={"blue": 2}), blue.answer) as one:
            for _ in range(30):
                before = blue.asked.total()
                answer = await get(one)
                assert blue.asked.total() == before + 1, "every call begins at the primary"
                assert answer == ((200, "grey") if words == ("failing",) else (500, "blue"))

    run(body())


def test_an_unhealthy_primary_is_left_until_it_is_well():
    check = HealthCheck("http", 2, 2, 0.2, 2, "/ping")

    async def body():
        made, blue = to_grey("unhealthy", health=check), Blue()
        async with live(made, lambda s: topology(made, s), blue.answer) as one:
            assert await get(one) == (200, "blue")
            blue.status[0] = 503
            await until(one, (200, "grey"))
            before = blue.asked.total()
            assert [await get(one) for _ in range(10)] == [(200, "grey")] * 10
            assert blue.asked.total() == before
            blue.status.clear()
            await until(one, (200, "blue"))

    run(body())


@pytest.mark.parametrize("words", [("failing",), ("ejected",)])
def test_ill_health_moves_nothing_where_the_word_is_missing(words):
    check = HealthCheck("http", 2, 2, 0.2, 2, "/ping")

    async def body():
        made, blue = to_grey(*words, health=check), Blue({0: 503})
        blue.status[0] = 200
        async with live(made, lambda s: topology(made, s), blue.answer) as one:
            blue.status[0] = 400
            probes = blue.asked.total()
            for _ in range(20):
                assert await get(one) == (400, "blue")
            assert blue.asked.total() == probes + 20

    run(body())


def test_all_words_together_and_the_way_back():
    rule, check = Ejection(3, 0.2, 1, 100), HealthCheck("http", 2, 2, 0.2, 2, "/ping")

    async def body():
        made, blue = to_grey(*ALL, ejection=rule, health=check), Blue({0: 503, 1: 503})
        async with live(made, lambda s: topology(made, s, replicas={"blue": 2}), blue.answer) as one:
            assert {await get(one) for _ in range(60)} == {(200, "grey")}
            blue.status.clear()
            await until(one, (200, "blue"))

    run(body())


@pytest.mark.parametrize("secure", [("blue",), ("grey",), ("blue", "grey")])
def test_each_side_keeps_its_own_transport(secure):
    async def body():
        made, blue = to_grey("failing"), Blue()
        made = replace(
            made, workloads=tuple(_secured(one) if one.name in secure else one for one in made.workloads)
        )
        secrets = supplied(made, Authority("ours"))
        async with live(made, lambda s: topology(made, s), blue.answer, secrets=secrets) as one:
            assert [await get(one) for _ in range(5)] == [(200, "blue")] * 5
            blue.status[0] = 503
            assert [await get(one) for _ in range(5)] == [(200, "grey")] * 5

    def _secured(one):
        rule = ServerTls("strict", Identity("issued", f"arn:cert/{one.name}"))
        return replace(one, listeners=tuple(replace(port, tls=rule) for port in one.listeners))

    run(body())
