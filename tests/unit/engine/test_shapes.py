"""Requests that a gateway's rules take."""

from __future__ import annotations

import pytest

from chaosmesh.engine.shapes import first_taker, request_for
from chaosmesh.load import RequestSpec
from chaosmesh.mesh import Match, Pattern, Rewrite
from tests.gateways import entry_route


@pytest.mark.parametrize(
    ("match", "rewrite", "inner", "path"),
    [
        (Match(prefix="/"), Rewrite(prefix="/"), "/x", "/x"),
        (Match(prefix="/shop"), Rewrite(prefix="/"), "/", "/shop/"),
        (Match(prefix="/shop/"), Rewrite(prefix="/v1/"), "/v1/items", "/shop/items"),
        (Match(prefix="/shop"), Rewrite(prefix="/v1"), "/elsewhere", "/shop/"),
        (Match(prefix="/shop"), Rewrite(), "/shop/2", "/shop/2"),
        (Match(prefix="/shop"), Rewrite(), "/", "/shop"),
        (Match(path="/one"), Rewrite(path="/two"), "/", "/one"),
    ],
)
def test_the_path_at_the_door_arrives_as_the_service_wants_it(
    match: Match, rewrite: Rewrite, inner: str, path: str
) -> None:
    made = request_for(entry_route("r", "s", match, rewrite), inner)
    assert made is not None
    assert made[0].path == path


def test_every_condition_is_in_the_request() -> None:
    match = Match(
        prefix="/",
        method="POST",
        host_suffix=".example.com",
        headers=(
            Pattern("a", "exact", "1"),
            Pattern("b", "range", low=3, high=9),
            Pattern("c", "present", invert=True),
            Pattern("d", "present"),
        ),
        query=(Pattern("q", "exact", "x y"),),
    )
    made = request_for(entry_route("r", "s", match), "/")
    assert made is not None
    request, host = made
    assert host == "www.example.com"
    assert request == RequestSpec("POST", "/?q=x+y", (("a", "1"), ("b", "3"), ("d", "1")))


@pytest.mark.parametrize(
    "match", [Match(path_regex="/a.*"), Match(prefix="/", headers=(Pattern("a", "regex", "x+"),))]
)
def test_regular_expressions_have_no_example(match: Match) -> None:
    assert request_for(entry_route("r", "s", match), "/") is None


def test_an_earlier_rule_gets_the_request() -> None:
    rules = [
        entry_route("host", "a", Match(prefix="/", host="one.com")),
        entry_route("header", "b", Match(prefix="/x", headers=(Pattern("h", "present"),))),
        entry_route("rest", "c", Match(prefix="/x")),
    ]
    plain = RequestSpec(path="/x/1")
    taker = first_taker(rules, plain, "two.com")
    assert taker is rules[2]
    assert first_taker(rules, plain, "one.com") is rules[0]
    assert first_taker(rules, RequestSpec(path="/x", headers=(("H", "1"),)), "") is rules[1]
    assert first_taker(rules, RequestSpec(path="/y"), "") is None
