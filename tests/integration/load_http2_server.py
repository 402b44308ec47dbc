"""An HTTP/2 server with good and bad manners."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.settings import SettingCodes, Settings

LARGE = 5_000_000


@dataclass
class Seen2:
    """What reached the server; `open` is set when answers to `/hold` may leave."""

    ids: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    resets: list[int] = field(default_factory=list)
    together: int = 0
    connections: int = 0
    resumed: int = 0
    pinged: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    wanted: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def everything(self, count: int) -> None:
        """Returns when so many requests have come."""
        self.wanted = count
        if len(self.ids) < count:
            await asyncio.wait_for(self.came.wait(), 30)


class Manners2(asyncio.Protocol):
    """Answers by path; `limit` is how many streams it takes at once."""

    def __init__(self, seen: Seen2, limit: int) -> None:
        self.seen = seen
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.local_settings = Settings(
            client=False, initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: limit}
        )
        self.paths: dict[int, str] = {}
        self.bodies: dict[int, bytes] = {}
        self.unsent: dict[int, bytes] = {}
        self.held: list[asyncio.Task[None]] = []
        self.answered = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.seen.connections += 1
        tls = transport.get_extra_info("ssl_object")
        self.seen.resumed += bool(tls and tls.session_reused)
        self.h2.initiate_connection()
        self.h2.ping(b"are you?")
        self.flush()

    def connection_lost(self, _: Exception | None) -> None:
        for task in self.held:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, events.RequestReceived):
                fields = dict(event.headers)
                self.seen.headers.append(fields)
                self.seen.ids.append(fields["x-request-id"])
                if len(self.seen.ids) == self.seen.wanted:
                    self.seen.came.set()
                self.paths[event.stream_id] = fields[":path"]
                self.bodies[event.stream_id] = b""
                self.seen.together = max(self.seen.together, len(self.paths))
            elif isinstance(event, events.DataReceived):
                self.bodies[event.stream_id] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, events.StreamEnded):
                self.seen.bodies.append(self.bodies.pop(event.stream_id))
                self.answer(event.stream_id, self.paths[event.stream_id])
            elif isinstance(event, events.StreamReset):
                self.seen.resets.append(int(event.error_code))
                self.paths.pop(event.stream_id, None)
            elif isinstance(event, events.WindowUpdated):
                self.send_bodies()
            elif isinstance(event, events.PingAckReceived):
                self.seen.pinged += 1
            if self.transport.is_closing():
                return
        self.flush()

    def answer(self, stream: int, path: str) -> None:
        self.answered += 1
        if path == "/hang":
            return
        if path == "/hold":
            self.held.append(asyncio.create_task(self.later(stream)))
        elif path == "/reset":
            self.refuse(stream, ErrorCodes.INTERNAL_ERROR)
        elif path == "/refused" or (path == "/refused-once" and self.seen.ids.count(self.seen.ids[-1]) == 1):
            self.refuse(stream, ErrorCodes.REFUSED_STREAM)
        elif path == "/close":
            self.transport.close()
        elif path == "/abort":
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
        elif path == "/once" and self.answered > 1:
            self.transport.close()
        elif path == "/garbage":
            self.transport.write(b"\xff" * 100)
        elif path == "/goodbye":
            self.goodbye(0x7FFFFFFF, 0)  # what is under way is still answered
            self.reply(stream, "200", b"bye")
        elif path == "/calm":
            self.goodbye(0, int(ErrorCodes.ENHANCE_YOUR_CALM))
            self.flush()
            self.transport.close()
        elif path == "/early":
            self.h2.send_headers(stream, [(":status", "103"), ("link", "</x>")])
            self.reply(stream, "200", b"ok")
        elif path == "/head":
            self.paths.pop(stream)
            self.h2.send_headers(stream, [(":status", "200"), ("content-length", "500")], end_stream=True)
        else:
            status = {"/broken": "503", "/missing": "404"}.get(path, "200")
            self.reply(stream, status, bytes(LARGE) if path == "/large" else b"ok")

    async def later(self, stream: int) -> None:
        await self.seen.open.wait()
        self.reply(stream, "200", b"ok")
        self.flush()

    def refuse(self, stream: int, code: ErrorCodes) -> None:
        self.paths.pop(stream)
        self.h2.reset_stream(stream, code)

    def goodbye(self, last: int, code: int) -> None:
        """The library would end the connection, so the frame is made by hand."""
        self.flush()
        self.transport.write(b"\0\0\x08\x07\0\0\0\0\0" + struct.pack(">II", last, code))

    def reply(self, stream: int, status: str, body: bytes) -> None:
        self.h2.send_headers(stream, [(":status", status), ("content-length", str(len(body)))])
        self.unsent[stream] = body
        self.send_bodies()

    def send_bodies(self) -> None:
        for stream, body in list(self.unsent.items()):
            while body:
                room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
                if not room:
                    break
                self.h2.send_data(stream, body[:room], end_stream=room >= len(body))
                body = body[room:]
            self.unsent[stream] = body
            if not body:
                del self.unsent[stream]
                self.paths.pop(stream, None)

    def flush(self) -> None:
        self.transport.write(self.h2.data_to_send())


@asynccontextmanager
async def server2(
    *, limit: int = 1_000, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, Seen2]]:
    """The server's url, and what it has seen."""
    seen = Seen2()
    listening = await asyncio.get_running_loop().create_server(
        lambda: Manners2(seen, limit), "127.0.0.1", 0, backlog=4096, ssl=tls
    )
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", seen
    finally:
        listening.close()
