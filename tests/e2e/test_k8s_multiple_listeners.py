"""The walkthrough howto-k8s-multiple-listeners: each port of the gateway leads to its own port of the application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosmesh.appmesh import load

from .asking import ask, call_of, row_of
from .stage import Stage, policy, stage

pytestmark = pytest.mark.e2e

GATEWAY, NODE = "colors-gw_colors", "multi-colors_colors"


@pytest.fixture(scope="module")
def demo(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    resources = load([corpus / "walkthroughs/howto-k8s-multiple-listeners/manifest.yaml"])
    with stage(policy(resources), tmp_path_factory.mktemp("runs"), load=False) as running:
        yield running


@pytest.mark.parametrize(("port", "route"), [(8080, "white"), (8090, "black")])
def test_a_port_keeps_to_itself_end_to_end(demo: Stage, port: int, route: str) -> None:
    told = ask(demo, GATEWAY, port=port)
    assert (told.status, told.node) == (200, NODE)
    one = call_of(demo, told, GATEWAY)
    assert one.route == f"color-route-{route}"
    assert one.attempts[0].cluster == f"cds_egress_colors_{NODE}_http_{port}"
    arrived = row_of(demo, told, NODE, "ingress")
    app = demo.stack.topology.replicas_of(NODE)[0].app
    assert (arrived.cluster, arrived.upstream) == (f"cds_ingress_colors_{NODE}_http_{port}", f"{app}:{port}")
