"""The walkthrough howto-k8s-egress: what the mesh does not model stays unreachable until egress is open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from yarl import URL

from chaosmesh.appmesh import Resources, load

from .asking import Told, fetch
from .stage import Stage, policy, stage

pytestmark = pytest.mark.e2e

FRONT, EXTERNAL = "front_shop", "{}.mesh-external.svc.cluster.local:8080"
VARIABLES = {"APP_NAMESPACE": "shop", "MESH_NAME": "shop"}
RED = {
    "virtualNodeName": "red",
    "spec": {
        "listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}],
        "serviceDiscovery": {"dns": {"hostname": "red.mesh-external.svc.cluster.local"}},
    },
}
"""Stands in for the Deployment of that name, which is outside the mesh: nobody has it as a backend."""


def resources_of(corpus: Path, folder: Path, *, opened: bool) -> Resources:
    """The walkthrough's manifest; `opened` with the one word that its reader shall change in it."""
    manifest = corpus / "walkthroughs/howto-k8s-egress/v1beta2/manifest.yaml.template"
    red = folder / "red.json"
    red.write_text(json.dumps(RED))
    made = load([manifest, red], variables=VARIABLES)
    if not opened:
        return made
    changed = folder / "manifest.yaml"
    changed.write_text(manifest.read_text().replace("type: DROP_ALL", "type: ALLOW_ALL"))
    return made.updated([changed], variables=VARIABLES)


@pytest.fixture(scope="module")
def demo(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    mesh = policy(resources_of(corpus, tmp_path_factory.mktemp("documents"), opened=False))
    with stage(mesh, tmp_path_factory.mktemp("runs"), load=False) as running:
        yield running


def front_asks(demo: Stage, color: str) -> tuple[int, str]:
    """The front's application sends a request for a host, through its sidecar."""
    sidecar = demo.stack.topology.replicas_of(FRONT)[0].sidecar
    told: Told = demo.run(fetch(URL(f"http://{sidecar}:15001"), "/", {"host": EXTERNAL.format(color)}))
    return told.status, told.color


def test_what_is_not_modelled_is_refused_until_the_mesh_lets_everything_out(
    demo: Stage, corpus: Path, tmp_path: Path
) -> None:
    assert front_asks(demo, "blue") == (200, "blue")
    assert front_asks(demo, "red") == (404, "")
    demo.apply(policy(resources_of(corpus, tmp_path, opened=True)))
    assert front_asks(demo, "blue") == (200, "blue")
    assert front_asks(demo, "red") == (200, "red")
    demo.apply(policy(resources_of(corpus, tmp_path, opened=False)))
    assert front_asks(demo, "red") == (404, "")
