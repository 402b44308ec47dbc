"""A small tower that tells of a scripted world: the page is tried against it, widget by widget.

`python -m tests.browser.standin_tower` serves it to look at. It is our own interface and nothing else; the real tower is
tried by the journey.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from chaosmesh.engine.tower.state import encoded
from chaosmesh.web.guards import HEADERS
from tests.browser.world import World, airport

STATIC = Path(__file__).resolve().parents[2] / "chaosmesh/web/static"

T = TypeVar("T")


class RefusalError(Exception):
    """Told as 400 or 409."""

    def __init__(self, status: int, error: str, where: str = "", hint: str = "") -> None:
        super().__init__(error)
        self.status, self.body = status, {"error": error, "where": where, "hint": hint}


class StandinTower:
    """Serves in a thread of its own. `world` may be changed through `change`, which tells every page at once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.port = 0
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.streams: set[web.StreamResponse] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Serves, on the same port as before if it has served before."""
        if not self._thread.is_alive():
            self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    def stop(self) -> None:
        """Serves no more; connections are cut."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()

    def close(self) -> None:
        """The end."""
        if self._runner is not None:
            self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def change(self, work: Callable[[World], T]) -> T:
        """Changes the world and tells every page."""

        async def changed() -> T:
            made = work(self.world)
            await self.tell()
            return made

        return asyncio.run_coroutine_threadsafe(changed(), self._loop).result()

    async def tell(self) -> None:
        """One state to everybody."""
        text = b"event: state\ndata: " + encoded(self.world.state(history=False)) + b"\n\n"
        for stream in list(self.streams):
            with suppress(ConnectionError):
                await stream.write(text)

    async def _start(self) -> None:
        app = web.Application()
        app.on_response_prepare.append(_policy)
        app.add_routes(
            [
                web.get("/", _page),
                web.get("/api/state", self._state),
                web.get("/api/stream", self._stream),
                web.get("/api/export", self._exported),
                web.route("*", "/api/{what:.+}", self._act),
                web.static("/static", STATIC),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._beat = asyncio.create_task(self._beats())

    async def _beats(self) -> None:
        while True:
            await self.tell()
            await asyncio.sleep(1)

    async def _stop(self) -> None:
        self._beat.cancel()
        for stream in list(self.streams):
            if stream.task is not None:
                stream.task.cancel()
        assert self._runner is not None
        await self._runner.cleanup()
        self._runner = None

    async def _state(self, _: web.Request) -> web.Response:
        return web.Response(body=encoded(self.world.state(history=True)), content_type="application/json")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(
            headers={"content-type": "text/event-stream", "cache-control": "no-store"}
        )
        await stream.prepare(request)
        self.streams.add(stream)
        try:
            await self.tell()
            await asyncio.Event().wait()
        finally:
            self.streams.discard(stream)
        return stream

    async def _exported(self, _: web.Request) -> web.Response:
        disposition = {"content-disposition": 'attachment; filename="test_airport.py"'}
        return web.Response(text=_export(self.world)["text"], headers=disposition)

    async def _act(self, request: web.Request) -> web.Response:
        body = await request.json()
        path = f"{request.method} /api/{request.match_info['what']}"
        self.taken.append((path, body))
        try:
            told = self._done(path, body)
        except RefusalError as refusal:
            return web.json_response(refusal.body, status=refusal.status)
        await self.tell()
        return web.Response(body=encoded(told), content_type="application/json")

    def _done(self, path: str, body: dict[str, Any]) -> Any:
        world, name = self.world, path.rpartition("/")[2]
        if path == "POST /api/faults":
            return world.strike(body["kind"], body["on"], body["fields"], body["ttl_s"])
        if path.startswith("DELETE /api/faults/"):
            return world.heal(name)
        if path.startswith("POST /api/faults/"):
            one = world.faults[name]
            ttl = body.get("ttl_s", one.ttl_s)
            fields = {**one.fields, **body.get("fields", {})}
            world.faults[name] = replace(one, fields=fields, ttl_s=ttl, left_s=ttl)
            return world.faults[name]
        return {
            "routes": self._route,
            "breakers": self._breaker,
            "claims": self._claim,
            "stop": self._emergency,
            "canary": lambda body: world.event("policy", f"canary: {body['do']}"),
            "export": lambda _: _export(world),
            "load": lambda _: setattr(world, "load", False),
        }[name](body) or {}

    def _route(self, body: dict[str, Any]) -> dict[str, Any]:
        route = self.world.routes[body["id"]]
        if body["hash"] != route["hash"]:
            raise RefusalError(
                409, "the route has changed meanwhile", f"{route['route']}.json:8", "look at it again"
            )
        if (body.get("retry") or {}).get("maxRetries", 0) > 100:
            raise RefusalError(400, "maxRetries is too large", f"{route['route']}.json:9", "at most 100")
        route |= {name: body[name] for name in ("retry", "timeout") if name in body}
        if "weights" in body:
            route["targets"] = {one: float(body["weights"][one]) for one in route["targets"]}
        route["hash"] = f"h{next(self.world.numbers)}"
        self.world.event("policy", f"{route['route']} changed", route["edge"], 7.8)
        return {"ms": 7.8, "hash": route["hash"]}

    def _breaker(self, body: dict[str, Any]) -> dict[str, Any]:
        self.world.breakers[body["id"]] = body["pool"]
        return {"ms": 6.1}

    def _claim(self, body: dict[str, Any]) -> None:
        if "remove" in body:
            del self.world.claims[body["remove"]]
        elif "add" in body:
            bound = float(body["add"]["bound"].rstrip(" %")) / 100
            where = body["add"]["on"]
            number = f"c{next(self.world.numbers)}"
            self.world.claims[number] = (f"success of users at least {bound:.0%}", where, bound)

    def _emergency(self, _: dict[str, Any]) -> dict[str, Any]:
        healed = [self.world.heal(one).label for one in list(self.world.faults)]
        self.world.load, self.world.users = False, 0
        self.world.event("stop", "emergency stop", ms=41.0)
        return {"healed": healed, "ms": 41.0}


def _export(world: World) -> dict[str, str]:
    return {"name": "test_airport.py", "text": f"def test_{world.name}(mesh):\n    ...\n"}


async def _page(_: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "tower.html")


async def _policy(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def main() -> None:
    """Serves the airport under load with a fault, until Enter."""
    tower = StandinTower(airport())
    tower.start()
    tower.change(busy)
    input(f"{tower.url} – Enter ends it\n")
    tower.close()


def busy(world: World) -> None:
    """Load, a fault, two expectations, one of them broken."""
    world.load, world.users = True, 250
    world.claims["c1"] = ("success of users at least 95 %", None, 0.95)
    world.claims["c2"] = ("success on flights-v2 → weather at least 99 %", "flights-v2->weather", 0.99)
    world.event("load", "250 users start")
    world.second(90)
    world.strike("errors", {"edge": "departures->flights"}, {"share": 0.3}, 60)
    world.strike("errors", {"edge": "flights-v1->weather"}, {"share": 0.12}, 120)
    world.second(40)


if __name__ == "__main__":
    main()
