"""The books of a mesh whose sidecars have not told all when somebody looks."""

from __future__ import annotations

import asyncio
import urllib.request
from pathlib import Path

import pytest

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.accounts import conserved
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.envoy import logs
from chaosmesh.envoy.forms import Json, seconds
from chaosmesh.load import RequestSpec
from tests import meshes

pytestmark = pytest.mark.integration
MESH = meshes.mesh(
    [meshes.workload("front", "leaf"), meshes.workload("leaf")],
    [meshes.service("leaf", meshes.route("leaf", "all", {"leaf": 1}))],
)


def ask(url: str, request_id: str) -> None:
    """One request; its answer has come when this returns."""
    asked = urllib.request.Request(url, headers={"x-request-id": request_id})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        assert answer.status == 200


def slow(monkeypatch: pytest.MonkeyPatch, quick: str) -> None:
    """Every log but one is told of long after it was written."""
    common = logs._common

    def late(name: str) -> Json:
        return {**common(name), "buffer_flush_interval": seconds(0.05 if name.endswith(quick) else 0.7)}

    monkeypatch.setattr(logs, "_common", late)


def test_what_servers_saw_is_waited_for_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their rows come long after those that Envoy's counters of attempts stand for."""
    slow(monkeypatch, quick=logs.ATTEMPTS)

    async def run() -> None:
        async with Stack(MESH, load_scenario(None), RunFolder.create(tmp_path, "late"), load=False) as stack:
            for number in range(3):
                await asyncio.to_thread(ask, stack.entry_url("front"), f"late-{number}")
                books = await conserved(stack)
                assert books.differences == ()
                rows = [one for one in stack.ledger.rows if one.request_id == f"late-{number}"]
                told = {(one.sidecar.partition(".")[0], one.side) for one in rows}
                assert {("front", "door"), ("front", "egress"), ("leaf", "ingress")} <= told, number

    asyncio.run(run())


def test_calls_without_a_row_so_far_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The door told of each request, nobody yet of the calls that came of it."""
    slow(monkeypatch, quick="door")

    async def run() -> None:
        async with Stack(MESH, load_scenario(None), RunFolder.create(tmp_path, "late")) as stack:
            for _ in range(3):
                url = stack.entry_url("front")
                sending = await stack.begin("users", url, "front", [RequestSpec()], 50, count=10)
                await sending.done()
                await stack.settled([sending.stream.id])
                calls = stack.ledger.calls(sending.stream.id, "front", "leaf")
                assert len(calls) == 10
                assert all(one.complete for one in calls)

    asyncio.run(run())
