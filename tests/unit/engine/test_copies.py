"""Replicas that faults add and take out."""

from __future__ import annotations

import pytest

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.copies import Copies
from chaosmesh.engine.rendering import layout_of
from chaosmesh.errors import UsageError
from chaosmesh.faults import Copy
from chaosmesh.runtime.layout import joined
from tests import meshes

MESH = meshes.pair()
NONE = load_scenario(None)
FIRST = layout_of(MESH, NONE, "r", "127.9")


def test_one_more_and_one_less_is_as_before() -> None:
    more = Copies().more("blue", 1, FIRST)
    third = more.layout(FIRST, MESH, NONE)
    assert [one.key for one in third.replicas_of("blue")] == ["blue.0", "blue.1", "blue.2"]
    less = more.more("blue", -1, third)
    assert less.layout(joined(FIRST, third), MESH, NONE) == FIRST


def test_a_replica_that_is_out_has_nothing_and_comes_back_to_its_addresses() -> None:
    out = Copies().without(Copy("blue", 0), FIRST)
    less = out.layout(FIRST, MESH, NONE)
    assert [one.key for one in less.replicas_of("blue")] == ["blue.1"]
    assert [one.replica for one in less.proxies_of("front", "blue")] == [1]
    assert out.again(Copy("blue", 0)).layout(joined(FIRST, less), MESH, NONE) == FIRST


def test_one_that_is_out_counts_when_another_is_added() -> None:
    out = Copies().without(Copy("blue", 0), FIRST)
    less = out.layout(FIRST, MESH, NONE)
    both = out.more("blue", 1, less).layout(joined(FIRST, less), MESH, NONE)
    assert [one.key for one in both.replicas_of("blue")] == ["blue.1", "blue.2"]


def test_the_last_one_and_the_one_at_the_door_stay() -> None:
    with pytest.raises(UsageError, match="the last replica of front"):
        Copies().without(Copy("front", 0), FIRST)
    two = Copies().more("front", 1, FIRST)
    with pytest.raises(UsageError, match=r"users come in at front\.0"):
        two.without(Copy("front", 0), two.layout(FIRST, MESH, NONE))
    assert two.without(Copy("front", 1), two.layout(FIRST, MESH, NONE)).out
