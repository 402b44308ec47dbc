"""A sidecar that crashes by itself, under a real tower: it is told, nothing is judged, and the run folder is whole."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.integration.tower.stage import Json, claim, staged

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
TOLD = "sidecar-flights-v1.0 ended by itself, signal 11 (SIGSEGV)"


def told(state: Json) -> bool:
    """Whether it is seen everywhere; each place looks by itself, once a second."""
    node = next(one for one in state["nodes"] if one["id"] == "flights-v1")
    return TOLD in claim(state, "success")["reason"] and node["replicas"][0]["state"] == "down"


async def test_a_crashed_sidecar_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.begin()
        await stage.until("evidence", lambda state: claim(state, "success")["n"] > 50)
        (flights,) = stage.stack.topology.replicas_of("flights-v1")
        os.kill(stage.stack.runtime.pid(flights, "sidecar"), signal.SIGSEGV)
        state = await stage.until("no verdict, for that reason", told)
        assert claim(state, "success")["verdict"] == "invalid"
        assert any(one["kind"] == "health" and one["text"].startswith(TOLD) for one in state["events"])
        folder = stage.stack.folder.path
    document = json.loads((folder / "run.json").read_text())
    assert (folder / "requests.parquet").is_file()
    (last,) = [one for one in document["episodes"][-1]["claims"] if one["text"].startswith("success")]
    assert last["verdict"] == "invalid"
    assert TOLD in last["problem"]
