"""The stand-in over HTTP/2 with prior knowledge, and over gRPC, which is what a request's content type says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from h2 import events
from h2.errors import ErrorCodes

from chaosmesh.services import codes, framing
from chaosmesh.services.asking import BODY_LIMIT, Ask
from chaosmesh.services.http2_link import Link, ProtocolError, text
from chaosmesh.services.service import Reply, Service

TOO_LARGE = Reply(413, codes.RESOURCE_EXHAUSTED, error=f"the body is larger than {BODY_LIMIT} bytes")
BODILESS = (204, 304)


@dataclass(slots=True)
class _Request:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)
    too_large: bool = False
    task: asyncio.Task[None] | None = None

    async def read(self) -> bytes:
        return bytes(self.body)


class Http2(Link):
    """One connection of a client."""

    def __init__(self, service: Service) -> None:
        super().__init__(client=False)
        self._service = service
        self._requests: dict[int, _Request] = {}

    def happened(self, event: events.Event) -> None:
        """An event of a request; it is answered when it has come as a whole."""
        if isinstance(event, events.RequestReceived):
            self._requests[event.stream_id] = _Request(text(event.headers))
        elif isinstance(event, events.DataReceived):
            self._collect(event.stream_id, event.data)
        elif isinstance(event, events.StreamEnded):
            request = self._requests.get(event.stream_id)
            if request is not None:
                request.task = asyncio.get_running_loop().create_task(self._answer(event.stream_id, request))
        elif isinstance(event, events.StreamReset):
            _cancel(self._requests.pop(event.stream_id, None))

    def connection_lost(self, exc: Exception | None) -> None:
        """What its client gave up on is not worked on."""
        super().connection_lost(exc)
        for request in self._requests.values():
            _cancel(request)
        self._requests.clear()

    def _collect(self, stream: int, data: bytes) -> None:
        request = self._requests.get(stream)
        if request is None or request.too_large:
            return
        request.body += data
        if len(request.body) > BODY_LIMIT:
            request.too_large = True
            request.body.clear()

    async def _answer(self, stream: int, request: _Request) -> None:
        headers = request.headers
        is_grpc = framing.is_grpc(headers)
        target = headers.get(":path", "/")
        ask = Ask(headers.get(":method", "GET"), target, headers, request.read, is_grpc)
        try:
            if is_grpc and target.startswith(framing.HEALTH):
                self._answer_health(stream, target.removeprefix(framing.HEALTH), headers)
            elif self._service.refuses(headers):
                self._send_body(stream, ask, 503, "text/plain; charset=utf-8", b"not healthy")
            elif target.partition("?")[0] == "/ping" and not is_grpc:
                self._send_body(stream, ask, 200, "text/plain; charset=utf-8", b"pong")
            else:
                reply = TOO_LARGE if request.too_large else await self._service.answer(ask)
                await self._reply(stream, ask, reply)
        except ProtocolError:
            return  # the stream ended in between
        finally:
            self._requests.pop(stream, None)

    async def _reply(self, stream: int, ask: Ask, reply: Reply) -> None:
        if reply.cut == "hang":
            await asyncio.get_running_loop().create_future()  # ends by cancellation, when the client leaves
        elif reply.cut == "close":
            self.close()
        elif reply.cut == "refuse":
            self.h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
            self.flush()
        elif not ask.is_grpc:
            self._send_body(stream, ask, reply.status, "application/json", self._service.as_json(ask, reply))
        elif reply.code == codes.OK:
            self._send_message(stream, self._service.as_message(ask, reply))
        else:
            self._send_end(stream, reply.code, reply.error or self._blame(reply))

    def _blame(self, reply: Reply) -> str:
        node = self._service.config.node
        failed = next((one.service for one in reply.outcomes if one.status >= 400), None)
        return f"{node}: {failed} failed" if failed else f"{node}: as x-standin says"

    def _send_body(self, stream: int, ask: Ask, status: int, kind: str, body: bytes) -> None:
        headers = [(":status", str(status))]
        if status not in BODILESS:
            headers += [("content-type", kind), ("content-length", str(len(body)))]
        bodiless = status in BODILESS or ask.method == "HEAD"
        self.send(stream, headers, b"" if bodiless else body)

    def _send_message(self, stream: int, message: bytes) -> None:
        headers = [(":status", "200"), ("content-type", framing.CONTENT_TYPE)]
        self.send(stream, headers, framing.framed(message), framing.trailers(codes.OK))

    def _send_end(self, stream: int, code: int, why: str) -> None:
        """Headers that are trailers at once: only so a sidecar sees a failure in time to try again."""
        headers = [(":status", "200"), ("content-type", framing.CONTENT_TYPE)]
        self.send(stream, headers + framing.trailers(code, why))

    def _answer_health(self, stream: int, method: str, headers: dict[str, str]) -> None:
        if method == "Check":
            self._send_message(
                stream, framing.NOT_SERVING if self._service.refuses(headers) else framing.SERVING
            )
        else:
            self._send_end(stream, codes.UNIMPLEMENTED, f"health has no method {method} here")


def _cancel(request: _Request | None) -> None:
    if request is not None and request.task is not None:
        request.task.cancel()
