"""Calls over gRPC."""

from __future__ import annotations

from yarl import URL

from chaosmesh.services import codes, framing, message
from chaosmesh.services.answers import Outcome
from chaosmesh.services.asking import Ask
from chaosmesh.services.http2_client import Http2Client


class GrpcCaller:
    """Kept connections to one backend, shared by all calls."""

    def __init__(self, service: str, url: URL) -> None:
        self._service = service
        self._own = url.raw_path if url.path not in ("", "/") else ""
        self._client = Http2Client(url.host or "", url.port or 0)

    async def __call__(self, ask: Ask, body: bytes) -> Outcome:
        """One call of a method with one message; OSError when nothing was answered."""
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", self._service),
            (":path", self._own or (ask.target if ask.is_grpc else message.METHOD)),
            ("content-type", framing.CONTENT_TYPE),
            ("te", "trailers"),
            *ask.context().items(),
        ]
        answer = await self._client.request(headers, framing.framed(_request(ask, body)))
        code = framing.code_of(answer.headers, answer.status)
        got = framing.message_in(answer.body) if code == codes.OK else None
        return Outcome(self._service, codes.to_http(code), got or b"", code, is_message=got is not None)


def _request(ask: Ask, body: bytes) -> bytes:
    """A message of a gRPC client goes on as it came; another body becomes the payload of a `Request`."""
    if ask.is_grpc:
        return framing.message_in(body) or b""
    return message.encode("Request", {"payload": body})
