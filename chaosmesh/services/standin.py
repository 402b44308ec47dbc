"""The stand-in service: a small real HTTP/1.1 program that calls its backends through its sidecar.

It answers every method and path with ``{"node", "version", "replica", "request_id", "attempt", "lineage",
"calls": [{"service", "status", "answer"}…]}``. All backends are called at once; the status of the first
failing one (≥ 400), in the order of `calls`, becomes its own. `x-standin` (see `plan`) changes what it does
to one request, `/ping` answers 200 without calling anybody.
"""

from __future__ import annotations

import asyncio
import gc
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from aiohttp import web

from chaosmesh.errors import UsageError
from chaosmesh.services.backends import Backends, Outcome
from chaosmesh.services.config import StandIn
from chaosmesh.services.plan import Plan, parse

__all__ = ["CONFIG_PATH", "TOKEN_HEADER", "StandIn", "serve"]

CONFIG_PATH = "/.chaosmesh/config"
TOKEN_HEADER = "x-chaosmesh-token"  # noqa: S105 -- the name of the header, not a token
IDLE = (
    7200.0  # seconds; longer than any sidecar keeps a connection, so that only the sidecar closes idle ones
)
HTTP1 = ("http", "tcp")

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def serve(config: StandIn) -> None:
    """Runs until a signal ends the process; `config.listen` names the addresses."""
    for host, port, protocol in config.listen:
        if protocol not in HTTP1:
            raise UsageError(f"{config.node}: the stand-in does not speak {protocol} ({host}:{port})")
    asyncio.run(_serve(config))


async def _serve(config: StandIn) -> None:
    loop = asyncio.get_running_loop()
    service = Service(config)
    server = web.Server(
        service.handle,
        access_log=None,
        keepalive_timeout=IDLE,
        handler_cancellation=True,  # what its client gave up on is not worked on
    )
    for host, port, _ in config.listen:
        await loop.create_server(server, host, port, backlog=4096)
    gc.freeze()
    await loop.create_future()  # a signal ends the process, and with it its connections


class Service:
    """Answers requests; `config` may be replaced while it runs."""

    def __init__(self, config: StandIn) -> None:
        self.config = config
        self._backends = Backends(config.calls)
        self._free_at = 0.0  # when the single queue of `capacity` is empty, in the loop's time
        self._prepare()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        path = request.path
        if path == "/ping":
            return web.Response(text="pong")
        if path == CONFIG_PATH:
            return await self._configure(request)
        headers = request.headers
        attempt = _whole(headers.get("x-envoy-attempt-count"), 1)
        header = headers.get("x-standin")
        plan: Plan | None = None
        if header is not None:
            try:
                plan = parse(header).get(self.config.node)
            except UsageError as error:
                return web.json_response({"error": str(error)}, status=400)
        await self._take_time()
        if plan is not None and plan.meets(attempt, call_age_ms(headers.get("x-chaosmesh-call"))):
            response = await self._follow(plan, request, attempt)
            if response is not None:
                return response
        outcomes = await self._backends.call(request) if self.config.calls else ()
        status = next((one.status for one in outcomes if one.status >= 400), 200)
        return self._answer(request, attempt, status, outcomes)

    async def _take_time(self) -> None:
        config = self.config
        wait = config.latency_ms / 1000
        if config.capacity is not None:
            now = asyncio.get_running_loop().time()
            self._free_at = max(now, self._free_at) + 1 / config.capacity
            wait += self._free_at - now
        if wait > 0:
            await asyncio.sleep(wait)

    async def _follow(self, plan: Plan, request: web.BaseRequest, attempt: int) -> web.Response | None:
        if plan.delay_ms:
            await asyncio.sleep(plan.delay_ms / 1000)
        if plan.hang:
            await asyncio.get_running_loop().create_future()  # ends by cancellation, when the client leaves
        if plan.close:
            if request.transport is not None:
                request.transport.close()
            return web.Response()  # never written: the connection is gone
        return self._answer(request, attempt, plan.status, ()) if plan.status is not None else None

    def _answer(
        self, request: web.BaseRequest, attempt: int, status: int, outcomes: tuple[Outcome, ...]
    ) -> web.Response:
        headers = request.headers
        request_id = json.dumps(headers.get("x-request-id", ""))
        lineage = json.dumps(headers.get("x-chaosmesh-lineage", ""))
        own = f'{self._head},"request_id":{request_id},"attempt":{attempt},"lineage":{lineage},"calls":['
        body = own.encode() + b",".join(one.as_json() for one in outcomes) + b"]}"
        return web.Response(body=body, status=status, content_type="application/json")

    async def _configure(self, request: web.BaseRequest) -> web.Response:
        """PUT changes the configuration, any other method tells it; both need the token."""
        token = self.config.token
        if not token or not hmac.compare_digest(request.headers.get(TOKEN_HEADER, ""), token):
            return web.json_response({"error": f"{TOKEN_HEADER} is missing or wrong"}, status=403)
        if request.method == "PUT":
            try:
                self.config = self.config.changed(json.loads(await request.read()))
            except (ValueError, UsageError) as error:
                return web.json_response({"error": str(error)}, status=400)
            self._free_at = 0.0
            self._prepare()
        return web.json_response({**asdict(self.config), "token": ""})

    def _prepare(self) -> None:
        config = self.config
        own = {"node": config.node, "version": config.version, "replica": config.replica}
        self._head = json.dumps(own, separators=(",", ":"))[:-1]


def call_age_ms(call: str | None) -> float | None:
    """Milliseconds since the call began, from the start time (ns) in `x-chaosmesh-call`."""
    start = (call or "").rpartition("-")[2]
    return (time.time_ns() - int(start)) / 1e6 if start.isascii() and start.isdigit() else None


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else default
