"""Spans of real sidecars, over OpenTelemetry and as X-Ray's segments, joined with what the access logs say."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from chaosmesh.envoy import is_victim
from chaosmesh.envoy.tracing import Tracing
from chaosmesh.envoy.xray import Daemon
from chaosmesh.errors import DeadlineError
from chaosmesh.ledger import Addresses, Ledger
from chaosmesh.ledger.story import story
from chaosmesh.mesh import RequestFault, Retry
from chaosmesh.services.asking import Ask, nothing
from tests.integration.live import live
from tests.meshes import mesh, pair, route, service, topology, workload

pytestmark = pytest.mark.integration
SEED, EDGE = 7, "front>color"
FAULT = RequestFault("f1", "front", "color", 0.5, SEED, status=503)
RETRY = Retry(2, None, statuses=(503,))
TRACERS = {"otel": lambda _subnet: Tracing("otel"), "xray": lambda subnet: Tracing("xray", f"{subnet}.0.4")}


def chain():
    """A user's request comes in at front, whose application calls color."""
    return mesh(
        [workload("front", "color"), workload("blue")],
        [service("color", route("color", "all", {"blue": 1}, retry=RETRY))],
    )


@asynccontextmanager
async def traced_mesh(kind, made, **more):
    """The mesh with a tracer; front's application calls color and passes on what a stand-in passes on."""
    egress, answered = {}, []

    async def answer(replica, request):
        answered.append({name.lower(): value for name, value in request.headers.items()})
        if replica.node != "front" or "color" not in egress:
            return web.Response(text="ok")
        ask = Ask("GET", "/", answered[-1], nothing)
        async with egress["session"].get(egress["color"] + "/", headers=ask.context()) as done:
            await done.read()
            return web.Response(status=done.status)

    async with live(
        made, lambda s: topology(made, s, doors=["front"]), answer, tracing=TRACERS.get(kind), **more
    ) as one:
        egress.update(color=one.egress("front", "color"), session=one.http)
        one.answered = answered
        daemon = None
        if kind == "xray":
            daemon = await Daemon.start(
                one.tracing.daemon, lambda segment: one.spans.add("xray", "", segment)
            )
        try:
            yield one
        finally:
            if daemon:
                assert (daemon.refused, daemon.lost) == (0, 0)
                daemon.close()


def door(one) -> str:
    return f"http://{one.topology.replicas_of('front')[0].door}:8080/"


async def get(one, url, request_id, **headers):
    async with one.http.get(url, headers={"x-request-id": request_id, **headers}) as answer:
        await answer.read()
        return answer.status


async def spans_until(one, request_id, count):
    """All spans of a request, once there are so many."""
    try:
        async with asyncio.timeout(20):
            while len(found := one.spans.of(request_id)) < count:
                await asyncio.to_thread(one.spans.until, lambda: len(one.spans.of(request_id)) >= count, 1)
    except TimeoutError:
        raise AssertionError(
            f"{len(found)} of {count} spans: {[(s.kind, s.sidecar) for s in found]}"
        ) from None
    return found


def retried() -> str:
    """A request whose first attempt is a victim and whose second is not."""
    draws = (
        (f"own-{n}", [is_victim(0.5, SEED, f"own-{n}", "1", EDGE, a) for a in (1, 2)]) for n in range(100)
    )
    return next(name for name, drawn in draws if drawn == [True, False])


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 120))


@pytest.mark.parametrize("kind", TRACERS)
def test_a_request_with_two_attempts_is_one_chain_of_spans(kind):
    async def body():
        name = retried()
        async with traced_mesh(kind, chain(), faults=[FAULT]) as one:
            assert await get(one, door(one), name) == 200
            found = await spans_until(one, name, 9 - 1)
            kinds = sorted((span.kind, span.sidecar, span.attempt, span.status) for span in found)
            assert kinds == [
                ("app", "blue.0", 2, 200),
                ("app", "front.0", 0, 200),
                ("attempt", "front.0", 1, 503),
                ("attempt", "front.0", 2, 200),
                ("call", "front.0", 2, 200),
                ("ingress", "blue.0", 1, 503),
                ("ingress", "blue.0", 2, 200),
                ("ingress", "front.0", 0, 200),
            ]
            assert len({span.trace_id for span in found}) == 1
            by_id = {span.span_id: span for span in found}
            parents = {
                (span.kind, span.sidecar, span.attempt): by_id[span.parent_id].kind if span.parent_id else ""
                for span in found
            }
            assert parents == {
                ("ingress", "front.0", 0): "",
                ("app", "front.0", 0): "ingress",
                ("call", "front.0", 2): "app",
                ("attempt", "front.0", 1): "call",
                ("attempt", "front.0", 2): "call",
                ("ingress", "blue.0", 1): "attempt",
                ("ingress", "blue.0", 2): "attempt",
                ("app", "blue.0", 2): "ingress",
            }
            victim = next(
                s for s in found if s.kind == "ingress" and s.attempt == 1 and s.sidecar == "blue.0"
            )
            assert victim.tags["chaosmesh.victim"] == "f1"
            call = next(s for s in found if s.kind == "call")
            assert call.tags["chaosmesh.route"] == "virtualRouter/color/route/all"
            assert all(s.call == call.call for s in found if s.kind == "attempt")
            assert all(s.start_ns <= s.end_ns for s in found)
            await joined(one, name)

    run(body())


