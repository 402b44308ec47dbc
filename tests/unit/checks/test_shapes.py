"""Example requests for every kind of condition, and for each condition one that misses it alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosmesh.appmesh import Resources, load
from chaosmesh.appmesh.routing import Request, choose
from chaosmesh.checks.model import Shape
from chaosmesh.checks.regexes import sample
from chaosmesh.checks.shapes import NOWHERE, example, misses

MESH = """
- {{virtualNodeName: client, spec: {{backends: [{{virtualService: {{virtualServiceName: s.local}}}}]}}}}
- {{virtualNodeName: server, spec: {{listeners: [{{portMapping: {{port: 80, protocol: http}}}}], serviceDiscovery: {{dns: {{hostname: server.local}}}}}}}}
- {{virtualRouterName: router, spec: {{listeners: [{{portMapping: {{port: 80, protocol: http}}}}]}}}}
- {{virtualServiceName: s.local, spec: {{provider: {{virtualRouter: {{virtualRouterName: router}}}}}}}}
- {{virtualRouterName: router, routeName: tried, spec: {{httpRoute: {{match: {match}, action: {{weightedTargets: [{{virtualNode: server, weight: 1}}]}}}}}}}}
"""


def mesh(folder: Path, match: str) -> tuple[Resources, Any]:
    file = folder / "mesh.yaml"
    file.write_text(MESH.format(match=match))
    resources = load([file])
    spec: Any = resources.routes["router", "tried"].spec
    return resources, spec.http_route.match


def taken(resources: Resources, shape: Shape) -> bool:
    decision = choose(resources, "s.local", Request(shape.path, shape.method, dict(shape.headers)))
    return decision.route is not None


CONDITIONS = {
    "prefix": ("{prefix: /a}", ["match.prefix"]),
    "prefix /": ("{prefix: /}", []),
    "path": ("{path: {exact: /a/b}}", ["match.path"]),
    "path regex": (r"{path: {regex: '/x/\d+'}}", ["match.path"]),
    "method": ("{prefix: /, method: GET}", ["match.method"]),
    "method POST": ("{prefix: /, method: POST}", ["match.method"]),
    "header": ("{prefix: /, headers: [{name: h}]}", ["match.headers.h"]),
    "header exact": ("{prefix: /, headers: [{name: h, match: {exact: a}}]}", ["match.headers.h"]),
    "header prefix": ("{prefix: /, headers: [{name: h, match: {prefix: a}}]}", ["match.headers.h"]),
    "header suffix": ("{prefix: /, headers: [{name: h, match: {suffix: a}}]}", ["match.headers.h"]),
    "header regex": ("{prefix: /, headers: [{name: h, match: {regex: 'a.*z'}}]}", ["match.headers.h"]),
    "header range": (
        "{prefix: /, headers: [{name: h, match: {range: {start: 100, end: 150}}}]}",
        ["match.headers.h"],
    ),
    "header absent": ("{prefix: /, headers: [{name: h, invert: true}]}", ["match.headers.h"]),
    "header other": (
        "{prefix: /, headers: [{name: h, invert: true, match: {exact: a}}]}",
        ["match.headers.h"],
    ),
    "query": ("{prefix: /, queryParameters: [{name: q}]}", ["match.queryParameters.q"]),
    "query exact": (
        "{prefix: /, queryParameters: [{name: q, match: {exact: x}}, {name: p}]}",
        ["match.queryParameters.q", "match.queryParameters.p"],
    ),
    "all of it": (
        "{prefix: /a, method: PUT, headers: [{name: h, match: {exact: a}}, {name: g}], queryParameters: [{name: q}]}",
        ["match.prefix", "match.method", "match.headers.h", "match.headers.g", "match.queryParameters.q"],
    ),
}


@pytest.mark.parametrize("kind", CONDITIONS)
def test_the_example_meets_it_and_each_miss_does_not(tmp_path: Path, kind: str) -> None:
    text, fields = CONDITIONS[kind]
    resources, match = mesh(tmp_path, text)
    shape = example(match, "http")
    assert shape is not None
    assert taken(resources, shape)
    found = list(misses(match, "http"))
    assert [miss.field for miss in found] == fields
    for miss in found:
        assert not taken(resources, miss.shape), miss
        assert miss.how


def test_a_miss_changes_its_own_condition_alone(tmp_path: Path) -> None:
    _, match = mesh(tmp_path, CONDITIONS["all of it"][0])
    shape = example(match, "http")
    assert shape == Shape("/a?q=1", "PUT", (("h", "a"), ("g", "chaosmesh")))
    path, method, exact, present, query = (miss.shape for miss in misses(match, "http"))
    assert path == Shape(f"{NOWHERE}?q=1", "PUT", shape.headers)
    assert (method.path, method.headers) == (shape.path, shape.headers)
    assert exact.headers[0] == ("g", "chaosmesh")
    assert [name for name, _ in present.headers] == ["h"]
    assert query == Shape("/a", "PUT", shape.headers)


def test_what_our_own_http_can_not_be_gets_no_example(tmp_path: Path) -> None:
    assert example(mesh(tmp_path, "{prefix: /, scheme: https}")[1], "http") is None
    assert example(mesh(tmp_path, r"{path: {regex: '/(?=a)b'}}")[1], "http") is None


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "abc",
        "a.c",
        "a*",
        "a+b?",
        r"\d{3}",
        "[a-z]+",
        "[^a-f]x",
        "(red|green).*",
        "/a/(b|c)/[0-9]+",
        r"\w+\s\w+",
        "a{2,4}",
        "^abc$",
        "[^0-9]",
        "(?:x|y)z",
        "(?i)abc",
        r"\.json",
    ],
)
def test_a_sample_matches_its_pattern(pattern: str) -> None:
    text = sample(pattern)
    assert text is not None
    assert re.fullmatch(pattern, text)


@pytest.mark.parametrize("pattern", ["(", "[", "(?=a)b", "a(?!)"])
def test_a_pattern_without_a_sample_is_no_error(pattern: str) -> None:
    assert sample(pattern) is None


@given(st.text(max_size=12))
def test_no_pattern_crashes_the_sampler(pattern: str) -> None:
    text = sample(pattern)
    assert text is None or re.fullmatch(pattern, text)
