"""A server with good and bad manners, and a generator against it."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaosmesh.load import LoadProcess, Record, RequestSpec, Running, Stream, StreamReport
from chaosmesh.load.sends import Sent

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
ANSWERS = {
    "/": OK,
    "/broken": b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nsick",
    "/missing": b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    "/chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    "/head": b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n",
    "/early": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "/large": b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + bytes(1_000_000),
    "/bye": b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbye",
    "/endless": b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "/half": b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
    "/garbage": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "/close": b"",
}
CLOSED_AFTER = {"/bye", "/endless", "/half", "/garbage", "/close"}


@dataclass
class Seen:
    """What reached the server."""

    ids: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0


class Manners(asyncio.Protocol):
    """Answers by path; `/hang` never, `/reset` with an RST, `/once` answers one request per connection and
    closes when the next one comes."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.data = b""
        self.answered = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.seen.connections += 1

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            lines = self.data[:end].decode("latin-1").split("\r\n")
            headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            total = end + 4 + int(headers.get("content-length", 0))
            if len(self.data) < total:
                return
            self.seen.bodies.append(self.data[end + 4 : total])
            self.data = self.data[total:]
            self.seen.headers.append(headers)
            self.seen.ids.append(headers["x-request-id"])
            self.answer(lines[0].split(" ")[1])

    def answer(self, path: str) -> None:
        self.answered += 1
        if path == "/hang":
            return
        if path == "/reset":
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
        elif path == "/once" and self.answered > 1:
            self.transport.close()
        else:
            self.transport.write(ANSWERS.get(path, OK))
            if path in CLOSED_AFTER:
                self.transport.close()


@asynccontextmanager
async def server() -> AsyncIterator[tuple[str, Seen]]:
    """The server's url, and what it has seen."""
    seen = Seen()
    listening = await asyncio.get_running_loop().create_server(
        lambda: Manners(seen), "127.0.0.1", 0, backlog=4096
    )
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", seen
    finally:
        listening.close()


@dataclass
class Spawned:
    """Starts programs as the keeper would, and reaps them."""

    processes: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def __call__(self, _: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> int:
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *argv, env={**os.environ, **env}, stdout=file, stderr=file
            )
        self.processes.append(process)
        return process.pid


@dataclass
class Bench:
    """A generator that runs, and the server it may load. `sent`: requests by the epoch second in which they were sent."""

    load: LoadProcess
    url: str
    seen: Seen
    spawned: Spawned
    sent: Counter[int] = field(default_factory=Counter)

    def stream(self, *requests: RequestSpec, id: int = 1, rate: float = 200, **more: Any) -> Stream:  # noqa: A002
        return Stream(id, f"stream{id}", self.url, "front.local", requests or (RequestSpec(),), rate, **more)

    async def begin(self, stream: Stream) -> tuple[Running, list[Record]]:
        records: list[Record] = []
        return await self.load.begin(stream, records.extend, self._count), records

    async def run(self, stream: Stream) -> tuple[StreamReport, list[Record]]:
        running, records = await self.begin(stream)
        return await running.done(), records

    def _count(self, sent: Sent) -> None:
        for second, count in sent:
            self.sent[second] += count


def with_load(
    folder: Path,
    scenario: Callable[[Bench], Awaitable[None]],
    load: LoadProcess | None = None,
    spawned: Spawned | None = None,
) -> None:
    """Runs a scenario against a fresh generator and a fresh server; nothing is left afterwards."""

    async def main() -> None:
        spawn = spawned or Spawned()
        generator = load or LoadProcess()
        async with server() as (url, seen):
            await generator.start(spawn, folder, "test")
            try:
                await scenario(Bench(generator, url, seen, spawn))
            finally:
                await generator.close()
        for process in spawn.processes:
            assert await process.wait() is not None

    asyncio.run(asyncio.wait_for(main(), 120))


def quit_with(words: str) -> list[str]:
    """A program that says something and fails."""
    return [sys.executable, "-c", f"import sys; print({words!r}); sys.exit(3)"]
