"""Claims in PromQL as their authors run them: pytest in a process of its own, with a real server or without one."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path

import pytest

from chaosmesh.runtime.prometheus import find
from chaosmesh.runtime.toxiproxy import require

from .command import AIRPORT, chaosmesh
from .experimenting import run
from .test_up import up

pytestmark = pytest.mark.e2e


EXPERIMENTS = """
from chaosmesh import around, phase, promql
SHARE = "sum(increase(envoy_appmesh_HTTPCode_Target_5XX_Count{TargetVirtualNode='weather'}[$window])) / " \\
    "sum(increase(envoy_appmesh_RequestCountPerTarget{TargetVirtualNode='weather'}[$window]))"

def load(mesh):
    return mesh.load(rate=60, path="/flights/NH10", duration="6s")

@pytest.mark.chaosmesh(AIRPORT)
def test_passes(mesh):
    with mesh.edge("flights", "weather").errors(503, share=0.3):
        load(mesh).expect(failed=promql(SHARE, around(0.3, 0.15)))

@pytest.mark.chaosmesh(AIRPORT)
def test_fails(mesh):
    with mesh.edge("flights", "weather").errors(503, share=0.3):
        load(mesh).expect(failed=promql(SHARE, at_most(0.01)))

@pytest.mark.chaosmesh(AIRPORT)
def test_says_nothing(mesh):
    load(mesh).expect(failed=promql("sum(there_is_no_such_metric)", at_most(1)))

@pytest.mark.chaosmesh(AIRPORT)
def test_has_phases(mesh):
    errors = mesh.edge("flights", "weather").errors(503, share=0.3)
    mesh.load(rate=40, path="/flights/NH10").through(
        phase("calm", "3s"), phase("fault", "4s", errors), phase("after", "3s")
    ).expect(
        before=promql("sum(chaosmesh_fault_in_force) or vector(0)", at_most(0, during="calm")),
        broken=promql("sum(chaosmesh_fault_in_force)", at_least(2, during="fault")),
        healed=promql("sum(chaosmesh_fault_in_force)", at_most(0, during="after")),
    )

@pytest.mark.chaosmesh(AIRPORT)
def test_is_no_promql(mesh):
    load(mesh).expect(failed=promql("sum(rate(x[$window])", at_most(1)))
"""


WORDS = {"pass": "PASSED", "fail": "FAILED", "invalid": "INVALID"}
CODES = {"pass": 0, "fail": 1, "invalid": 3}


@pytest.fixture
def server() -> None:
    if find() is None:
        reason = "Prometheus is not installed: apt-get install prometheus"
        (pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip)(reason)


def folder_of(root: Path, name: str) -> Path:
    return (root / "runs" / name / "latest").resolve()


def test_a_claim_passes_fails_or_says_nothing_and_is_judged_again(server: None, tmp_path: Path) -> None:
    ended = run(tmp_path, EXPERIMENTS)
    assert "test_it.py::test_is_no_promql FAILED" in ended.out
    assert "unclosed left parenthesis" in ended.out
    assert not (tmp_path / "runs" / "test_is_no_promql").exists()

    for name, verdict in (
        ("passes", "pass"),
        ("has_phases", "pass"),
        ("fails", "fail"),
        ("says_nothing", "invalid"),
    ):
        folder = folder_of(tmp_path, f"test_{name}")
        run_json = json.loads((folder / "run.json").read_text())
        found = run_json["expectations"][0]
        assert {one["verdict"] for one in found["claims"]} == {verdict}, found["reason"]
        busy = found["facts"]["problems"]  # what a machine without time makes of everything
        whole = "invalid" if busy else verdict
        assert f"test_it.py::test_{name} {WORDS[whole]}" in ended.out, ended.out
        assert "[$window]" not in found["facts"]["readings"][0]["query"]
        again = chaosmesh("judge", folder)
        assert (again.code, "the same verdicts" in again.out) == (CODES[whole], True), again.out
        listed = chaosmesh("metrics", folder)
        assert "envoy_appmesh_RequestCountPerTarget" in listed.out, listed.err
        assert (folder / "emf.ndjson").stat().st_size


def without_server(monkeypatch: pytest.MonkeyPatch, folder: Path, ci: str) -> None:
    monkeypatch.setenv("CHAOSMESH_TOXIPROXY", str(require()))
    monkeypatch.delenv("CHAOSMESH_PROMETHEUS", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("CI", ci)


@pytest.mark.parametrize(("ci", "word"), [("", "SKIPPED"), ("true", "FAILED")])
def test_without_a_server_it_is_skipped_and_fails_in_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, word: str
) -> None:
    without_server(monkeypatch, tmp_path, ci)
    body = EXPERIMENTS[: EXPERIMENTS.index("@pytest.mark.chaosmesh(AIRPORT)\ndef test_fails")]
    ended = run(tmp_path, body, "-rs")
    assert f"test_it.py::test_passes {word}" in ended.out, ended.out
    assert "apt-get install" in ended.out


def test_the_command_without_a_server_ends_with_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_server(monkeypatch, tmp_path, "")
    ended = chaosmesh("verify", AIRPORT, "--prometheus", "--quick", "--runs", tmp_path / "runs")
    assert ended.code == 4
    assert ended.err.count("Prometheus is not installed") == 1
    assert "apt-get install" in ended.err


def test_a_verification_keeps_what_was_scraped(server: None, tmp_path: Path) -> None:
    ended = chaosmesh(
        "verify", AIRPORT, "--prometheus", "--only", "*retryPolicy*", "--quick", "--runs", tmp_path / "runs"
    )
    assert ended.code in (0, 3), ended.err
    folder = (tmp_path / "runs" / "airport" / "latest").resolve()
    done = chaosmesh("metrics", folder, "--export", tmp_path / "all.txt")
    assert done.code == 0, done.err
    assert "envoy_cluster_upstream_rq_retry" in (tmp_path / "all.txt").read_text()


def test_up_tells_where_the_server_is_and_keeps_what_it_saw(server: None, tmp_path: Path) -> None:
    with up(AIRPORT, "--prometheus", runs=tmp_path) as running:
        url = running.line["prometheus"]
        with urllib.request.urlopen(f"{url}/api/v1/query?query=count(up)", timeout=20) as answer:
            found = json.load(answer)["data"]["result"]
        sidecars = sum(map(len, running.line["nodes"].values()))
        assert int(found[0]["value"][1]) == sidecars + 3
    folder = (tmp_path / "airport" / "latest").resolve()
    assert (folder / "metrics.parquet").is_file()
    assert (folder / "grafana.json").is_file()