async def joined(one, name):
    """The story of the request: the ledger's tree with these spans in it, and its flags."""
    ledger = Ledger(Addresses.of(one.topology))
    ledger.spans = one.spans

    def enough(rows):
        ledger.add_rows(rows[len(ledger.rows) :])
        return ledger.trace(name) is not None and ledger.complete(requests=[name]).ok and len(rows) >= 6

    await one.rows_until(enough)
    told = story(ledger, name)
    steps = [(depth, step.kind, step.where) for depth, step in told.root.walk()]
    assert steps == [
        (0, "ingress", "front.0"),
        (1, "app", "front.0"),
        (2, "call", "front → color"),
        (3, "attempt", "blue.0"),
        (4, "ingress", "blue.0"),
        (3, "attempt", "blue.0"),
        (4, "ingress", "blue.0"),
        (5, "app", "blue.0"),
    ]
    assert all(step.span for _, step in told.root.walk())
    first = told.root.steps[0].steps[0].steps[0]
    assert first.notes == ("victim of f1",)


@pytest.mark.parametrize("kind", TRACERS)
def test_request_ids_and_victims_are_the_same_as_without_a_tracer(kind):
    names = [f"{n:08x}-0000-4000-8000-{n:012x}" for n in range(60)] + [f"own-{n}" for n in range(60)]

    async def outcomes(kind):
        made = pair()
        async with traced_mesh(kind, made, faults=[FAULT]) as one:
            found = [await get(one, one.egress("front", "color") + "/", name) for name in names]
            if kind:
                assert await spans_until(one, names[-1], 3)
            seen = [headers["x-request-id"] for headers in one.answered]
            return found, seen

    async def body():
        plain, traced = await outcomes(""), await outcomes(kind)
        assert plain == traced
        expected = [503 if is_victim(0.5, SEED, name, "", EDGE, 1) else 200 for name in names]
        assert plain[0] == expected
        assert plain[1] == [name for name, status in zip(names, expected, strict=True) if status == 200]

    run(body())


@pytest.mark.parametrize(
    ("kind", "header", "value"),
    [
        ("otel", "traceparent", f"00-{'ab' * 16}-{'cd' * 8}-0{{}}"),
        (
            "xray",
            "x-amzn-trace-id",
            "Root=1-58406cf0-a006649127e371903a2de979;Parent=53995c3f42cd8ad8;Sampled={}",
        ),
    ],
)
def test_a_trace_that_users_bring_along_goes_on_and_one_they_do_not_want_stays_away(kind, header, value):
    async def body():
        async with traced_mesh(kind, chain()) as one:
            assert await get(one, door(one), "unwanted", **{header: value.format(0)}) == 200
            assert await get(one, door(one), "wanted", **{header: value.format(1)}) == 200
            found = await spans_until(one, "wanted", 6)
            theirs = "ab" * 16 if kind == "otel" else "1-58406cf0-a006649127e371903a2de979"
            assert {span.trace_id for span in found} == {theirs}
            assert one.spans.of("unwanted") == []

    run(body())


def test_a_real_sidecar_with_another_token_never_gets_a_listener():
    async def body():
        made = pair()
        async with live(made, lambda s: topology(made, s)) as one:
            refused = []

            async def turned_away(count):
                """Waits until somebody was, for reasons that were not heard before; nobody is let in meanwhile."""
                async with asyncio.timeout(60):
                    while len(refused) < count:  # noqa: ASYNC110 - Envoy takes the time that it takes to start
                        await asyncio.sleep(0.01)
                with pytest.raises(DeadlineError, match=r"front\.0: its stream ended"):
                    await one.plane.connected(["front.0"], 0.5)
                return refused[-1]

            one.plane.admission.on_refused = refused.append
            front = one.topology.replicas_of("front")[0]
            await one.kill("front.0")
            foreign = one.plane.admit("front.0")[:-4] + "0000"
            await one.spawn(front, made, token=foreign)
            told = await turned_away(1)
            assert told == "configuration: somebody came with a token that is not of this run"
            with socket.socket() as client, pytest.raises(ConnectionRefusedError):
                client.connect((front.sidecar, 15001))
            await one.kill("front.0")
            await one.spawn(front, made, token="")
            assert await turned_away(2) == "configuration: somebody came without a token"
            await one.kill("front.0")
            await one.spawn(front, made, token=one.plane.admit("blue.0"))
            assert await turned_away(3) == "configuration: sidecar blue.0 came as front.0"
            await one.kill("front.0")
            await one.spawn(front, made)
            await one.plane.connected(["front.0"], 30)
            assert len(refused) == 3

    run(body())
