"""The commands as users and their scripts meet them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.cli.program import run
from chaosmesh.envoy import binary

from . import outside
from .command import AIRPORT, PROGRAM, chaosmesh, start

pytestmark = pytest.mark.e2e

NODES = {"departures", "flights-v1", "flights-v2", "weather"}


def test_help_groups_the_commands(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capfd.readouterr().out
    _, _, sections = out.partition("Start:")
    words = ("demo", "verify", "up", "Understand:", "render", "More:", "doctor", "setup", "clean", "schema")
    at = [sections.index(f"\n  {word} " if word.islower() else word) for word in words]
    assert at == sorted(at)
    assert "Exit codes: 0 pass" in out


@pytest.mark.parametrize(
    "args", [["nonsense"], ["verify", "--nonsense"], ["verify"], ["verify", str(AIRPORT), "--budget", "5"]]
)
def test_wrong_usage_is_told_with_2(args: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(args) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err
    assert "Traceback" not in err


def test_list_names_everything_and_starts_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(AIRPORT), "--list", "--runs", str(tmp_path / "runs")]) == 0
    ids = [line.split("  ")[0] for line in capfd.readouterr().out.splitlines()]
    assert len(ids) == len(set(ids))
    assert "virtualRouter/weather-router/route/weather-route/retryPolicy.maxRetries" in ids
    assert "matrix/departures>flights.airport.local/errors" in ids
    assert not (tmp_path / "runs").exists()


def test_only_narrows_the_list(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["verify", str(AIRPORT), "--list", "--only", "crew-route/match*", "--runs", str(tmp_path)]) == 0
    )
    lines = capfd.readouterr().out.splitlines()
    assert lines
    assert all("crew-route/match" in line for line in lines)
    assert run(["verify", str(AIRPORT), "--list", "--only", "no-such-thing", "--runs", str(tmp_path)]) == 2


def test_schema_is_json_schema_and_takes_the_airport(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    schema = json.loads(capfd.readouterr().out)
    assert {"mesh", "workloads", "load", "slo", "accept"} <= set(schema["properties"])


def test_doctor_says_what_is_there(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json", "-"]) == 0
    found = {one["part"].lower(): one for one in json.loads(capfd.readouterr().out)["findings"]}
    assert found["envoy"]["found"]
    assert found["toxiproxy"]["found"]
    assert all(one["ok"] for one in found.values())


def test_doctor_tells_how_many_files_a_process_may_open() -> None:
    low = ["prlimit", "--nofile=1000:3000", *PROGRAM, "doctor"]
    done = subprocess.run(low, capture_output=True, text=True, check=False)
    said = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stderr
    assert "Open files 3,000 for each process, the hard limit; if a run says that it may need more" in said
    assert "as root `ulimit -Hn 65536`" in said


def test_render_has_the_sidecar_of_every_node(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["render", str(AIRPORT)]) == 0
    rendered = json.loads(capfd.readouterr().out)
    assert set(rendered) == NODES
    for one in rendered.values():
        assert {"listeners", "routes", "clusters", "endpoints"} <= set(one)
    assert any(
        name.startswith("cds_egress_airport_weather_http_8080") for name in rendered["flights-v1"]["clusters"]
    )
    assert run(["render", str(AIRPORT), "--node", "weather"]) == 0
    assert set(json.loads(capfd.readouterr().out)) == {"weather"}
    assert run(["render", str(AIRPORT), "--node", "nobody"]) == 2
    assert "one of:" in capfd.readouterr().err


def test_static_renderings_are_valid_for_envoy(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["render", str(AIRPORT), "--static", str(tmp_path)]) == 0
    files = sorted(tmp_path.glob("*.json"))
    assert {file.stem.rpartition(".")[0] for file in files} == NODES
    for file in files:
        checked = subprocess.run(
            [binary(), "--mode", "validate", "-c", file, "--log-level", "error"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert checked.returncode == 0, checked.stderr


# -- up ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The airport that is up, by its JSON line."""
    with start("up", AIRPORT, "--runs", tmp_path_factory.mktemp("runs")) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            os.kill(process.pid, signal.SIGINT)
            process.communicate(timeout=60)


