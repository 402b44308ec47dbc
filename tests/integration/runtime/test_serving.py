"""Whether a program serves: every kind of look, against real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest
from aiohttp import web

from chaosmesh.runtime.serving import CHECK, look_of
from chaosmesh.services.program import Program, Ready

pytestmark = pytest.mark.integration
HOST = "127.0.0.1"


async def never(_words: tuple[str, ...]) -> int:
    raise AssertionError("nothing is to be run")


def looked(ready: Ready, port: int, log: Path = Path("none"), since: int = 0, run=never) -> Awaitable[str]:
    listen = ((HOST, port, "http"),) if port else ()
    return look_of(Program("a", ready=ready, listen=listen), HOST, log, since, run)()


@pytest.mark.parametrize(
    ("status", "seen"), [(200, ""), (302, ""), (404, "/ping answers 404"), (503, "/ping answers 503")]
)
def test_a_path(status, seen):
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    async def run() -> None:
        application = web.Application()
        application.router.add_get("/ping", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            assert (await looked(Ready(path="/ping"), port)).endswith(seen)
            assert await looked(Ready(), port) == ""
            assert bool(await looked(Ready(path="/ping"), port)) is bool(seen)
        finally:
            await runner.cleanup()
        assert "/ping" in await looked(Ready(path="/ping"), port)
        assert str(port) in await looked(Ready(), port)

    asyncio.run(run())


def test_a_grpc_health_check():
    import grpc.aio

    answers = {b"": b"\x08\x01", b"\x0a\x01x": b"\x08\x02"}

    class Health(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails):
            if details.method != CHECK:
                return None

            async def check(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
                if request not in answers:
                    await context.abort(grpc.StatusCode.NOT_FOUND, "unknown")
                return answers[request]

            return grpc.unary_unary_rpc_method_handler(check)

    async def run() -> None:
        server = grpc.aio.server()
        port = server.add_insecure_port(f"{HOST}:0")
        server.add_generic_rpc_handlers((Health(),))
        await server.start()
        try:
            assert await looked(Ready(grpc=""), port) == ""
            assert "not SERVING" in await looked(Ready(grpc="x"), port)
            assert "NOT_FOUND" in await looked(Ready(grpc="y"), port)
            assert await looked(Ready(grpc="", port=port), 1) == ""
        finally:
            await server.stop(None)
        assert "UNAVAILABLE" in await looked(Ready(grpc=""), port)

    asyncio.run(run())


def test_a_line_of_this_lifes_log(tmp_path):
    log = tmp_path / "log"
    assert asyncio.run(looked(Ready(log="up"), 0, log)).startswith(str(log))
    log.write_text("it is up\n")
    assert asyncio.run(looked(Ready(log=r"is \w+$"), 0, log)) == ""
    assert "matches up" in asyncio.run(looked(Ready(log="up"), 0, log, since=9))
    log.write_text("it is up\nit is up\n")
    assert asyncio.run(looked(Ready(log="up"), 0, log, since=9)) == ""


@pytest.mark.parametrize(("status", "seen"), [(0, ""), (3, "check 127.0.0.1 80 ended with 3")])
def test_a_command(status, seen):
    asked: list[tuple[str, ...]] = []

    async def run(words: tuple[str, ...]) -> int:
        asked.append(words)
        return status

    assert asyncio.run(looked(Ready(command=("check", "{host}", "{port}")), 80, run=run)) == seen
    assert asked == [("check", HOST, "80")]


def test_what_listens_nowhere_serves_as_long_as_it_runs():
    assert asyncio.run(looked(Ready(), 0)) == ""
