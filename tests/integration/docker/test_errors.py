"""What can go wrong with containers: one clear error each, with what the container said last, and nothing is left."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from docker import DockerClient
from docker.errors import APIError

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import ChaosMeshError, EnvironmentFailedError, ExitCode
from chaosmesh.mesh import Mesh
from chaosmesh.runtime.docker import images, specs
from chaosmesh.services.program import Program, Ready
from tests.meshes import mesh, pair, workload

from .forward import forward
from .pods import labelled

pytestmark = pytest.mark.integration

SLEEPS = "import time; print('up and doing nothing', flush=True); time.sleep(600)"
ENDS = "import sys; print('the database is not there', file=sys.stderr); sys.exit(3)"
LATER = """
import http.server, os, threading
threading.Timer(0.3, lambda: (print("out of ideas", flush=True), os._exit(7))).start()
http.server.HTTPServer(("0.0.0.0", 9999), http.server.BaseHTTPRequestHandler).serve_forever()
"""


@pytest.fixture(autouse=True)
def nothing_left(docker_engine: DockerClient, docker_images: dict[str, str]) -> Iterator[None]:
    runs: set[str] = set()
    made = Stack.__init__

    def noted(self: Stack, *args: object, **options: object) -> None:
        made(self, *args, **options)  # type: ignore[arg-type]
        runs.add(self.run)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stack, "__init__", noted)
        yield
    for run in runs:
        assert labelled(docker_engine, run) == []


def started(
    made: Mesh,
    folder: Path,
    own: Mapping[str, Program] | None = None,
    code: ExitCode = ExitCode.ENVIRONMENT,
) -> ChaosMeshError:
    """The error with which a mesh does not start."""

    async def body() -> None:
        stack = Stack(
            made, load_scenario(None), RunFolder.create(folder, "broken"), load=False, kind="docker", own=own
        )
        async with stack:
            pass

    with pytest.raises(ChaosMeshError) as failed:
        asyncio.run(asyncio.wait_for(body(), 120))
    assert failed.value.code is code
    return failed.value


def one_of(images: Mapping[str, str], script: str, **more: object) -> dict[str, Program]:
    """A program that is a script."""
    made = Program("alone", image=images["standin"], entrypoint=("python3", "-c", script), **more)  # type: ignore[arg-type]
    return {"alone": made}


ALONE = mesh([workload("alone")], [])


@pytest.mark.parametrize(
    ("ready", "seen"),
    [
        (Ready(within=4), r"port 8080 .* does not accept connections"),
        (Ready(path="/ping", within=4), r"port 8080 .* does not accept connections"),
        (Ready(log="^ready$", within=4), r"no line of its log matches '\^ready\$'"),
        (
            Ready(command=("sh", "-c", "echo no table yet; exit 5"), within=4),
            r"sh -c .* status 5 no table yet",
        ),
    ],
)
def test_a_program_that_never_becomes_ready(
    docker_images: dict[str, str], tmp_path: Path, ready: Ready, seen: str
) -> None:
    error = started(ALONE, tmp_path, one_of(docker_images, SLEEPS, ready=ready))
    assert re.search(rf"app-alone\.0: not within 4 s; last seen: .*{seen}", error.message), error
    assert "up and doing nothing" in error.message


@pytest.mark.parametrize(
    ("script", "status", "last"), [(ENDS, 3, "the database is not there"), (LATER, 7, "out of ideas")]
)
def test_a_program_that_ends(
    docker_images: dict[str, str], tmp_path: Path, script: str, status: int, last: str
) -> None:
    error = started(ALONE, tmp_path, one_of(docker_images, script))
    assert re.search(rf"app-alone\.0 ended with status {status}", error.message), error
    assert last in error.message


def test_a_program_that_its_image_does_not_have(docker_images: dict[str, str], tmp_path: Path) -> None:
    own = Program("alone", image=docker_images["standin"], entrypoint=("/nothing/here",))
    error = started(ALONE, tmp_path, {"alone": own})
    assert "the container app-alone.0" in error.message
    assert "/nothing/here" in error.message
    assert "Traceback" not in str(error)


def test_an_image_of_the_users_that_is_not_there(tmp_path: Path) -> None:
    name = "127.0.0.1:1/nobody/nothing:1"
    error = started(ALONE, tmp_path, {"alone": Program("alone", image=name)})
    assert f"the image {name} of alone is not there" in error.message
    assert f"docker pull {name}" in error.hint


def test_a_build_that_fails(docker_images: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        f"FROM {docker_images['standin']}\nRUN echo compiling && echo 'no such header' >&2 && exit 9\n"
    )
    error = started(ALONE, tmp_path, {"alone": Program("alone", build=str(folder))})
    assert f"the image of alone was not built from {folder}" in error.message
    assert "no such header" in error.message
    assert error.hint == f"docker build {folder}"
    (folder / "Dockerfile").unlink()
    error = started(ALONE, tmp_path, {"alone": Program("alone", build=str(folder))})
    assert "Dockerfile" in error.message


def test_our_own_image_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(images.PREFIX, "127.0.0.1:1/nobody")
    error = started(pair(), tmp_path)
    assert "images are missing: 127.0.0.1:1/nobody/sidecar:" in error.message
    assert error.hint == "chaosmesh setup --runtime docker"


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("sidecar", r"(sidecar-front\.0|sidecar-blue\.[01]) ended with status 41"),
        ("toxiproxy", "toxiproxy ended with status 41"),
        ("pod", r"the container holder-\S+ \(\S+\) did not start: it ended before it said 'captured'"),
        ("proxy_holder", r"the container holder \(\S+\) did not start: it ended before it said 'captured'"),
    ],
)
def test_a_part_of_ours_that_dies_as_it_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str, told: str
) -> None:
    made = getattr(specs, what)

    def dying(*args: object, **options: object) -> specs.Spec:
        from dataclasses import replace

        broken = ("sh", "-c", "echo out of cheese >&2; exit 41")
        return replace(made(*args, **options), command=broken)

    monkeypatch.setattr(specs, what, dying)
    error = started(pair(), tmp_path)
    assert re.search(told, error.message), error
    assert "out of cheese" in error.message


def test_an_address_that_somebody_has_taken(
    docker_engine: DockerClient,
    docker_images: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Where Toxiproxy listens another container of the same network is."""
    from chaosmesh.runtime.docker.network import Bridge

    made = Bridge._create

    def taken(self: Bridge) -> None:
        made(self)
        api = docker_engine.api
        place = api.create_endpoint_config(ipv4_address=f"{self.subnet}.0.1")
        docker_engine.containers.create(
            docker_images["standin"],
            ["-c", SLEEPS],
            entrypoint=["python3"],
            network=self.name,
            networking_config={self.name: place},
            labels={"chaosmesh": self.name.removeprefix("chaosmesh-")},
        ).start()

    monkeypatch.setattr(Bridge, "_create", taken)
    error = started(pair(), tmp_path)
    assert "the container holder" in error.message
    assert re.search("address|already in use", error.message, re.IGNORECASE), error


