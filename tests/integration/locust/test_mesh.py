"""Passengers of Locust's web UI in a real mesh: what Locust counts is what the mesh has seen."""

from __future__ import annotations

import asyncio
import json
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.inputs import policy, read
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.tower.traffic import Traffic
from chaosmesh.load import Record
from chaosmesh.load.door import Door
from chaosmesh.runtime import probe, workdir
from chaosmesh.web.locusts import Locusts, Setup
from tests.integration.locust.yard import free_port
from tests.integration.runtime import outside

pytestmark = pytest.mark.integration
AIRPORT = Path(__file__).resolve().parents[3] / "fixtures" / "airport"


async def _ask(url: str, **form: object) -> Any:
    data = urllib.parse.urlencode(form).encode() if form else None

    def asked() -> Any:
        with urllib.request.urlopen(url, data, timeout=60) as answer:
            return json.load(answer)

    return await asyncio.to_thread(asked)


@dataclass
class Place:
    """A mesh with Locust's web UI before it."""

    stack: Stack
    traffic: Traffic
    url: str
    seen: list[Record]
    notes: list[str]


@asynccontextmanager
async def mesh_with_locust(folder: Path, text: str) -> AsyncIterator[Place]:
    file = folder / "chaosmesh.yaml"
    file.write_text(f'mesh: ["{AIRPORT}/*.json"]\n{text}')
    resources, scenario = read([], scenario_file=file)
    run = RunFolder.create(folder, "ui")
    async with Stack(policy(resources, scenario), scenario, run, load=False) as stack:
        door = Door(workdir(stack.run) / "door")
        place = Place(stack, Traffic(stack, scenario, door), "", [], [])
        place.traffic.note = place.notes.append
        take = door.on_records
        door.on_records = lambda stream, records: (place.seen.extend(records), take(stream, records))[1]
        await door.start()
        setup = Setup(host=next(iter(place.traffic.entries)), port=free_port(), workers=2)

        async def spawn(name: str, argv: Any, env: Any, log: Path) -> int:
            return await stack.keeper.spawn(name, argv, env=env, log=log)

        locusts = Locusts(door, spawn, stack.folder.logs, setup)
        await locusts.start()
        place.url = locusts.url
        yield place
        await locusts.close()
        await door.close()
    assert outside.left(stack.run, stack.topology.subnet) == ""


def test_locusts_table_the_records_and_the_ledger_count_the_same(tmp_path: Path) -> None:
    text = "limits: {rate: 100}\nload: {rate: 40, mix: [{path: /flights/NH10}, {path: /flights/NH11}]}\n"

    async def main() -> None:
        async with mesh_with_locust(tmp_path, text) as place:
            stack, traffic = place.stack, place.traffic
            refused = await _ask(f"{place.url}/swarm", user_count=101, spawn_rate=50)
            assert "limits.rate is 100" in refused["message"]
            await _ask(f"{place.url}/swarm", user_count=20, spawn_rate=20, requests_per_user=4)
            await probe.until("it sends", lambda: _less(len(place.seen), 300), within=60)
            assert (traffic.users, traffic.planned_rps) == (20, 80.0)
            streams = [one.stream.id for one in stack.limits.running]
            assert len(streams) == 2
            await _ask(f"{place.url}/stop", x="")
            stats = (await _ask(f"{place.url}/stats/requests"))["stats"]
            await stack.settled(streams)
            ledger = sum(len(stack.ledger.requests(number)) for number in streams)
            assert stats[-1]["num_requests"] == len(place.seen) == ledger
            assert {one["name"] for one in stats} == {"/flights/NH10", "/flights/NH11", "Aggregated"}
            assert stats[-1]["num_failures"] == sum(not one.ok for one in place.seen)
            assert (traffic.users, stack.limits.running) == (0, ())
        assert [one for one in place.notes if not one.startswith("the generator")] == [
            "load was refused: 101 requests a second were asked for, limits.rate is 100",
            "load begins",
            "load has ended",
        ]

    asyncio.run(asyncio.wait_for(main(), 200))


BROKEN = '{path: /flights/NH10, headers: {x-standin: "departures=status:503;attempts:99"}}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limits: {duration: 1s}", "limits.duration, 1 s"),
        (f"limits: {{errors: 0.5}}\nload: {{mix: [{BROKEN}]}}\n", "limits.errors is 50 %"),
    ],
    ids=["duration", "errors"],
)
def test_a_limit_of_the_scenario_ends_the_test(tmp_path: Path, text: str, words: str) -> None:
    async def main() -> None:
        async with mesh_with_locust(tmp_path, text) as place:
            await _ask(f"{place.url}/swarm", user_count=10, spawn_rate=10, requests_per_user=5)
            await probe.until("it has ended", lambda: _said(place, "load has ended"), within=60)
            assert len(place.seen) > 0
            assert any(words in one for one in place.notes)
            await probe.until("Locust has stopped", lambda: _stopped(place), within=60)

    asyncio.run(asyncio.wait_for(main(), 200))


async def _stopped(place: Place) -> str:
    state: str = (await _ask(f"{place.url}/stats/requests"))["state"]
    return "" if state == "stopped" else state


async def _said(place: Place, text: str) -> str:
    return "" if text in place.notes else str(place.notes)


async def _less(have: int, want: int) -> str:
    return "" if have >= want else f"{have} of {want}"
