"""The walkthrough howto-http-headers: seven routes that look at headers, on real sidecars."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, load

from .asking import call
from .stage import Stage, policy, stage

pytestmark = pytest.mark.e2e

SERVICE = "color.demo.local"


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "walkthroughs" / "howto-http-headers"


@pytest.fixture(scope="module")
def resources(folder: Path) -> Resources:
    return load([folder / "app.yaml"], variables={"ProjectName": "demo"})


@pytest.fixture(scope="module")
def demo(resources: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(policy(resources), tmp_path_factory.mktemp("runs"), load=False) as running:
        yield running


def colors(demo: Stage, *values: str | None) -> list[tuple[int, str]]:
    """Status and colour for each value of the header; None: without it."""
    headers = [{} if value is None else {"color_header": value} for value in values]
    told = [call(demo, "front-node", SERVICE, headers=one) for one in headers]
    return [(one.status, one.color) for one in told]


def without(resources: Resources, *colors: str) -> Resources:
    """The mesh without the routes of these colours."""
    names = {f"color-route-{one}" for one in colors}
    routes = {key: one for key, one in resources.routes.items() if one.name not in names}
    return dataclasses.replace(resources, routes=routes)


def test_as_written_the_black_route_hides_what_comes_after_it(demo: Stage, resources: Resources) -> None:
    """Its priority is 300 and it takes everything, so that of seven routes only green and it are ever met."""
    demo.apply(policy(resources))
    assert colors(demo, "redorgreencolor", "redorange", "100", "150", "other", None) == [
        (200, "green"),
        (200, "green"),
        *[(200, "black")] * 4,
    ]


def test_without_it_each_header_goes_where_its_author_says(demo: Stage, resources: Resources) -> None:
    """The range ends before 150. White takes every GET, so that purple is for other methods without the header."""
    demo.apply(policy(without(resources, "black")))
    assert colors(demo, "redorgreencolor", "100", "149", "150", "99", None) == [
        (200, "green"),
        (200, "blue"),
        (200, "blue"),
        (200, "yellow"),
        (200, "yellow"),
        (200, "white"),
    ]
    demo.apply(policy(without(resources, "black", "white")))
    assert colors(demo, None, "150") == [(200, "purple"), (200, "yellow")]


def test_the_update_puts_red_before_green(demo: Stage, resources: Resources, folder: Path) -> None:
    demo.apply(policy(resources))
    assert colors(demo, "redorgreencolor") == [(200, "green")]
    demo.apply(policy(resources.updated([folder / "color-route.json"])))
    assert colors(demo, "redorgreencolor", "redorange") == [(200, "red"), (200, "green")]
