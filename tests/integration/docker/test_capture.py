"""The rules of `capture`, in pods of a holder and a listener: who is led through the sidecar, and who is not."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from . import boxes
from .boxes import Network, address, ask

pytestmark = pytest.mark.integration

HOLDER_CAPS = {"cap_drop": ["ALL"], "cap_add": ["NET_ADMIN", "SETUID", "SETGID", "SETPCAP"]}


@pytest.fixture(scope="module")
def network(docker_engine: DockerClient) -> Iterator[Network]:
    with boxes.network(docker_engine) as one:
        yield one


class Pod:
    """A holder with all that capture can be told, and a listener that says whom it was asked for."""

    def __init__(self, network: Network, images: dict[str, str], scraper: str) -> None:
        self.app, self.door, self.virtual, self.more, self.ignored = (network.address(n) for n in range(5))
        self.given = boxes.environment(
            {
                "CAPTURE_PORTS": [8080, 9080],
                "CAPTURE_APP": self.app,
                "CAPTURE_DOOR": self.door,
                "CAPTURE_VIRTUAL": self.virtual,
                "CAPTURE_LOCAL": f"{self.more}/32",
                "CAPTURE_GATEWAY": network.gateway,
                "CAPTURE_SCRAPER": scraper,
                "APPMESH_EGRESS_IGNORED_IP": f"169.254.169.254,{self.ignored}",
            }
        )
        self.holder = network.box(
            images["sidecar"], ["capture"], "captured", user="0", environment=self.given, **HOLDER_CAPS
        )
        places = [f"0.0.0.0:{port}" for port in (15000, 15001, 9901, 7000)]
        self.listener = network.python(
            images["standin"],
            boxes.LISTEN,
            *places,
            f"{self.app}:8080",
            says="listening",
            network_mode=f"container:{self.holder.id}",
            user="1337",
            cap_drop=["ALL"],
        )
        self.sidecar = address(self.holder)


@pytest.fixture(scope="module")
def neighbour(network: Network, docker_images: dict[str, str]) -> Any:
    """Another container, which listens at 5000."""
    return network.python(docker_images["standin"], boxes.LISTEN, "0.0.0.0:5000", says="listening")


@pytest.fixture(scope="module")
def scraper(network: Network, docker_images: dict[str, str]) -> Any:
    return network.python(docker_images["standin"], boxes.IDLE, says="idle")


@pytest.fixture(scope="module")
def pod(network: Network, docker_images: dict[str, str], scraper: Any) -> Pod:
    return Pod(network, docker_images, address(scraper))


def test_what_comes_in_for_the_workload_is_led_to_its_ingress(pod: Pod, neighbour: Any) -> None:
    assert ask(neighbour, pod.sidecar, 8080) == f"15000 {pod.sidecar}:8080"
    assert ask(neighbour, pod.sidecar, 9080) == f"15000 {pod.sidecar}:9080"
    assert ask(neighbour, pod.door, 8080) == f"15000 {pod.door}:8080"


def test_other_ports_and_the_application_are_left_alone_on_the_way_in(pod: Pod, neighbour: Any) -> None:
    assert ask(neighbour, pod.sidecar, 7000) == "7000 direct"
    assert ask(neighbour, pod.app, 8080) == "8080 direct"
    assert ask(neighbour, pod.more, 7000) == "7000 direct"
    assert _from_the_host(pod.app, 8080) == "8080 direct"


def test_what_the_application_calls_is_led_to_its_egress(pod: Pod, neighbour: Any) -> None:
    there = address(neighbour)
    assert ask(pod.listener, there, 5000) == f"15001 {there}:5000"
    assert ask(pod.listener, there, 1) == f"15001 {there}:1"
    assert ask(pod.listener, pod.virtual, 80) == f"15001 {pod.virtual}:80"
    assert ask(pod.listener, there, 5000, user="0") == f"15001 {there}:5000"


def test_who_asks_for_a_virtual_service_from_outside_asks_the_sidecar(pod: Pod, neighbour: Any) -> None:
    assert ask(neighbour, pod.virtual, 80) == f"15001 {pod.virtual}:80"
    assert ask(neighbour, pod.virtual, 8080) == f"15001 {pod.virtual}:8080"
    assert _from_the_host(pod.virtual, 80) == f"15001 {pod.virtual}:80"


def test_the_sidecars_own_calls_local_ones_and_ignored_ones_are_left_alone(pod: Pod, neighbour: Any) -> None:
    there = address(neighbour)
    assert ask(pod.listener, there, 5000, user="1337") == "5000 direct"
    assert ask(pod.listener, pod.app, 8080) == "8080 direct"
    assert ask(pod.listener, "127.0.0.1", 7000) == "7000 direct"
    assert ask(pod.listener, there, 22) == "ConnectionRefusedError"
    assert ask(pod.listener, pod.ignored, 5000) in ("OSError", "TimeoutError")  # nobody has that address


def test_the_admin_page_is_for_the_host_and_the_scraper_only(pod: Pod, neighbour: Any, scraper: Any) -> None:
    assert _from_the_host(pod.sidecar, 9901) == "9901 direct"
    assert ask(scraper, pod.sidecar, 9901) == "9901 direct"
    assert ask(neighbour, pod.sidecar, 9901) == "ConnectionRefusedError"
    assert ask(pod.listener, "127.0.0.1", 9901) == "ConnectionRefusedError"


def test_ports_can_be_kept_for_the_host_where_nothing_else_is_captured(
    network: Network, docker_images: dict[str, str], neighbour: Any
) -> None:
    given = {"CAPTURE_EGRESS": "off", "CAPTURE_GATEWAY": network.gateway, "CAPTURE_ADMIN": "8474,9901"}
    holder = network.box(
        docker_images["sidecar"], ["capture"], "captured", user="0", environment=given, **HOLDER_CAPS
    )
    network.python(
        docker_images["standin"],
        boxes.LISTEN,
        *(f"0.0.0.0:{port}" for port in (7000, 8474, 9901)),
        says="listening",
        network_mode=f"container:{holder.id}",
    )
    there = address(holder)
    assert [ask(neighbour, there, port) for port in (7000, 8474, 9901)] == [
        "7000 direct",
        "ConnectionRefusedError",
        "ConnectionRefusedError",
    ]
    assert [_from_the_host(there, port) for port in (8474, 9901)] == ["8474 direct", "9901 direct"]


def test_rules_can_change_while_the_holder_waits(
    network: Network, docker_engine: DockerClient, docker_images: dict[str, str], neighbour: Any
) -> None:
    options = {"user": "0", **HOLDER_CAPS}
    holder = network.box(
        docker_images["sidecar"], ["capture"], "captured", environment={"CAPTURE_PORTS": "8080"}, **options
    )
    places = {"network_mode": f"container:{holder.id}", "user": "1337"}
    network.python(docker_images["standin"], boxes.LISTEN, "0.0.0.0:15000", says="listening", **places)
    there = address(holder)
    assert ask(neighbour, there, 9090) == "ConnectionRefusedError"
    given = {"CAPTURE_PORTS": "9090", "CAPTURE_HOLD": "off"}
    options["network_mode"] = f"container:{holder.id}"
    ended = boxes.once(docker_engine, docker_images["sidecar"], "capture", environment=given, **options)
    assert ended == (0, "captured\n", "")
    assert ask(neighbour, there, 9090) == f"15000 {there}:9090"
    assert ask(neighbour, there, 8080) == "ConnectionRefusedError"


def test_a_second_run_leaves_the_same_rules(
    pod: Pod, network: Network, docker_engine: DockerClient, docker_images: dict[str, str]
) -> None:
    before = _rules(docker_engine, docker_images, pod.holder)
    assert "CHAOSMESH_OUT" in before
    again = {"network_mode": f"container:{pod.holder.id}", "user": "0", "environment": pod.given}
    network.box(docker_images["sidecar"], ["capture"], "captured", **again, **HOLDER_CAPS)
    assert _rules(docker_engine, docker_images, pod.holder) == before


def test_the_holder_has_given_everything_up(pod: Pod) -> None:
    pid = pod.holder.attrs["State"]["Pid"]
    fields = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    assert set(fields["Uid"].split()) == {"65534"}
    assert fields["Groups"].split() == []
    assert {int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")} == {0}
    assert fields["NoNewPrivs"] == "1"


def test_the_holder_ends_at_once(
    network: Network, docker_engine: DockerClient, docker_images: dict[str, str]
) -> None:
    given = {"CAPTURE_EGRESS": "off", "CAPTURE_LOCAL": network.address(500)}
    holder = network.box(
        docker_images["sidecar"], ["capture"], "captured", user="0", environment=given, **HOLDER_CAPS
    )
    rules = _rules(docker_engine, docker_images, holder)
    assert "CHAOSMESH" not in rules
    assert f"local {network.address(500)} dev lo" in rules
    began = time.monotonic()
    holder.stop(timeout=60)
    assert time.monotonic() - began < 30  # it did not wait for SIGKILL
    assert holder.wait()["StatusCode"] == 0


@pytest.mark.parametrize(
    ("options", "given", "code", "line"),
    [
        (
            {"cap_drop": ["ALL"]},
            {},
            4,
            "capture: the capability NET_ADMIN is missing; start the container as root with --cap-add NET_ADMIN\n",
        ),
        (
            {"cap_drop": ["ALL"], "cap_add": ["NET_ADMIN"]},
            {},
            4,
            "capture: the capability SETUID is missing; start the container as root with --cap-add SETUID\n",
        ),
        (
            {"user": "1337", "cap_add": ["NET_ADMIN"]},
            {},
            4,
            "capture: the capability NET_ADMIN is missing; start the container as root with --cap-add NET_ADMIN\n",
        ),
        (HOLDER_CAPS, {"PATH": "/bin:/usr/local/bin"}, 4, "capture: iptables is missing in this image\n"),
        (HOLDER_CAPS, {"CAPTURE_PORTS": "80,http"}, 2, "capture: CAPTURE_PORTS: 'http' is no port\n"),
        (HOLDER_CAPS, {"CAPTURE_PORTS": "0"}, 2, "capture: CAPTURE_PORTS: '0' is no port\n"),
        (HOLDER_CAPS, {"CAPTURE_APP": "10.1.2"}, 2, "capture: CAPTURE_APP: '10.1.2' is no IPv4 address\n"),
        (HOLDER_CAPS, {"CAPTURE_UID": "envoy"}, 2, "capture: CAPTURE_UID: 'envoy' is no user id\n"),
        (
            HOLDER_CAPS,
            {"CAPTURE_EGRESS": "yes"},
            2,
            "capture: CAPTURE_EGRESS: 'yes' is neither on nor off\n",
        ),
    ],
)
def test_what_it_lacks_is_one_line(
    docker_engine: DockerClient,
    docker_images: dict[str, str],
    options: dict[str, Any],
    given: dict[str, str],
    code: int,
    line: str,
) -> None:
    ended = boxes.once(
        docker_engine,
        docker_images["sidecar"],
        "capture",
        **{"user": "0", "environment": given, "network_mode": "none", **options},
    )
    assert ended == (code, "", line)


def _rules(client: DockerClient, images: dict[str, str], holder: Any) -> str:
    """Everything that leads connections in a pod, as another container sees it that may look."""
    look = "iptables -t nat -S && iptables -S && ip route show table local"
    namespace = {"network_mode": f"container:{holder.id}", "user": "0", "cap_add": ["NET_ADMIN"]}
    code, out, err = boxes.once(client, images["sidecar"], "sh", "-c", look, **namespace)
    assert code == 0, err
    return out


def _from_the_host(host: str, port: int) -> str:
    with socket.create_connection((host, port), 10) as one:
        return one.recv(100).decode()
