"""The stand-in over TCP: a line in, the answer as a line of JSON out, then an echo.

The line is empty, a plan (`weather=hang`, see `plan`), or a JSON object of headers, which is how stand-ins pass
theirs on. Any other line asks for nothing in particular; a
malformed plan is answered with its error. The answer is the same document as over HTTP, with a
`status` where that isn't 200: TCP has no other place for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable

from chaosmesh.services.asking import PASSED_ON, Ask, nothing
from chaosmesh.services.service import Service

LONGEST_LINE = 1 << 14  # bytes
CHUNK = 1 << 16
PLAN = re.compile(r"[^\s={},]+\s*=\s*[a-z_]+\s*([:;,]|$)")


class Tcp(asyncio.StreamReaderProtocol):
    """One connection of a client."""

    def __init__(self, service: Service) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(asyncio.StreamReader(LONGEST_LINE, loop), self._begin, loop)
        self._service = service
        self._work: asyncio.Task[None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """What its client gave up on is not worked on."""
        super().connection_lost(exc)
        if self._work is not None:
            self._work.cancel()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._work = asyncio.get_running_loop().create_task(_guarded(self._serve, reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readuntil()
        except asyncio.IncompleteReadError as early:
            line = early.partial  # the client has said all it will say, and may still listen
        except asyncio.LimitOverrunError:
            line = b""  # no line: it is echoed as it comes
        ask = Ask("GET", "", headers_in(line), nothing)
        reply = await self._service.answer(ask)
        if reply.cut == "hang":
            while await reader.read(CHUNK):
                pass
        if reply.cut is not None:
            return
        writer.write(_with_status(self._service.as_json(ask, reply), reply.status) + b"\n")
        await writer.drain()
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()


def headers_in(line: bytes) -> dict[str, str]:
    """What the first line asks for, as headers."""
    text = line.decode(errors="replace").strip()
    if PLAN.match(text):
        return {"x-standin": text}
    try:
        told = json.loads(text) if text.startswith("{") else {}
    except (ValueError, RecursionError):
        return {}
    return {name: told[name] for name in PASSED_ON if isinstance(told.get(name), str)}


def _with_status(answer: bytes, status: int) -> bytes:
    return answer if status == 200 else answer[:-1] + b',"status":%d}' % status


async def _guarded(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    try:
        with contextlib.suppress(OSError):
            await serve(reader, writer)
    finally:
        writer.close()
