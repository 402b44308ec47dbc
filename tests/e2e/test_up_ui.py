"""`chaosmesh up --ui` and `locust -f FILE --mesh DOC`, as their users run them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import command, outside
from tests.e2e.command import AIRPORT, chaosmesh
from tests.e2e.stage import fair
from tests.e2e.test_up import up

pytestmark = pytest.mark.e2e

VISITORS = """
import chaosmesh.locust
from locust import FastHttpUser, constant, task

class Visitor(FastHttpUser):
    wait_time = constant(0.05)
    @task
    def look(self):
        self.client.get("/flights/NH10")
"""


def ask(url: str, **form: object) -> Any:
    data = urllib.parse.urlencode(form).encode() if form else None
    with urllib.request.urlopen(url, data, timeout=60) as answer:
        return json.load(answer)


def requests_at(ui: str) -> int:
    found: int = ask(f"{ui}/stats/requests")["stats"][-1]["num_requests"]
    return found


@contextmanager
def locust(folder: Path, *args: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Locust's own command in a session of its own, as a terminal would give it."""
    program = str(Path(sys.executable).parent / "locust")
    with (folder / "out.txt").open("w") as out:
        process = subprocess.Popen(
            [*command.TERMINAL, program, *map(str, args)],
            cwd=folder,
            stdout=out,
            stderr=out,
            text=True,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_test_started_in_the_web_ui_loads_the_mesh(tmp_path: Path) -> None:
    with up(AIRPORT, "--ui", "--workers", "2", runs=tmp_path) as mesh:
        ui = mesh.line["ui"]
        assert ui.startswith("http://127.0.0.1:")
        assert ask(f"{ui}/worker-count") == {"worker_count": 2}
        elsewhere = ask(f"{ui}/swarm", user_count=1, spawn_rate=1, host="http://192.0.2.1")
        assert (elsewhere["success"], "is not an entry" in elsewhere["message"]) == (False, True)
        assert ask(f"{ui}/swarm", user_count=10, spawn_rate=10, requests_per_user=5)["success"]
        outside.until(lambda: "" if requests_at(ui) > 50 else "nothing was sent yet", within=60)
        ask(f"{ui}/stop", x="")
        assert ask(f"{ui}/stats/requests")["fail_ratio"] == 0
        mesh.hears("load has ended")


def test_a_saved_document_and_a_refused_one_are_told_on_the_page(tmp_path: Path) -> None:
    airport = tmp_path / "airport"
    shutil.copytree(AIRPORT, airport)
    file = airport / "weather-route.json"
    good = file.read_text()
    with up(airport, "--ui", "--watch", runs=tmp_path) as mesh:

        def told() -> str:
            state = ask(f"{mesh.line['tower']}/api/state")
            return "\n".join(one["text"] for one in state["events"] if one["kind"] == "policy")

        file.write_text(good.replace('"maxRetries"', '"maxRetris"'))
        outside.until(lambda: "" if "saved and not taken" in told() else told() or "nothing", within=60)
        assert f"{file}:" in told()
        assert "maxRetris is an unknown field" in told()
        file.write_text(good.replace('"maxRetries": 2', '"maxRetries": 1'))
        outside.until(lambda: "" if "~ virtualRouter/weather-router" in told() else told(), within=60)


def test_kill_9_of_main_leaves_no_locust(tmp_path: Path) -> None:
    process = command.start("up", AIRPORT, "--ui", "--runs", tmp_path)
    try:
        assert process.stdout is not None
        ui = json.loads(process.stdout.readline())["ui"]
        keeper = outside.keeper_of(process.pid)
        assert keeper is not None
        run = outside.run_of(keeper)
        ask(f"{ui}/swarm", user_count=5, spawn_rate=5)
        assert any("web.locust.program" in outside.command_line(pid) for pid in outside.pids(run))
        process.kill()
        outside.until(lambda: str(outside.pids(run) or ""), within=30)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--ui", "--locustfile", "{bad}"), "{bad}:3:1"),
        (("--ui", "--locustfile", "nowhere.py"), "there is no file nowhere.py"),
        (("--locustfile", "{bad}"), "add --ui"),
        (("--workers", "2"), "add --ui"),
    ],
)
def test_what_can_not_be_is_said_before_anything_starts(
    tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("import locust\n\nraise ValueError('no')\n")
    ended = chaosmesh("up", AIRPORT, "--runs", tmp_path / "runs", *(one.format(bad=bad) for one in args))
    assert (ended.code, ended.out) == (2, ""), ended
    assert words.format(bad=bad) in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("processes", [(), ("--processes", "2")], ids=["one", "two"])
def test_locusts_own_command_brings_the_mesh_up_and_ends_it(
    tmp_path: Path, processes: tuple[str, ...]
) -> None:
    file = tmp_path / "visitors.py"
    file.write_text(VISITORS)
    form = ("--headless", "-u", "6", "-r", "6", "-t", "3s", "--json-file", "found", *processes)
    with locust(tmp_path, "-f", file, "--mesh", AIRPORT, *form) as process:
        assert process.wait(120) == 0, said(tmp_path)
    assert "load has ended" in said(tmp_path)
    rows = json.loads((tmp_path / "found.json").read_text())
    assert [one["name"] for one in rows] == ["/flights/NH10"]
    assert rows[0]["num_requests"] > 20
    assert rows[0]["num_failures"] == 0
    outside.until(lambda: str(_in(tmp_path) or ""), within=30)


def test_a_mesh_that_does_not_come_up_is_said_in_words(tmp_path: Path) -> None:
    file = tmp_path / "visitors.py"
    file.write_text(VISITORS)
    form = ("--headless", "-u", "1", "-t", "3s", "--processes", "2")
    with locust(tmp_path, "-f", file, "--mesh", tmp_path / "nothing", *form) as process:
        assert process.wait(120) == 2
        outside.until(lambda: str(_in(tmp_path) or ""), within=30)
    assert "there is no such file" in said(tmp_path)
    assert "Traceback" not in said(tmp_path)


def test_the_mesh_ends_with_a_locust_that_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "visitors.py"
    file.write_text(VISITORS)
    with locust(tmp_path, "-f", file, "--mesh", AIRPORT, "--headless", "-u", "6", "-r", "6") as process:
        outside.until(lambda: "" if "load begins" in said(tmp_path) else "no load", within=60)
        assert any(outside.run_of(pid) for pid in _in(tmp_path))
        os.kill(process.pid, signal.SIGKILL)
        outside.until(lambda: str(_in(tmp_path) or ""), within=30)


def test_ctrl_c_ends_locust_and_the_mesh(tmp_path: Path) -> None:
    file = tmp_path / "visitors.py"
    file.write_text(VISITORS)
    form = ("--headless", "-u", "6", "-r", "6", "--processes", "2")
    with locust(tmp_path, "-f", file, "--mesh", AIRPORT, *form) as process:
        outside.until(lambda: "" if "GET " in said(tmp_path) else "nothing in the table", within=60)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(90)
    outside.until(lambda: str(_in(tmp_path) or ""), within=30)
    assert "load has ended" in said(tmp_path)


def test_a_claim_that_failed_is_the_exit_code_of_a_headless_run(tmp_path: Path) -> None:
    file = tmp_path / "visitors.py"
    sick = 'headers={"x-standin": "departures=status:503;attempts:99"}'
    file.write_text(VISITORS.replace('"/flights/NH10"', f'"/flights/NH10", {sick}'))
    form = ("--headless", "-u", "10", "-r", "10", "-t", "8s", "--exit-code-on-error", "0")

    def once() -> tuple[int, str]:
        with locust(tmp_path, "-f", file, "--mesh", AIRPORT, *form) as process:
            code = process.wait(120)
        return code, said(tmp_path)

    code, told = fair(once, lambda made: "invalid" if "at the entry: invalid" in made[1] else None)
    assert code == 1, told
    assert "success at least 99 % at the entry: fail" in told


def said(folder: Path) -> str:
    return (folder / "out.txt").read_text()


def _in(folder: Path) -> list[int]:
    """Processes that were started there, and what they have started."""
    found = []
    for pid in outside._living():
        with suppress(OSError):
            if Path(f"/proc/{pid}/cwd").readlink() == folder:
                found.append(pid)
    return found
