"""Run folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.engine.folder import RunFolder
from chaosmesh.errors import EnvironmentFailedError


def test_two_runs_in_one_second_get_folders_of_their_own_and_latest_is_the_last(tmp_path: Path):
    first, second = (RunFolder.create(tmp_path, "airport") for _ in range(2))
    assert first.path != second.path
    assert (tmp_path / "airport" / "latest").resolve() == second.path
    assert first.logs.is_dir()
    assert first.config.is_dir()


def test_a_place_where_no_folder_can_be_made_is_said_with_the_way_out(tmp_path: Path):
    (tmp_path / "airport").write_text("a file, not a folder")
    with pytest.raises(EnvironmentFailedError, match="no run folder") as error:
        RunFolder.create(tmp_path, "airport")
    assert "--runs" in error.value.hint


def test_json_is_written_whole_or_not_at_all(tmp_path: Path):
    folder = RunFolder.create(tmp_path, "airport")
    path = folder.write_json("run.json", {"a": 1})
    assert path.read_text() == '{\n "a": 1\n}\n'
    assert not list(folder.path.glob("*.part"))
