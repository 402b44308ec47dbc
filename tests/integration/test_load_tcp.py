"""TCP streams: a line out, a line back, a connection for each."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chaosmesh.load import RequestSpec
from tests.integration.load_server import Bench, with_load

pytestmark = pytest.mark.integration

ANSWERS = {
    b"hello": (200, 5, ""),
    b"two": (200, 5, ""),
    b"pieces": (200, 5, ""),
    b"empty": (200, 0, ""),
    b"large": (200, 1_000_000, ""),
    b"half": (0, 0, "connection closed"),
    b"close": (0, 0, "connection closed"),
    b"reset": (0, 0, "connection reset"),
    b"hang": (0, 0, "timeout"),
}


@dataclass
class Lines:
    """A server that answers by the line it gets; `together` is how many connections it had at most."""

    lines: list[bytes] = field(default_factory=list)
    open: int = 0
    together: int = 0
    held: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.together = max(self.together, self.open)
        line = (await reader.readline()).rstrip(b"\n")
        self.lines.append(line)
        await self.answer(line, reader, writer)
        self.open -= 1
        if line == b"reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        else:  # what still comes would be answered by a reset
            with contextlib.suppress(OSError):
                writer.write_eof()
                await reader.read()
        writer.close()

    async def answer(self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if line == b"hang":
            await reader.read()
        elif line == b"pieces":
            writer.write(b"hel")
            await writer.drain()
            await asyncio.sleep(0)
            writer.write(b"lo\n")
        elif line == b"hold":
            self.held += 1
            if self.held == 100:
                self.enough.set()
            await self.enough.wait()
            writer.write(b"ok\n")
        else:
            words = {b"two": b"hello\nagain\n", b"empty": b"\n", b"large": bytes(1_000_000) + b"\n"}
            words |= {b"half": b"hel", b"close": b"", b"reset": b""}
            writer.write(words.get(line, b"hello\n"))


@asynccontextmanager
async def line_server() -> AsyncIterator[tuple[str, Lines]]:
    seen = Lines()
    listening = await asyncio.start_server(seen.serve, "127.0.0.1", 0, backlog=4096)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", seen


def line(body: bytes) -> RequestSpec:
    return RequestSpec(body=body, protocol="tcp")


def test_every_kind_of_answer_and_of_failure_is_told_apart(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with line_server() as (bench.url, seen):
            for number, (body, expected) in enumerate(ANSWERS.items()):
                seen.lines.clear()
                # Only what never comes may be waited for briefly.
                patience = 0.3 if body == b"hang" else 30.0
                stream = bench.stream(line(body), id=number, rate=100, count=20, timeout=patience)
                report, records = await bench.run(stream)
                assert {(one.status, one.size, one.error) for one in records} == {expected}, body
                assert (report.finished, report.retried, seen.lines) == (20, 0, [body] * 20)

    with_load(tmp_path, scenario)


def test_a_server_that_holds_back_is_felt_from_the_intended_time(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with line_server() as (bench.url, seen):
            report, records = await bench.run(bench.stream(line(b"hold"), rate=200, count=100))
            assert (report.sent, len(records), seen.together) == (100, 100, 100)
            assert max(one.latency_ms for one in records) >= 495

    with_load(tmp_path, scenario)


def test_nobody_listens_and_locust_knows(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with line_server() as (bench.url, _):
            pass
        report, records = await bench.run(bench.stream(line(b"hello"), rate=100, count=10))
        assert {(one.status, one.error) for one in records} == {(0, "connection refused")}
        assert report.finished == 10
        (row,) = await bench.load.statistics()
        assert (row["method"], row["requests"], row["failures"]) == ("TCP", 10, 10)

    with_load(tmp_path, scenario)


def test_protocols_mix_in_one_stream(tmp_path: Path) -> None:
    """What answers lines doesn't answer HTTP: each request gets the answer of its own protocol."""

    async def scenario(bench: Bench) -> None:
        async with line_server() as (bench.url, _):
            mix = (line(b"hello"), RequestSpec(), RequestSpec(protocol="http2"))
            report, records = await bench.run(bench.stream(*mix, rate=200, count=150))
            found = {(one.spec, one.status, one.error) for one in records}
            assert found == {(0, 200, ""), (1, 0, "bad answer"), (2, 0, "connection closed")}
            assert report.sent == len(records) == 150

    with_load(tmp_path, scenario)
