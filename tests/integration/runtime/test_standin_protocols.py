"""What stand-ins do in every protocol, asked by clients that know nothing of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from h2.errors import ErrorCodes

from chaosmesh.runtime import probe
from tests.integration.patience import PATIENCE
from tests.integration.runtime import outside
from tests.integration.runtime.speakers import PORTS, TOKEN, Speakers, Talk

pytestmark = pytest.mark.integration


CONTEXT = {"x_request_id": "id-1", "x_chaosmesh_lineage": "1.2", "x_envoy_attempt_count": "2"}


def check_tree(answer: dict[str, Any]) -> None:
    """`answer` is the front's to CONTEXT, and passed it on in every protocol."""
    calls = answer.pop("calls")
    assert answer == {
        "node": "front",
        "version": "v1",
        "replica": 0,
        "request_id": "id-1",
        "attempt": 2,
        "lineage": "1.2",
    }
    leaf = {**answer, "node": "leaf", "attempt": 1, "calls": []}
    assert [(one["service"], one["status"], one["answer"]) for one in calls] == [
        (f"{protocol}.local", 200, leaf) for protocol in PORTS
    ]
    assert [one.get("grpc_status") for one in calls] == [None, None, 0, None]


def test_every_protocol_calls_every_protocol(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        for ask in (to.http, to.http2):
            status, answer = await ask(**CONTEXT)
            assert status == 200
            check_tree(answer)
        check_tree(await to.grpc(**CONTEXT))
        line = {"x-request-id": "id-1", "x-chaosmesh-lineage": "1.2"}
        answer = json.loads(await to.tcp(json.dumps(line).encode() + b"\n"))
        check_tree({**answer, "attempt": 2})

    talk(use)


@pytest.mark.parametrize("protocol", list(PORTS))
def test_a_backend_that_closes_or_refuses_is_a_502(talk: Talk, protocol: str) -> None:
    async def use(to: Speakers) -> None:
        for plan in ("close", "refuse"):
            status, answer = await to.http2(x_standin=f"leaf={plan}")
            assert status == answer["calls"][0]["status"] == 502
            assert answer["calls"][0]["answer"]["error"]
        assert await to.code(x_standin="leaf=close") == "UNAVAILABLE"
        assert (await to.http2())[0] == 200

    talk(use, protocol)


HANGING = {
    "http": b"GET / HTTP/1.1\r\nhost: a\r\nx-standin: leaf=hang\r\n\r\n",
    "tcp": b"leaf=hang\n",
}


@asynccontextmanager
async def hanging(to: Speakers, protocol: str) -> AsyncIterator[Callable[[], None]]:
    """A request to the front that hangs in the leaf, and how its client gives it up."""
    if protocol in HANGING:
        _, writer = await to.connect(protocol)
        writer.write(HANGING[protocol])
        linger = struct.pack("ii", 1, 0)  # closing is a reset: an end alone may be half of one over TCP
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        yield writer.close
        return
    async with to.h2(protocol=protocol) as one:
        kind = {"content_type": "application/grpc"} if protocol == "grpc" else {}
        stream = one.ask(x_standin="leaf=hang", **kind)

        def leave() -> None:
            one.state.reset_stream(stream, ErrorCodes.CANCEL)
            one.flush()

        yield leave
        assert (await one.answer(one.ask("/ping")))[0] == 200


@pytest.mark.parametrize("protocol", list(PORTS))
def test_a_call_that_hangs_ends_with_its_client(talk: Talk, protocol: str) -> None:
    async def use(to: Speakers) -> None:
        leaf = f"{to.hosts['leaf']}:{PORTS['tcp']}"
        await outside.auntil(lambda: outside.connections(leaf) == 0, "nobody is connected to leaf", 30)
        async with hanging(to, protocol) as leave:
            await outside.auntil(lambda: outside.connections(leaf) == 1, "front calls leaf", 30)
            leave()
            await outside.auntil(lambda: outside.connections(leaf) == 0, "the call ended too", 30)
        assert (await to.http())[0] == 200

    talk(use, "tcp")


@pytest.mark.parametrize("protocol", list(PORTS))
def test_every_listener_takes_a_configuration(talk: Talk, protocol: str) -> None:
    async def use(to: Speakers) -> None:
        async def put(token: str) -> int:
            place = ("PUT", to.hosts["leaf"], PORTS[protocol], "/.chaosmesh/config")
            return (
                await probe.request(
                    *place, {"x-chaosmesh-token": token}, b'{"version": "v2"}', within=PATIENCE
                )
            )[0]

        assert await put("wrong") == 403
        assert (await to.grpc("leaf"))["version"] == "v1"
        assert await put(TOKEN) == 200
        assert (await to.grpc("leaf"))["version"] == (await to.http("leaf"))[1]["version"] == "v2"
        status, body = await probe.request("GET", to.hosts["leaf"], PORTS[protocol], "/x", within=PATIENCE)
        assert (status, b"HTTP/1.1" in body) == (
            (505, True) if protocol in ("http2", "grpc") else (200, False)
        )

    talk(use)


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


HOSTILE = [
    b"",
    b"\0" * 100_000,
    b"\xff\xd8\xff" * 5000,
    b"\n" * 100_000,
    PREFACE[:10],
    PREFACE + b"\xff" * 50_000,
    PREFACE + b"\0\0\4\4\0\0\0\0\0abcd",
    PREFACE + b"\0\0\0\4\0\0\0\0\0" + b"\0\0\5\1\5\0\0\0\1\xff\xff\xff\xff\xff",
    PREFACE + b"\0\0\0\4\0\0\0\0\0" + b"\0\0\5\0\1\0\0\0\1\0\0\0\0\0",
    b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"{" * 10_000 + b"\n",
    b'{"x-standin":' + b"[" * 10_000 + b"\n",
]


@pytest.mark.parametrize("protocol", list(PORTS))
def test_what_no_client_should_send_harms_nobody_else(talk: Talk, protocol: str) -> None:
    async def use(to: Speakers) -> None:
        async with to.h2("leaf") as good:
            waiting = good.ask(x_standin="leaf=delay_ms:500")
            for data in HOSTILE:
                _, open_ended = await to.connect(protocol, "leaf")
                reader, writer = await to.connect(protocol, "leaf")
                open_ended.write(data)
                writer.write(data)
                with contextlib.suppress(ConnectionError):
                    writer.write_eof()
                    while await asyncio.wait_for(reader.read(1 << 16), 30):
                        pass
                writer.close()
            assert (await good.answer(waiting))[0] == 200
            assert (await good.answer(good.ask()))[0] == 200

    talk(use)
