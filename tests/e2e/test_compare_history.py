"""Two policies on real sidecars, side by side; their run folders as nights of a history."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import AIRPORT, Ended, chaosmesh
from tests.e2e.stage import excuse, fair

pytestmark = pytest.mark.e2e

ONLY = ("--only", "matrix/departures>flights*errors", "--only", "matrix/departures>flights*latency")


def without_retries(folder: Path) -> Path:
    """The airport, with no retries between departures and flights."""
    shutil.copytree(AIRPORT, folder)
    route = folder / "flights-route.json"
    body = json.loads(route.read_text(encoding="utf-8"))
    body["spec"]["httpRoute"]["retryPolicy"]["maxRetries"] = 0
    route.write_text(json.dumps(body, indent=2), encoding="utf-8")
    return folder


def compared(a: Path, b: Path, folder: Path) -> tuple[Ended, dict[str, Any]]:
    """`chaosmesh compare A B`; begun anew only where it says itself that a part was not measured."""
    target = folder / "compare.json"
    files = ("--json", target, "--markdown", folder / "compare.md", "--html", folder / "compare.html")

    def once() -> tuple[Ended, dict[str, Any]]:
        ended = chaosmesh("compare", a, b, *ONLY, "--runs", folder / "runs", *files)
        assert target.exists(), ended
        return ended, json.loads(target.read_text())

    return fair(once, lambda made: excuse(str(made)) if made[1]["summary"]["undecided"] else None)


def test_a_policy_without_retries_is_worse_where_they_were_and_nowhere_else(tmp_path: Path) -> None:
    ended, found = compared(AIRPORT, without_retries(tmp_path / "airport"), tmp_path)
    assert ended.code == 1, ended
    states = {one["id"]: one["state"] for one in found["behaviours"]}
    assert states == {
        "matrix/departures>flights.airport.local/errors": "worse",
        "matrix/departures>flights.airport.local/latency": "same",
    }, ended
    (worse,) = (one for one in found["behaviours"] if one["state"] == "worse")
    assert worse["facets"][0]["high"] < -0.05
    (rule,) = found["rules"]
    assert rule["id"].endswith("flights-route/retryPolicy.maxRetries")
    assert (rule["before"], rule["after"]) == ("4", "0")
    assert "flights-route.json:" in rule["where"]
    assert "departures → flights, 503 30 %" in (tmp_path / "compare.md").read_text()
    assert (tmp_path / "compare.html").stat().st_size < 200_000

    folders = [found[side]["folder"] for side in ("a", "b")]
    again = chaosmesh("compare", *folders, "--json", tmp_path / "again.json")
    assert again.code == 1, again
    assert "departures → flights, 503 30 %" in again.out
    assert json.loads((tmp_path / "again.json").read_text())["rules"] == found["rules"]

    for folder in folders:
        kept = chaosmesh("history", tmp_path / "history", "--add", folder)
        assert kept.code == 0, kept
    nights = sorted((tmp_path / "history").iterdir())
    assert len(nights) == 2
    assert all(one.stat().st_size < 50_000 for one in nights)
    told = chaosmesh("history", tmp_path / "history", "--json", "-", "--fail-on-regression")
    assert told.code == 0, told
    body = json.loads(told.out)
    assert [len(one["points"]) for one in body["items"]] == [2, 2]
    assert not body["regressions"], "one night is no regression"
    host = json.loads(nights[0].read_text())["host"]
    assert host["cores"] >= 1
    assert host["starved"] is not None


def test_two_runs_tell_what_their_documents_said_when_these_are_gone(tmp_path: Path) -> None:
    changed = without_retries(tmp_path / "airport")
    text = (changed / "chaosmesh.yaml").read_text(encoding="utf-8")
    (changed / "chaosmesh.yaml").write_text(f"{text}\nslo: {{success: 0.5}}\n", encoding="utf-8")
    only = ("--quick", "--only", "*flights-route*maxRetries")
    for name, documents in (("a", AIRPORT), ("b", changed)):
        ended = chaosmesh("verify", documents, *only, "--seed", 5, "--runs", tmp_path / name)
        assert ended.code in (0, 3), ended
    shutil.rmtree(changed)
    runs = [tmp_path / name / "airport/latest" for name in ("a", "b")]
    told = chaosmesh("compare", *runs, "--json", tmp_path / "c.json", "--markdown", tmp_path / "c.md")
    assert told.code in (0, 3), told
    body = json.loads((tmp_path / "c.json").read_text())
    rules = {
        one["id"].rpartition("/")[2]: (one["kind"], one["before"], one["after"]) for one in body["rules"]
    }
    assert rules == {
        "retryPolicy.maxRetries": ("changed", "4", "0"),
        "slo.success": ("new", "", "0.5"),
    }
    assert "2 rules differ" in told.out
    assert "What the documents say differently (2 rules)" in (tmp_path / "c.md").read_text()
