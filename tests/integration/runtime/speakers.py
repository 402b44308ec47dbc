"""A stand-in `front` that calls `leaf` in every protocol, both listening in all of them; and plain clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes

from chaosmesh.runtime import Keeper, new_run, probe
from chaosmesh.services import message
from chaosmesh.services.config import StandIn
from tests.integration.patience import PATIENCE

TOKEN = "t0ken"
PORTS = {"http": 8080, "http2": 8081, "grpc": 8082, "tcp": 8083}
SCHEMES = {"http": "http", "http2": "h2", "grpc": "grpc", "tcp": "tcp"}


class Speakers:
    """Where the stand-ins listen, and how to ask them."""

    def __init__(self, subnet: str) -> None:
        self.hosts = {"front": f"{subnet}.32.1", "leaf": f"{subnet}.32.2"}

    def standin(self, node: str, protocols: Iterable[str] = PORTS) -> StandIn:
        listen = tuple((self.hosts[node], port, protocol) for protocol, port in PORTS.items())
        urls = [(f"{one}.local", f"{SCHEMES[one]}://{self.hosts['leaf']}:{PORTS[one]}") for one in protocols]
        return StandIn(node, "v1", listen=listen, calls=tuple(urls) if node == "front" else (), token=TOKEN)

    async def connect(
        self, protocol: str, node: str = "front"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.hosts[node], PORTS[protocol], limit=1 << 22)

    async def http(self, node: str = "front", path: str = "/x", **headers: str) -> tuple[int, Any]:
        status, body = await probe.request(
            "GET", self.hosts[node], PORTS["http"], path, dashed(headers), within=PATIENCE
        )
        return status, json.loads(body)

    async def http2(self, node: str = "front", path: str = "/x", **headers: str) -> tuple[int, Any]:
        async with self.h2(node) as one:
            status, body, _ = await one.answer(one.ask(path, **headers))
        return status, json.loads(body) if body else None

    @asynccontextmanager
    async def h2(
        self, node: str = "front", protocol: str = "http2", window: int | None = None
    ) -> AsyncIterator[H2]:
        reader, writer = await self.connect(protocol, node)
        try:
            yield H2(reader, writer, window)
        finally:
            writer.close()

    async def grpc(
        self, node: str = "front", method: str = "/any.Service/Method", payload: bytes = b"", **metadata: str
    ) -> dict[str, Any]:
        async with grpc.aio.insecure_channel(f"{self.hosts[node]}:{PORTS['grpc']}") as channel:
            request = message.encode("Request", {"payload": payload})
            answer = await channel.unary_unary(method)(
                request, metadata=tuple(dashed(metadata).items()), timeout=30
            )
        return message.decode("Answer", answer)

    async def code(self, node: str = "front", **metadata: str) -> str:
        """The name of the code of a failing call."""
        try:
            await self.grpc(node, **metadata)
        except grpc.aio.AioRpcError as error:
            return str(error.code().name)
        return "OK"

    async def tcp(self, data: bytes, node: str = "front", *, end: bool = True) -> bytes:
        """Everything that comes back; `end`: half-closes after what is sent."""
        reader, writer = await self.connect("tcp", node)
        writer.write(data)
        if end:
            writer.write_eof()
        got = await asyncio.wait_for(reader.read() if end else reader.readline(), 30)
        writer.close()
        return got


class H2:
    """A client of one HTTP/2 connection; it opens windows only as far as it is told."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int | None
    ) -> None:
        self.reader, self.writer = reader, writer
        self.state = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.seen: list[events.Event] = []
        self.state.initiate_connection()
        if window is not None:
            self.state.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.flush()

    def flush(self) -> None:
        self.writer.write(self.state.data_to_send())

    def ask(self, path: str = "/x", method: str = "GET", body: bytes = b"", **headers: str) -> int:
        stream = self.state.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":authority", "a"), (":path", path)]
        self.state.send_headers(stream, [*fields, *dashed(headers).items()], end_stream=not body)
        if body:
            self.state.send_data(stream, body, end_stream=True)
        self.flush()
        return stream

    async def until(self, kind: type[events.Event], stream: int) -> events.Event:
        """The next event of a kind on a stream; EOFError when the connection ends before."""
        while True:
            for event in self.seen:
                if isinstance(event, kind) and event.stream_id == stream:  # type: ignore[attr-defined]
                    self.seen.remove(event)
                    return event
            try:
                data = await asyncio.wait_for(self.reader.read(1 << 16), 30)
            except ConnectionResetError:
                data = b""  # what was still on its way to the other side decides between the two ends
            if not data:
                raise EOFError("the connection ended")
            self.seen += self.state.receive_data(data)
            self.flush()

    async def answer(self, stream: int) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of a whole answer."""
        await self.until(events.StreamEnded, stream)
        mine = [one for one in self.seen if getattr(one, "stream_id", 0) == stream]
        headers = next(dict(one.headers) for one in mine if isinstance(one, events.ResponseReceived))
        data = b"".join(one.data for one in mine if isinstance(one, events.DataReceived))
        return int(headers[":status"]), data, headers


Use = Callable[[Speakers], Awaitable[None]]
Talk = Callable[..., None]


@asynccontextmanager
async def speakers(folder: Path, subnet: str, protocols: Iterable[str] = PORTS) -> AsyncIterator[Speakers]:
    """Both stand-ins run; `front` calls `leaf` in the protocols given."""
    one = Speakers(subnet)
    keeper = await Keeper.start(new_run(), folder)
    try:
        for node in one.hosts:
            await keeper.fork_standin(node, one.standin(node, protocols), log=folder / f"{node}.log")
        for host in one.hosts.values():
            for port in PORTS.values():
                await probe.until(host, lambda host=host, port=port: probe.accepts(host, port), within=30)
        yield one
    finally:
        await keeper.close()


def dashed(fields: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in fields.items()}
