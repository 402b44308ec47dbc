"""gRPC through real sidecars: what is matched, tried again, hit by faults, and what the logs say of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest

from chaosmesh.envoy import is_victim
from chaosmesh.mesh import Match, Pattern, RequestFault, Retry
from tests.integration.live import live
from tests.meshes import mesh, route, service, topology, workload

pytestmark = pytest.mark.integration
EVENTS = {
    "cancelled": grpc.StatusCode.CANCELLED,
    "deadline-exceeded": grpc.StatusCode.DEADLINE_EXCEEDED,
    "internal": grpc.StatusCode.INTERNAL,
    "resource-exhausted": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "unavailable": grpc.StatusCode.UNAVAILABLE,
}


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 200))


def policy(*routes, arms=("blue",)):
    """`front` calls color by gRPC."""
    return mesh(
        [workload("front", "color"), *(workload(one, protocol="grpc") for one in arms)],
        [service("color", *routes, protocol="grpc")],
    )


def to_blue(**more):
    return policy(route("color", "all", {"blue": 1}, protocol="grpc", **more))


async def echo(node, request, context):
    """Answers with the name of the node."""
    return node.encode()


class Client:
    """Calls color as front's application does."""

    def __init__(self, run, channel):
        self.run, self._channel = run, channel

    async def say(self, method="/g.G/Say", **metadata):
        """The answer, or the name of the status."""
        pairs = [(name.replace("_", "-"), value) for name, value in metadata.items()]
        try:
            answer = await self._channel.unary_unary(method)(b"hello", metadata=pairs, timeout=60)
        except grpc.aio.AioRpcError as error:
            return error.code().name
        return answer.decode()


@asynccontextmanager
async def calling(made, answer=echo, **settings):
    async with live(made, lambda s: topology(made, s), serve=["front"], **settings) as one:
        servers = [
            await _serve(replica, answer) for replica in one.topology.replicas if replica.node != "front"
        ]
        address = one.topology.egress("front", "color").address
        try:
            async with grpc.aio.insecure_channel(f"{address}:8080") as channel:
                yield Client(one, channel)
        finally:
            for server in servers:
                await server.stop(None)


async def _serve(replica, answer):
    async def handle(request, context):
        return await answer(replica.node, request, context)

    class Every(grpc.GenericRpcHandler):
        def service(self, _call):
            return grpc.unary_unary_rpc_method_handler(handle)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Every(),))
    server.add_insecure_port(f"{replica.app}:8080")
    await server.start()
    return server


def attempt_of(context):
    return int(dict(context.invocation_metadata())["x-envoy-attempt-count"])


@pytest.mark.parametrize("event", EVENTS)
def test_each_retry_event_stands_for_its_own_status(event):
    async def failing_once(node, request, context):
        code = dict(context.invocation_metadata())["code"]
        if attempt_of(context) == 1:
            await context.abort(EVENTS[code], "not yet")
        return b"OK"

    async def body():
        async with calling(to_blue(retry=Retry(1, None, grpc=(event,))), failing_once) as client:
            for code, status in EVENTS.items():
                assert await client.say(code=code) == ("OK" if code == event else status.name)

    run(body())


