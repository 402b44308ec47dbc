"""A canary from the command line: a version as good as the stable one gets everything, a slow one nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .command import AIRPORT, chaosmesh
from .stage import excuse, fair

pytestmark = pytest.mark.e2e

SCENARIO = """
name: airport
mesh: [{airport}/*.json]
workloads: {{flights-v2: {{replicas: 1, latency: {latency}}}}}
load: {{rate: 100, mix: [{{path: /flights/NH10}}]}}
canary:
  route: flights-router/flights-route
  to: flights-v2
  steps: [20, 50, 100]
  bake: 500ms
  claims: {{success: at least stable - 10 %, p50: at most stable x 2 + 50ms}}
"""


def shifted(folder: Path, latency: str) -> tuple[int, dict[str, Any]]:
    """The canary's exit code and JSON; beside other work a host may starve, which a canary rightly calls invalid."""
    file = folder / "chaosmesh.yaml"
    file.write_text(SCENARIO.format(airport=AIRPORT, latency=latency))

    def once() -> tuple[int, dict[str, Any]]:
        ended = chaosmesh("canary", "--scenario", file, "--json", "-", "--runs", folder / "runs")
        return ended.code, json.loads(ended.out)

    return fair(once, lambda made: excuse(made[1]["reason"]) if made[1]["verdict"] == "invalid" else None)


def test_a_good_version_gets_all_of_the_traffic(tmp_path: Path) -> None:
    code, found = shifted(tmp_path, "0ms")
    assert (code, found["verdict"], found["weight"]) == (0, "pass", 100), found
    assert [(one["weight"], one["end"]) for one in found["steps"]] == [(20, "on"), (50, "on"), (100, "on")]
    assert found["steps"][0]["new"] < found["steps"][0]["stable"]
    assert found["steps"][2]["stable"] == 0 or found["steps"][2]["new"] > 0
    (folder,) = {one.resolve() for one in (tmp_path / "runs" / "airport-canary").glob("latest")}
    kept = json.loads((folder / "run.json").read_text())
    assert kept["steps"] == found["steps"]
    assert (folder / "requests.parquet").exists()
    told = [json.loads(line)["text"] for line in (folder / "events.ndjson").read_text().splitlines()]
    assert [one.partition(" %")[0] for one in told if " %  on" in one] == ["20", "50", "100"], told
    assert "Canary, step by step" in (folder / "report.html").read_text()


def test_a_slow_version_is_taken_back_at_the_first_step(tmp_path: Path) -> None:
    code, found = shifted(tmp_path, "250ms")
    assert (code, found["verdict"], found["weight"]) == (1, "fail", 0), found
    assert [one["end"] for one in found["steps"]] == ["back"]
    assert found["back"]["strays"] == 0
    assert "p50 at most 2 × the stable version's" in found["reason"]


def test_the_plan_is_told_and_nothing_is_started(tmp_path: Path) -> None:
    file = tmp_path / "chaosmesh.yaml"
    file.write_text(SCENARIO.format(airport=AIRPORT, latency="0ms"))
    ended = chaosmesh("canary", "--scenario", file, "--plan", "--runs", tmp_path / "runs")
    assert ended.code == 0, ended
    assert "flights-route → flights-v2: 20 %, 50 %, 100 % (stable: flights-v1)" in ended.out
    assert not (tmp_path / "runs").exists()


def test_a_bad_claim_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "chaosmesh.yaml"
    file.write_text(SCENARIO.format(airport=AIRPORT, latency="0ms").replace("stable x 2", "best x 2"))
    ended = chaosmesh("canary", "--scenario", file)
    assert (ended.code, ended.out) == (2, ""), ended
    assert f"{file}:11:" in ended.err
    assert "at most stable x 1.5" in ended.err
