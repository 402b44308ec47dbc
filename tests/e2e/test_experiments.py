"""Experiments as their authors run them: pytest in a process of its own, on the airport."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from .command import AIRPORT, Ended, chaosmesh
from .experimenting import Session, run, start

pytestmark = pytest.mark.e2e

EXPERIMENT = """
from chaosmesh import Invalid
@pytest.mark.chaosmesh(AIRPORT)
def test_flaky(mesh):
    weather = mesh.edge("flights", "weather")
    with weather.errors(503, share=0.3):
        mesh.load(rate=60, path="/flights/NH10").expect(success=at_least(0.9), attempts=at_most(1.9, on=weather))

@pytest.mark.chaosmesh(AIRPORT)
def test_without(mesh):
    weather = mesh.edge("flights", "weather")
    with weather.errors(503, share=0.3):
        mesh.without("retryPolicy").load(rate=60, path="/flights/NH10").expect(success=at_least(0.9))

ticks = []
async def clock():
    while True:
        await asyncio.sleep(0.01)
        ticks.append(time.monotonic())

@pytest.mark.chaosmesh(AIRPORT)
async def test_coroutine(mesh):
    beside = asyncio.create_task(clock())
    begin = time.monotonic()
    async with mesh.edge("flights", "weather").latency("50ms"):
        try:
            run = await mesh.load(rate=60, path="/flights/NH10").expect_async(p50=at_least("30ms"))
        except Invalid as error:
            run = error.run
    beside.cancel()
    assert run.observed["p50_ms"] > 30
    assert len(ticks) > 20 * (time.monotonic() - begin)
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """One session of three experiments, which several tests look at."""
    folder = tmp_path_factory.mktemp("session")
    return folder, run(folder, EXPERIMENT, "--junit-xml=junit.xml")


def test_a_session_tells_every_verdict_and_why(ran: tuple[Path, Ended]) -> None:
    """On a machine that others use a run may rightly be `invalid`, in its own word."""
    folder, ended = ran
    assert ended.code == 1, ended
    assert re.search(r"test_flaky (PASSED|INVALID)", ended.out), ended
    assert re.search(r"test_without (FAILED|INVALID)", ended.out), ended
    evidence, timeline = ended.out.index("chaosmesh evidence"), ended.out.index("chaosmesh timeline")
    assert evidence < timeline
    assert "errors on flights-v1>weather.airport.local" in ended.out[timeline:], ended
    assert (folder / "junit.xml").read_text().count('"chaosmesh.verdict"') == 3
    assert "left behind" not in ended.out


def test_a_coroutine_is_not_blocked_by_faults_and_expectations(ran: tuple[Path, Ended]) -> None:
    assert "test_coroutine PASSED" in ran[1].out, ran[1]


def folder_of(ran: tuple[Path, Ended], test: str) -> Path:
    return next((ran[0] / "runs").glob(f"{test}*/latest"))


@pytest.mark.parametrize("test", ["test_flaky", "test_without", "test_coroutine"])
def test_the_same_verdict_follows_from_the_run_folder(ran: tuple[Path, Ended], test: str) -> None:
    folder = folder_of(ran, test)
    before = json.loads((folder / "run.json").read_text())
    again = chaosmesh("judge", folder, "--json", "-")
    assert again.code == {"pass": 0, "fail": 1}.get(before["verdict"], 3), again
    assert json.loads(again.out) == before


def test_another_alpha_changes_verdicts_and_nothing_else(ran: tuple[Path, Ended]) -> None:
    folder = folder_of(ran, "test_flaky")
    before: dict[str, Any] = json.loads((folder / "run.json").read_text())
    again = chaosmesh("judge", folder, "--alpha", "1e-200", "--json", "-")
    assert again.code == 3, again
    after = json.loads(again.out)
    changed = {name for name in before if before[name] != after[name]}
    assert {"verdict_hash", "expectations"} <= changed <= {"verdict", "expectations", "verdict_hash", "seal"}
    for one, other in zip(before["expectations"], after["expectations"], strict=True):
        differs = {name for name in one if one[name] != other[name]}
        assert {"claims"} <= differs <= {"verdict", "reason", "claims"}
        assert {claim["verdict"] for claim in other["claims"]} == {"inconclusive"}


@pytest.mark.parametrize(
    ("name", "how"), [("run.json", "changed"), ("attempts.parquet", "changed"), ("faults.json", "missing")]
)
def test_a_folder_that_was_tampered_with_is_told_with_the_file(
    ran: tuple[Path, Ended], tmp_path: Path, name: str, how: str
) -> None:
    folder = shutil.copytree(folder_of(ran, "test_flaky").resolve(), tmp_path / "run")
    file = folder / name
    data = bytearray(file.read_bytes())
    if how == "missing":
        file.unlink()
    else:
        at = data.index(b'"alpha": 0.01') + 12 if name == "run.json" else len(data) // 2
        data[at] ^= 1
        file.write_bytes(data)
    ended = chaosmesh("judge", folder)
    assert ended.code == 2, ended
    assert name in ended.err
    assert "Traceback" not in ended.err


