"""Where the server is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.errors import EnvironmentFailedError, ExitCode, MissingProgramError
from chaosmesh.runtime.prometheus import find, require


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("CHAOSMESH_PROMETHEUS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_without_one_the_command_that_gets_it_is_told():
    assert find() is None
    with pytest.raises(MissingProgramError, match="Prometheus is not installed") as error:
        require()
    assert "apt-get install" in error.value.hint
    assert error.value.code is ExitCode.ENVIRONMENT


def test_it_is_found_on_path(tmp_path: Path):
    assert program(tmp_path / "prometheus") == require()


def test_a_named_one_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program(tmp_path / "prometheus")
    named = program(tmp_path / "another")
    monkeypatch.setenv("CHAOSMESH_PROMETHEUS", str(named))
    assert require() == named
    monkeypatch.setenv("CHAOSMESH_PROMETHEUS", str(tmp_path / "missing"))
    with pytest.raises(EnvironmentFailedError, match="which is no program"):
        find()
