"""Stand-ins over HTTP/2, gRPC and TCP, asked by clients that know nothing of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from h2 import events
from h2.errors import ErrorCodes

from chaosmesh.runtime import probe
from tests.integration.runtime import outside
from tests.integration.runtime.speakers import PORTS, TOKEN, Speakers, speakers

pytestmark = pytest.mark.integration
Use = Callable[[Speakers], Awaitable[None]]
Talk = Callable[..., None]


@pytest.fixture
def talk(tmp_path: Path, subnet: str) -> Talk:
    def run(use: Use, *protocols: str) -> None:
        async def main() -> None:
            async with speakers(tmp_path, subnet, protocols or PORTS) as them:
                await use(them)

        asyncio.run(asyncio.wait_for(main(), 120))

    return run


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


def test_curl_speaks_http2_with_it(talk: Talk, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None or "HTTP2" not in subprocess.run([curl, "-V"], capture_output=True, text=True).stdout:
        pytest.skip("there is no curl with HTTP/2; install one to see this test run")

    async def use(to: Speakers) -> None:
        async def get(*more: str) -> list[str]:
            url = f"http://{to.hosts['leaf']}:{PORTS['http2']}/a?b"
            out = await asyncio.create_subprocess_exec(
                curl, "-s", "--http2-prior-knowledge", "-w", r"\n%{http_version} %{response_code}", *more, url,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            return (await out.communicate())[0].decode().rsplit("\n", 1)

        (tmp_path / "body").write_bytes(bytes(300_000))
        body, status = await get("--data-binary", f"@{tmp_path}/body")
        assert (json.loads(body)["node"], status) == ("leaf", "2 200")
        assert await get("-I", "-H", "x-standin: leaf=status:404") != []
        body, status = await get("-H", "x-standin: leaf=status:404")
        assert (json.loads(body)["node"], status) == ("leaf", "2 404")
        assert await get("-H", "x-standin: leaf=status:204") == ["", "2 204"]

    talk(use)


def test_health(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        async with to.h2("leaf") as one:
            assert (await one.answer(one.ask("/ping", x_standin="leaf=status:503")))[:2] == (200, b"pong")
        async with grpc.aio.insecure_channel(f"{to.hosts['leaf']}:{PORTS['grpc']}") as channel:
            plan = (("x-standin", "leaf=grpc:14"),)
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            assert await check(b"", metadata=plan) == b"\x08\x01"
            watch = channel.unary_stream("/grpc.health.v1.Health/Watch")
            with pytest.raises(grpc.aio.AioRpcError, match="no method Watch"):
                await watch(b"").read()

    talk(use)


def test_plans_over_http2(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        async with to.h2("leaf") as one:
            hanging = one.ask(x_standin="leaf=hang")
            assert (await one.answer(one.ask(x_standin="leaf=status:503;attempts:1")))[0] == 503
            second = one.ask(x_standin="leaf=status:503;attempts:1", x_envoy_attempt_count="2")
            assert (await one.answer(second))[0] == 200
            assert (await one.answer(one.ask(x_standin="leaf=grpc:5")))[0] == 404
            status, body, _ = await one.answer(one.ask(x_standin="leaf=explode"))
            assert (status, "unknown word" in json.loads(body)["error"]) == (400, True)
            refused = await one.until(events.StreamReset, one.ask(x_standin="leaf=refuse"))
            assert refused.error_code == ErrorCodes.REFUSED_STREAM  # type: ignore[attr-defined]
            one.state.reset_stream(hanging, ErrorCodes.CANCEL)
            assert (await one.answer(one.ask()))[0] == 200
            with pytest.raises(EOFError):
                await one.answer(one.ask(x_standin="leaf=close"))
            assert not [event for event in one.seen if isinstance(event, events.ConnectionTerminated)]

    talk(use)


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ("grpc:5", "NOT_FOUND"),
        ("grpc:14", "UNAVAILABLE"),
        ("grpc:8;attempts:1", "RESOURCE_EXHAUSTED"),
        ("grpc:0", "OK"),
        ("status:503", "UNAVAILABLE"),
        ("status:404", "UNIMPLEMENTED"),
        ("status:500", "UNKNOWN"),
        ("status:204", "OK"),
        ("refuse", "UNAVAILABLE"),
        ("close", "UNAVAILABLE"),
        ("explode", "INVALID_ARGUMENT"),
    ],
)
def test_plans_over_grpc(talk: Talk, plan: str, code: str) -> None:
    async def use(to: Speakers) -> None:
        assert await to.code("leaf", x_standin=f"leaf={plan}") == code

    talk(use)


def test_failures_are_trailers_only(talk: Talk) -> None:
    """Else a sidecar doesn't try again."""

    async def use(to: Speakers) -> None:
        async with to.h2("leaf", "grpc") as one:
            ask = {"content_type": "application/grpc", "te": "trailers", "x_standin": "leaf=grpc:14"}
            status, body, headers = await one.answer(one.ask("/a.B/C", "POST", bytes(5), **ask))
            assert (status, body, headers["grpc-status"]) == (200, b"", "14")
            assert not [event for event in one.seen if isinstance(event, events.TrailersReceived)]

    talk(use)


