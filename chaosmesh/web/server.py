"""The control tower over HTTP: its page, its state, its stream of events and its actions, on loopback only."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Final

from aiohttp import web

from chaosmesh.engine.tower.tower import Tower
from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.web.actions import Actions
from chaosmesh.web.audience import Audience
from chaosmesh.web.guards import HEADERS, MOST_BYTES, Guard

STATIC: Final = Path(__file__).parent / "static"
_GRACE: Final = 2.0
"""Seconds for what is under way when the server closes."""


class Site:
    """A server that listens; `url` is where."""

    def __init__(self, tower: Tower) -> None:
        self.url = ""
        self._guard = Guard()
        self._audience = Audience(tower)
        app = web.Application(client_max_size=MOST_BYTES, middlewares=[self._guard.middleware])
        app.on_response_prepare.append(_headers)
        app.add_routes(
            [
                web.get("/", _page),
                web.get("/api/state", self._state),
                web.get("/api/stream", self._audience.stream),
                web.static("/static/", STATIC),
                *Actions(tower).routes,
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)

    async def listen(self, host: str, port: int) -> None:
        """EnvironmentFailedError if the address can't be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self.close()
            raise EnvironmentFailedError(
                f"the control tower can't listen on {host}:{port}: {error.strerror or error}",
                hint="give another port, or end what listens there",
            ) from error
        address, bound = self._runner.addresses[0][:2]
        self._guard.hosts = (f"{address}:{bound}", f"localhost:{bound}")
        self.url = f"http://{address}:{bound}"

    async def close(self) -> None:
        """Watchers are sent home, what is under way is answered."""
        self._audience.end()
        await self._runner.cleanup()

    async def _state(self, _: web.Request) -> web.Response:
        body = await self._audience.whole()
        return web.Response(body=body, content_type="application/json", charset="utf-8")


async def serve(tower: Tower, host: str = "127.0.0.1", port: int = 0) -> Site:
    """A server in front of a tower, on a free port if none is given. UsageError for an address beyond loopback."""
    if not ipaddress.ip_address(host).is_loopback:
        raise UsageError(f"the control tower listens on loopback only, not on {host}", hint="127.0.0.1")
    site = Site(tower)
    await site.listen(host, port)
    return site


async def _page(_: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "tower.html")


async def _headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
