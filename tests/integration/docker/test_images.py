"""The images: what is in them, whom they run as, and how they are built."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from docker import DockerClient
from docker.errors import ImageNotFound

from chaosmesh.envoy.binary import binary_version
from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.runtime import toxiproxy
from chaosmesh.runtime.docker import images
from chaosmesh.runtime.docker.store import IMAGE_LABEL
from chaosmesh.services.config import StandIn

from . import boxes
from .boxes import address, once

pytestmark = pytest.mark.integration

ELSEWHERE = "127.0.0.1:1/chaosmesh-test"
"""A registry where nobody answers."""


@pytest.fixture
def elsewhere(docker_engine: DockerClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Images under another name, removed afterwards with what a build that failed left of them."""
    monkeypatch.setenv(images.PREFIX, ELSEWHERE)
    yield ELSEWHERE
    made = docker_engine.images.list(filters={"reference": f"{ELSEWHERE}/*"})
    for one in docker_engine.images.list(filters={"dangling": True}):
        if one.attrs["Parent"] in {parent.id for parent in made}:
            docker_engine.images.remove(one.id)
    for one in made:
        for name in one.tags:
            if name.startswith(ELSEWHERE):
                docker_engine.images.remove(name)


def test_the_programs_are_those_of_this_machine(
    docker_engine: DockerClient, docker_images: dict[str, str]
) -> None:
    _, envoy, _ = once(docker_engine, docker_images["sidecar"], "envoy", "--version")
    assert f"/{binary_version()}/" in envoy
    code, out, err = once(docker_engine, docker_images["toxiproxy"], "toxiproxy-server", "-version")
    assert code == 0
    assert toxiproxy.VERSION in out + err
    if shutil.which("prometheus"):
        code, out, err = once(docker_engine, docker_images["prometheus"], "--version")
        here = subprocess.run(["prometheus", "--version"], capture_output=True, text=True, check=True)
        assert _version(out + err) == _version(here.stdout + here.stderr)


@pytest.mark.parametrize(
    ("name", "user"),
    [
        ("sidecar", "1337:1337"),
        ("standin", "65534:65534"),
        ("toxiproxy", "65534:65534"),
        ("prometheus", "65534:65534"),
    ],
)
def test_nobody_is_root_and_nothing_is_left_of_a_package_manager(
    docker_engine: DockerClient, docker_images: dict[str, str], name: str, user: str
) -> None:
    image = docker_engine.images.get(docker_images[name])
    assert image.attrs["Config"]["User"] == user
    assert image.labels[IMAGE_LABEL] == name
    left = "find /var/lib/apt/lists /var/cache/apt /var/log/apt -type f 2>/dev/null; true"
    assert once(docker_engine, image.id, "-c", left, entrypoint=["/bin/sh"]) == (0, "", "")
    writable = (
        "find / -xdev -path /proc -prune -o -type f -writable -print 2>/dev/null | grep -v ^/dev/; true"
    )
    assert once(docker_engine, image.id, "-c", writable, entrypoint=["/bin/sh"]) == (0, "", "")


def test_the_stand_in_serves_and_ends_at_once(
    docker_engine: DockerClient, docker_images: dict[str, str], tmp_path: Path
) -> None:
    given = json.dumps(asdict(StandIn("weather", version="v2", listen=(("0.0.0.0", 8080, "http"),))))
    (tmp_path / "standin.json").write_text(given)
    with boxes.network(docker_engine) as net:
        ways = (
            net.box(docker_images["standin"], [], "", environment={"CHAOSMESH_STANDIN": given}),
            net.box(
                docker_images["standin"],
                ["/standin.json"],
                "",
                volumes={str(tmp_path / "standin.json"): {"bind": "/standin.json", "mode": "ro"}},
            ),
        )
        for one in ways:
            answer = json.loads(_get(f"http://{address(one)}:8080/now"))
            assert (answer["node"], answer["version"]) == ("weather", "v2")
            began = time.monotonic()
            one.stop(timeout=60)
            assert time.monotonic() - began < 30
            assert one.wait()["StatusCode"] == 128 + 15


