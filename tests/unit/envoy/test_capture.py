"""What capturing changes of a sidecar's configuration, and that it changes nothing else; on any mesh."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaosmesh.appmesh import load
from chaosmesh.appmesh.translate import translate as policy
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.rendering import layout_of
from chaosmesh.envoy import Snapshot, names, translate
from chaosmesh.envoy.capture import captured
from chaosmesh.mesh import Mesh, Workload
from chaosmesh.runtime.docker.network import Bridge
from chaosmesh.runtime.kinds import Loopback
from tests.anymesh import meshes
from tests.meshes import mesh, pair, route, service, topology, workload

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
Sidecar = tuple[Mesh, Workload, Snapshot]


def sidecars(documents: Sequence[dict[str, Any]], *, open_egress: bool) -> Iterator[Sidecar]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mesh.json"
        path.write_text(json.dumps(documents))
        made = replace(policy(load([path])), open_egress=open_egress)
        addresses = layout_of(made, Scenario(), "r0", "10.200")
        for key, one in translate(made, addresses, logs=Path(folder)).items():
            yield made, made.workload(key.rpartition(".")[0]), one


def front(made: Mesh) -> Sidecar:
    return made, made.workload("front"), translate(made, topology(made, "10.99"))["front.0"]


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET, derandomize=True)
@given(meshes(), st.booleans())
def test_nothing_else_changes_on_any_mesh(documents: Sequence[dict[str, Any]], open_egress: bool) -> None:
    for made, owner, before in sidecars(documents, open_egress=open_egress):
        kept = copy.deepcopy(before)
        after = captured(before, made, owner)
        assert before == kept  # what went in is as it was: the process runtime sends it as it is
        if owner.gateway:
            assert after is before
            continue
        for kind in ("routes", "endpoints", "secrets"):
            assert getattr(after, kind) == getattr(before, kind)
        assert {name: after.clusters[name] for name in before.clusters} == before.clusters
        assert after.listeners.keys() == before.listeners.keys()
        own = {names.INGRESS_LISTENER, names.EGRESS_LISTENER}
        for name, one in after.listeners.items():
            if name not in own:
                assert one == {**before.listeners[name], "bind_to_port": False}
        bound = [one for one in after.listeners.values() if one.get("bind_to_port", True)]
        assert {one["name"] for one in bound} == own & before.listeners.keys()
        assert all(one["use_original_dst"] for one in bound)
        ports = [one["address"]["socket_address"]["port_value"] for one in bound]
        assert sorted(ports) == sorted({names.INGRESS_PORT, names.EGRESS_PORT} & set(ports))


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET, derandomize=True)
@given(meshes(), st.booleans())
def test_the_egress_filter_decides_by_port_on_any_mesh(
    documents: Sequence[dict[str, Any]], open_egress: bool
) -> None:
    for made, owner, before in sidecars(documents, open_egress=open_egress):
        if owner.gateway:
            continue
        egress = captured(before, made, owner).listeners[names.EGRESS_LISTENER]
        matches = [one["filter_chain_match"] for one in egress["filter_chains"]]
        assert len({json.dumps(one, sort_keys=True) for one in matches}) == len(matches)
        assert len({one["name"] for one in egress["filter_chains"]}) == len(matches)
        assert ("default_filter_chain" in egress) == open_egress
        http = {
            one["address"]["socket_address"]["port_value"]
            for name, one in before.listeners.items()
            if one["traffic_direction"] == "OUTBOUND" and "http_connection_manager" in json.dumps(one)
        }
        by_host = {one["destination_port"] for one in matches if "server_names" not in one}
        assert by_host == http  # 15001 is one of them


def test_a_port_of_plain_tcp_is_nobodys_by_host() -> None:
    made = mesh(
        [workload("front", "store"), workload("db", port=5432, protocol="tcp")],
        [service("store", route("store", "all", {"db": 1}, protocol="tcp"), port=5432, protocol="tcp")],
    )
    made, owner, before = front(made)
    after = captured(before, made, owner)
    matches = [one["filter_chain_match"] for one in after.listeners[names.EGRESS_LISTENER]["filter_chains"]]
    assert [one["destination_port"] for one in matches] == [names.EGRESS_PORT, 443]


@pytest.mark.parametrize("open_egress", [False, True])
def test_what_goes_straight_on_goes_to_where_it_was_dialled(open_egress: bool) -> None:
    made, owner, before = front(replace(pair(), open_egress=open_egress))
    after = captured(before, made, owner)
    new = {name: one for name, one in after.clusters.items() if name not in before.clusters}
    assert len(new) == 1 + open_egress
    assert {one["type"] for one in new.values()} == {"ORIGINAL_DST"}
    assert not any("http_header" in json.dumps(one) for one in new.values())


def test_only_the_network_of_a_run_in_containers_captures() -> None:
    assert Bridge("r0").captures
    assert not Loopback().captures
