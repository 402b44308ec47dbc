from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.engine.experiment.inputs import Wanted, read
from chaosmesh.engine.experiment.names import Path, callers, nodes_named, paths_named
from chaosmesh.engine.inputs import policy
from chaosmesh.errors import UsageError
from chaosmesh.mesh.naming import node_named
from tests import meshes
from tests.unit.experiment.airport import FOLDER, WEATHER_SERVICE, airport

FLIGHTS, WEATHER = "flights.airport.local", "weather.airport.local"


def test_a_node_is_meant_before_a_service_of_the_same_label():
    assert nodes_named(airport(), "weather") == ("weather",)


def test_a_service_stands_for_all_nodes_behind_it_by_its_label_or_whole_name():
    mesh = airport()
    assert set(nodes_named(mesh, "flights")) == {"flights-v1", "flights-v2"}
    assert nodes_named(mesh, "flights") == nodes_named(mesh, FLIGHTS)


def test_an_edge_between_services_is_every_pair_of_client_node_and_service():
    found = paths_named(airport(), "flights", "weather")
    assert set(found) == {Path("flights-v1", WEATHER), Path("flights-v2", WEATHER)}


def test_an_edge_to_one_node_of_a_split_service_is_narrowed_to_it():
    assert paths_named(airport(), "departures", "flights-v2") == (Path("departures", FLIGHTS, "flights-v2"),)
    assert paths_named(airport(), "departures", "flights") == (Path("departures", FLIGHTS),)


def test_unknown_names_come_with_the_candidates():
    mesh = airport()
    with pytest.raises(UsageError) as unknown:
        nodes_named(mesh, "runway")
    assert "'runway'" in unknown.value.message
    assert "flights-v1" in unknown.value.hint
    assert WEATHER in unknown.value.hint
    with pytest.raises(UsageError, match="no edge departures → weather") as missing:
        paths_named(mesh, "departures", "weather")
    assert f"departures → {FLIGHTS}" in missing.value.hint


def test_two_services_of_one_label_are_ambiguous_unless_only_one_is_called():
    mesh = airport()
    twin = replace(mesh.service(WEATHER), name="weather.other.local")
    more = replace(mesh, services=(*mesh.services, twin))
    assert len(paths_named(more, "flights", "weather")) == 2
    both = tuple(
        replace(one, backends=(*one.backends, twin.name)) if one.name == "flights-v1" else one
        for one in more.workloads
    )
    with pytest.raises(UsageError, match="may be either"):
        paths_named(replace(more, workloads=both), "flights", "weather")


def test_callers_of_a_node_are_all_edges_into_it():
    assert callers(airport(), ("flights-v1",)) == (Path("departures", FLIGHTS, "flights-v1"),)
    assert {one.client for one in callers(airport(), ("weather",))} == {"flights-v1", "flights-v2"}


def test_what_stands_in_is_named_by_itself_and_leaves_the_edge_whole():
    """Latency and down act on whole edges: a fallback beside the only target must not narrow it."""
    resources, scenario = read(Wanted((FOLDER.with_name("airport-extended"),)))
    mesh = policy(resources, scenario)
    assert [str(one) for one in paths_named(mesh, "flights-v1", "weather-archive")] == [
        f"flights-v1 → {WEATHER_SERVICE} (weather-archive only)"
    ]
    renamed = replace(
        mesh,
        services=tuple(
            replace(one, name="forecast.local") if one.name == WEATHER_SERVICE else one
            for one in mesh.services
        ),
        workloads=tuple(
            replace(one, backends=("forecast.local",)) if one.name == "flights-v1" else one
            for one in mesh.workloads
        ),
    )
    (path,) = paths_named(renamed, "flights-v1", "weather")
    assert path.workload is None


def test_the_namespace_of_a_node_may_be_left_out_where_one_node_is_meant():
    nodes = {"front_shop": "front", "cart_shop": "cart", "cart_beta": "cart"}
    mesh = meshes.mesh(
        [
            meshes.workload("front_shop", "basket.shop"),
            meshes.workload("cart_shop"),
            meshes.workload("cart_beta"),
        ],
        [meshes.service("basket.shop", meshes.route("basket", "all", {"cart_shop": 1}))],
    )
    assert nodes_named(mesh, "front") == ("front_shop",)
    assert paths_named(mesh, "front", "basket") == (Path("front_shop", "basket.shop"),)
    with pytest.raises(UsageError, match="nothing called 'cart'"):
        nodes_named(mesh, "cart")
    assert node_named("cart_beta", nodes) == "cart_beta"
    assert node_named("fr", nodes) is None
    assert node_named("front", {"front_of_house"}) is None
