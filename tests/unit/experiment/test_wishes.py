"""Load as a test wrote it: what makes no sense is refused before anything is sent."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from chaosmesh import request
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.experiment.view import MeshView
from chaosmesh.engine.experiment.wishes import closed_wish, wish_of
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


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"rate": "200"}, "the rate must be above 0 requests a second .got '200'."),
        ({"rate": float("inf")}, "the rate must be above 0"),
        ({"rate": True}, "the rate must be above 0"),
        ({"count": "5"}, "the count must be at least 1"),
        ({"count": 1.5}, "the count must be at least 1"),
        ({"workers": "2"}, "workers must be at least 1"),
        ({"workers": 65}, "workers must be 1 to 64"),
        ({"mix": request("/a")}, "is no list of requests"),
        ({"mix": "/a"}, "is no list of requests"),
        ({"mix": []}, "is no list of requests"),
        ({"path": 5}, "path=5 is no text"),
        ({"path": "flights"}, "must begin with a slash"),
        ({"path": "http://elsewhere/"}, "must begin with a slash"),
        ({"method": 5}, "method=5 is no text"),
        ({"headers": "x-user"}, "names with texts"),
        ({"headers": {"x-user": 5}}, "names with texts"),
    ],
)
def test_what_is_no_load_is_told_at_once(asked, text) -> None:
    with pytest.raises(UsageError, match=text) as error:
        wish_of(Scenario(), **asked)
    assert error.value.hint or "64" in text


def test_users_of_a_locustfile_are_counted() -> None:
    for users in ("5", 0, 1.5):
        with pytest.raises(UsageError, match="users must be at least 1"):
            closed_wish(
                Scenario(),
                Path("x.py"),
                users=users,
                spawn_rate=None,
                entry=None,
                count=None,
                duration=None,
            )
