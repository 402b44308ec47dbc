"""How a stand-in calls its backends: over kept connections to its own sidecar, passing context headers on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from yarl import URL

PASSED_ON = (
    "x-request-id",
    "x-chaosmesh-lineage",
    "x-standin",
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to. `body` is JSON or empty; status 502 also when the own sidecar can't be reached."""

    service: str
    status: int
    body: bytes

    def as_json(self) -> bytes:
        """One element of `calls`."""
        head = f'{{"service":{json.dumps(self.service)},"status":{self.status}'.encode()
        return head + b',"answer":' + self.body + b"}" if self.body else head + b"}"


@dataclass(frozen=True, slots=True)
class _Backend:
    service: str
    host: str
    base: URL
    own_path: bool


class Backends:
    """Kept connections to every backend's egress address."""

    def __init__(self, calls: tuple[tuple[str, str], ...]) -> None:
        self._backends = tuple(_backend(service, url) for service, url in calls)
        self._session: aiohttp.ClientSession | None = None

    async def call(self, request: web.BaseRequest) -> tuple[Outcome, ...]:
        """Calls all of them at once; outcomes in the order of the configuration."""
        body = await request.read() if request.can_read_body else None
        if len(self._backends) == 1:
            return (await self._call(self._backends[0], request, body),)
        return tuple(await asyncio.gather(*(self._call(one, request, body) for one in self._backends)))

    async def _call(self, backend: _Backend, request: web.BaseRequest, body: bytes | None) -> Outcome:
        url = backend.base if backend.own_path else backend.base.join(request.rel_url)
        headers = {name: value for name in PASSED_ON if (value := request.headers.get(name)) is not None}
        headers["host"] = backend.host
        if body is not None and (kind := request.headers.get("content-type")):
            headers["content-type"] = kind
        session = self._session or self._open()
        try:
            async with session.request(
                request.method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                data = await response.read()
                is_json = response.headers.get("content-type", "").startswith("application/json")
                return Outcome(backend.service, response.status, data if is_json else b"")
        except (aiohttp.ClientError, OSError) as error:
            return Outcome(backend.service, 502, json.dumps({"error": str(error)}).encode())

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=3600, use_dns_cache=False),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=10),
            auto_decompress=False,
            skip_auto_headers=("user-agent", "accept", "accept-encoding", "content-type"),
        )
        return self._session


def _backend(service: str, url: str) -> _Backend:
    base = URL(url)
    return _Backend(service, service, base, base.path not in ("", "/"))
