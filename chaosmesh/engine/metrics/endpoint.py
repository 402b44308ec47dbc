"""Where Prometheus finds this process: `/metrics` for ourselves, `/generator` for the generator's record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from chaosmesh.errors import EnvironmentFailedError

CONTENT = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}


class Endpoint:
    """A small web server; each page is made when it is asked for."""

    def __init__(self, pages: Mapping[str, Callable[[], str]]) -> None:
        app = web.Application()
        for path, page in pages.items():
            app.router.add_get(path, _answer(page))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start(self, host: str, port: int) -> None:
        """Listens; EnvironmentFailedError if the address can't be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self._runner.cleanup()
            text = f"metrics can't be served on {host}:{port}: {error.strerror or error}"
            raise EnvironmentFailedError(text, hint="end what listens there") from error

    async def close(self) -> None:
        """Ends it."""
        await self._runner.cleanup()


def _answer(page: Callable[[], str]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=page().encode(), headers=CONTENT)

    return handle
