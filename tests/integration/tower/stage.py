"""A real mesh with its tower, asked over HTTP as a browser asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from chaosmesh.appmesh.api import Service, Store
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.inputs import policy, read
from chaosmesh.engine.publishing import Publisher
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.tower.export import Origin
from chaosmesh.engine.tower.tower import Tower
from chaosmesh.engine.traffic import mix_of
from chaosmesh.ledger.passing import Passing
from chaosmesh.load import Running
from chaosmesh.runtime import probe
from chaosmesh.web.server import serve

AIRPORT = "fixtures/airport"
RATE = 40.0
Json = Mapping[str, Any]


@dataclass
class Stage:
    """`url`: the tower's; `api`: the App Mesh API's."""

    stack: Stack
    tower: Tower
    url: str
    api: str
    http: ClientSession
    mix: Any
    load: Running | None = None

    async def state(self) -> Any:
        """What the page is told."""
        async with self.http.get(f"{self.url}/api/state") as answer:
            assert answer.status == 200
            return await answer.json()

    async def act(
        self, path: str, body: Json | None = None, *, method: str = "POST", status: int = 200
    ) -> Any:
        """An action and its answer."""
        async with self.http.request(method, self.url + path, json=body or {}) as answer:
            told = await answer.json()
            assert answer.status == status, told
            return told

    async def begin(self, *, rate: float = RATE, duration: float | None = None) -> Running:
        """Users come in."""
        url = self.stack.entry_url("departures")
        self.load = await self.stack.begin("users", url, "departures", self.mix, rate, duration=duration)
        return self.load

    async def until(self, what: str, holds: Callable[[Any], object], within: float = 120.0) -> Any:
        """The first state in which something holds."""
        found: list[Any] = []

        async def look() -> str:
            found[:] = [await self.state()]
            return "" if holds(found[0]) else _seen(found[0])

        await probe.until(what, look, within=within)
        return found[0]

    async def quiet(self) -> None:
        """No fault, no load, the policy of the documents."""
        assert (await self.tower.stop(policy=True)).left == []
        if self.load is not None:
            await self.load.done()
            self.load = None


def edge(state: Json, name: str) -> Any:
    """One edge of a state."""
    return next(one for one in state["edges"] if one["id"] == name)


def claim(state: Json, measure: str, on: str | None = None) -> Any:
    """One expectation of a state."""
    return next(one for one in state["claims"] if one["text"].startswith(measure) and one["on"] == on)


def route(state: Json, name: str) -> Any:
    """One route of a state."""
    return next(one for one in state["routes"] if one["route"] == name)


@asynccontextmanager
async def staged(folder: Path, documents: str = AIRPORT) -> AsyncIterator[Stage]:
    """The whole of it; ended with its run folder complete."""
    resources, scenario = read([documents])
    mesh = policy(resources, scenario)
    run = RunFolder.create(folder, "tower")
    async with Stack(mesh, scenario, run, ledger=partial(Passing, folder=run.path)) as stack:
        publisher = Publisher(stack, resources, scenario, "appmesh", lambda _: None)
        api = Service(Store.of(resources), publisher)
        address = await api.start()
        origin = Origin("airport", [documents], "appmesh", scenario.seed)
        tower = Tower(stack, api, publisher, scenario, origin, api_url=address)
        await tower.start()
        site = await serve(tower)
        async with ClientSession() as http:
            yield Stage(stack, tower, site.url, address, http, mix_of(scenario))
        await site.close()
        await tower.close()
        await api.stop()


def _seen(state: Json) -> str:
    edges = {one["id"]: (one["n"], one["success"], one["attempts"]) for one in state["edges"]}
    claims = {one["text"]: (one["verdict"], one["n"]) for one in state["claims"]}
    return f"load {state['load']['done_rps']}/s, edges {edges}, claims {claims}, events {[e['text'] for e in state['events']][-4:]}"