BROKEN = """
@pytest.mark.chaosmesh(AIRPORT)
def test_it(mesh):
    weather = mesh.edge("flights", "weather")
    try:
        mesh.load(rate=60, path="/flights/NH10", count=200).expect(success=at_least(0.5))
    except AssertionError:
        pass  # decided, or rightly called invalid
    with weather.down(), mesh.node("weather").replica(1).hang():
        (HERE / "broken").touch()
        mesh.load(rate=20, path="/flights/NH10").expect(success=at_least(0.00001, margin=0.000001), budget="60s")
"""


def test_ctrl_c_under_a_fault_heals_tells_what_was_decided_and_ends_with_130(tmp_path: Path) -> None:
    with start(tmp_path, BROKEN) as process:
        one = Session(process, tmp_path)
        try:
            one.until_marked("broken")
            assert one.runs
            os.kill(process.pid, signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 130, out
        assert one.left() == ""
        assert "interrupted: everything is healed and stopped" in out
        assert re.search(r"^test_it .*success at least 0.5", out, re.MULTILINE), out
        assert "left behind" not in out
    assert list((tmp_path / "runs").glob("test_it/*/run.json"))


STORM = """
@pytest.mark.chaosmesh(AIRPORT, scenario=HERE / "chaosmesh.yaml")
def test_it(mesh):
    with mesh.edge("departures", "flights").down():
        mesh.load(rate=60, path="/flights/NH10").expect(success=at_most(0.5), budget="30s")

def test_after():
    raise SystemError
"""


def scenario(folder: Path, limits: str) -> Path:
    home = shutil.copytree(AIRPORT, folder / "airport")
    text = (home / "chaosmesh.yaml").read_text().replace('["*.json"]', '["airport/*.json"]')
    (folder / "chaosmesh.yaml").write_text(text + f"\nlimits: {limits}\n")
    return folder / "chaosmesh.yaml"


def test_a_limit_of_the_scenario_stops_the_session_with_5(tmp_path: Path) -> None:
    scenario(tmp_path, "{errors: 0.2}")
    ended = run(tmp_path, STORM)
    assert ended.code == 5, ended
    assert "STOPPED" in ended.out, ended
    assert "requests failed, limits.errors is 20 %" in ended.out, ended
    assert "SystemError" not in ended.out
    assert "left behind" not in ended.out


def test_a_rate_above_the_limit_is_refused_before_anything_starts(tmp_path: Path) -> None:
    ended = chaosmesh("verify", "--scenario", scenario(tmp_path, "{rate: 40}"), "--runs", tmp_path / "runs")
    assert ended.code == 5, ended
    lines = (tmp_path / "chaosmesh.yaml").read_text().splitlines()
    assert f"chaosmesh.yaml:{lines.index('limits: {rate: 40}') + 1}:" in ended.err
    assert "250 requests a second were asked for, limits.rate is 40" in ended.err
    assert "nothing was sent" in ended.err
    assert not (tmp_path / "runs").exists()


def test_a_limit_stops_a_verification_with_5_and_what_it_found_is_told(tmp_path: Path) -> None:
    file = scenario(tmp_path, "{errors: 0.2}")
    ended = chaosmesh(
        "verify", "--scenario", file, "--only", "*flights.airport*/down", "--runs", tmp_path / "runs"
    )
    assert ended.code == 5, ended
    assert "STOPPED" in ended.out, ended
    assert "limits.errors is 20 %" in ended.out, ended
    (folder,) = (tmp_path / "runs").glob("*/latest")
    assert "limits.errors" in json.loads((folder / "run.json").read_text())["stopped"]
    assert chaosmesh("judge", folder).code == 5


def test_a_verification_is_judged_again_from_its_folder(tmp_path: Path) -> None:
    chosen = ("--only", "matrix/flights-v1*/errors", "--only", "*weather-route*retry*", "--undecided", "warn")
    ended = chaosmesh("verify", AIRPORT, *chosen, "--runs", tmp_path / "runs")
    (folder,) = (tmp_path / "runs").glob("*/latest")
    before = json.loads((folder / "run.json").read_text())
    assert before["matrix"]
    again = chaosmesh("judge", folder, "--json", "-")
    assert again.code == ended.code, again
    assert json.loads(again.out) == before
    other = json.loads(chaosmesh("judge", folder, "--alpha", "1e-200", "--json", "-").out)
    assert {name for name in before if before[name] != other[name]} <= {"matrix", "summary"}
    assert all(one["verdict"] in ("inconclusive", "invalid") for one in other["matrix"])
    file = folder / "requests.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    assert chaosmesh("judge", folder).code == 2
