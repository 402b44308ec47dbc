"""Calls over HTTP/1.1."""

from __future__ import annotations

import aiohttp
from yarl import URL

from chaosmesh.services import framing, message
from chaosmesh.services.answers import Outcome
from chaosmesh.services.asking import Ask


class Http1Caller:
    """Kept connections to one backend."""

    def __init__(self, service: str, url: URL) -> None:
        self._service = service
        self._base = str(url.origin())
        self._own = url if url.path not in ("", "/") else None
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, ask: Ask, body: bytes) -> Outcome:
        """One call; OSError when nothing was answered."""
        method, target, sent = as_http(ask, body)
        headers = {**ask.context(), "host": self._service}
        if sent and not ask.is_grpc and (kind := ask.headers.get("content-type")):
            headers["content-type"] = kind
        url = self._own or URL(self._base + target, encoded=True)
        session = self._session or self._open()
        try:
            async with session.request(
                method, url, headers=headers, data=sent or None, allow_redirects=False
            ) as response:
                data = await response.read()
                is_json = response.headers.get("content-type", "").startswith("application/json")
                return Outcome(self._service, response.status, data if is_json else b"")
        except aiohttp.ClientError as problem:
            raise ConnectionError(str(problem)) from problem

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=3600, use_dns_cache=False),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=10),
            auto_decompress=False,
            skip_auto_headers=("user-agent", "accept", "accept-encoding", "content-type"),
        )
        return self._session


def as_http(ask: Ask, body: bytes) -> tuple[str, str, bytes]:
    """Method, path with query, and body of a call over HTTP that a request in any protocol causes."""
    if not ask.is_grpc:
        return ask.method, ask.target if ask.target.startswith("/") else "/", body
    try:
        payload = bytes(message.decode("Request", framing.message_in(body) or b"")["payload"])
    except ValueError:
        payload = b""
    return "POST" if payload else "GET", ask.target, payload
