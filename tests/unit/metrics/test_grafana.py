"""The dashboard: panels in places of their own, and queries that promtool takes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from chaosmesh.engine.metrics.grafana import PANELS, RATE, dashboard, queries


def test_every_panel_has_a_place_of_its_own():
    body = dashboard("a run")
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in body["panels"]]
    assert len(set(places)) == len(PANELS) == len({one["id"] for one in body["panels"]})
    json.dumps(body, allow_nan=False)


def test_faults_are_marks_in_every_panel():
    body = dashboard("a run")
    assert body["annotations"]["list"][0]["expr"] == "chaosmesh_fault_in_force == 1"


def test_what_users_policies_and_faults_do_is_on_it():
    titles = " ".join(one.title for one in PANELS)
    for word in ("Requests", "Success", "Retries", "Latency by edge", "Ejected", "pool", "Faults"):
        assert word in titles


def test_promtool_takes_every_query(tmp_path: Path):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    rules = [
        {"record": f"q{number}", "expr": one.replace(RATE, "5s")} for number, one in enumerate(queries())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
