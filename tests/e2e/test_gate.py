"""The gate as its users run it, on real meshes: what holds, what does not, what there is no time for, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import xmlschema

from . import outside
from .command import AIRPORT, ROOT, Ended, chaosmesh, start
from .stage import excuse, fair

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

HEAD = f"""
name: small
mesh: [{AIRPORT}/*.json]
workloads: {{weather: {{replicas: 1}}, flights-v1: {{replicas: 1}}, flights-v2: {{replicas: 1}}}}
load: {{rate: 200, mix: [{{path: /flights/NH10}}]}}
"""
TEST = f"""
import pytest
from chaosmesh import at_least

@pytest.mark.chaosmesh({str(AIRPORT)!r})
def test_most_are_answered(mesh):
    mesh.load(rate=100, path="/flights/NH10").expect(success=at_least(0.9))

def test_that_fails():
    assert not "even tried"
"""
RULE = '{only: "flights-route/retryPolicy.maxRetries"}'


def gate(folder: Path, text: str, *words: str | Path) -> tuple[Ended, dict[str, Any]]:
    """A gate and its JSON; begins anew only where the run says itself that the host was to blame."""
    (folder / "chaosmesh.yaml").write_text(f"{HEAD}gate:\n{text}")
    (folder / "test_it.py").write_text(TEST)

    def once() -> tuple[Ended, dict[str, Any]]:
        ended = chaosmesh("gate", folder, "--json", "-", "--runs", folder / "runs", *words, within=400)
        return ended, json.loads(ended.out)

    return fair(once, lambda made: _excuse(made[1]))


def _excuse(found: dict[str, Any]) -> str | None:
    items = (item for part in found["parts"] for item in part["items"] if item["verdict"] == "invalid")
    return next((why for item in items if (why := excuse(item["reason"]))), None)


def latest(folder: Path) -> Path:
    return folder / "runs" / "small-gate" / "latest"


def test_all_kinds_of_parts_pass_together(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    text = f"""
  verify: {RULE}
  experiments: test_it.py::test_most_are_answered
  slo: {{success: 0.9, p99: 5s}}
  faults: [{{kind: errors, status: 503, share: 0.1, edge: departures -> flights}}]
  budget: 10m
"""
    junit = tmp_path / "all.xml"
    ended, found = gate(tmp_path, text, "--junit", junit, "--history", tmp_path / "nights")
    assert (ended.code, found["verdict"], found["exit"]) == (0, "pass", 0), ended
    assert [one["kind"] for one in found["parts"]] == ["verify", "experiments", "slo", "faults"]
    assert sum(one["alpha"] for one in found["parts"]) == pytest.approx(0.01)
    assert all(one["items"] for one in found["parts"])
    run = latest(tmp_path)
    assert json.loads((run / "run.json").read_text()) == found
    for part in found["parts"]:
        for folder in [part["folder"], *(one["folder"] for one in part["items"])]:
            assert folder is None or (run / folder).is_dir(), folder
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["kind"], summary["verdict"], summary["exit"]) == ("gate", "pass", 0)
    assert {one["kind"] for one in summary["items"]} == {"check", "claim"}
    assert list((tmp_path / "nights").glob("*.json"))
    xmlschema.XMLSchema(ROOT / "tests" / "schemas" / "junit.xsd").validate(junit.read_text())
    assert "## ✅ small-gate: pass, exit 0" in (tmp_path / "step.md").read_text()
    for one in (run / "parts").rglob("run.json"):
        judged = chaosmesh("judge", one.parent)
        assert "the same verdicts" in judged.out, judged


def test_what_does_not_hold_fails_the_gate_with_its_place_on_github(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    text = """
  experiments: [test_it.py::test_that_fails]
  faults: [{kind: down, edge: departures -> flights}]
"""
    ended, found = gate(tmp_path, text)
    assert (ended.code, found["verdict"]) == (1, "fail"), ended
    assert [one["verdict"] for one in found["parts"]] == ["fail", "fail"]
    lines = [one for one in ended.err.splitlines() if one.startswith("::error")]
    assert len(lines) == 2
    assert lines[0].startswith("::error file=test_it.py,line=9,col=1,title=fail%3A "), lines
    assert lines[1].startswith("::error file=chaosmesh.yaml,line="), lines
    text = (latest(tmp_path) / "summary.md").read_text()
    assert text.startswith("## ❌ small-gate: fail, exit 1")


def test_what_no_longer_fits_is_undecided_by_name(tmp_path):
    text = """
  verify: {only: [flights-route/retryPolicy.maxRetries, "matrix/departures>*/errors"]}
  slo: {success: 0.9}
  budget: 4s
"""
    ended, found = gate(tmp_path, text)
    verify, slo = found["parts"]
    assert (ended.code, found["verdict"]) == (3, "inconclusive"), ended
    assert [one["verdict"] for one in verify["items"]] == ["pass"]
    assert verify["left_out"] == ["matrix/departures>flights.airport.local/errors"]
    assert "not tried: matrix/departures>flights.airport.local/errors" in verify["reason"]
    assert (slo["verdict"], slo["left_out"], slo["folder"]) == ("inconclusive", ["users at departures"], None)
    junit = (latest(tmp_path) / "junit.xml").read_text()
    assert "users at departures, not tried" in junit
    assert "errors, not tried" in junit


def test_undecided_may_be_let_pass(tmp_path):
    text = "  slo: {success: 0.9}\n  budget: 1s\n  undecided: warn\n"
    ended, found = gate(tmp_path, text)
    assert (ended.code, found["verdict"], found["undecided"]) == (0, "inconclusive", "warn"), ended
    ended, _ = gate(tmp_path, text, "--undecided", "fail")
    assert ended.code == 3


@pytest.mark.parametrize(
    "text", ["  slo: {success: 0.999}\n", "  experiments: test_it.py\n"], ids=["mesh", "pytest"]
)
def test_ctrl_c_heals_and_ends_with_130(tmp_path, text):
    slow = TEST.replace("at_least(0.9)", "at_least(0.9999)")
    (tmp_path / "chaosmesh.yaml").write_text(f"{HEAD}gate:\n{text}")
    (tmp_path / "test_it.py").write_text(slow)
    with start("gate", tmp_path, "--json", "-", "--runs", tmp_path / "runs") as process:
        try:
            runs = loaded(process.pid)
            os.kill(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 130, err
    found = json.loads(out)
    assert (found["exit"], found["interrupted"]) == (130, True)
    assert [pid for one in runs for pid in outside.pids(one)] == []


def loaded(pid: int) -> set[str]:
    """The runs of a gate, once one of its meshes has its generator."""
    runs: set[str] = set()

    def waiting() -> str:
        families = [pid, *outside.children(pid)]
        runs.update(
            run for one in families for child in outside.children(one) if (run := outside.run_of(child))
        )
        return "" if any(len(outside.pids(one)) > 8 for one in runs) else f"runs {runs}"

    outside.until(waiting, 120)
    return runs
