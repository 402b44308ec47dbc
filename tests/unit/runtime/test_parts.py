"""What runs for a mesh."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.runtime import lay_out, parts
from chaosmesh.services.config import StandIn
from tests.unit.runtime import meshes


def test_stand_ins_take_what_the_scenario_says() -> None:
    policy = meshes.chain()
    topology = lay_out(policy, run="r1", subnet="127.77")
    wanted = {"weather": replace(StandIn("weather"), latency_ms=20, capacity=50)}
    made = parts.apps(policy, topology, wanted, token="t")
    front, weather = (made[topology.replicas_of(node)[0]] for node in ("front", "weather"))
    assert front.calls == (("flights.local", "http://127.77.160.1:8080"),)
    assert (front.run, front.token) == ("r1", "t")
    assert (weather.latency_ms, weather.capacity) == (20, 50)
    assert weather.listen == (("127.77.32.4", 8080, "http"),)


def test_gateways_have_no_application() -> None:
    nodes = (meshes.workload("gate", "b.local", gateway=True), meshes.workload("b"))
    policy = meshes.mesh(nodes, {"b.local": ["b"]})
    topology = lay_out(policy, run="r1", subnet="127.77")
    assert {one.node for one in parts.apps(policy, topology, {}, token="t")} == {"b"}


@pytest.mark.parametrize(
    ("protocol", "scheme"), [("http", "http"), ("http2", "h2"), ("grpc", "grpc"), ("tcp", "tcp")]
)
def test_every_protocol_has_an_application_and_is_called(protocol: meshes.Protocol, scheme: str) -> None:
    nodes = (meshes.workload("front", "b.local"), meshes.workload("b", protocol=protocol))
    policy = meshes.mesh(nodes, {"b.local": ["b"]}, protocol=protocol)
    topology = lay_out(policy, run="r1", subnet="127.77")
    made = parts.apps(policy, topology, {}, token="t")
    assert [made[one].listen[0][2] for one in topology.replicas_of("b")] == [protocol] * 2
    assert made[topology.replicas_of("front")[0]].calls == (("b.local", f"{scheme}://127.77.160.1:8080"),)


def test_proxies_lead_from_an_edge_to_the_servers_sidecar() -> None:
    policy = meshes.chain()
    topology = lay_out(policy, run="r1", subnet="127.77")
    made = {one.name: one for one in parts.proxies(topology)}
    second = topology.replicas_of("weather")[1]
    assert len(made) == 4
    assert made["flights>weather.1:8080"].upstream == f"{second.sidecar}:8080"
    assert parts.proxies_to(topology, second) == ["flights>weather.1:8080"]


def test_names_of_parts_are_file_names() -> None:
    topology = lay_out(meshes.mesh([meshes.workload("a/b")], {}), run="r1", subnet="127.77")
    assert parts.Part("app", topology.replicas[0]).name == "app-a%2Fb.0"
    assert parts.Part("toxiproxy").name == "toxiproxy"
