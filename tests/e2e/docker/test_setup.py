"""`chaosmesh setup --runtime docker` and `chaosmesh doctor`, as users run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from docker import DockerClient

from chaosmesh.runtime.docker import images
from chaosmesh.runtime.docker.engine import engine_version

from ..command import chaosmesh

pytestmark = pytest.mark.e2e


def findings() -> dict[str, dict[str, str]]:
    ended = chaosmesh("doctor", "--json", "-")
    assert ended.code == 0, ended
    return {one["part"]: one for one in json.loads(ended.out)["findings"]}


def test_setup_prints_the_tags_and_says_nothing_the_second_time(docker_images: dict[str, str]) -> None:
    ended = chaosmesh("setup", "--runtime", "docker")
    assert (ended.code, ended.err) == (0, ""), ended
    assert ended.out.split() == list(docker_images.values())
    assert all(one.startswith("chaosmesh/") for one in docker_images.values())
    quiet = chaosmesh("setup", "--runtime", "docker", "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_doctor_tells_the_engine_and_the_images(
    docker_engine: DockerClient, docker_images: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings()
    assert found["Docker"]["found"].startswith(f"{engine_version(docker_engine)} at ")
    assert found["Docker images"]["found"] == ", ".join(docker_images)
    assert "Prometheus" in found
    monkeypatch.setenv(images.PREFIX, "127.0.0.1:1/nothing")
    images_of_another = findings()["Docker images"]
    assert images_of_another["found"] == ""
    assert images_of_another["needed"] == f"only for --runtime docker: {', '.join(images.NAMES)}"
    assert images_of_another["command"] == "chaosmesh setup --runtime docker"


def test_without_an_engine_both_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    ended = chaosmesh("setup", "--runtime", "docker")
    assert (ended.code, ended.out) == (4, ""), ended
    assert f"no Docker engine is at unix://{tmp_path}/nobody.sock (DOCKER_HOST)" in ended.err
    assert "→ unset DOCKER_HOST" in ended.err
    docker = findings()["Docker"]
    assert docker["found"] == ""
    assert "no Docker engine is at" in docker["needed"]
    assert docker["command"].startswith("unset DOCKER_HOST")


def test_a_base_is_for_images_only() -> None:
    ended = chaosmesh("setup", "--base", "debian:bookworm-slim")
    assert (ended.code, ended.out) == (2, "")
    assert "chaosmesh setup --runtime docker --base debian:bookworm-slim" in ended.err
