"""What a tracer is in a listener, and that Envoy takes it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import pytest

from chaosmesh.envoy import binary, bootstrap, static_config, translate
from chaosmesh.envoy.codec import encode
from chaosmesh.envoy.tracing import Tracing, traced
from chaosmesh.mesh import Match
from tests.gateways import behind, entry_route, gateway
from tests.golden.envoy.cases import CASES
from tests.meshes import mesh, service, topology, workload
from tests.meshes import route as route_to

HERE = Path(__file__).parent
KINDS = {"otel": Tracing("otel"), "xray": Tracing("xray", "127.99.0.4")}


def case():
    """A node that calls one over HTTP and one over TCP, so that a listener without spans is there too."""
    made = mesh(
        [workload("front", "color", "store"), workload("blue"), workload("db", port=5432, protocol="tcp")],
        [
            service("color", route_to("color", "all", {"blue": 1})),
            service("store", route_to("store", "all", {"db": 1}, protocol="tcp"), port=5432, protocol="tcp"),
        ],
    )
    return made, topology(made, "127.99")


def snapshots(made, addresses, tracing):
    plain = translate(made, addresses)
    return {one.key: traced(plain[one.key], made, one, tracing) for one in addresses.replicas}


@pytest.mark.parametrize("kind", KINDS)
def test_the_listeners_of_a_node_are_what_the_golden_file_says(kind, golden):
    made, addresses = case()
    golden(HERE / f"{kind}.json", snapshots(made, addresses, KINDS[kind])["front.0"].listeners)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_nothing_but_http_listeners_changes_and_all_of_it_fits_envoys_types(kind, name):
    made, addresses, faults = CASES[name]()
    plain = translate(made, addresses, faults=faults)
    for replica in addresses.replicas:
        before = plain[replica.key]
        after = traced(before, made, replica, KINDS[kind])
        assert dataclasses.replace(after, listeners={}) == dataclasses.replace(before, listeners={})
        assert after.listeners.keys() == before.listeners.keys()
        for key, one in after.listeners.items():
            assert encode("listeners", one).value
            assert ("http_connection_manager" in json.dumps(one)) == (one != before.listeners[key])


@pytest.mark.integration
@pytest.mark.parametrize("kind", KINDS)
def test_envoy_accepts_it(kind, tmp_path):
    made, addresses = case()
    for key, one in snapshots(made, addresses, KINDS[kind]).items():
        replica = next(each for each in addresses.replicas if each.key == key)
        accepted(tmp_path / f"{key}.json", static_config(one, replica))


@pytest.mark.integration
@pytest.mark.parametrize("kind", KINDS)
def test_envoy_accepts_the_bootstrap_with_a_token(kind, tmp_path):
    made, addresses = case()
    config = bootstrap(
        addresses.replicas[0],
        mesh=made.name,
        control_socket="/tmp/none.sock",
        token="782e30.00ff",
        tracing=KINDS[kind],
    )
    accepted(tmp_path / "bootstrap.json", config)
    assert ("layered_runtime" in config) == (kind == "otel")


def test_a_gateway_is_named_as_one():
    made = behind(gateway(entry_route("all", "red.local", Match(prefix="/"))), "red")
    addresses = topology(made, "127.99", doors=("door",))
    listeners = snapshots(made, addresses, KINDS["xray"])["door.0"].listeners
    text = json.dumps(listeners)
    assert "virtual_gateway_name" in text
    assert "appmesh.virtual_gateway" in text
    assert "virtual_node" not in text


def accepted(file, config):
    file.write_text(json.dumps(config))
    done = subprocess.run(
        [binary(), "--mode", "validate", "-c", file, "-l", "error"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{file.name}: {done.stderr}"
