"""Meshes, sidecars and Toxiproxy as Testcontainers, and the example of the documentation."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from docker import DockerClient
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from chaosmesh.errors import UsageError
from chaosmesh.runtime import procs
from chaosmesh.runtime.docker import leftovers
from chaosmesh.testcontainers import Mesh, MeshContainer, SidecarContainer, ToxiproxyContainer
from tests.integration.docker.test_attach import weather
from tests.integration.pong import pinged, soonest

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]
AIRPORT = ROOT / "fixtures" / "airport"
PONG = """
import socketserver

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline():
            self.wfile.write(b"+PONG\\r\\n")

socketserver.ThreadingTCPServer(("0.0.0.0", 6379), Handler).serve_forever()
"""


@pytest.fixture(autouse=True)
def no_reaper(monkeypatch: pytest.MonkeyPatch, docker_images: dict[str, str], tmp_path: Path) -> None:
    """Its image can't be pulled everywhere."""
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as one:
        yield one


def test_the_example_of_the_documentation(docker_engine: DockerClient) -> None:
    text = (ROOT / "docs" / "testcontainers.md").read_text()
    example = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    names: dict[str, MeshContainer] = {}
    exec(compile(example, "docs/testcontainers.md", "exec"), names)
    with pytest.raises(UsageError, match="does not run"):
        names["mesh"].get_entry_url()
    assert [one.name for one in leftovers.of(docker_engine) if one.owner == procs.identity()] == []


def test_a_mesh_with_a_container_of_ones_own(docker_images: dict[str, str]) -> None:
    box = weather(docker_images)
    with Mesh(AIRPORT).with_container("weather", box) as mesh:
        asked = [urlopen(mesh.get_entry_url() + "/flights/NH10", timeout=20).status for _ in range(8)]
        assert asked == [200] * 8
        assert "asked for" in box.get_logs()[0].decode()
        assert urlopen(mesh.get_admin_url("weather") + "/ready", timeout=10).status == 200


def test_a_mesh_of_processes_has_the_same_words() -> None:
    with MeshContainer("fixtures/airport").with_runtime("process") as mesh:
        assert urlopen(mesh.get_entry_url() + "/flights/NH10", timeout=20).status == 200
        with pytest.raises(UsageError, match="this mesh runs in processes"):
            mesh.node("weather").replica(0).partition()
        with pytest.raises(UsageError, match="no replica 7"):
            mesh.get_admin_url("weather", 7)


def test_processes_take_no_container(docker_images: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="weather runs in processes") as error:
        MeshContainer("fixtures/airport").with_runtime("process").with_container(
            "weather", weather(docker_images)
        ).start()
    assert "--runtime docker" in error.value.hint


def test_a_sidecar_alone_has_the_policy_of_its_node(docker_images: dict[str, str], network: Network) -> None:
    server = weather(docker_images).with_network(network).with_network_aliases("weather")
    sidecar = SidecarContainer("fixtures/airport", node="flights-v1").with_network(network)
    sidecar.with_upstream("weather", "weather:9090")
    with server, sidecar:
        asked = Request(f"{sidecar.get_egress_url()}/now", headers={"Host": "weather.airport.local"})
        assert urlopen(asked, timeout=10).read() == b"clear"
        stats = urlopen(f"{sidecar.get_admin_url()}/stats?filter=upstream_rq_200", timeout=10).read().decode()
        assert re.search(r"cds_egress_airport_weather_http_8080\S* [1-9]", stats), stats


def test_a_sidecar_whose_upstream_nobody_names_is_refused() -> None:
    with pytest.raises(UsageError, match="calls weather, and nobody says where that is"):
        SidecarContainer("fixtures/airport", node="flights-v1").bootstrap()


def test_toxiproxy_stands_in_front_of_a_container(docker_images: dict[str, str], network: Network) -> None:
    server = (
        DockerContainer(docker_images["standin"])
        .with_command(["-c", PONG])
        .with_kwargs(entrypoint=["python3"])
    )
    server.with_network(network).with_network_aliases("redis")
    with server, ToxiproxyContainer().with_network(network) as toxiproxy:
        redis = toxiproxy.create_proxy("redis", "redis:6379")
        answered(redis.get_address())
        with redis.latency(200):
            assert pinged(redis.get_address()) >= 0.2
        with redis.down(), pytest.raises(OSError):
            pinged(redis.get_address())
        with redis.timeout(), pytest.raises(TimeoutError):
            pinged(redis.get_address(), timeout=0.3)
        assert soonest(lambda: pinged(redis.get_address())) < 0.2
        with pytest.raises(UsageError, match="it must be 0 or more"), redis.latency(-5):
            pass
        assert urlopen(f"{toxiproxy.get_control_url()}/version", timeout=5).status == 200


def answered(address: str) -> None:
    """The server behind it may not listen yet."""
    end = time.monotonic() + 20
    while True:
        try:
            pinged(address)
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            return
