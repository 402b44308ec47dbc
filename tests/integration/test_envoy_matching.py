"""Every condition that an egress route can have, asked of one real Envoy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from yarl import URL

from chaosmesh.mesh import Match, Pattern
from tests.integration.live import live
from tests.meshes import pair, route, topology

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Ask:
    """A request, and whether the route's conditions hold for it."""

    holds: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = "/"
    method: str = "GET"


def header(kind, value="", **more):
    """A condition on the header `v`."""
    return Match(headers=(Pattern("v", kind, value, **more),))


def ask(holds, value=None, **more):
    return Ask(holds, {} if value is None else {"v": value}, **more)


CASES = {
    "exact": (header("exact", "a"), [ask(True, "a"), ask(False, "A"), ask(False, "ab"), ask(False)]),
    "prefix": (header("prefix", "ab"), [ask(True, "abc"), ask(True, "ab"), ask(False, "cab"), ask(False)]),
    "suffix": (header("suffix", "yz"), [ask(True, "xyz"), ask(False, "yzx"), ask(False)]),
    "regex": (header("regex", "(red|rgb)+"), [ask(True, "redrgb"), ask(False, "reds"), ask(False)]),
    "present": (header("present"), [ask(True, "x"), ask(False)]),
    "range": (
        header("range", low=100, high=150),
        [
            ask(True, "100"),
            ask(True, "149"),
            ask(False, "150"),
            ask(False, "99"),
            ask(False, "x"),
            ask(False),
        ],
    ),
    "negative range": (
        header("range", low=-5, high=1),
        [
            ask(True, "-5"),
            ask(True, "-1"),
            ask(True, "0"),
            ask(False, "-6"),
            ask(False, "1"),
            ask(False, "-"),
        ],
    ),
    "widest range": (
        header("range", low=-(2**63), high=2**63 - 1),
        [ask(True, "0"), ask(True, str(-(2**63))), ask(False, str(2**63 - 1)), ask(False, "1.5"), ask(False)],
    ),
    "not exact": (header("exact", "a", invert=True), [ask(False, "a"), ask(True, "b"), ask(True)]),
    "not prefix": (header("prefix", "ab", invert=True), [ask(False, "abc"), ask(True, "c"), ask(True)]),
    "not suffix": (header("suffix", "z", invert=True), [ask(False, "xyz"), ask(True, "x"), ask(True)]),
    "not regex": (header("regex", "[0-9]+", invert=True), [ask(False, "12"), ask(True, "1b"), ask(True)]),
    "not in range": (
        header("range", low=1, high=3, invert=True),
        [ask(False, "1"), ask(False, "2"), ask(True, "3"), ask(True, "x"), ask(True)],
    ),
    "absent": (header("present", invert=True), [ask(False, "x"), ask(True)]),
    "all headers": (
        Match(headers=(Pattern("a", "exact", "1"), Pattern("b", "present"))),
        [Ask(True, {"a": "1", "b": "x"}), Ask(False, {"a": "1"}), Ask(False, {"b": "x"})],
    ),
    "any case of a name": (
        Match(headers=(Pattern("Color-Header", "exact", "Red"),)),
        [Ask(True, {"color-header": "Red"})],
    ),
    "method": (Match(method="POST"), [Ask(True, method="POST"), Ask(False)]),
    "scheme": (Match(scheme="http"), [Ask(True)]),
    "other scheme": (Match(scheme="https"), [Ask(False)]),
    "query exact": (
        Match(query=(Pattern("q", "exact", "1"),)),
        [Ask(True, path="/?q=1"), Ask(True, path="/?z=0&q=1"), Ask(False, path="/?q=12"), Ask(False)],
    ),
    "query empty": (
        Match(query=(Pattern("q", "exact", ""),)),
        [Ask(True, path="/?q="), Ask(False, path="/?q=1")],
    ),
    "query present": (
        Match(query=(Pattern("q", "present"),)),
        [Ask(True, path="/?q"), Ask(True, path="/?q=x"), Ask(False, path="/?Q=x"), Ask(False)],
    ),
    "query regex": (
        Match(query=(Pattern("q", "regex", "a+"),)),
        [Ask(True, path="/?q=aa"), Ask(False, path="/?q=ab")],
    ),
    "two queries": (
        Match(query=(Pattern("q", "exact", "1"), Pattern("r", "present"))),
        [Ask(True, path="/?r&q=1"), Ask(False, path="/?q=1")],
    ),
    "path": (
        Match(path="/exact"),
        [Ask(True, path="/exact"), Ask(True, path="/exact?x=1"), Ask(False, path="/exact/")],
    ),
    "path regex": (Match(path_regex="/v[0-9]+/.*"), [Ask(True, path="/v12/x"), Ask(False, path="/v/x")]),
    "path prefix": (
        Match(prefix="/p"),
        [Ask(True, path="/p/q"), Ask(True, path="/pq"), Ask(False, path="/q")],
    ),
    "merged slashes": (
        Match(prefix="/a/b"),
        [Ask(True, path="//a///b"), Ask(True, path="/a/x/../b"), Ask(False, path="/a%2Fb")],
    ),
}


def test_every_condition_holds_for_what_its_author_means():
    async def body():
        def policy(match):
            return pair(
                route("color", "hit", {"green": 1}, match=match),
                route("color", "rest", {"blue": 1}),
                arms=("blue", "green"),
            )

        first = policy(Match())
        wrong = []
        async with live(first, lambda s: topology(first, s)) as one:
            for name, (match, asks) in CASES.items():
                await one.put(policy(match))
                for single in asks:
                    url = URL(one.egress("front", "color") + single.path, encoded=True)
                    async with one.http.request(single.method, url, headers=single.headers) as answer:
                        node = (await answer.json())["node"]
                    if (node == "green") != single.holds:
                        wrong.append((name, single, node))
        assert not wrong

    asyncio.run(asyncio.wait_for(body(), 200))
