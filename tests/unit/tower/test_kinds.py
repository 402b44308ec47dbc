"""Faults as forms: what is asked for, what is refused, and how it reads in Python."""

from __future__ import annotations

import pytest

from chaosmesh.engine.experiment.control import ControlPlaneOf
from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.externals import ExternalOf
from chaosmesh.engine.experiment.nodes import Node, ReplicaOf, Sidecar
from chaosmesh.engine.tower.forms import checked, written
from chaosmesh.engine.tower.kinds import RECIPES, Recipe, offered
from chaosmesh.errors import UsageError


@pytest.mark.parametrize(
    ("kind", "fields", "python"),
    [
        ("errors", {}, "errors(503, share=0.3)"),
        ("errors", {"grpc": "UNAVAILABLE", "share": 1}, 'errors(grpc="UNAVAILABLE", share=1)'),
        ("errors", {"header": "x-user: beta"}, "errors(503, share=0.3, headers={'x-user': 'beta'})"),
        ("latency", {"ms": 50, "jitter_ms": 5}, 'latency("50ms", jitter="5ms")'),
        ("latency", {"replica": 1, "stream": "upstream"}, 'latency("300ms", stream="upstream", replica=1)'),
        ("reset", {}, "reset()"),
        ("bandwidth", {"kb": 8}, 'bandwidth("8KB/s")'),
        ("slicer", {}, "slicer(size=64)"),
        ("limit_data", {}, "limit_data(1000)"),
        ("overload", {}, "overload(capacity=50)"),
        ("sidecar_pause", {}, "sidecar.pause()"),
        ("certificate", {}, 'certificate("expired")'),
    ],
)
def test_a_form_reads_as_a_call(kind: str, fields: dict[str, object], python: str) -> None:
    recipe = RECIPES[kind]
    assert written(recipe, checked(recipe, fields)) == python


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda one: one.kind)
def test_every_form_is_a_method_of_experiments(recipe: Recipe) -> None:
    owners = {
        "edge": [Edge],
        "replica": [Sidecar] if recipe.part else [Node, ReplicaOf],
        "control-plane": [ControlPlaneOf],
        "external": [ExternalOf],
    }
    assert any(hasattr(one, recipe.method) for one in owners[recipe.on])


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("errors", {"share": 1.5}, "lies between"),
        ("errors", {"status": "503"}, "is a number"),
        ("errors", {"status": True}, "is a number"),
        ("latency", {"ms": 1.5}, "whole number"),
        ("latency", {"stream": "sideways"}, "can't be 'sideways'"),
        ("down", {"how": "much"}, "no field 'how'"),
    ],
)
def test_what_makes_no_sense_is_refused(kind: str, fields: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        checked(RECIPES[kind], fields)


@pytest.mark.parametrize(
    "header", ["no colon", ": x", "a\r\nb: c", "two words: x", "x-user: a\nb", "x-üser: a"]
)
def test_what_is_no_header_is_refused(header: str) -> None:
    recipe = RECIPES["errors"]
    with pytest.raises(UsageError, match="is no header"):
        written(recipe, checked(recipe, {"header": header}))


def test_containers_and_what_is_outside_are_offered_where_they_are() -> None:
    here = {one.kind for one in offered("process", externals=False)}
    assert "partition" not in here
    assert "external_down" not in here
    everything = {one.kind for one in offered("docker", externals=True)}
    assert {"partition", "external_down"} <= everything
