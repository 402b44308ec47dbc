"""What the sidecar of a pod is told, which is sent everything that its application sends; and that Envoy takes it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import pytest

from chaosmesh.envoy import binary, static_config, translate
from chaosmesh.envoy.capture import captured
from chaosmesh.envoy.codec import KINDS, encode
from tests.certificates import Authority, supplied
from tests.golden.envoy.cases import CASES
from tests.meshes import mesh, route, service, topology, workload

HERE = Path(__file__).parent
EGRESS = {"closed": False, "open": True}


def case(name):
    """A node with a door that calls over HTTP on two ports, gRPC on one of them too, and TCP."""
    backends = ("color", "tint", "leaf", "store")
    made = mesh(
        [
            workload("front", *backends),
            workload("blue"),
            workload("leaf", port=9090, protocol="grpc"),
            workload("db", port=5432, protocol="tcp"),
        ],
        [
            service("color", route("color", "all", {"blue": 1})),
            service("tint", route("tint", "all", {"blue": 1}), port=9090),
            service("leaf", route("leaf", "all", {"leaf": 1}, protocol="grpc"), port=9090, protocol="grpc"),
            service(
                "store", route("store", "all", {"db": 1}, protocol="tcp"), port=5432, protocol="tcp"
            ),
        ],
    )
    return dataclasses.replace(made, open_egress=EGRESS[name]), topology(made, "10.99", doors=("front",))


def snapshots(made, addresses, **more):
    """By replica; captured, as a pod's sidecar gets it."""
    plain = translate(made, addresses, **more)
    return {
        one.key: captured(plain[one.key], made, made.workload(one.node)) for one in addresses.replicas
    }


@pytest.mark.parametrize("name", EGRESS)
def test_the_sidecar_of_a_pod_is_told_what_the_golden_file_says(name, golden):
    made, addresses = case(name)
    front = snapshots(made, addresses)["front.0"]
    golden(HERE / f"{name}.json", {"listeners": front.listeners, "clusters": front.clusters})


@pytest.mark.parametrize("name", CASES)
def test_all_of_it_fits_envoys_types(name):
    made, addresses, faults = CASES[name]()
    for snapshot in snapshots(made, addresses, faults=faults).values():
        for kind in KINDS:
            for resource in getattr(snapshot, kind).values():
                assert encode(kind, resource).value


@pytest.mark.integration
@pytest.mark.parametrize("name", [*EGRESS, *CASES, "tls with its secrets"])
def test_envoy_accepts_it(name, tmp_path):
    made, addresses = case(name) if name in EGRESS else CASES[name.split()[0]]()[:2]
    secrets = supplied(made, Authority("test")) if " " in name else None
    for key, one in snapshots(made, addresses, secrets=secrets).items():
        replica = next(each for each in addresses.replicas if each.key == key)
        file = tmp_path / f"{key}.json"
        file.write_text(json.dumps(static_config(one, replica)))
        done = subprocess.run(
            [binary(), "--mode", "validate", "-c", file, "-l", "error"], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"{key}: {done.stderr}"


def test_no_golden_file_is_left_over():
    assert {one.stem for one in HERE.glob("*.json")} == set(EGRESS)
