"""Files that commands are asked to write: what can't be written shows before anything is done."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest

from chaosmesh.cli.program import run
from tests.conftest import ROOT

AIRPORT = str(ROOT / "fixtures" / "airport")
RUN = ["no-run"]
COMMANDS = [
    (["lint", AIRPORT], "--sarif"),
    (["lint", AIRPORT], "--json"),
    (["verify", AIRPORT], "--json"),
    (["up", AIRPORT], "--json"),
    (["canary", AIRPORT], "--json"),
    (["gate", AIRPORT], "--junit"),
    (["gate", AIRPORT], "--summary"),
    (["gate", AIRPORT], "--json"),
    (["history", "nights"], "--html"),
    (["judge", *RUN], "--json"),
    (["trace", *RUN], "--json"),
    (["report", *RUN], "--html"),
    (["report", *RUN], "--markdown"),
    (["report", *RUN], "--junit"),
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    return tmp_path


@pytest.mark.parametrize(("command", "option"), COMMANDS)
@pytest.mark.parametrize(("target", "says"), [("folder", "is a folder"), ("file/x", "file is no folder")])
def test_what_can_not_be_written_is_told_first(command, option, target, says, here, capsys):
    assert run([*command, option, target]) == 2
    shown = capsys.readouterr()
    assert f"error: {option}: {target}" in shown.err
    assert says in shown.err
    assert "→" in shown.err
    assert shown.out == ""
    assert sorted(one.name for one in here.iterdir()) == ["file", "folder"]
    assert (here / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("command", "option"),
    [(["render", AIRPORT], "--static"), (["gate", AIRPORT], "--history")],
)
def test_a_folder_that_can_not_be_made_is_told_first(command, option, capsys):
    assert run([*command, option, "file/x"]) == 2
    assert f"{option}: file/x can't be written" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--junit", "--summary"])
def test_what_can_not_go_to_stdout_says_so(option, here, capsys):
    assert run(["gate", AIRPORT, "--plan", option, "-"]) == 2
    assert f"{option}: this one can't go to stdout" in capsys.readouterr().err
    assert not (here / "-").exists()


def test_folders_on_the_way_are_made(here, capsys):
    assert run(["lint", AIRPORT, "--json", "a/b/l.json", "--sarif", "c/d.sarif"]) == 0
    assert "findings" in json.loads((here / "a/b/l.json").read_text())
    assert "runs" in json.loads((here / "c/d.sarif").read_text())


def test_sarif_can_go_to_stdout_alone(here, capsys):
    assert run(["lint", AIRPORT, "--sarif", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
    assert not (here / "-").exists()
    assert run(["lint", AIRPORT, "--sarif", "-", "--json", "-"]) == 2
    assert "both want stdout" in capsys.readouterr().err


class Narrow(io.StringIO):
    """A terminal of 40 columns."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "command",
    [
        ["gate", ".", "--plan"],
        ["why", ".", "--from", "departures", "--host", "flights.airport.local", "--path", "/flights/1"],
        ["--help"],
    ],
)
def test_what_is_told_fits_a_narrow_window(command, here, monkeypatch):
    shutil.copytree(AIRPORT, here, dirs_exist_ok=True)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    shown = Narrow()
    monkeypatch.setattr(sys, "stdout", shown)
    assert run(command) == 0
    words = [line for line in shown.getvalue().splitlines() if len(line) > 40]
    assert [line for line in words if " " in line.strip() and max(map(len, line.split())) < 20] == []
    assert len(shown.getvalue().splitlines()) > 8
