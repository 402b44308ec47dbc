"""Who is let in by the control tower's server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from chaosmesh.errors import UsageError
from chaosmesh.web.guards import MOST_BYTES
from chaosmesh.web.server import serve

pytestmark = pytest.mark.asyncio


class Tower:
    """As much of a tower as the server touches before it acts."""

    def __init__(self) -> None:
        self.ticked: list[Any] = []
        self.story = SimpleNamespace(told=[])
        self.state = {"schema": "test"}
        self.stopped = 0

    def whole(self) -> object:
        return self.state

    async def stop(self, *, policy: bool) -> object:
        self.stopped += 1
        return {"policy": policy}


@pytest_asyncio.fixture
async def tower() -> Tower:
    return Tower()


@pytest_asyncio.fixture
async def url(tower: Tower) -> AsyncIterator[str]:
    site = await serve(tower)  # type: ignore[arg-type]
    yield site.url
    await site.close()


async def ask(url: str, *, method: str = "POST", path: str = "/api/stop", **more: Any) -> tuple[int, Any]:
    async with ClientSession() as http, http.request(method, url + path, **more) as answer:
        return answer.status, await answer.json()


async def test_an_action_of_our_own_page_is_carried_out(tower: Tower, url: str) -> None:
    assert await ask(url, json={"policy": True}, headers={"Origin": url}) == (200, {"policy": True})
    assert await ask(url, json={}) == (200, {"policy": False})
    assert tower.stopped == 2


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"json": {}, "headers": {"Host": "evil.example"}}, 403),
        ({"json": {}, "headers": {"Host": "127.0.0.1:1"}}, 403),
        ({"json": {}, "headers": {"Origin": "http://evil.example"}}, 403),
        ({"json": {}, "headers": {"Origin": "null"}}, 403),
        ({"json": {}, "headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
        ({"data": "{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"data": {"policy": "true"}}, 415),
        ({}, 415),
        ({"json": {"policy": "x" * MOST_BYTES}}, 413),
        ({"json": {"polizei": True}}, 400),
        ({"json": {"policy": "yes"}}, 400),
        ({"json": []}, 400),
        ({"data": "{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": "[" * 60_000, "headers": {"Content-Type": "application/json"}}, 400),
    ],
)
async def test_what_does_not_come_from_it_is_refused_in_words(
    tower: Tower, url: str, more: dict[str, Any], status: int
) -> None:
    seen, told = await ask(url, **more)
    assert (seen, set(told)) == (status, {"error", "where", "hint"})
    assert told["error"]
    assert not tower.stopped


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_what_no_json_can_say_is_refused_in_words(tower: Tower, url: str, number: str) -> None:
    headers = {"content-type": "application/json"}
    status, told = await ask(url, data=f'{{"policy": {number}}}', headers=headers)
    assert status == 400
    assert f"{number} is no number" in told["error"]
    assert tower.stopped == 0


async def test_an_edit_that_changes_nothing_is_refused(url: str) -> None:
    status, told = await ask(url, path="/api/routes", json={"id": "r", "hash": "h", "weights": {}})
    assert (status, told["error"]) == (400, "nothing is to change")


async def test_nobody_reads_by_another_name(url: str) -> None:
    assert (await ask(url, method="GET", path="/api/state", headers={"Host": "evil.example"}))[0] == 403
    assert await ask(url, method="GET", path="/api/state") == (200, {"schema": "test"})


async def test_unknown_paths_and_methods_are_told_as_json(url: str) -> None:
    assert (await ask(url, method="GET", path="/api/nothing"))[0] == 404
    assert (await ask(url, path="/api/state", json={}))[0] == 405
    assert (await ask(url, method="GET", path="/static/../server.py"))[0] == 404


async def test_every_answer_has_the_strict_policy(url: str) -> None:
    async with ClientSession() as http:
        for path in ("/", "/api/state", "/static/tower.html", "/nowhere"):
            async with http.get(url + path) as answer:
                assert answer.headers["Content-Security-Policy"].startswith(
                    "default-src 'none'; script-src 'self'"
                )
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_it_listens_on_loopback_only(tower: Tower) -> None:
    with pytest.raises(UsageError, match="loopback"):
        await serve(tower, "0.0.0.0")  # type: ignore[arg-type]
