"""The walkthrough howto-timeout-policy behind its public gateway: two routes, each with a bound of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from yarl import URL

from chaosmesh.appmesh import load
from chaosmesh.mesh import Mesh

from .asking import fetch
from .stage import policy, stage
from .test_timeout_policy import EARLY, FAR_LATER

pytestmark = pytest.mark.e2e

GATEWAY, SERVICE = "PublicGateway", "colorteller.demo.local"
FILES = {
    "publicgateway-vg.json": GATEWAY,
    "publicgateway-route.json": f"{GATEWAY}/color",
    "colorteller-vs.json": SERVICE,
    "colorteller-vr.json": "colorteller-vr",
    "colorteller-vn-timeout18s.json": "ColorTellerWhite",
    "colorteller-vn.json": "ColorTellerRed",
    "colorteller-route1-timeout18s.json": "colorteller-vr/colorteller-route1",
    "colorteller-route2-timeout10s.json": "colorteller-vr/colorteller-route2",
}
ASKED = {"/color1": (16, 20), "/color2": (5, 12)}
Felt = dict[tuple[str, int], tuple[int, str, float]]


def mesh_of(documents: Path) -> Mesh:
    return policy(
        load(
            [documents / file for file in FILES],
            mesh_name="timeouts",
            variables={"DNS_HOSTNAME": "colors.demo.local", "VIRTUALSERVICE_NAME": SERVICE},
            names={str(documents / file): name for file, name in FILES.items()},
        )
    )


@pytest.fixture(scope="module")
def felt(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Felt]:
    """(status, node, seconds) of a request to a path whose node takes so many seconds; all are sent at once."""
    documents = corpus / "walkthroughs" / "howto-timeout-policy" / "mesh"
    with stage(mesh_of(documents), tmp_path_factory.mktemp("runs"), load=False) as running:
        url = URL(running.stack.entry_url(GATEWAY))

        async def one(path: str, seconds: int) -> tuple[int, str, float]:
            plan = ",".join(f"ColorTeller{color}=delay_ms:{seconds * 1000}" for color in ("White", "Red"))
            begin = time.monotonic()
            told = await fetch(url, path, {"x-standin": plan})
            return told.status, told.node, time.monotonic() - begin

        async def together() -> Felt:
            keys = [(path, seconds) for path, waits in ASKED.items() for seconds in waits]
            return dict(zip(keys, await asyncio.gather(*(one(*key) for key in keys)), strict=True))

        yield running.run(together())


@pytest.mark.parametrize(
    ("path", "node", "passes", "cut", "bound"),
    [("/color1", "ColorTellerWhite", 16, 20, 18), ("/color2", "ColorTellerRed", 5, 12, 10)],
)
def test_each_route_behind_the_gateway_has_its_own_bound(
    felt: Felt, path: str, node: str, passes: int, cut: int, bound: int
) -> None:
    """The gateway waits as long as the more patient of the two."""
    status, answered, seconds = felt[path, passes]
    assert (status, answered) == (200, node)
    assert seconds >= passes
    status, _, seconds = felt[path, cut]
    assert status == 504
    assert bound - EARLY <= seconds < FAR_LATER
