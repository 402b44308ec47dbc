"""Where requests go by the declared rules."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, load
from chaosmesh.appmesh.routing import Decision, Request, choose
from chaosmesh.errors import UsageError

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "appmesh"


def route(decision: Decision) -> str | None:
    return decision.route.name if decision.route else None


@pytest.fixture(scope="module")
def matches():
    return load([GOLDEN / "matches.in.yaml"])


FULL = {
    "exact": "a",
    "prefix": "bcd",
    "suffix": "abc",
    "regex": "dx",
    "range": "149",
    "present": "",
    "other": "x",
}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request("/anything"), "last"),
        (Request("/longer/x"), "longer"),
        (Request("/longer"), "last"),
        (Request("/one"), "path"),
        (Request("/one/"), "last"),
        (Request("/two/17?q=x&there="), "query"),
        (Request("/two/17?q=y&there="), "last"),
        (Request("/two/17?q=x"), "last"),
        (Request("/two/17x?q=x&there="), "last"),
        (Request("/", "POST", FULL, "https", 81), "headers"),
        (Request("/", "POST", {k.upper(): v for k, v in FULL.items()}, "https", 81), "headers"),
        (Request("/", "GET", FULL, "https", 81), "last"),
        (Request("/", "POST", FULL, "http", 81), "last"),
        (Request("/", "POST", FULL, "https", 80), "last"),
        *(
            (Request("/", "POST", {**FULL, name: value}, "https", 81), "last")
            for name, value in [
                ("exact", "A"), ("prefix", "ab"), ("suffix", "cd"), ("regex", "xd"), ("range", "150"), ("range", "99"),
                ("range", "1e2"), ("range", "100.0"), ("absent", ""), ("other", "e"),
            ]
        ),
        *((Request("/", "POST", {k: v for k, v in FULL.items() if k != gone}, "https", 81), "last")
          for gone in ("exact", "prefix", "suffix", "regex", "range", "present")),
        (Request("/", "POST", {k: v for k, v in FULL.items() if k != "other"}, "https", 81), "headers"),
    ],
    ids=str,
)  # fmt: skip
def test_all_conditions_must_hold_and_the_first_priority_wins(matches, request_, expected):
    assert route(choose(matches, "s.local", request_)) == expected


def test_weights_are_relative_and_zero_means_never(matches):
    decision = choose(matches, "s.local", Request("/two/1?q=x&there=1"))
    assert [(one.weight, one.share, one.port) for one in decision.targets] == [(0, 0.0, None), (3, 1.0, 80)]
    assert decision.rule == "virtualRouter/router/route/query/match.path"
    assert decision.where is not None
    assert decision.where.line == 33


def test_nothing_matches_is_404_and_no_provider_503():
    resources = load([GOLDEN / "listeners.in.yaml", GOLDEN / "protocols.in.yaml"])
    assert choose(resources, "nobody.local", Request()).status == 503
    assert [one.node for one in choose(resources, "several.local", Request()).targets] == ["others"]
    with pytest.raises(UsageError, match="no virtual service"):
        choose(resources, "unknown", Request())


def test_grpc_methods_are_paths():
    resources = load([GOLDEN / "protocols.in.yaml"])
    rpc = "/color.ColorService/GetColor"
    assert (
        route(choose(resources, "rpc.local", Request(rpc, "POST", {"kind": "x"}))) == "any"
    )  # priority 5 is written
    router = load([GOLDEN / "protocols.in.yaml"])
    router = dataclasses.replace(
        router, routes={k: one for k, one in router.routes.items() if one.name != "any"}
    )
    assert route(choose(router, "rpc.local", Request(rpc, "POST", {"kind": "x"}))) == "method"
    assert route(choose(router, "rpc.local", Request(rpc, "POST", {"kind": "y"}))) == "service"
    assert choose(router, "rpc.local", Request("/other.Service/Get", "POST")).status == 404


def headers_walkthrough(corpus: Path, *, black: bool = True) -> Resources:
    resources = load(
        [corpus / "walkthroughs/howto-http-headers/app.yaml"], variables={"ProjectName": "howto"}
    )
    kept = {key: one for key, one in resources.routes.items() if black or one.name != "color-route-black"}
    return dataclasses.replace(resources, routes=kept)


def colors(resources: Resources, value: str | None) -> list[str]:
    request = Request("/", headers={} if value is None else {"color_header": value})
    return [one.node for one in choose(resources, "color.howto.local", request).targets]


@pytest.mark.parametrize(
    ("value", "node"),
    [
        ("redorgreencolor", "green-node"),
        ("100", "blue-node"),
        ("149", "blue-node"),
        ("150", "yellow-node"),
        (None, "white-node"),
    ],
)
def test_the_headers_walkthrough_goes_where_its_author_says(corpus: Path, value, node):
    assert colors(headers_walkthrough(corpus, black=False), value) == [node]


@pytest.mark.parametrize("value", ["100", "150", None])
def test_a_catch_all_with_a_lower_number_hides_what_comes_after(corpus: Path, value):
    assert colors(headers_walkthrough(corpus), value) == ["black-node"]


def test_an_update_of_a_priority_changes_the_route(corpus: Path):
    before = headers_walkthrough(corpus)
    after = before.updated([corpus / "walkthroughs/howto-http-headers/color-route.json"])
    assert colors(before, "redorgreencolor") == ["green-node"]
    assert colors(after, "redorgreencolor") == ["red-node"]
    assert colors(before, "redorgreencolor") == ["green-node"]
