"""Load as a test wrote it: what makes no sense is refused before anything is sent."""

from __future__ import annotations

import inspect

import pytest

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.experiment.view import MeshView
from chaosmesh.engine.experiment.wishes import wish_of
from chaosmesh.errors import UsageError


def test_an_application_sends_to_a_host_of_any_name() -> None:
    plan = wish_of(Scenario(), client="flights", host="example.com").plan("flights", 1, None)
    assert (plan.entry, plan.host) == ("flights", "example.com")


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"client": "flights"}, "belong together"),
        ({"host": "example.com"}, "belong together"),
        ({"client": "flights", "host": "example.com", "entry": "flights"}, "take the place of entry="),
        ({"client": "flights", "host": "example.com", "protocol": "grpc"}, "HTTP/1.1 only"),
    ],
)
def test_client_and_host_take_the_place_of_an_entry(asked, text) -> None:
    with pytest.raises(UsageError, match=text):
        wish_of(Scenario(), **asked)


def test_load_shows_what_a_wish_takes_and_refuses_the_rest_by_its_own_name() -> None:
    shown, made = inspect.signature(MeshView.load), inspect.signature(wish_of)
    assert list(shown.parameters) == ["self", *[name for name in made.parameters if name != "scenario"]]
    assert shown.parameters["method"].default == "GET"
    assert "Open-loop" in (MeshView.load.__doc__ or "")
    with pytest.raises(TypeError, match=r"load\(\) got an unexpected keyword argument 'speed'"):
        MeshView.load(object(), speed=3)
