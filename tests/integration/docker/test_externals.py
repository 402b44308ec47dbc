"""What is outside a mesh of containers: a server of this machine that listens on loopback, and a container of it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from docker import DockerClient

from chaosmesh.faults import Down, Latency
from chaosmesh.faults.external import OnExternal
from tests.integration.docker.test_container_faults import statuses
from tests.integration.docker.worlds import Boxes, boxes
from tests.integration.pong import pinged, pong

pytestmark = pytest.mark.integration
SERVER = """
import os, socketserver

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline():
            self.wfile.write(os.environ["ANSWER"].encode() + b"\\r\\n")

socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", 6379), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def image(docker_engine: DockerClient, docker_images: dict[str, str]) -> Iterator[str]:
    """A small Redis in the manner of the test's own."""
    words = json.dumps(["python3", "-c", SERVER])
    dockerfile = f"FROM {docker_images['standin']}\nENTRYPOINT {words}\n"
    made, _ = docker_engine.images.build(
        fileobj=io.BytesIO(dockerfile.encode()), tag="chaosmesh-test/pong", rm=True
    )
    yield "chaosmesh-test/pong"
    docker_engine.images.remove(made.id, force=True)


@pytest.fixture(scope="module")
def mesh(
    tmp_path_factory: pytest.TempPathFactory, docker_images: dict[str, str], image: str
) -> Iterator[Boxes]:
    folder = tmp_path_factory.mktemp("externals")
    with pong() as port:
        file = folder / "chaosmesh.yaml"
        file.write_text(
            f"externals:\n  orders-db: {{address: 'localhost:{port}'}}\n"
            f"  cache: {{image: {image}, port: 6379, env: {{ANSWER: '+PONG'}}}}\n"
        )
        with boxes(folder, docker_images["standin"], file) as made:
            yield made


@pytest.mark.parametrize("path", ["/db", "/cache"])
def test_a_program_finds_it_by_its_environment_past_the_sidecar(mesh: Boxes, path) -> None:
    calls = mesh.call(mesh.asked(path))
    assert [one.status for one in calls] == [200] * 20
    # a busy host may have one cut that takes too long, which is tried again; 507 is what a program that finds nothing says
    attempts = [one for call in calls for one in call.attempts]
    assert {one.status for one in attempts if "UT" not in one.flags} == {200}


@pytest.mark.parametrize(("name", "path"), [("orders-db", "/db"), ("cache", "/cache")])
def test_its_faults_are_felt_by_the_program_and_leave_nothing(mesh: Boxes, name, path) -> None:
    slow = OnExternal(name, Latency("slow", ("", name), 150))
    calls = mesh.under(slow, lambda: mesh.asked(path, count=10), seen=f"external>{name}")
    assert statuses(calls) == {200}
    assert all(one.duration_ms >= 150 for call in calls for one in call.attempts)
    assert slow.dose([]).delivered

    down = OnExternal(name, Down("gone", ("", name)))
    calls = mesh.under(down, lambda: mesh.asked(path, count=5), seen=f"external>{name} refuses connections")
    assert {one.status for call in calls for one in call.attempts} == {507}
    assert statuses(mesh.call(mesh.asked(path, count=5))) == {200}


def test_this_machine_reaches_it_through_its_proxy_too(mesh: Boxes) -> None:
    for one in mesh.stack.externals:
        pinged(f"{one.door}:{one.port}")
