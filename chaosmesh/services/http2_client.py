"""Requests over kept HTTP/2 connections to one address."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field

from h2 import events
from h2.errors import ErrorCodes

from chaosmesh.services.http2_link import Headers, Link, ProtocolError, text

CONNECT_TIMEOUT = 10.0  # seconds
TRIES = 3  # of a request that a leaving server did not take


class NotTakenError(ConnectionError):
    """The server never looked at the request: it may be sent again."""


@dataclass(slots=True)
class Answer:
    """`headers` holds those of the trailers too."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Http2Client:
    """As many connections as the server's limit of streams asks for; opened at the first request."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._links: list[_ClientLink] = []
        self._opening = asyncio.Lock()

    async def request(self, headers: Headers, body: bytes = b"") -> Answer:
        """The whole answer to one request; OSError when there is none."""
        fields = list(headers)
        for left in itertools.count(TRIES - 1, -1):
            try:
                return await (self._free() or await self._open()).request(fields, body)
            except NotTakenError:
                if not left:
                    raise
        raise AssertionError("the loop ends by an answer or an error")

    def _free(self) -> _ClientLink | None:
        self._links = [one for one in self._links if not one.gone]
        return next((one for one in self._links if one.room > 0), None)

    async def _open(self) -> _ClientLink:
        async with self._opening:  # those that wait share the connection of the first
            if (link := self._free()) is not None:
                return link
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, link = await asyncio.get_running_loop().create_connection(
                    _ClientLink, self._host, self._port
                )
                await link.greeted  # it may bring a limit of streams
            self._links.append(link)
            return link


class _ClientLink(Link):
    """Side of the client. `gone`: takes no more requests."""

    def __init__(self) -> None:
        super().__init__(client=True)
        self.gone = False
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting: dict[int, tuple[Answer, asyncio.Future[Answer]]] = {}

    @property
    def room(self) -> int:
        """Streams that may still be opened."""
        return self.h2.remote_settings.max_concurrent_streams - len(self._waiting)

    async def request(self, headers: Headers, body: bytes) -> Answer:
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        try:
            stream = self.h2.get_next_available_stream_id()
            self.send(stream, headers, body)
        except ProtocolError as problem:
            self._leave()
            raise NotTakenError(str(problem)) from problem
        self._waiting[stream] = (Answer(), done)
        try:
            return await done
        except asyncio.CancelledError:
            self._cancel(stream)
            raise
        finally:
            self._waiting.pop(stream, None)
            if self.gone and not self._waiting:
                self.close()

    def happened(self, event: events.Event) -> None:
        """An event of an answer."""
        if isinstance(event, events.ResponseReceived | events.TrailersReceived):
            answer, _ = self._waiting.get(event.stream_id, (Answer(), None))
            fields = text(event.headers)
            answer.status = int(fields.pop(":status", answer.status))
            answer.headers |= fields
        elif isinstance(event, events.DataReceived):
            if event.stream_id in self._waiting:
                self._waiting[event.stream_id][0].body += event.data
        elif isinstance(event, events.StreamEnded):
            if event.stream_id in self._waiting:
                answer, done = self._waiting[event.stream_id]
                if not done.done():
                    done.set_result(answer)
        elif isinstance(event, events.RemoteSettingsChanged):
            if not self.greeted.done():
                self.greeted.set_result(None)
        elif isinstance(event, events.StreamReset):
            self._fail(event.stream_id, ConnectionError(f"the stream was reset: {_reason(event)}"))

    def leaving(self, last_stream: int) -> None:
        """Streams above `last_stream` were not looked at; the others will still be answered."""
        self.gone = True
        for stream in [one for one in self._waiting if one > last_stream]:
            self._fail(stream, NotTakenError("the server took no more requests on this connection"))
        if not self._waiting:
            self.close()

    def eof_received(self) -> None:
        """The end comes; no request may be sent into it."""
        self.gone = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends every request that waits."""
        super().connection_lost(exc)
        self.gone = True
        problem = f"the connection was closed without an answer: {exc or 'end'}"
        if not self.greeted.done():
            self.greeted.set_exception(ConnectionError(problem))
        for stream in list(self._waiting):
            self._fail(stream, ConnectionError(problem))

    def _leave(self) -> None:
        self.gone = True
        if not self._waiting:
            self.close()

    def _fail(self, stream: int, problem: OSError) -> None:
        _, done = self._waiting.get(stream, (None, None))
        if done is not None and not done.done():
            done.set_exception(problem)

    def _cancel(self, stream: int) -> None:
        self.forget(stream)
        try:
            self.h2.reset_stream(stream, ErrorCodes.CANCEL)
        except ProtocolError:
            return  # it had just ended
        self.flush()


def _reason(event: events.StreamReset) -> str:
    code = event.error_code
    return code.name if isinstance(code, ErrorCodes) else str(code)