def test_a_port_that_a_program_takes_from_its_sidecar(docker_images: dict[str, str], tmp_path: Path) -> None:
    """It shares its sidecar's network: Envoy can't listen there any more."""
    takes = SLEEPS.replace(
        "time.sleep", "import socket; held = socket.create_server(('0.0.0.0', 15001)); time.sleep"
    )
    own = one_of(docker_images, takes, ready=Ready(log="up"))
    error = started(ALONE, tmp_path, own, ExitCode.USAGE)
    assert "cannot bind '0.0.0.0:15001': Address already in use" in error.message


def test_the_engine_goes_away_in_mid_run(
    docker_engine: DockerClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[Stack] = []

    async def body(cut: object) -> None:
        stack = Stack(
            pair(), load_scenario(None), RunFolder.create(tmp_path, "cut"), load=False, kind="docker"
        )
        made.append(stack)
        async with stack:
            assert await stack.runtime.unwell() == []
            cut()  # type: ignore[operator]
            await stack.keeper.guarded(asyncio.sleep(60))

    with forward(tmp_path) as socket_:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{socket_.path}")
        with pytest.raises(EnvironmentFailedError, match="Docker engine") as failed:
            asyncio.run(asyncio.wait_for(body(socket_.cut), 120))
    assert failed.value.hint
    monkeypatch.delenv("DOCKER_HOST")
    # what it could not remove while the engine was away is removed by those who look afterwards
    from chaosmesh.runtime.remains import clean

    clean(made[0].run)


def test_the_engine_goes_away_while_the_mesh_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with forward(tmp_path) as socket_:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{socket_.path}")
        begun = Stack._start_mesh

        async def cut_soon(self: Stack, control: str) -> None:
            asyncio.get_running_loop().call_later(0.5, socket_.cut)
            await begun(self, control)

        monkeypatch.setattr(Stack, "_start_mesh", cut_soon)
        stacks: list[Stack] = []
        made = Stack.__init__
        monkeypatch.setattr(
            Stack, "__init__", lambda self, *a, **o: (made(self, *a, **o), stacks.append(self))[0]
        )
        error = started(pair(), tmp_path)
    assert "Docker engine" in error.message
    monkeypatch.delenv("DOCKER_HOST")
    from chaosmesh.runtime.remains import clean

    clean(stacks[0].run)


def test_a_socket_that_this_user_may_not_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if os.getuid() == 0:
        monkeypatch.setattr(socket.socket, "connect", _refused)  # root may use any
    path = tmp_path / "closed.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        path.chmod(0)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        error = started(pair(), tmp_path)
    assert f"may not use the Docker engine's socket {path}" in error.message
    assert "usermod -aG docker" in error.hint


def _refused(_: socket.socket, address: object) -> None:
    raise PermissionError(13, "Permission denied", address)


def test_networks_that_are_all_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from docker.models.networks import NetworkCollection

    def full(*_: object, **__: object) -> None:
        raise APIError("500", explanation="Pool overlaps with other one on this address space")

    monkeypatch.setattr(NetworkCollection, "create", full)
    error = started(pair(), tmp_path)
    assert re.search(r"no network could be made from 10\.200\.0\.0/16 to 10\.254\.0\.0/16", error.message)
    assert "chaosmesh clean" in error.hint
