"""A container of the user's own behind a node: started by us in the pod, or running already and left so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from chaosmesh.engine.entrance import entrance
from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.session import Meshes, experiment
from chaosmesh.errors import UsageError
from chaosmesh.load import Record, RequestSpec
from chaosmesh.runtime.docker import leftovers

pytestmark = pytest.mark.integration
AIRPORT = Path(__file__).parents[3] / "fixtures" / "airport"
WEATHER = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        print("asked for", self.path, flush=True)
        body = os.environ["SKY"].encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer(("0.0.0.0", 9090), Handler).serve_forever()
"""


@pytest.fixture(autouse=True)
def no_reaper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its image can't be pulled everywhere."""
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)


@pytest.fixture(scope="module")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meshes]:
    made = Meshes(tmp_path_factory.mktemp("runs"))
    yield made
    assert made.close() == []


def answers(live: LiveMesh, count: int = 40) -> list[Record]:
    """What so many users get who ask for a flight, which asks for the weather."""

    async def ask() -> list[Record]:
        stack, records = live.stack, list[Record]()
        (entry,) = stack.topology.entries
        way = entrance(stack, next(one for one in stack.mesh.edges() if one[0] == entry))
        running = await stack.begin(
            "users",
            way.url,
            way.host,
            [RequestSpec(path="/flights/NH10")],
            20.0,
            count=count,
            on_records=records.extend,
        )
        await running.done()
        return records

    return live.call(ask())


def weather(images: dict[str, str]) -> DockerContainer:
    box = DockerContainer(images["standin"]).with_command(["-c", WEATHER]).with_exposed_ports(9090)
    return box.with_env("SKY", "clear").with_kwargs(entrypoint=["python3"])


def test_one_not_started_yet_runs_in_the_pods_and_goes_with_them(
    docker_engine: DockerClient, docker_images: dict[str, str], meshes: Meshes
) -> None:
    live = meshes.of(Wanted((AIRPORT,), runtime="docker"))
    view, _ = experiment(live)
    box = weather(docker_images)
    view.attach("weather", box)
    assert [one.status for one in answers(live)] == [200] * 40
    assert "asked for" in box.get_logs()[0].decode()
    name = box.get_wrapped_container().name
    meshes.settle(live)
    assert not meshes.warm(live), "the next test gets a mesh without it"
    assert not docker_engine.containers.list(all=True, filters={"name": name})


def test_one_that_runs_is_called_through_the_sidecar_and_left_running(
    docker_engine: DockerClient, docker_images: dict[str, str], meshes: Meshes
) -> None:
    said: list[str] = []
    with weather(docker_images) as box:
        live = meshes.of(Wanted((AIRPORT,), runtime="docker"))
        view, _ = experiment(live, say=said.append)
        view.attach("weather", box)
        assert any("goes past its sidecar" in one for one in said)
        assert [one.status for one in answers(live)] == [200] * 40
        assert "asked for" in box.get_logs()[0].decode()
        with pytest.raises(UsageError, match="is not ended by us"):
            view.node("weather").replica(0).crash().__enter__()
        with view.node("weather").replica(0).hang():
            pass
        meshes.settle(live)
        network = docker_engine.networks.list(names=[f"chaosmesh-{live.stack.run}"])
        assert network == []
        container = box.get_wrapped_container()
        container.reload()
        assert container.status == "running"
        assert list(container.attrs["NetworkSettings"]["Networks"]) == ["bridge"]


def test_a_killed_run_leaves_a_guest_running(
    docker_engine: DockerClient, docker_images: dict[str, str]
) -> None:
    """What the reaper does: the network goes, whoever was its guest stays."""
    from chaosmesh.runtime.docker import labels

    run = "rguest"
    network = docker_engine.networks.create(f"chaosmesh-{run}", labels=labels.of(run))
    with weather(docker_images) as box:
        network.connect(box.get_wrapped_container())
        leftovers.remove(leftovers.of(docker_engine, run))
        assert leftovers.of(docker_engine, run) == []
        box.reload()
        assert box.status == "running"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda box: box.with_kwargs(privileged=True), "privileged of .* can't be taken along"),
        (lambda _: object(), "is no container of Testcontainers"),
    ],
)
def test_what_can_not_be_attached_is_said(docker_images: dict[str, str], change, words) -> None:
    from chaosmesh.runtime.docker.attached import program_of

    with pytest.raises(UsageError, match=words) as error:
        program_of("weather", change(weather(docker_images)), [8080])
    assert error.value.hint


def test_a_container_becomes_a_program_with_all_that_it_was_given(
    tmp_path: Path, docker_images: dict[str, str]
) -> None:
    from chaosmesh.runtime.docker.attached import program_of

    (tmp_path / "a").write_text("x")
    box = weather(docker_images).with_volume_mapping(tmp_path, "/in").with_tmpfs_mount("/data", "8m")
    box.with_copy_into_container(b"text", "/etc/app.conf")
    made = program_of("weather", box, [8080])
    assert (made.image, made.entrypoint, made.command) == (
        docker_images["standin"],
        ("python3",),
        ("-c", WEATHER),
    )
    assert (made.env, made.ports, made.source) == ({"SKY": "clear"}, {8080: 9090}, "attached")
    assert [(one.target, one.source, one.text, one.size_mb) for one in made.files] == [
        ("/in", str(tmp_path), None, None),
        ("/data", "", None, 8),
        ("/etc/app.conf", "", "text", None),
    ]
