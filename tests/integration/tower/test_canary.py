"""The canary of the control tower on a real mesh: it gets all, or nothing at all."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.tower.stage import AIRPORT, Json, Stage, edge, route, staged

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PLAN = """
load:
  mix: [{path: /flights/NH10}]
canary:
  route: flights-router/flights-route
  to: flights-v2
  steps: [40, 100]
  bake: 500ms
  hold: 100s
  claims: {success: at least stable - 25 %}
"""


def planned(folder: Path) -> Path:
    for one in Path(AIRPORT).glob("*.json"):
        shutil.copy(one, folder)
    (folder / "chaosmesh.yaml").write_text(PLAN)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("runs"), str(planned(tmp_path_factory.mktemp("mesh")))) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def users(stage: Stage) -> AsyncIterator[None]:
    await stage.begin(rate=80)
    yield
    await stage.quiet()


def weights(state: Json) -> dict[str, int]:
    return {one["node"]: one["weight"] for one in route(state, "flights-route")["targets"]}


def shares(state: Json) -> dict[str, float | None]:
    return {one["node"]: one["share"] for one in edge(state, "departures->flights")["targets"]}


async def test_a_good_version_gets_every_call(stage: Stage) -> None:
    assert weights(await stage.state()) == {"flights-v1": 80, "flights-v2": 20}
    await stage.act("/api/canary", {"do": "start"})
    state = await stage.until(
        "a canary at its end", lambda s: s["canary"]["state"] not in ("running", "ready")
    )
    assert state["canary"]["state"] == "done", state["canary"]
    assert (weights(state)["flights-v1"], state["canary"]["at"]) == (0, 100)
    told = [one["text"] for one in state["events"] if one["text"].startswith("canary")]
    assert [one.split(" %")[0] for one in told[:2]] == ["canary: 40", "canary: 100"]
    await stage.until("no call of the old version", lambda s: shares(s) == {"flights-v1": 0, "flights-v2": 1})


async def test_a_bad_version_is_taken_back(stage: Stage) -> None:
    fault = {"kind": "errors", "on": {"edge": "flights-v2->weather"}, "fields": {"status": 500, "share": 1}}
    await stage.act("/api/faults", fault)
    await stage.act("/api/canary", {"do": "start"})
    state = await stage.until(
        "a canary at its end", lambda s: s["canary"]["state"] not in ("running", "ready")
    )
    assert state["canary"]["state"] == "taken back", state["canary"]
    assert "success" in state["canary"]["reason"]
    assert weights(state) == {"flights-v1": 80, "flights-v2": 20}


async def test_by_hand_it_stands_and_goes_back(stage: Stage) -> None:
    """Without anybody's calls it stays at its first step, however long a busy host lets the hand wait."""
    assert stage.load is not None
    stage.load.stop()
    await stage.load.done()
    await stage.act("/api/canary", {"do": "start"})
    await stage.until("the first step", lambda s: s["canary"]["at"] == 40)
    await stage.act("/api/canary", {"do": "pause"})
    paused = await stage.state()
    assert (paused["canary"]["state"], weights(paused)["flights-v1"]) == ("paused", 60)
    again = await stage.act("/api/canary", {"do": "start"})
    assert again is not None
    refused = await stage.act("/api/canary", {"do": "start"}, status=400)
    assert "the canary is running" in str(refused)
    await stage.act("/api/canary", {"do": "back"})
    state = await stage.state()
    assert (state["canary"]["state"], weights(state)) == ("taken back", {"flights-v1": 80, "flights-v2": 20})
