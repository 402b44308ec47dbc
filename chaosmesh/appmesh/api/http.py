"""HTTP: the only module of the API that knows the web server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from chaosmesh.appmesh.api.failures import bad_request
from chaosmesh.appmesh.api.service import refused
from chaosmesh.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from chaosmesh.appmesh.api.service import Reply, Service

MAX_BODY = 1024 * 1024  # bytes; the largest resource that fits all its limits is far smaller
_GRACE = 5.0  # seconds for calls under way when the server closes


class Server:
    """A listening web server in front of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)
        self.url = ""

    @classmethod
    async def listening(cls, service: Service, host: str, port: int) -> Server:
        """A server that listens. Raises EnvironmentFailedError if the address can't be had."""
        server = cls(service)
        await server._runner.setup()
        try:
            await web.TCPSite(server._runner, host, port).start()
        except OSError as error:
            await server.close()
            raise EnvironmentFailedError(
                f"the App Mesh API can't listen on {host}:{port}: {error.strerror or error}",
                hint="give another port, or end what listens there",
            ) from error
        bound = server._runner.addresses[0]
        server.url = f"http://{bound[0]}:{bound[1]}"
        return server

    async def close(self) -> None:
        """Answers what is under way, then ends."""
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _response(refused(bad_request(f"the body is larger than {MAX_BODY} bytes")))
        return _response(await self._service.reply(request.method, request.raw_path, body))


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, headers=reply.headers, body=reply.body)