def test_a_code_goes_through_grpc_unchanged_and_becomes_a_status_over_http(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        for plan, code, status in (("grpc:9", "FAILED_PRECONDITION", 400), ("grpc:14", "UNAVAILABLE", 503)):
            assert await to.code(x_standin=f"leaf={plan}") == code
            assert (await to.http(x_standin=f"leaf={plan}"))[0] == status
            got = json.loads(await to.tcp(f"leaf={plan}\n".encode()))
            assert (got["status"], got["calls"]) == (
                status,
                [{"service": "grpc.local", "status": status, "grpc_status": int(plan[5:])}],
            )

    talk(use, "grpc")


@pytest.mark.parametrize("protocol", ["http", "http2", "tcp"])
def test_a_status_becomes_a_code_over_grpc(talk: Talk, protocol: str) -> None:
    async def use(to: Speakers) -> None:
        assert await to.code(x_standin="leaf=status:503") == "UNAVAILABLE"
        assert await to.code(x_standin="leaf=status:404") == "UNIMPLEMENTED"
        status, answer = await to.http2(x_standin="leaf=status:404")
        assert status == answer["calls"][0]["status"] == 404
        assert answer["calls"][0]["answer"]["node"] == "leaf"

    talk(use, protocol)


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


@pytest.mark.parametrize("protocol", ["http2", "grpc"])
def test_a_call_over_a_shared_connection_is_taken_back_alone(talk: Talk, protocol: str) -> None:
    async def use(to: Speakers) -> None:
        leaf = f"{to.hosts['leaf']}:{PORTS[protocol]}"
        assert (await to.http())[0] == 200
        await outside.auntil(lambda: outside.connections(leaf) == 1, "one connection is kept", 30)
        async with to.h2() as one:
            streams = [one.ask(x_standin="leaf=hang") for _ in range(20)]
            other = one.ask(x_standin="leaf=delay_ms:300")
            for stream in streams:
                one.state.reset_stream(stream, ErrorCodes.CANCEL)
            one.flush()
            assert (await one.answer(other))[0] == 200
        assert (await to.http())[0] == 200
        assert outside.connections(leaf) == 1

    talk(use, protocol)


def test_a_line_that_hangs_ends_when_its_client_ends(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        reader, writer = await to.connect("tcp", "leaf")
        writer.write(b"leaf=hang\nmore")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.5)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 30) == b""

    talk(use)