def test_a_fault_answers_its_victims_with_its_status_and_the_same_seed_draws_the_same():
    async def body():
        made = to_blue()
        fault = RequestFault("f1", "front", "color", 0.4, 11, grpc_status=7)
        ids = [f"{n:08x}-0000-4000-8000-{n:012x}" for n in range(100)]
        expected = [
            "PERMISSION_DENIED" if is_victim(0.4, 11, one, "", "front>color", 1) else "blue" for one in ids
        ]
        async with calling(made, faults=[fault]) as client:
            for _ in range(2):
                assert [await client.say(x_request_id=one) for one in ids] == expected
            rows = await client.run.rows_until(lambda rows: sum(r.side == "ingress" for r in rows) >= 200)
            hit = [r for r in rows if r.side == "ingress" and r.victim]
            assert {(r.victim, r.grpc_status, r.flags) for r in hit} == {("f1", 7, ("FI",))}
            assert len(hit) == 2 * expected.count("PERMISSION_DENIED")
            assert {r.grpc_status for r in rows if not r.victim and r.side == "ingress"} == {0}

    run(body())


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "INTERNAL"),
        (403, "PERMISSION_DENIED"),
        (404, "UNIMPLEMENTED"),
        (503, "UNAVAILABLE"),
        (500, "UNKNOWN"),
    ],
)
def test_an_http_status_becomes_a_status_of_grpc(status, name):
    async def body():
        fault = RequestFault("f1", "front", "color", 1.0, 1, status=status)
        retry = Retry(1, None, statuses=(status,))
        async with calling(to_blue(retry=retry), faults=[fault]) as client:
            assert await client.say() == name
            rows = await client.run.rows_until(
                lambda rows: any(r.side == "egress" and not r.attempt_row for r in rows)
            )
            (call,) = [r for r in rows if r.side == "egress" and not r.attempt_row]
            assert (call.status, call.attempt) == (200, 1), "to HTTP's retries the answer is a 200"

    run(body())


def test_victims_are_rescued_by_the_retry_event_of_their_status():
    async def body():
        fault = RequestFault("f1", "front", "color", 0.5, 3, grpc_status=14)
        ids = [f"id-{n}" for n in range(60)]
        lost = [one for one in ids if all(is_victim(0.5, 3, one, "", "front>color", n) for n in (1, 2, 3))]
        async with calling(to_blue(retry=Retry(2, None, grpc=("unavailable",))), faults=[fault]) as client:
            found = {one: await client.say(x_request_id=one) for one in ids}
        assert [one for one, answer in found.items() if answer != "blue"] == lost
        assert 0 < len(lost) < 20

    run(body())


def test_metadata_decides_the_route():
    def on(name, pattern):
        match = Match(prefix="/g.G/", headers=(pattern,))
        return route("color", name, {"green": 1}, match=match, protocol="grpc")

    made = policy(
        on("range", Pattern("n", "range", low=-2, high=3)),
        on("exact", Pattern("e", "exact", "x")),
        on("prefix", Pattern("p", "prefix", "ab")),
        on("suffix", Pattern("s", "suffix", "yz")),
        on("regex", Pattern("r", "regex", "[a-c]+")),
        on("absent", Pattern("always", "present", invert=True)),
        route("color", "method", {"green": 1}, match=Match(path="/g.Other/Say"), protocol="grpc"),
        route("color", "rest", {"blue": 1}, match=Match(prefix="/g.G/"), protocol="grpc"),
        arms=("blue", "green"),
    )
    table = [
        ({}, "blue"),
        ({"n": "-2"}, "green"),
        ({"n": "2"}, "green"),
        ({"n": "3"}, "blue"),
        ({"e": "x"}, "green"),
        ({"e": "xx"}, "blue"),
        ({"p": "abc"}, "green"),
        ({"s": "xyz"}, "green"),
        ({"s": "zy"}, "blue"),
        ({"r": "abc"}, "green"),
        ({"r": "abd"}, "blue"),
    ]

    async def body():
        async with calling(made) as client:
            for metadata, expected in table:
                assert await client.say(always="1", **metadata) == expected, metadata
            assert await client.say() == "green"
            assert await client.say("/g.Other/Say", always="1") == "green"
            assert await client.say("/g.Third/Say", always="1") == "UNIMPLEMENTED"

    run(body())


def test_rows_take_the_status_from_the_trailers():
    async def late(node, request, context):
        context.set_code(grpc.StatusCode.DATA_LOSS)  # after a message: in the trailers only
        return b"half"

    async def body():
        async with calling(to_blue(), late) as client:
            assert await client.say() == "DATA_LOSS"
            rows = await client.run.rows_until(lambda rows: len(rows) >= 3)
            assert [(r.status, r.grpc_status) for r in rows] == [(200, 15)] * 3

    run(body())
