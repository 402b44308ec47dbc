"""Spans on to the user's own collector: never waited for, and what can't be sent is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from chaosmesh.documents.tracing_part import Address
from chaosmesh.envoy import otlp, xray
from chaosmesh.envoy.tracing import Provider

WAITING: Final = 64 << 20
"""Bytes of messages that wait to be sent; more are dropped."""
AT_ONCE: Final = 1 << 20
"""Bytes of messages that are sent together; collectors take 4 MB."""
PATIENCE: Final = 5.0
"""Seconds for one export."""
LAST: Final = 3.0
"""Seconds for what waits when the run ends."""

Send = Callable[[bytes], Awaitable[bytes]]


class Collector:
    """Takes messages of tracers with `offer`. `sent` and `dropped` count spans; `trouble` is the last error."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.sent = self.dropped = 0
        self.trouble = ""
        self._queue: asyncio.Queue[tuple[Provider, bytes]] = asyncio.Queue()
        self._held = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to send what is offered."""
        self._task = asyncio.create_task(self._run())

    def offer(self, provider: Provider, message: bytes) -> None:
        """Send this too, when there is time; returns at once."""
        if self._held + len(message) > WAITING:
            self._drop([(provider, message)], "it takes them too slowly")
            return
        self._held += len(message)
        self._queue.put_nowait((provider, message))

    async def close(self) -> None:
        """Sends what waits, for a few seconds; the rest is dropped."""
        if self._task is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), LAST)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._drop(self._waiting(WAITING), self.trouble or "the run was over")

    def note(self) -> str:
        """What to tell of it at the end, in one line."""
        said = f"traces: {self.sent:,} spans went to {self.address}"
        if self.dropped:
            said += f", {self.dropped:,} were dropped: {self.trouble}"
        return said

    async def _run(self) -> None:
        send, close = await (_grpc(self.address) if self.address.over == "grpc" else _http(self.address))
        try:
            while True:
                first = await self._queue.get()
                batch = [first, *self._waiting(AT_ONCE - len(first[1]))]
                try:
                    await self._export(send, batch)
                except asyncio.CancelledError:
                    self._drop(batch, self.trouble or "the run was over")
                    raise
                finally:
                    for _, message in batch:
                        self._held -= len(message)
                        self._queue.task_done()
        finally:
            await close()

    async def _export(self, send: Send, batch: list[tuple[Provider, bytes]]) -> None:
        message, number = _merged(batch)
        if not number:
            return
        try:
            refused, why = otlp.refused(await send(message))
        except Exception as error:  # noqa: BLE001 - whatever a collector does, the run goes on
            self.dropped += number
            self.trouble = _words(error)
            return
        self.sent += number - refused
        if refused:
            self.dropped += refused
            self.trouble = why or "it refused them"

    def _waiting(self, most: int) -> list[tuple[Provider, bytes]]:
        """What waits, in all so many bytes, and the one that goes beyond."""
        found: list[tuple[Provider, bytes]] = []
        while most > 0 and not self._queue.empty():
            found.append(self._queue.get_nowait())
            most -= len(found[-1][1])
        return found

    def _drop(self, batch: list[tuple[Provider, bytes]], why: str) -> None:
        if number := _merged(batch)[1]:
            self.dropped += number
            self.trouble = why


def _merged(batch: list[tuple[Provider, bytes]]) -> tuple[bytes, int]:
    """One export of several messages, and how many spans it holds. Exports are lists: put one behind the other they
    are one."""
    whole = b"".join(message for provider, message in batch if provider == "otel")
    segments = []
    for provider, message in batch:
        with suppress(ValueError):
            if provider == "xray" and (one := xray.segment(message)):
                segments.append(one)
    if segments:
        whole += otlp.export(segments)
    try:
        return whole, otlp.count(whole)
    except ValueError:
        return b"", 0


async def _grpc(address: Address) -> tuple[Send, Callable[[], Awaitable[Any]]]:
    from chaosmesh.envoy.rpc import grpc

    if address.secure:
        channel = grpc.aio.secure_channel(str(address), grpc.ssl_channel_credentials())
    else:
        channel = grpc.aio.insecure_channel(str(address))
    export = channel.unary_unary(otlp.METHOD)

    async def send(message: bytes) -> bytes:
        answer: bytes = await export(message, timeout=PATIENCE)
        return answer

    return send, channel.close


async def _http(address: Address) -> tuple[Send, Callable[[], Awaitable[Any]]]:
    import aiohttp

    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))

    async def send(message: bytes) -> bytes:
        headers = {"content-type": "application/x-protobuf"}
        async with session.post(address.url, data=message, headers=headers) as answer:
            body = await answer.read()
            answer.raise_for_status()
            is_protobuf = answer.content_type == "application/x-protobuf"
            return body if is_protobuf else b""

    return send, session.close


def _words(error: Exception) -> str:
    details = getattr(error, "details", None)
    if callable(details):  # gRPC's: its text is many lines
        return f"{error.code().name} {details() or ''}".strip()  # type: ignore[attr-defined]
    return (str(error) or type(error).__name__).partition("\n")[0]
