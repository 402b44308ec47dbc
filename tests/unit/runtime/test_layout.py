"""Addresses of a run."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosmesh.errors import UsageError
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.runtime import lay_out, lease_subnet
from chaosmesh.runtime.layout import joined, new_app, relaid
from tests.unit.runtime import meshes


def laid_out(policy: Mesh, **more: object) -> Topology:
    return lay_out(policy, run="r1", subnet="127.77", **more)  # type: ignore[arg-type]


def addresses(topology: Topology) -> list[str]:
    own = [a for one in topology.replicas for a in (one.sidecar, one.app, one.door) if a]
    return own + [one.address for one in topology.proxies] + [one.address for one in topology.egresses]


def test_a_chain_gets_two_copies_of_what_is_called() -> None:
    topology = laid_out(meshes.chain())
    counts = {node: len(topology.replicas_of(node)) for node in ("front", "flights", "weather")}
    assert counts == {"front": 1, "flights": 2, "weather": 2}
    assert topology.entries == ("front",)
    assert [one.door is not None for one in topology.replicas] == [True, False, False, False, False]
    assert len(topology.proxies_of("flights", "weather")) == 2
    assert topology.proxies_of("front", "weather") == ()
    assert topology.egress("flights", "weather.local", 1).ports == (8080,)


def test_dns_behind_a_load_balancer_is_one_copy_and_more_are_refused() -> None:
    nodes = (meshes.workload("front", "b.local"), meshes.workload("b", discovery="logical_dns"))
    policy = meshes.mesh(nodes, {"b.local": ["b"]})
    assert len(laid_out(policy).replicas_of("b")) == 1
    with pytest.raises(UsageError, match=r"mesh.json:3:5 b: 2 replicas, but its DNS"):
        laid_out(policy, replicas={"b": 2})


def test_gateways_are_the_entries() -> None:
    nodes = (meshes.workload("free"), meshes.workload("gate", "b.local", gateway=True), meshes.workload("b"))
    assert laid_out(meshes.mesh(nodes, {"b.local": ["b"]})).entries == ("gate",)


def test_in_a_cycle_the_first_is_the_entry() -> None:
    nodes = (meshes.workload("a", "b.local"), meshes.workload("b", "a.local"))
    assert laid_out(meshes.mesh(nodes, {"a.local": ["a"], "b.local": ["b"]})).entries == ("a",)


def test_what_stays_keeps_its_addresses_and_what_comes_gets_unused_ones() -> None:
    before = laid_out(meshes.chain())
    nodes = (
        meshes.workload("new"),
        meshes.workload("front", "flights.local", "new.local"),
        meshes.workload("flights"),
    )
    after = relaid(before, meshes.mesh(nodes, {"flights.local": ["flights"], "new.local": ["new"]}))
    kept = [one for one in addresses(before) if one in addresses(after)]
    assert [one for one in before.replicas if one.node != "weather"] == [
        one for one in after.replicas if one.node != "new"
    ]
    assert after.proxies_of("front", "flights") == before.proxies_of("front", "flights")
    assert after.egress("front", "flights.local") == before.egress("front", "flights.local")
    assert len(set(addresses(after))) == len(addresses(after))
    assert not (set(addresses(after)) - set(kept)) & set(addresses(before))


def test_what_comes_back_has_its_old_addresses_and_nobody_had_them_meanwhile() -> None:
    first = laid_out(meshes.chain())
    empty = relaid(first, meshes.mesh((), {}))
    assert addresses(empty) == []
    other = relaid(joined(first, empty), meshes.mesh((meshes.workload("other"),), {}))
    memory = joined(joined(first, empty), other)
    again = relaid(memory, meshes.chain())
    assert (again.replicas, again.proxies, again.egresses) == (first.replicas, first.proxies, first.egresses)
    assert not set(addresses(other)) & set(addresses(first))


def test_an_application_can_move_while_its_sidecar_stays() -> None:
    before = laid_out(meshes.chain())
    after = new_app(before, before, "weather", 1)
    (old, new) = (one.replicas_of("weather")[1] for one in (before, after))
    assert (old.sidecar, old.door) == (new.sidecar, new.door)
    assert new.app not in addresses(before)
    assert [one for one in after.replicas if one != new] == [one for one in before.replicas if one != old]
    assert relaid(joined(before, after), meshes.chain()) == after


def test_a_workload_that_is_called_later_gets_its_default_copies_and_one_that_no_longer_is_keeps_them() -> (
    None
):
    nodes = (meshes.workload("a", "x.local"), meshes.workload("b"), meshes.workload("c"))
    before = laid_out(meshes.mesh(nodes, {"x.local": ["b"]}))
    after = relaid(before, meshes.mesh(nodes, {"x.local": ["c"]}))
    assert [len(before.replicas_of(node)) for node in "abc"] == [1, 2, 1]
    assert [len(after.replicas_of(node)) for node in "abc"] == [1, 2, 2]
    assert after.entries == ("a", "b")
    assert {one.node for one in after.replicas if one.door} == {"a", "b", "c"}
    assert after.proxies_of("a", "b") == before.proxies_of("a", "b")
    assert after.replicas_of("c")[0].sidecar == before.replicas_of("c")[0].sidecar


def test_two_services_of_one_target_share_its_proxies() -> None:
    nodes = (meshes.workload("a", "x.local", "y.local"), meshes.workload("b", ports=(80, 90)))
    topology = laid_out(meshes.mesh(nodes, {"x.local": ["b"], "y.local": ["b"]}), replicas={"b": 3})
    assert [one.ports for one in topology.proxies] == [(80, 90)] * 3
    assert [one.service for one in topology.egresses] == ["x.local", "y.local"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"replicas": {"nobody": 2}}, "unknown workload with replicas 'nobody'"),
        ({"replicas": {"weather": 0}}, "weather: replicas is 0"),
        ({"entries": ["nobody"]}, "unknown entry 'nobody'"),
        ({"replicas": {"weather": 5000}}, "more than 4064 addresses"),
    ],
)
def test_what_can_not_be_is_refused(more: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        laid_out(meshes.chain(), **more)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["front", "flights", "weather"]), st.integers(1, 400), max_size=3))
def test_addresses_are_unique_inside_the_subnet_and_stable(replicas: dict[str, int]) -> None:
    topology = laid_out(meshes.chain(), replicas=replicas)
    found = addresses(topology)
    assert len(set(found)) == len(found)
    assert all(ipaddress.ip_address(one) in ipaddress.ip_network("127.77.0.0/16") for one in found)
    assert topology == laid_out(meshes.chain(), replicas=replicas)


def test_two_leases_never_name_the_same_subnet() -> None:
    with lease_subnet() as one, lease_subnet() as two:
        assert one.name != two.name


@pytest.mark.parametrize("port", [15000, 15001, 9901])
def test_a_workload_can_not_listen_where_its_sidecar_does(port: int) -> None:
    policy = meshes.mesh([meshes.workload("b", ports=(port,))], {})
    with pytest.raises(UsageError, match=rf"mesh.json:3:5 b listens on port {port}, which its sidecar needs"):
        laid_out(policy)
