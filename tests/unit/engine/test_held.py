"""Which proxies a connection fault holds, and what joins or leaves it."""

from __future__ import annotations

from chaosmesh.engine.held import Hold, heirs, http_ends, proxies_of, strays
from chaosmesh.faults import Effect, Scope
from chaosmesh.mesh import Mesh, Topology
from tests import meshes

ARMS = meshes.pair(arms=("blue", "green"))
LESS = meshes.pair(arms=("blue",))
DOWN = Effect("down", {})


def laid(mesh: Mesh, **replicas: int) -> Topology:
    return meshes.topology(mesh, "127.99", replicas=replicas, direct=False)


def names(scope: Scope, mesh: Mesh = ARMS, **replicas: int) -> set[str]:
    return set(proxies_of(mesh, laid(mesh, **replicas), scope))


def test_a_scope_is_an_edge_an_arm_or_a_replica() -> None:
    both = {"front>blue.0:8080", "front>blue.1:8080", "front>green.0:8080"}
    assert names(Scope("front", "color"), blue=2) == both
    assert names(Scope("front", "color", "blue"), blue=2) == {"front>blue.0:8080", "front>blue.1:8080"}
    assert names(Scope("front", "color", None, 0), blue=2) == {"front>blue.0:8080", "front>green.0:8080"}
    assert names(Scope("front", "color", "blue", 1), blue=2) == {"front>blue.1:8080"}
    assert names(Scope("front", "color", "blue", 2), blue=2) == set()
    assert names(Scope("front", "nothing")) == set()


def test_what_joins_inherits_and_what_another_scope_holds_is_left_alone() -> None:
    held = {
        "edge": Hold(Scope("front", "color"), DOWN, {"front>blue.0:8080"}),
        "arm": Hold(Scope("front", "color", "blue"), DOWN, {"front>blue.0:8080"}),
        "one": Hold(Scope("front", "color", "blue", 0), DOWN, {"front>blue.0:8080"}),
    }
    assert set(heirs(held, ARMS, laid(ARMS, blue=2))) == {
        ("edge", "front>blue.1:8080"),
        ("edge", "front>green.0:8080"),
        ("arm", "front>blue.1:8080"),
    }
    assert list(heirs(held, LESS, laid(LESS))) == []


def test_what_leaves_an_edge_is_let_go() -> None:
    held = {"edge": Hold(Scope("front", "color"), DOWN, {"front>blue.0:8080", "front>green.0:8080"})}
    assert strays(held, LESS, laid(LESS)) == [("edge", "front>green.0:8080")]
    assert strays(held, ARMS, laid(ARMS)) == []


def test_only_ends_that_carry_requests_are_waited_for() -> None:
    topology = laid(ARMS)
    ends = http_ends(ARMS, topology, {"front>blue.0:8080"})
    assert ends == [(topology.proxies_of("front", "blue")[0].address, 8080)]
    tcp = meshes.mesh(
        [meshes.workload("front", "line"), meshes.workload("cable", protocol="tcp")],
        [meshes.service("line", meshes.route("line", "all", {"cable": 1}, protocol="tcp"), protocol="tcp")],
    )
    assert http_ends(tcp, laid(tcp), {"front>cable.0:8080"}) == []
