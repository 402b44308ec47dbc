"""The examples of the documentation, run as they are written, in a folder of their own.

Blocks of commands run one after another; `chaosmesh up` runs until it has said its addresses and is then interrupted. Experiments
run in one session of pytest. What is undecided because the host is busy has still been run: only a wrong answer fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pyarrow import parquet

from tests.conftest import ROOT
from tests.e2e.command import TERMINAL
from tests.examples import Example, examples, outputs, written_in
from tests.unit.example_names import body, experiments_in

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2 * 900)]

COMMANDS = tuple(one for one in written_in("sh") if one.note != "not run")
PYTHON = tuple(one for one in written_in("python") if one.note == "run" or experiments_in(one))
UNDECIDED = 3
PATIENCE = 900.0
"""Seconds that no command takes, however busy the host."""
INVALID = re.compile(r"^E +chaosmesh\.Invalid: .*\b(?:generator|host)\b.*$", re.MULTILINE)
"""What pytest says where the host was too busy to tell anything."""
AIRPORT_API = "http://127.0.0.1:41237"
"""What the pages write for the address that `up` prints."""


@dataclass
class Shell:
    """A folder in which the examples run, and what they exported."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    exports: list[str] = field(default_factory=list)

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        script = "; ".join([*self.exports, line])
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def up(self, line: str) -> str:
        """`chaosmesh up …` until Ctrl-C; the line that it prints first."""
        with subprocess.Popen(
            [*TERMINAL, "bash", "-c", f"exec {line}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            try:
                said = process.stdout.readline()
            finally:
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=60)
        assert said.startswith("{"), err
        assert process.returncode in (0, 130), err
        return said


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {k: v for k, v in os.environ.items() if k != "CI"} | {
        "PATH": path,
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader of the documentation stands: `fixtures/` and `experiments/` of the clone, `mesh/` of their own."""
    home = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "fixtures", home / "fixtures")
    shutil.copytree(ROOT / "experiments", home / "experiments")
    shutil.copytree(ROOT / "tests" / "documented" / "mesh", home / "mesh")
    shutil.copy(ROOT / "fixtures" / "airport" / "weather-route.json", home / "route.json")
    return home


@pytest.fixture(scope="module")
def ran(folder: Path) -> Path:
    """The folder with a run of the airport and one of `mesh/` in it."""
    shell = Shell(folder, environment())
    for line in (
        "chaosmesh verify fixtures/airport --only retryPolicy.maxRetries",
        "chaosmesh verify mesh/ --only retryPolicy",
    ):
        ended = shell.run(line)
        assert ended.returncode in (0, UNDECIDED), ended.stderr
    return folder


@pytest.fixture(scope="module")
def api(folder: Path) -> Iterator[str]:
    """The address of the App Mesh API of a running airport."""
    process = subprocess.Popen(
        [*TERMINAL, "chaosmesh", "up", "fixtures/airport", "--runs", "up"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["api"]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def lines(example: Example) -> Iterator[str]:
    """The commands of a block, without their comments."""
    for line in example.text.replace("\\\n", " ").splitlines():
        if command := re.sub(r"(^|\s)#.*", "", line).strip():
            yield command


@pytest.mark.parametrize("example", COMMANDS, ids=str)
def test_commands_run(example: Example, ran: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if example.note == "needs" and shutil.which(example.why) is None:
        pytest.skip(f"{example.why} is not installed")
    home = tmp_path / "reader"
    shutil.copytree(ran, home, symlinks=True)
    _saved(example.page, home)
    shell = Shell(home, environment())
    address = request.getfixturevalue("api") if example.note == "with" else AIRPORT_API
    for line in lines(example):
        command = line.replace(AIRPORT_API, address).replace("REQUEST-ID", _some_request(home))
        if command.startswith("export "):
            shell.exports.append(command)
        elif command.startswith("chaosmesh up"):
            shell.up(command)
        else:
            _fine(command, shell.run(command))


def _fine(command: str, ended: subprocess.CompletedProcess[str]) -> None:
    measured = re.match(r"chaosmesh (verify|canary|gate|judge)\b", command)
    allowed = (0, UNDECIDED) if measured else (0,)
    if command.startswith("pytest") and INVALID.search(ended.stdout):
        allowed = (0, 1)
    if (
        "--profile envoy" in command
    ):  # what App Mesh's open breakers let through is cut: that is what the page shows
        allowed = (*allowed, 1)
    assert ended.returncode in allowed, f"{command}\n{ended.stdout}\n{ended.stderr}"
    assert "Traceback" not in ended.stderr


def _saved(page: Path, folder: Path) -> None:
    """Files that the page tells the reader to save: "Save this as `NAME`" above a block."""
    for match in re.finditer(
        r"[Ss]ave this as `([\w.]+)`:\n\n```\w+\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL
    ):
        (folder / match[1]).write_text(match[2])


def _some_request(folder: Path) -> str:
    file = folder / "runs" / "airport" / "latest" / "requests.parquet"
    return str(parquet.read_table(file, columns=["request_id"])["request_id"][0])


@pytest.mark.parametrize(("command", "shown"), outputs(), ids=[str(shown) for _, shown in outputs()])
def test_an_output_looks_as_it_is_shown(command: Example, shown: Example, ran: Path) -> None:
    *_, last = lines(command)
    said = Shell(ran, environment()).run(last)
    assert said.returncode == 0, said.stderr
    assert shape(said.stdout) == shape(shown.text)


def shape(text: str) -> list[str]:
    """The lines of an output with every number as 0 and every run of blanks as one."""
    return [
        re.sub(r"\s+", " ", re.sub(r"[\d.,]+", "0", line)).rstrip()
        for line in text.splitlines()
        if line.strip()
    ]


def test_experiments_run(ran: Path) -> None:
    """Whole experiments as they are, and pieces that are marked for it inside one, in one session of pytest."""
    project = ran / "documented"
    project.mkdir()
    for number, example in enumerate(PYTHON):
        text = example.text.replace('"fixtures/', '"../fixtures/')
        if not experiments_in(example):
            text = HEAD + f"def test_piece(mesh):\n    # {example}\n{body(example)}"
        (project / f"test_example_{number}.py").write_text(text)
    reader = Shell(project, environment())
    ended = reader.run("pytest -q --chaos-undecided warn -p no:cacheprovider")
    bad = re.findall(r"^(?:FAILED|ERROR|INVALID|INCONCLUSIVE) ", ended.stdout, re.MULTILINE)
    assert ended.returncode in (0, 1), ended.stdout + ended.stderr
    assert len(bad) <= len(INVALID.findall(ended.stdout)), ended.stdout


HEAD = """import typing
from urllib.request import Request, urlopen
import pytest
from chaosmesh import *

@pytest.mark.chaosmesh("../fixtures/airport")
"""


def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """The table of `chaosmesh demo` on this machine has the lines of the one in the README."""
    shown = next(one for one in examples(ROOT / "README.md") if one.text.startswith("airport · "))
    ended = Shell(tmp_path, environment()).run("chaosmesh demo")
    assert ended.returncode == 0, ended.stderr
    if "INVALID" in ended.stdout or "UNDECIDED" in ended.stdout:
        told = re.search(
            r"the host starved|the generator|and other programs had", " ".join(ended.stdout.split())
        )
        assert told, f"nobody but the mesh itself can be to blame:\n{ended.stdout}"
        pytest.skip(f"the host was too busy to decide every cell: {told[0]}")
    heads = [re.split(r"[\s:·]{2,}|: ", line.strip())[0] for line in shown.text.splitlines()]
    said = ended.stdout
    for head in heads:
        assert shape(head)[0] in shape(said.replace("\n", " "))[0], f"{head!r} is not in\n{said}"