def test_a_line_is_answered_by_a_line_and_then_all_is_echoed(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        plain = {"node": "leaf", "version": "v1", "replica": 0, "request_id": "", "attempt": 1, "lineage": ""}
        for line in (b"\n", b"hello\r\n", b"\xff\xfe\0\n", b'{"x-request-id": 5}\n'):
            got, _, rest = (await to.tcp(line + b"and more\n", "leaf")).partition(b"\n")
            assert (json.loads(got), rest) == ({**plain, "calls": []}, b"and more\n")
        for end in (b"", b"no end of line"):
            assert json.loads(await to.tcp(end, "leaf")) == {**plain, "calls": []}
        assert json.loads(await to.tcp(b"leaf=status:503\n", "leaf", end=False))["status"] == 503
        assert "unknown word" in json.loads(await to.tcp(b"leaf=explode\n", "leaf"))["error"]
        assert await to.tcp(b"leaf=close\n", "leaf") == b""
        big = bytes(range(256)) * 8192
        got, _, rest = (await to.tcp(b"\n" + big, "leaf")).partition(b"\n")
        assert rest == big
        got, _, rest = (await to.tcp(b"x" * 100_000, "leaf")).partition(b"\n")
        assert (json.loads(got)["node"], rest) == ("leaf", b"x" * 100_000)

    talk(use)


def test_programs_behind_tcp_are_answered_as_they_speak(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        host = to.hosts["leaf"]
        status, body = await probe.request("GET", host, PORTS["tcp"], "/x", {"x-standin": "leaf=status:418"})
        assert (status, json.loads(body)["node"]) == (418, "leaf")
        async with to.h2("leaf", "tcp") as one:
            assert (await one.answer(one.ask()))[0] == 200

    talk(use)


@pytest.mark.parametrize("protocol", list(PORTS))
def test_every_listener_takes_a_configuration(talk: Talk, protocol: str) -> None:
    async def use(to: Speakers) -> None:
        async def put(token: str) -> int:
            place = ("PUT", to.hosts["leaf"], PORTS[protocol], "/.chaosmesh/config")
            return (await probe.request(*place, {"x-chaosmesh-token": token}, b'{"version": "v2"}'))[0]

        assert await put("wrong") == 403
        assert (await to.grpc("leaf"))["version"] == "v1"
        assert await put(TOKEN) == 200
        assert (await to.grpc("leaf"))["version"] == (await to.http("leaf"))[1]["version"] == "v2"
        status, body = await probe.request("GET", to.hosts["leaf"], PORTS[protocol], "/x")
        assert (status, b"HTTP/1.1" in body) == (
            (505, True) if protocol in ("http2", "grpc") else (200, False)
        )

    talk(use)


def test_bodies_beyond_the_windows_go_both_ways(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        async with to.h2(window=100) as one:
            stream = one.ask()
            got = b""
            while len(got) < 600:
                event = await one.until(events.DataReceived, stream)
                got += event.data  # type: ignore[attr-defined]
                one.state.increment_flow_control_window(len(event.data), stream)  # type: ignore[attr-defined]
                one.flush()
            assert got.startswith(b'{"node":"front"')
        assert (await to.grpc(payload=b"x" * 900_000))["calls"][1]["status"] == 200
        with pytest.raises(grpc.aio.AioRpcError, match="RESOURCE_EXHAUSTED"):
            await to.grpc("leaf", payload=b"x" * 1_100_000)

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


def test_headers_beyond_all_measure_end_one_connection(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        async with to.h2("leaf") as one:
            with pytest.raises(EOFError):
                await one.answer(one.ask(**{f"x{n}": "y" * 1000 for n in range(100)}))
        async with to.h2("leaf") as one:
            assert (await one.answer(one.ask(**{f"x{n}": "y" * 1000 for n in range(30)})))[0] == 200

    talk(use)


def test_clients_that_never_read_hold_up_nobody(talk: Talk) -> None:
    async def use(to: Speakers) -> None:
        _, echoing = await to.connect("tcp", "leaf")
        echoing.transport.pause_reading()  # type: ignore[attr-defined]
        echoing.write(b"\n" + bytes(50_000_000))
        async with to.h2(window=0) as silent:
            for _ in range(50):
                silent.ask()
            assert (await to.http2())[0] == 200
        echoing.transport.abort()

    talk(use)
