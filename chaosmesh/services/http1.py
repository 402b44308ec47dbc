"""The stand-in over HTTP/1.1, and the way in which every stand-in is configured."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Final

from aiohttp import web

from chaosmesh.errors import UsageError
from chaosmesh.services.asking import Ask
from chaosmesh.services.asking import nothing as no_body
from chaosmesh.services.service import Reply, Service

CONFIG_PATH: Final = "/.chaosmesh/config"
TOKEN_HEADER: Final = "x-chaosmesh-token"  # noqa: S105 -- the name of the header, not a token
IDLE = (
    7200.0  # seconds; longer than any sidecar keeps a connection, so that only the sidecar closes idle ones
)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Http1:
    """Handlers of requests over HTTP/1.1."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def server(self) -> web.Server:
        """Answers every method and path."""
        return _server(self.handle)

    def control(self, protocol: str) -> web.Server:
        """What is left of HTTP/1.1 on a listener of another protocol: the configuration."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if request.path == CONFIG_PATH:
                return await self._configure(request)
            return web.json_response({"error": f"this port speaks {protocol}, not HTTP/1.1"}, status=505)

        return _server(handle)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        path = request.path
        if self._service.refuses(request.headers):
            return web.Response(status=503, text="not healthy")
        if path == "/ping":
            return web.Response(text="pong")
        if path == CONFIG_PATH:
            return await self._configure(request)
        read = request.read if request.can_read_body else no_body
        ask = Ask(request.method, request.path_qs, request.headers, read)
        reply = await self._service.answer(ask)
        if reply.cut is not None:
            return await _cut(request, reply)
        body = self._service.as_json(ask, reply)
        return web.Response(body=body, status=reply.status, content_type="application/json")

    async def _configure(self, request: web.BaseRequest) -> web.Response:
        """PUT changes the configuration, any other method tells it; both need the token."""
        token = self._service.config.token
        if not token or not hmac.compare_digest(request.headers.get(TOKEN_HEADER, ""), token):
            return web.json_response({"error": f"{TOKEN_HEADER} is missing or wrong"}, status=403)
        if request.method == "PUT":
            try:
                self._service.change(json.loads(await request.read()))
            except (ValueError, UsageError) as error:
                return web.json_response({"error": str(error)}, status=400)
        told = {**asdict(self._service.config), "token": "", "counts": self._service.counts}
        return web.json_response(told)


async def _cut(request: web.BaseRequest, reply: Reply) -> web.Response:
    if reply.cut == "hang":
        await asyncio.get_running_loop().create_future()  # ends by cancellation, when the client leaves
    if request.transport is not None:
        request.transport.close()
    return web.Response()  # never written: the connection is gone


def _server(handler: Handler) -> web.Server:
    return web.Server(
        handler,
        access_log=None,
        keepalive_timeout=IDLE,
        handler_cancellation=True,  # what its client gave up on is not worked on
    )
