"""The walkthrough howto-match-and-rewrite-at-ingress: its documents as they are, on a real gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.mesh import Mesh

from .asking import Told, ask, row_of
from .stage import Stage, policy, stage

pytestmark = pytest.mark.e2e

GATEWAY, RED, YELLOW = "colorgateway-vg", "colorteller-red-vn", "colorteller-yellow-vn"
SERVICES = {"1": "red.demo.local", "2": "yellow.demo.local"}
PLAIN = {
    "mesh.json": "rewrite",
    "colorgateway-vg.json": GATEWAY,
    "colorteller-red-vn.json": RED,
    "colorteller-yellow-vn.json": YELLOW,
    "colorteller-vs-1.json": SERVICES["1"],
    "colorteller-vs-2.json": SERVICES["2"],
    "colorteller-vr-1.json": "colorteller-vr-1",
    "colorteller-vr-2.json": "colorteller-vr-2",
    "colorteller-route-1.json": "colorteller-vr-1/route-1",
    "colorteller-route-2.json": "colorteller-vr-2/route-2",
    "colorgateway-route-1.json": f"{GATEWAY}/red",
    "colorgateway-route-2.json": f"{GATEWAY}/yellow",
}


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "walkthroughs" / "howto-match-and-rewrite-at-ingress" / "mesh"


def mesh_of(folder: Path, **updates: str) -> Mesh:
    """The walkthrough's mesh; `updates` put another document in the place of a red route (of the gateway, or of the
    router behind it). Each service's documents are bound to its own name."""
    documents = dict(PLAIN)
    for place, suffix in updates.items():
        old = {"gateway": "colorgateway-route-1.json", "router": "colorteller-route-1.json"}[place]
        new = f"{old.removesuffix('-1.json')}-updated-{suffix}.json"
        documents = {new if file == old else file: name for file, name in documents.items()}
    resources = None
    for number, service in SERVICES.items():
        files = [folder / one for one in documents if _of(documents[one], one) in (number, "")]
        bound = {"VIRTUALSERVICE_NAME": service, "DNS_HOSTNAME": f"node-{number}.demo.local"}
        names = {str(one): documents[one.name] for one in files}
        if resources is None:
            resources = load(files, variables=bound, mesh_name="rewrite", names=names)
        else:
            resources = resources.updated(files, variables=bound, names=names)
    assert resources is not None
    return policy(resources)


def _of(name: str, file: str) -> str:
    """The service that a document belongs to, "" for both."""
    if file in ("mesh.json", "colorgateway-vg.json"):
        return ""
    return "2" if "yellow" in name or "2" in file else "1"


@pytest.fixture(scope="module")
def demo(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(mesh_of(folder), tmp_path_factory.mktemp("runs"), load=False) as running:
        yield running


def path_behind(demo: Stage, told: Told) -> str:
    """The path with which the gateway called."""
    return row_of(demo, told, GATEWAY, "egress").path


def seen(demo: Stage, path: str, host: str = "anything.local") -> tuple[int, str]:
    told = ask(demo, GATEWAY, path, {"host": host})
    return told.status, told.node


def test_at_first_the_prefix_says_the_color_and_is_taken_off(demo: Stage, folder: Path) -> None:
    demo.apply(mesh_of(folder))
    assert (seen(demo, "/red/tell"), seen(demo, "/yellow/tell")) == ((200, RED), (200, YELLOW))
    assert path_behind(demo, ask(demo, GATEWAY, "/red/tell")) == "/tell"
    assert seen(demo, "/green/tell") == (404, "")


def test_the_hostname_must_be_the_written_one(demo: Stage, folder: Path) -> None:
    demo.apply(mesh_of(folder, gateway="hostname-match"))
    assert seen(demo, "/red/tell", "www.example.com") == (200, RED)
    assert seen(demo, "/red/tell", "www.example.org") == (404, "")
    assert seen(demo, "/yellow/tell", "www.example.org") == (200, YELLOW)


def test_without_the_rewrite_the_service_gets_the_path_as_it_came(demo: Stage, folder: Path) -> None:
    """The router behind knows `/tell` only, until its own route is updated to `/red/tell`."""
    demo.apply(mesh_of(folder, gateway="disabled_rewrite"))
    lost = ask(demo, GATEWAY, "/red/tell")
    assert (lost.status, path_behind(demo, lost)) == (404, "/red/tell")
    demo.apply(mesh_of(folder, gateway="disabled_rewrite", router="rewrite"))
    told = ask(demo, GATEWAY, "/red/tell")
    assert (told.status, told.node, path_behind(demo, told)) == (200, RED, "/red/tell")


def test_a_prefix_becomes_another_one_where_the_query_says_nemo(demo: Stage, folder: Path) -> None:
    demo.apply(mesh_of(folder, gateway="rewrite", router="rewrite"))
    told = ask(demo, GATEWAY, "/maroon/tell?fishes=nemo")
    assert (told.status, told.node) == (200, RED)
    assert path_behind(demo, told) == "/red/tell?fishes=nemo"
    assert seen(demo, "/maroon/tell?fishes=dory") == (404, "")
    assert seen(demo, "/maroon/tell") == (404, "")
    assert seen(demo, "/red/tell") == (404, "")
