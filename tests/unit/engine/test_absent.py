"""A folder that has no result says what it is and what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.cli.program import run
from chaosmesh.engine.folder import RunFolder

COMMANDS = (["report"], ["judge"], ["history", "nights", "--add"])


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "500")

    def tell(folder: Path) -> set[str]:
        found = set()
        for command in COMMANDS:
            assert run([*command, str(folder)]) == 2
            found.add(capsys.readouterr().err)
        return found

    return tell


def test_a_run_that_was_killed_is_told_as_one(told) -> None:
    folder = RunFolder.create(Path("runs"), "airport").path
    (text,) = told(folder)
    assert "run.json is missing: the run has not ended, or was killed" in text
    assert "→ run it again\n" in text
    (folder / "requests.parquet").touch()
    (text,) = told(folder)
    assert f"→ run it again; what it recorded: chaosmesh trace {folder}" in text


def test_the_folder_of_several_runs_names_the_last_one(told) -> None:
    RunFolder.create(Path("runs"), "airport")
    (text,) = told(Path("runs/airport"))
    assert "holds runs and is none itself" in text
    assert "its last run is runs/airport/latest" in text


def test_what_is_not_there_and_what_is_no_run(told, tmp_path: Path) -> None:
    (text,) = told(Path("gone"))
    assert "there is no folder gone" in text
    (tmp_path / "mesh").mkdir()
    (text,) = told(Path("mesh"))
    assert "mesh/run.json is missing" in text
    assert "runs/NAME/latest" in text
