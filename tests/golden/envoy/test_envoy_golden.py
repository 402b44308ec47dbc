"""What every feature becomes in Envoy, and that Envoy takes it."""

from __future__ import annotations

import dataclasses
import json
import random
import subprocess
from pathlib import Path

import pytest

from chaosmesh.envoy import binary, static_config, translate
from chaosmesh.envoy.codec import KINDS, encode
from tests.certificates import Authority, supplied
from tests.golden.envoy.cases import CASES

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", CASES)
def test_a_feature_becomes_what_its_golden_file_says(name, golden):
    mesh, addresses, faults = CASES[name]()
    snapshots = translate(mesh, addresses, faults=faults)
    golden(HERE / f"{name}.json", {key: dataclasses.asdict(one) for key, one in snapshots.items()})


@pytest.mark.parametrize("name", CASES)
def test_every_resource_fits_the_types_of_envoys_api(name):
    mesh, addresses, faults = CASES[name]()
    for snapshot in translate(mesh, addresses, faults=faults).values():
        for kind in KINDS:
            for resource in getattr(snapshot, kind).values():
                assert encode(kind, resource).value


@pytest.mark.integration
@pytest.mark.parametrize("name", [*CASES, "tls with its secrets"])
def test_envoy_accepts_every_golden_configuration(name, tmp_path):
    mesh, addresses, faults = CASES[name.split()[0]]()
    secrets = supplied(mesh, Authority("test")) if name not in CASES else None
    snapshots = translate(mesh, addresses, faults=faults, secrets=secrets)
    for replica in addresses.replicas:
        file = tmp_path / f"{replica.key}.json"
        file.write_text(json.dumps(static_config(snapshots[replica.key], replica)))
        done = subprocess.run(
            [binary(), "--mode", "validate", "-c", file, "-l", "error"], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"{replica.key}: {done.stderr}"


def test_no_golden_file_is_left_over():
    assert {one.stem for one in HERE.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_every_name_that_is_referred_to_exists_and_nothing_else(name):
    mesh, addresses, faults = CASES[name]()
    for snapshot in translate(mesh, addresses, faults=faults).values():
        text = json.dumps([snapshot.routes, snapshot.listeners])
        referred = {one for one in snapshot.clusters if f'"{one}"' in text}
        eds = {one for one, cluster in snapshot.clusters.items() if cluster.get("type") == "EDS"}
        assert set(snapshot.endpoints) == eds
        assert set(_values(snapshot.listeners, "route_config_name")) == set(snapshot.routes)
        assert set(_values(snapshot.routes, "cluster")) <= referred


@pytest.mark.parametrize("name", CASES)
def test_every_secret_that_is_referred_to_is_known_to_be_needed_and_no_other(name):
    mesh, addresses, _ = CASES[name]()
    secrets = supplied(mesh, Authority("test"))
    for replica in addresses.replicas:
        snapshot = translate(mesh, addresses, secrets=secrets)[replica.key]
        referred = {*_secrets(snapshot.clusters), *_secrets(snapshot.listeners)}
        assert set(snapshot.secrets) == referred


def test_the_order_of_workloads_and_addresses_changes_no_byte():
    mesh, addresses, faults = CASES["weights"]()
    shuffled = list(mesh.workloads)
    random.Random(3).shuffle(shuffled)
    other = dataclasses.replace(mesh, workloads=tuple(shuffled))
    assert translate(other, addresses, faults=faults) == translate(mesh, addresses, faults=faults)


def test_a_fault_changes_only_route_configurations_of_the_callee():
    mesh, addresses, faults = CASES["faults"]()
    calm, hit = translate(mesh, addresses), translate(mesh, addresses, faults=faults)
    assert calm["front.0"] == hit["front.0"]
    for key in ("blue.0", "green.0"):
        assert calm[key].routes != hit[key].routes
        assert dataclasses.replace(calm[key], routes={}) == dataclasses.replace(hit[key], routes={})


def _secrets(node):
    if isinstance(node, dict):
        if "sds_config" in node:
            yield node["name"]
        for value in node.values():
            yield from _secrets(value)
    elif isinstance(node, list):
        for one in node:
            yield from _secrets(one)


def _values(node, key):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key and isinstance(value, str):
                yield value
            yield from _values(value, key)
    elif isinstance(node, list):
        for one in node:
            yield from _values(one, key)
