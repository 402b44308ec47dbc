"""Passengers of Locust's web UI in a real mesh: what Locust counts is what the mesh has seen."""

from __future__ import annotations

import asyncio
import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.inputs import policy, read
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.tower.traffic import Traffic
from chaosmesh.load.door import Door
from chaosmesh.runtime import probe, workdir
from chaosmesh.web.locusts import Locusts, Setup
from tests.integration.locust.yard import free_port
from tests.integration.runtime import outside

pytestmark = pytest.mark.integration
AIRPORT = Path(__file__).resolve().parents[3] / "fixtures" / "airport"
SCENARIO = f"""
mesh: ["{AIRPORT}/*.json"]
limits: {{rate: 100}}
load: {{rate: 40, mix: [{{path: /flights/NH10}}, {{path: /flights/NH11}}]}}
"""


async def _ask(url: str, **form: object) -> Any:
    data = urllib.parse.urlencode(form).encode() if form else None

    def asked() -> Any:
        with urllib.request.urlopen(url, data, timeout=60) as answer:
            return json.load(answer)

    return await asyncio.to_thread(asked)


def test_locusts_table_the_records_and_the_ledger_count_the_same(tmp_path: Path) -> None:
    file = tmp_path / "chaosmesh.yaml"
    file.write_text(SCENARIO)
    resources, scenario = read([], scenario_file=file)
    mesh = policy(resources, scenario)
    notes: list[str] = []

    async def main() -> None:
        async with Stack(mesh, scenario, RunFolder.create(tmp_path, "ui"), load=False) as stack:
            door = Door(workdir(stack.run) / "door")
            traffic = Traffic(stack, scenario, door)
            traffic.note = notes.append
            seen: list[int] = []
            take = door.on_records
            door.on_records = lambda stream, records: (seen.append(len(records)), take(stream, records))[1]
            await door.start()
            entry = next(iter(traffic.entries))
            setup = Setup(host=entry, port=free_port(), workers=2)

            async def spawn(name: str, argv: Any, env: Any, log: Path) -> int:
                return await stack.keeper.spawn(name, argv, env=env, log=log)

            locusts = Locusts(door, spawn, stack.folder.logs, setup)
            await locusts.start()
            refused = await _ask(f"{locusts.url}/swarm", user_count=101, spawn_rate=50)
            assert "limits.rate is 100" in refused["message"]
            await _ask(f"{locusts.url}/swarm", user_count=20, spawn_rate=20, requests_per_user=4)
            await probe.until("it sends", lambda: _less(sum(seen), 300), within=60)
            assert (traffic.users, traffic.planned_rps) == (20, 80.0)
            streams = [one.stream.id for one in stack.limits.running]
            assert len(streams) == 2
            await _ask(f"{locusts.url}/stop", x="")
            stats = (await _ask(f"{locusts.url}/stats/requests"))["stats"]
            await stack.settled(streams)
            ledger = sum(len(stack.ledger.requests(number)) for number in streams)
            assert stats[-1]["num_requests"] == sum(seen) == ledger
            assert {one["name"] for one in stats} == {"/flights/NH10", "/flights/NH11", "Aggregated"}
            assert stats[-1]["num_failures"] == 0
            assert (traffic.users, stack.limits.running) == (0, ())
            await locusts.close()
            await door.close()
        assert outside.left(stack.run, stack.topology.subnet) == ""

    asyncio.run(asyncio.wait_for(main(), 200))
    assert [one for one in notes if not one.startswith("the generator")] == [
        "load was refused: 101 requests a second were asked for, limits.rate is 100",
        "load begins",
        "load has ended",
    ]


async def _less(have: int, want: int) -> str:
    return "" if have >= want else f"{have} of {want}"