@pytest.mark.parametrize("given", ["", "{}", "nonsense", '{"node": "a", "listen": 1, "calls": []}'])
def test_what_is_no_stand_in_is_told_with_2(
    docker_engine: DockerClient, docker_images: dict[str, str], given: str
) -> None:
    code, out, err = once(docker_engine, docker_images["standin"], environment={"CHAOSMESH_STANDIN": given})
    assert (code, out) == (2, "")
    assert err.startswith("error: $CHAOSMESH_STANDIN holds no stand-in")
    assert len(err.splitlines()) == 2


def test_what_is_there_is_not_built_again(docker_engine: DockerClient, docker_images: dict[str, str]) -> None:
    said: list[str] = []
    assert images.build(docker_engine, say=said.append) == docker_images
    assert said == []
    assert images.require(docker_engine, list(images.NAMES)) == docker_images
    assert images.missing(docker_engine) == []


def test_what_is_missing_is_named_with_the_command(docker_engine: DockerClient, elsewhere: str) -> None:
    assert images.missing(docker_engine) == list(images.NAMES)
    with pytest.raises(
        EnvironmentFailedError,
        match=rf"images are missing: {elsewhere}/sidecar:\w+, {elsewhere}/standin:\w+\n.*{images.SETUP}",
    ):
        images.require(docker_engine, ["sidecar", "standin"])
    with pytest.raises(UsageError, match="there is no image 'nothing'"):
        images.tag("nothing")


def test_another_base_makes_an_image_anew(
    docker_engine: DockerClient, docker_images: dict[str, str], elsewhere: str
) -> None:
    said: list[str] = []
    made = images.build(docker_engine, ["toxiproxy"], say=said.append)
    assert made == {"toxiproxy": images.tag("toxiproxy")}
    assert said[0].startswith(f"setup: pulling {elsewhere}/toxiproxy:")
    assert said[1].startswith(f"setup: building {made['toxiproxy']} on ")
    first = docker_engine.images.get(made["toxiproxy"])

    images.build(docker_engine, ["toxiproxy"], base=docker_images["sidecar"], say=said.append)
    second = docker_engine.images.get(made["toxiproxy"])
    assert second.id != first.id
    assert second.labels[images.BASE_LABEL] == docker_engine.images.get(docker_images["sidecar"]).id
    said.clear()
    images.build(docker_engine, ["toxiproxy"], base=docker_images["sidecar"], say=said.append)
    images.build(docker_engine, ["toxiproxy"], say=said.append)  # no base is named: what is there will do
    assert said == []
    assert docker_engine.images.get(
        docker_images["toxiproxy"]
    )  # the same image under another name is left alone


def test_a_build_that_fails_shows_its_last_lines(docker_engine: DockerClient, elsewhere: str) -> None:
    empty = f"{elsewhere}/empty:1"
    _import(docker_engine, empty)
    with pytest.raises(
        EnvironmentFailedError, match=r"building .*/toxiproxy:\w+ failed: .*/bin/sh"
    ) as failed:
        images.build(docker_engine, ["toxiproxy"], base=empty)
    assert "    Step " in failed.value.message
    assert "RUN toxiproxy-server -version" in failed.value.message
    assert "--base IMAGE" in failed.value.hint
    with pytest.raises(ImageNotFound):
        docker_engine.images.get(images.tag("toxiproxy"))


def test_a_base_that_can_not_be_had_is_told(docker_engine: DockerClient, elsewhere: str) -> None:
    with pytest.raises(
        EnvironmentFailedError,
        match=rf"the base image {elsewhere}/nothing:1 is not there and can't be pulled\n.*sh /.*/engine.sh",
    ):
        images.build(docker_engine, ["toxiproxy"], base=f"{elsewhere}/nothing:1")
    with pytest.raises(UsageError, match="'No Image' is no name of an image"):
        images.build(docker_engine, ["toxiproxy"], base="No Image")


def _import(client: DockerClient, name: str) -> None:
    """An image with one file and no shell."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("nothing"))
    repository, _, version = name.rpartition(":")
    client.api.import_image_from_data(data.getvalue(), repository=repository, tag=version)


def _get(url: str) -> bytes:
    """The stand-in says nothing when it serves: asked until it answers."""
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return bytes(answer.read())
        except OSError:
            assert time.monotonic() < end, url
            time.sleep(0.02)


def _version(text: str) -> str:
    found = re.search(r"version (\S+)", text)
    assert found, text
    return found[1]
