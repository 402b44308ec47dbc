"""Calls over HTTP/2 with prior knowledge."""

from __future__ import annotations

from yarl import URL

from chaosmesh.services.answers import Outcome
from chaosmesh.services.asking import Ask
from chaosmesh.services.caller_http1 import as_http
from chaosmesh.services.http2_client import Http2Client


class Http2Caller:
    """Kept connections to one backend, shared by all calls."""

    def __init__(self, service: str, url: URL) -> None:
        self._service = service
        self._own = url.raw_path_qs if url.path not in ("", "/") else ""
        self._client = Http2Client(url.host or "", url.port or 0)

    async def __call__(self, ask: Ask, body: bytes) -> Outcome:
        """One call; OSError when nothing was answered."""
        method, target, sent = as_http(ask, body)
        headers = [
            (":method", method),
            (":scheme", "http"),
            (":authority", self._service),
            (":path", self._own or target),
            *ask.context().items(),
        ]
        if sent and not ask.is_grpc and (kind := ask.headers.get("content-type")):
            headers.append(("content-type", kind))
        answer = await self._client.request(headers, sent)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return Outcome(self._service, answer.status, answer.body if is_json else b"")
