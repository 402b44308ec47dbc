"""What images are made of, and the hash of it."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime.docker import images
from chaosmesh.runtime.docker.context import NAMES, Context, File, context, folder


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    dockerfile, program = tmp_path / "Dockerfile", tmp_path / "program"
    dockerfile.write_text("# what it is\nARG BASE=debian:bookworm-slim\nFROM ${BASE}\n")
    program.write_bytes(b"\x7fELF")
    return dockerfile, program


def made_of(files: tuple[Path, Path], **arguments: str) -> Context:
    dockerfile, program = files
    return Context(
        "toxiproxy", (File("Dockerfile", dockerfile), File("program", program, program=True)), arguments
    )


def test_the_hash_follows_the_content_only(files: tuple[Path, Path], tmp_path: Path) -> None:
    first = made_of(files).digest
    assert re.fullmatch("[0-9a-f]{12}", first)
    files[1].touch()
    assert made_of(files).digest == first
    copy = tmp_path / "copy"
    copy.write_bytes(files[1].read_bytes())
    assert made_of((files[0], copy)).digest == first
    assert made_of(files, PROGRAM="scratch").digest != first
    files[1].write_bytes(b"\x7fELF2")
    assert made_of(files).digest != first


def test_the_archive_is_the_same_for_the_same_content(files: tuple[Path, Path]) -> None:
    archives = [io.BytesIO(), io.BytesIO()]
    for one in archives:
        made_of(files).write(one)
        files[1].touch()
    assert archives[0].getvalue() == archives[1].getvalue()
    archives[0].seek(0)
    with tarfile.open(fileobj=archives[0]) as archive:
        modes = {one.name: (oct(one.mode), one.uid, one.mtime) for one in archive}
    assert modes == {"Dockerfile": ("0o644", 0, 0), "program": ("0o755", 0, 0)}


def test_the_base_stands_in_the_dockerfile(files: tuple[Path, Path]) -> None:
    assert made_of(files).public_base == "debian:bookworm-slim"
    files[0].write_text("FROM debian\n")
    with pytest.raises(EnvironmentFailedError, match="names no base image"):
        _ = made_of(files).public_base


@pytest.mark.parametrize("name", NAMES)
def test_every_image_has_its_dockerfile(name: str) -> None:
    text = (folder() / name / "Dockerfile").read_text()
    assert re.search(r"^ARG BASE=[\w.:/-]+$", text, re.MULTILINE)
    assert re.search(r"^USER (\d+):\1$", text, re.MULTILINE), "a user, by number"


def test_the_stand_in_takes_what_it_imports_and_no_more() -> None:
    listed = [one.name for one in context("standin").files]
    names = set(listed)
    assert len(names) == len(listed)
    assert {"Dockerfile", "site/chaosmesh/services/__main__.py", "site/chaosmesh/errors.py"} <= names
    assert {
        "site/h2/__init__.py",
        "site/hpack/__init__.py",
        "site/aiohttp/__init__.py",
        "site/yarl/__init__.py",
    } <= names
    tops = {name.split("/")[1].removesuffix(".py") for name in names if "/" in name}
    assert not tops & {"locust", "grpc", "docker", "numpy", "pip"}
    assert not [name for name in names if name.endswith((".pyc", ".pyi"))]


@pytest.mark.parametrize("compiled", [True, False], ids=["same Python", "another Python"])
def test_what_the_stand_in_takes_is_all_it_imports(compiled: bool, tmp_path: Path) -> None:
    for one in context("standin").files:
        if one.name.startswith("site/") and (compiled or one.source.suffix != ".so"):
            target = tmp_path / one.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(one.source)
    ask = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); import chaosmesh.services.standin as it; print(it.__file__)"
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ask], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(str(tmp_path))


def test_prometheus_is_pulled_where_it_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "prometheus"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    here = context("prometheus")
    assert [one.name for one in here.files] == ["Dockerfile", "prometheus"]
    assert here.arguments == {"PROGRAM": "scratch"}
    monkeypatch.setenv("PATH", "")
    pulled = context("prometheus")
    assert [one.name for one in pulled.files] == ["Dockerfile"]
    assert pulled.arguments == {}
    assert pulled.digest != here.digest


def test_tags_may_name_a_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(images.PREFIX, raising=False)
    plain = images.tag("standin")
    assert re.fullmatch(r"chaosmesh/standin:[0-9a-f]{12}", plain)
    monkeypatch.setenv(images.PREFIX, "registry.example:5000/mesh/")
    assert images.tag("standin") == plain.replace("chaosmesh/", "registry.example:5000/mesh/")
