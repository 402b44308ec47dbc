"""The control tower of a real mesh: what is done over HTTP happens, and what happens is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.tower.stage import Stage, claim, edge, route, staged

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

WEATHER = "flights-v1->weather"
FRONT = "departures->flights"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("runs")) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def afterwards(stage: Stage) -> AsyncIterator[None]:
    yield
    await stage.quiet()


def errors(on: str, **fields: object) -> dict[str, object]:
    return {"kind": "errors", "on": {"edge": on}, "fields": {"status": 503, "share": 0.5, **fields}}


NO_RETRY = {
    "maxRetries": 0,
    "perRetryTimeout": {"unit": "s", "value": 1},
    "httpRetryEvents": ["server-error"],
}


def broken(state: object) -> bool:
    """The evidence against 99 % success is there, whether or not the host has let anybody judge it."""
    found = claim(state, "success")  # type: ignore[arg-type]
    return found["n"] > 0 and found["high"] < 0.99 and found["verdict"] in ("fail", "invalid")


async def test_a_fault_is_felt_on_its_edge_alone(stage: Stage) -> None:
    await stage.begin()
    await stage.until("traffic", lambda s: edge(s, WEATHER)["n"] > 60)
    put = await stage.act("/api/faults", errors(WEATHER))
    assert put["label"] == "503 50 % on flights-v1 → weather"
    assert put["left_s"] > 290
    state = await stage.until("retries", lambda s: (edge(s, WEATHER)["attempts"] or 0) > 1.6)
    assert edge(state, "flights-v2->weather")["attempts"] < 1.3
    assert edge(state, FRONT)["faults"] == []
    assert edge(state, WEATHER)["faults"] == [put["id"]]
    assert edge(state, WEATHER)["tone"] != "ok"
    assert next(one for one in state["faults"])["hit"] > 5
    low, high = edge(state, WEATHER)["predicted"]["success"].values()
    assert low < 0.875 < high
    await stage.act(f"/api/faults/{put['id']}", method="DELETE")
    state = await stage.until("well again", lambda s: (edge(s, WEATHER)["attempts"] or 9) < 1.3)
    kinds = [one["kind"] for one in state["events"]]
    assert kinds.index("fault") < kinds.index("heal")
    window = state["history"]["windows"][-1]
    assert window["from"] < window["to"]


async def test_a_fault_ends_when_its_time_is_over_and_says_so(stage: Stage) -> None:
    put = await stage.act("/api/faults", {**errors(WEATHER), "ttl_s": 1})
    state = await stage.until("the end of the fault", lambda s: not s["faults"])
    (told,) = [one["text"] for one in state["events"] if "its time was over" in one["text"]]
    assert told.startswith(put["label"])
    await stage.act(f"/api/faults/{put['id']}", {"ttl_s": 5}, status=404)


async def test_a_fault_gets_another_dose_and_another_time(stage: Stage) -> None:
    put = await stage.act("/api/faults", {**errors(WEATHER), "ttl_s": 60})
    again = await stage.act(f"/api/faults/{put['id']}", {"ttl_s": 600})
    assert again["left_s"] > 500
    other = await stage.act(f"/api/faults/{put['id']}", {"fields": {"share": 1.0}})
    assert (other["id"], other["label"]) == (put["id"], "503 100 % on flights-v1 → weather")
    state = await stage.state()
    assert [one["label"] for one in state["faults"]] == [other["label"]]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "nonsense", "on": {}, "fields": {}}, "no fault is called"),
        ({"kind": "errors", "on": {"edge": "a->b"}, "fields": {}}, "there is no edge"),
        (errors(WEATHER, share=7), "share lies between"),
        (errors(WEATHER, replica=9), "weather has 2 replicas"),
        (errors(WEATHER, colour="red"), "no field 'colour'"),
        ({"kind": "crash", "on": {"node": "weather", "replica": 9}, "fields": {}}, "no replica 9"),
        ({**errors(WEATHER), "ttl_s": -1}, "no time for a fault"),
        (
            {"kind": "errors", "on": {"edge": WEATHER, "node": "weather"}, "fields": {}},
            "errors knows no node",
        ),
        ({"kind": "hang", "on": {"node": "weather", "copy": 1}, "fields": {}}, "hang knows no copy"),
        ({"kind": "remove", "on": {"node": "flights-v1", "replica": 0}, "fields": {}}, "last replica"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(stage: Stage, body: object, words: str) -> None:
    told = await stage.act("/api/faults", body, status=400)  # type: ignore[arg-type]
    assert words in told["error"]
    assert told["hint"]
    assert not (await stage.state())["faults"]


async def test_every_other_kind_of_fault_is_put_and_taken_off(stage: Stage) -> None:
    on = {"edge": {"edge": WEATHER}, "replica": {"node": "weather"}, "control-plane": {}}
    for kind in (await stage.state())["kinds"]:
        target = dict(on[kind["on"]])
        if kind["kind"] in ("remove", "sidecar_crash", "sidecar_pause", "crash", "hang"):
            target["replica"] = 1
        if kind["kind"] == "certificate":
            continue  # nobody speaks TLS here
        put = await stage.act("/api/faults", {"kind": kind["kind"], "on": target, "fields": {}})
        await stage.act(f"/api/faults/{put['id']}", method="DELETE")
    stopped = await stage.act("/api/stop")
    assert stopped["left"] == []


async def test_weights_move_the_split(stage: Stage) -> None:
    await stage.begin()
    state = await stage.until("traffic", lambda s: edge(s, FRONT)["n"] > 100)
    told = await stage.act(
        "/api/routes",
        {
            "id": route(state, "flights-route")["id"],
            "hash": route(state, "flights-route")["hash"],
            "weights": {"flights-v1": 20, "flights-v2": 80},
        },
    )
    assert told["ms"] > 0

    def moved(s: object) -> bool:
        found = {one["node"]: one["share"] for one in edge(s, FRONT)["targets"]}  # type: ignore[arg-type]
        return found["flights-v2"] is not None and found["flights-v2"] > 0.6

    state = await stage.until("another split", moved)
    assert [one["weight"] for one in edge(state, FRONT)["targets"]] == [20, 80]
    assert any(one["kind"] == "policy" and one["ms"] is not None for one in state["events"])
    stale = {"id": route(state, "flights-route")["id"], "hash": "0" * 12, "weights": {"flights-v1": 50}}
    refused = await stage.act("/api/routes", stale, status=409)
    assert "changed meanwhile" in refused["error"]
    now = {**stale, "hash": told["hash"], "weights": {"flights-v1": 101, "flights-v2": 0}}
    assert "weight" in (await stage.act("/api/routes", now, status=400))["error"]
    now["weights"] = {"flights-v1": 80, "flights-v2": 20}
    await stage.act("/api/routes", now)


async def test_without_a_retry_policy_the_platforms_own_is_told(stage: Stage) -> None:
    before = route(await stage.state(), "weather-route")
    assert before["hidden_retries"] == 0
    await stage.act("/api/routes", {"id": before["id"], "hash": before["hash"], "retry": None})
    after = route(await stage.state(), "weather-route")
    assert (after["retry"], after["hidden_retries"]) == (None, 2)
    (changed,) = stage.tower.episodes.present().changed  # what an export of this episode puts in force
    assert (changed["routeName"], "retryPolicy" in changed["spec"]["httpRoute"]) == ("weather-route", False)


async def test_an_edited_retry_is_in_force_and_a_broken_policy_breaks_an_expectation(stage: Stage) -> None:
    await stage.begin()
    await stage.act("/api/faults", errors(WEATHER, share=0.3))
    state = await stage.until("a verdict", lambda s: claim(s, "success")["n"] > 100)
    before = route(state, "weather-route")
    told = await stage.act("/api/routes", {"id": before["id"], "hash": before["hash"], "retry": {**NO_RETRY}})
    state = await stage.until(
        "one attempt a call", lambda s: edge(s, WEATHER)["attempts"] == 1 and edge(s, WEATHER)["n"]
    )
    assert route(state, "weather-route")["retry"] == NO_RETRY
    flights = route(state, "flights-route")
    await stage.act("/api/routes", {"id": flights["id"], "hash": flights["hash"], "retry": NO_RETRY})
    state = await stage.until("the break", broken)
    assert claim(state, "success")["high"] < 0.99
    restored = {"id": before["id"], "hash": told["hash"], "retry": before["retry"]}
    await stage.act("/api/routes", restored)
    state = await stage.state()
    assert not broken(state)
    assert any(one["text"].startswith("judged up to here") for one in state["events"])


async def test_a_breaker_is_edited(stage: Stage) -> None:
    pool = {"http": {"maxConnections": 7, "maxPendingRequests": 3}}
    await stage.act("/api/breakers", {"id": "virtualNode/weather", "pool": pool})
    state = await stage.state()
    assert next(one["pool"] for one in state["breakers"] if one["id"] == "virtualNode/weather") == pool
    bad = {"id": "virtualNode/weather", "pool": {"http": {"maxConnections": 0}}}
    assert "maxConnections" in (await stage.act("/api/breakers", bad, status=400))["error"]
    await stage.act("/api/breakers", {"id": "virtualNode/weather", "pool": None})


async def test_a_change_by_the_api_is_shown(stage: Stage) -> None:
    path = f"{stage.api}/v20190125/meshes/airport/virtualRouter/weather-router/routes/weather-route"
    async with stage.http.get(path) as answer:
        spec = (await answer.json())["spec"]
    other = json.loads(json.dumps(spec))
    other["httpRoute"]["retryPolicy"]["maxRetries"] = 3
    async with stage.http.put(path, json={"spec": other}) as answer:
        assert answer.status == 200
    state = await stage.until(
        "the change", lambda s: route(s, "weather-route")["retry"]["maxRetries"] == 3, within=20
    )
    *_, told = (one["text"] for one in state["events"] if one["kind"] == "policy")
    assert "weather-route" in told
    async with stage.http.put(path, json={"spec": spec}) as answer:
        assert answer.status == 200


async def test_expectations_come_and_go(stage: Stage) -> None:
    told = await stage.act("/api/claims", {"add": {"measure": "p95", "on": WEATHER, "bound": "200ms"}})
    state = await stage.until("it", lambda s: any(one["id"] == told["id"] for one in s["claims"]))
    assert next(one for one in state["claims"] if one["id"] == told["id"])["on"] == WEATHER
    await stage.act("/api/claims", {"remove": told["id"]})
    await stage.until("it is gone", lambda s: all(one["id"] != told["id"] for one in s["claims"]))
    bad = {"add": {"measure": "beauty", "on": None, "bound": 1}}
    assert "no claim is called" in (await stage.act("/api/claims", bad, status=400))["error"]


async def test_the_emergency_stop_ends_load_and_takes_everything_off(stage: Stage) -> None:
    load = await stage.begin()
    await stage.act("/api/faults", errors(WEATHER))
    await stage.act("/api/faults", {"kind": "down", "on": {"edge": FRONT}, "fields": {}})
    await stage.act("/api/faults", {"kind": "hang", "on": {"node": "weather", "replica": 0}, "fields": {}})
    told = await stage.act("/api/stop")
    assert len(told["healed"]) == 3
    assert told["left"] == []
    assert told["ms"] < 60_000
    await asyncio.wait_for(load.done(), 60)
    state = await stage.until("the end of the load", lambda s: not s["load"]["running"])
    assert not state["faults"]
    assert any(one["kind"] == "stop" for one in state["events"])


async def test_events_come_at_once_and_states_every_second(stage: Stage) -> None:
    seen: list[str] = []

    async def listen() -> None:
        async with stage.http.get(f"{stage.url}/api/stream") as answer:
            async for line in answer.content:
                if line.startswith(b"event: "):
                    seen.append(line[7:].strip().decode())
                if seen.count("state") > 2 and "event" in seen:
                    return

    task = asyncio.create_task(listen())
    await stage.until("a listener", lambda _: "state" in seen)
    await stage.act("/api/claims", {"again": True})
    await stage.act("/api/claims", {"add": {"measure": "p50", "on": None, "bound": "1s"}})
    await asyncio.wait_for(task, 60)
