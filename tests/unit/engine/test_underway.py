"""How many files a load may keep open in each process, against numbers worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from chaosmesh.engine.underway import OF_ITSELF, TOXIPROXY, Ground, Load, open_files
from chaosmesh.mesh import Breaker, Mesh, Retry, Timeout
from tests.unit.runtime import meshes

NO_RETRY = Retry(0, None)
USERS = Load("front", rate=100, patience=30, most=math.inf)


def changed(mesh: Mesh, **changes: object) -> Mesh:
    services = tuple(
        replace(one, routes=tuple(replace(route, **changes) for route in one.routes))  # type: ignore[arg-type]
        for one in mesh.services
    )
    return replace(mesh, services=services, breaker=Breaker(2**31 - 1, 2**31 - 1, 2**31 - 1, 2**31 - 1))


def needed(mesh: Mesh, *loads: Load, **ground: object) -> dict[str, int]:
    found = open_files(Ground(mesh, **ground), *(loads or (USERS,)))  # type: ignore[arg-type]
    return {name.removeprefix("the sidecar of "): files - OF_ITSELF for name, files in found.items()}


CHAIN = changed(meshes.chain(), retry=NO_RETRY, timeout=Timeout(request=2.0))


def test_a_request_under_way_takes_four_in_a_sidecar_between_and_two_in_the_proxy_of_each_edge() -> None:
    alive = 200  # 100 a second, 2 s each
    assert needed(CHAIN) == {
        "front": 4 * alive,
        "flights": 4 * alive,
        "weather": 2 * alive,
        TOXIPROXY: 4 * alive,
    }


def test_what_nothing_bounds_stays_as_long_as_users_wait() -> None:
    endless = changed(meshes.chain(), retry=NO_RETRY, timeout=Timeout(request=0))
    assert needed(endless)["front"] == 4 * 3000
    assert needed(CHAIN, slow=["front"])["front"] == 2 * 3000 + 2 * 200


def test_attempts_add_up_to_the_timeout_of_the_call_at_most() -> None:
    tries = Retry(3, 0.25, on_reset=True)
    assert needed(changed(CHAIN, retry=tries))["front"] == 4 * 100
    assert needed(changed(CHAIN, retry=replace(tries, max_retries=30)))["front"] == 4 * 200


def test_a_program_that_goes_on_holds_calls_for_every_attempt_of_its_callers() -> None:
    again = changed(CHAIN, retry=Retry(3, 0.5, on_reset=True))
    assert needed(again)["weather"] == 2 * 200
    assert needed(again, stubborn=["flights"])["weather"] == 2 * 100 * 4 * 2


def test_copies_share_and_users_come_to_one_of_them() -> None:
    found = needed(CHAIN, copies={"front": 2, "flights": 2, "weather": 4})
    assert (found["front"], found["flights"], found["weather"]) == (800, 400, 100)
    assert found[TOXIPROXY] == 800


def test_a_breaker_and_the_generator_bound_it() -> None:
    small = replace(CHAIN, breaker=Breaker(10, 5, 100, 3))
    assert needed(small)["front"] == 2 * 200 + 2 * 15
    assert needed(CHAIN, replace(USERS, most=50))["front"] == 200


@pytest.mark.parametrize("protocol", ["http2", "grpc"])
def test_one_connection_carries_many_requests(protocol: str) -> None:
    nodes = (meshes.workload("front", "x.local", protocol=protocol), meshes.workload("x", protocol=protocol))
    mesh = meshes.mesh(nodes, {"x.local": ["x"]}, protocol)  # type: ignore[arg-type]
    assert not any(needed(mesh).values())


def test_a_gateway_has_no_application_between() -> None:
    nodes = (meshes.workload("front", "x.local", gateway=True), meshes.workload("x"))
    mesh = changed(meshes.mesh(nodes, {"x.local": ["x"]}), retry=NO_RETRY, timeout=Timeout(request=2.0))
    assert needed(mesh)["front"] == 2 * 200


def test_who_calls_back_is_counted_once() -> None:
    nodes = (meshes.workload("front", "x.local"), meshes.workload("x", "y.local"))
    mesh = changed(
        meshes.mesh(nodes, {"x.local": ["x"], "y.local": ["front"]}),
        retry=NO_RETRY,
        timeout=Timeout(request=2.0),
    )
    assert needed(mesh)["front"] == 4 * 200


def test_loads_side_by_side_add_up() -> None:
    assert needed(CHAIN, USERS, USERS)["weather"] == 2 * needed(CHAIN)["weather"]


def test_calls_of_an_application_come_in_at_no_listener() -> None:
    assert needed(CHAIN, replace(USERS, calls=True))["front"] == 2 * 200