def ask(url: str, **headers: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, json.loads(text) if text.startswith(b"{") else {"text": text.decode()}


def test_up_says_where_everything_is(mesh: dict[str, Any]) -> None:
    assert {"api", "entry", "nodes", "ui"} <= set(mesh)
    assert set(mesh["nodes"]) == NODES
    assert len(mesh["nodes"]["weather"]) == 2
    assert set(mesh["entry"]) == {"departures"}
    for replicas in mesh["nodes"].values():
        for number, one in enumerate(replicas):
            assert one["replica"] == number
            with urllib.request.urlopen(one["admin"] + "/ready", timeout=20) as answer:
                assert answer.read().strip() == b"LIVE"


def test_the_entry_answers_with_the_whole_way(mesh: dict[str, Any]) -> None:
    status, body = ask(mesh["entry"]["departures"] + "/flights/NH10")
    assert status == 200
    assert {"node", "version", "replica", "request_id", "attempt", "lineage", "calls"} <= set(body)
    assert body["node"] == "departures"
    (flights,) = body["calls"]
    assert flights["answer"]["node"] in ("flights-v1", "flights-v2")
    assert flights["answer"]["calls"][0]["answer"]["node"] == "weather"


def test_x_standin_at_the_entry_reaches_the_node_it_names(mesh: dict[str, Any]) -> None:
    url = mesh["entry"]["departures"] + "/flights/NH10"
    status, body = ask(url, x_standin="weather=status:503;attempts:1")
    assert status == 200
    weather = body["calls"][0]["answer"]["calls"][0]["answer"]
    assert weather["attempt"] >= 2
    status, body = ask(url, x_standin="departures=status:418")
    assert (status, body["node"]) == (418, "departures")


@pytest.mark.parametrize(
    "headers",
    [
        {"x_envoy_fault_abort_request": "503"},
        {"x_envoy_fault_abort_request": "503", "x_envoy_fault_abort_request_percentage": "100"},
        {"x_envoy_fault_delay_request": "20000"},
        {"x_chaosmesh_victim": "mine", "x_chaosmesh_lineage": "9.9"},
        {"x_envoy_attempt_count": "7"},
        {"x_chaosmesh_edge": "departures>flights.airport.local", "x_chaosmesh_call": "1-1"},
    ],
)
def test_outsiders_do_not_steer_the_mesh(mesh: dict[str, Any], headers: dict[str, str]) -> None:
    status, body = ask(mesh["entry"]["departures"] + "/flights/NH10", **headers)
    assert status == 200
    assert body["attempt"] == 1
    assert "9" not in body["lineage"]
    assert body["calls"][0]["answer"]["attempt"] == 1


def test_crew_goes_by_its_own_route(mesh: dict[str, Any]) -> None:
    egress = mesh["nodes"]["departures"][0]["egress"] + "/flights/NH10"
    answers = [ask(egress, Host="flights.airport.local", x_role="crew") for _ in range(10)]
    assert {status for status, _ in answers} == {200}
    assert {body["node"] for _, body in answers} == {"flights-v2"}
    assert ask(egress, Host="nowhere.airport.local")[0] == 404


def test_up_ends_with_ctrl_c_and_leaves_nothing(tmp_path: Path) -> None:
    with start("up", AIRPORT, "--runs", tmp_path / "runs") as process:
        try:
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            keeper = outside.keeper_of(process.pid)
            assert keeper is not None
            name = outside.run_of(keeper)
            os.kill(process.pid, signal.SIGINT)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert outside.pids(name) == []
    subnet = ".".join(line["entry"]["departures"].removeprefix("http://").split(".")[:2])
    assert outside.listeners(subnet) == []


# -- verify ------------------------------------------------------------------------------------------------


def test_only_runs_what_it_names_and_keeps_a_whole_run_folder(tmp_path: Path) -> None:
    documents = tmp_path / "airport"
    shutil.copytree(AIRPORT, documents)
    ended = chaosmesh(
        "verify", documents, "--only", "crew-route/match*", "--json", "-", "--runs", tmp_path / "runs"
    )
    result = json.loads(ended.out)
    assert ended.code == 0, ended
    assert result["schema"] == "chaosmesh.verify/1"
    assert {check["id"].rpartition("/")[2] for check in result["checks"]} == {
        "match.prefix",
        "match.headers.x-role",
    }
    assert {check["verdict"] for check in result["checks"]} == {"pass"}
    assert {check["resource"]["file"] for check in result["checks"]} == {str(documents / "crew-route.json")}
    assert result["matrix"] == []
    latest = tmp_path / "runs" / "airport" / "latest"
    have = {one.name for one in latest.iterdir()}
    assert {
        "run.json",
        "report.html",
        "events.ndjson",
        "requests.parquet",
        "attempts.parquet",
        "faults.json",
        "config",
        "logs",
    } <= have
    assert json.loads((latest / "run.json").read_text())["checks"] == result["checks"]
