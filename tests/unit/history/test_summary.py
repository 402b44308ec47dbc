"""A run folder in short: items with their counts and causes, and what it ran on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaosmesh.engine.history.parsing import read_summary
from chaosmesh.engine.summary import NAME, summarize, write_summary
from chaosmesh.engine.summary_items import cause_of
from chaosmesh.errors import UsageError

CELL = {
    "edge": ["flights-v1", "weather.airport.local"],
    "fault": {"kind": "errors", "status": 503, "share": 0.3},
    "success": {"n": 213, "k": 177, "low": 0.69, "high": 0.93},
    "p99_ms": 5854.0,
    "verdict": "weak",
    "reason": "success at least 0.99: 83.1 %",
    "evidence": [[213, 177], [213, 170]],
}
FINDING = {"title": "flights-v1 → weather, 503 30 %: 83 % ok", "file": "weather-route.json", "line": 21}
VERIFY = {
    "schema": "chaosmesh.verify/1",
    "mesh": "airport",
    "runtime": "process",
    "profile": "appmesh",
    "seed": 7,
    "duration_s": 61.5,
    "checks": [
        {
            "id": "route/x/match.prefix",
            "resource": {"kind": "route", "name": "x", "file": "x.json", "line": 9},
            "statement": "prefix of x",
            "verdict": "invalid",
            "reason": "the host starved: 90 of 900 ticks came more than 50 ms late",
            "n": 10,
        }
    ],
    "matrix": [CELL],
    "findings": [FINDING],
    "goal": {"success": 0.99},
    "gated": False,
    "tolerant": False,
    "expired": [],
    "stopped": None,
    "summary": {"fail": 0, "weak": 1, "inconclusive": 0, "invalid": 1},
}
AROUND = {
    "runtime": "process",
    "policy": "abc",
    "versions": {"chaosmesh": "0.1.0", "envoy": "1.40.0", "python": "3.11.7", "commit": "f" * 40},
    "host": {"cores": 2, "load": [1.0, 2.0, 3.0], "starved": 0.02, "late": 0.001},
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "2026-11-22T23-40-36Z"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(VERIFY), encoding="utf-8")
    (folder / "surroundings.json").write_text(json.dumps(AROUND), encoding="utf-8")
    return folder


def test_a_verification_in_short(run: Path) -> None:
    found = summarize(run)
    assert (found.name, found.kind, found.verdict, found.exit, found.seed) == (
        "airport",
        "verify",
        "invalid",
        3,
        7,
    )
    assert found.as_json()["at"] == "2026-11-22T23:40:36Z"
    assert (found.policy, found.host.starved, found.versions["commit"]) == ("abc", 0.02, "f" * 40)
    check, cell = found.items
    assert (check.where, check.cause, check.k) == ("x.json:9", "host", None)
    assert cell.id == "matrix/flights-v1>weather.airport.local/errors"
    assert (cell.text, cell.where) == ("flights-v1 → weather, 503 30 %", "weather-route.json:21")
    assert (cell.k, cell.n, cell.bound, cell.in_time, cell.cause) == (177, 213, 0.99, (170, 213), "policy")


def test_what_is_written_reads_back(run: Path) -> None:
    written = write_summary(run)
    assert read_summary(run / NAME) == written


@pytest.mark.parametrize(
    ("verdict", "reason", "cause"),
    [
        ("fail", "all 10 calls", "policy"),
        ("weak", "", "policy"),
        ("invalid", "the generator's lag p99 was 191.8 ms", "generator"),
        ("invalid", "the host was crowded: a process waited", "host"),
        ("invalid", "the fault met none of 20 attempts", None),
        ("pass", "", None),
    ],
)
def test_who_is_to_blame(verdict: str, reason: str, cause: str | None) -> None:
    assert cause_of(verdict, reason) == cause


def test_a_folder_without_a_run_or_with_half_of_one_is_an_error(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing"):
        summarize(tmp_path)
    (run / "run.json").write_text('{"schema": "chaosmesh.verify/1"}', encoding="utf-8")
    with pytest.raises(UsageError, match="damaged"):
        summarize(run)
    (run / "run.json").write_text("{\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        summarize(run)
    assert caught.value.where is not None
    assert caught.value.where.line == 2
