"""The walkthrough howto-k8s-http-ingress-v2: its manifest with each of its gateway routes, on a real gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, load

from .asking import Told, ask, row_of
from .stage import Stage, policy, stage

pytestmark = pytest.mark.e2e

GATEWAY = "ingress-gw_shop"
VARIABLES = {"APP_NAMESPACE": "shop", "MESH_NAME": "shop"}
Put = Callable[[str], None]


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "walkthroughs" / "howto-k8s-http-ingress-v2" / "v1beta2"


@pytest.fixture(scope="module")
def manifest(folder: Path) -> Resources:
    return load([folder / "manifest.yaml.template"], variables=VARIABLES)


@pytest.fixture(scope="module")
def demo(manifest: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(policy(manifest), tmp_path_factory.mktemp("runs"), load=False) as running:
        yield running


@pytest.fixture
def put(demo: Stage, manifest: Resources, folder: Path) -> Put:
    def apply(name: str) -> None:
        """The manifest with one gateway route."""
        file = folder / "gatewayroutes" / f"{name}.yaml.template"
        demo.apply(policy(manifest.updated([file], variables=VARIABLES)))

    return apply


def seen(told: Told) -> tuple[int, str]:
    return told.status, told.color


def path_behind(demo: Stage, told: Told) -> str:
    return row_of(demo, told, GATEWAY, "egress").path


def test_without_a_gateway_route_nothing_comes_in(demo: Stage, manifest: Resources) -> None:
    demo.apply(policy(manifest))
    assert seen(ask(demo, GATEWAY, "/paths/green")) == (404, "")


def test_header_match(demo: Stage, put: Put) -> None:
    put("header-match")
    assert seen(ask(demo, GATEWAY, "/", {"color_header": "yellow"})) == (200, "yellow")
    assert seen(ask(demo, GATEWAY, "/", {"color_header": "blue"})) == (404, "")
    assert seen(ask(demo, GATEWAY)) == (404, "")


def test_method_match(demo: Stage, put: Put) -> None:
    put("method-match")
    assert seen(ask(demo, GATEWAY)) == (200, "white")
    assert seen(ask(demo, GATEWAY, method="POST")) == (404, "")


def test_path_match(demo: Stage, put: Put) -> None:
    put("path-match")
    told = ask(demo, GATEWAY, "/paths/green")
    assert seen(told) == (200, "green")
    assert path_behind(demo, told) == "/paths/green"
    assert seen(ask(demo, GATEWAY, "/paths/green/leaf")) == (404, "")


def test_prefix_match(demo: Stage, put: Put) -> None:
    put("prefix-match")
    told = ask(demo, GATEWAY, "/paths/red")
    assert seen(told) == (200, "red")
    assert path_behind(demo, told) == "/red"
    assert seen(ask(demo, GATEWAY, "/paths/blue")) == (200, "blue")
    assert seen(ask(demo, GATEWAY, "/red")) == (404, "")


def test_query_match(demo: Stage, put: Put) -> None:
    put("query-match")
    assert seen(ask(demo, GATEWAY, "/query?color_type=white")) == (200, "white")
    assert seen(ask(demo, GATEWAY, "/query?color_type=black")) == (404, "")
    assert seen(ask(demo, GATEWAY, "/query")) == (404, "")


def test_rewrite_path(demo: Stage, put: Put) -> None:
    put("rewrite-path")
    told = ask(demo, GATEWAY, "/rewrite/path/blue")
    assert seen(told) == (200, "blue")
    assert path_behind(demo, told) == "/blue"
    assert seen(ask(demo, GATEWAY, "/rewrite/path/red")) == (404, "")


def test_rewrite_prefix(demo: Stage, put: Put) -> None:
    put("rewrite-prefix")
    told = ask(demo, GATEWAY, "/test/it")
    assert seen(told) == (200, "red")
    assert path_behind(demo, told) == "/red/it"
    assert seen(ask(demo, GATEWAY, "/other/it")) == (404, "")
