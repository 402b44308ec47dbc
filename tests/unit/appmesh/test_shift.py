"""A route with other weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.appmesh.shift import route_named, shifted, split_of, weights_of
from chaosmesh.errors import UsageError

AIRPORT = Path(__file__).resolve().parents[3] / "fixtures" / "airport"


@pytest.fixture
def airport():
    return load([AIRPORT / "*.json"])


@pytest.mark.parametrize("name", ["flights-route", "flights-router/flights-route"])
def test_a_route_is_found_by_its_names(airport, name):
    assert route_named(airport, name).name == "flights-route"


def test_a_service_whose_router_has_one_route_names_it(airport):
    assert route_named(airport, "weather").name == "weather-route"


@pytest.mark.parametrize(
    ("name", "said"), [("nowhere", "no route 'nowhere'"), ("flights", "may be any of them")]
)
def test_what_is_unknown_or_ambiguous_names_the_candidates(airport, name, said):
    with pytest.raises(UsageError, match=said) as caught:
        route_named(airport, name)
    assert "flights-router/flights-route" in str(caught.value)


@pytest.mark.parametrize(
    ("share", "weights"),
    [
        (0, {"flights-v1": 100, "flights-v2": 0}),
        (10, {"flights-v1": 90, "flights-v2": 10}),
        (100, {"flights-v1": 0, "flights-v2": 100}),
    ],
)
def test_a_shift_changes_the_weights_and_nothing_else(airport, share, weights):
    route = route_named(airport, "flights-route")
    after = shifted(airport, route, "flights-v2", share)
    assert weights_of(route_named(after, "flights-route")) == weights
    assert weights_of(route) == {"flights-v1": 80, "flights-v2": 20}
    assert [one.id for one in after] == [one.id for one in airport]
    changed = [one.id for one, two in zip(airport, after, strict=True) if one != two]
    assert changed == [route.id]
    again = route_named(after, "flights-route").spec.http_route
    assert again.model_copy(update={"action": route.spec.http_route.action}) == route.spec.http_route


def test_several_others_keep_their_proportions(tmp_path):
    (tmp_path / "m.json").write_text(
        '{"routeName": "r", "virtualRouterName": "x", "meshName": "m", "spec": {"httpRoute": {"match": {"prefix": "/"},'
        ' "action": {"weightedTargets": [{"virtualNode": "a", "weight": 2}, {"virtualNode": "b", "weight": 1},'
        ' {"virtualNode": "c", "weight": 0}]}}}}'
    )
    route = route_named(load([tmp_path / "m.json"]), "r")
    assert split_of(route, "c", 10) == {"c": 10, "a": 60, "b": 30}
    assert split_of(route, "a", 99) == {"a": 99, "b": 1, "c": 0}
    assert split_of(route, "b", 1) == {"b": 1, "a": 99, "c": 0}


def test_a_shift_needs_a_target_and_another_one(airport):
    with pytest.raises(UsageError, match="none of its targets"):
        split_of(route_named(airport, "flights-route"), "weather", 10)
    with pytest.raises(UsageError, match="only target"):
        split_of(route_named(airport, "weather-route"), "weather", 10)
    with pytest.raises(UsageError, match="no share"):
        split_of(route_named(airport, "flights-route"), "flights-v2", 101)
