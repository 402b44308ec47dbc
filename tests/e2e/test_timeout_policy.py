"""The walkthrough howto-timeout-policy: 15 s hold where nothing is written, on the route and on both nodes.

Four meshes with a variant of the policy each run side by side, and all their users wait at the same time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientTimeout

from chaosmesh.appmesh import load
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.mesh import Mesh

from .stage import policy

pytestmark = pytest.mark.e2e

SERVICE = "colorteller.demo.local"
GATEWAY, TELLER = "ColorGateway", "ColorTellerWhite"
EARLY = 0.5
"""Seconds by which a cut may be seen early: a sidecar sets its timers by the time at which its present turn began,
and a busy host may have held that turn up."""

FAR_LATER = 60.0
"""Seconds that no cut may take, however busy the host."""

VARIANTS = {
    "nothing written": {},
    "route 5 s": {"route": "-timeout5s"},
    "route 20 s": {"route": "-timeout20s"},
    "20 s everywhere": {"route": "-timeout20s", "gateway": "-timeout20s", "teller": "-timeout20s"},
}
WAITS = {"nothing written": (7, 17), "route 5 s": (2, 7), "route 20 s": (17,), "20 s everywhere": (17,)}


@dataclass(frozen=True)
class Felt:
    """What a user got who asked at the gateway, and the gateway's application at its sidecar; times in s."""

    user: int
    user_s: float
    application: int
    application_s: float


def mesh_of(documents: Path, *, route: str = "", gateway: str = "", teller: str = "") -> Mesh:
    """The walkthrough's mesh; `route`, `gateway` and `teller` choose the variant of a document by its suffix."""
    files = {
        f"colorgateway-vn{gateway}.json": GATEWAY,
        f"colorteller-white-vn{teller}.json": TELLER,
        "colorteller-vr.json": "colorteller-vr",
        "colorteller-vs.json": SERVICE,
        f"colorteller-route{route}.json": "colorteller-vr/colorteller-route",
    }
    return policy(
        load(
            [documents / file for file in files],
            mesh_name="timeouts",
            variables={"DNS_HOSTNAME": "colors.demo.local", "COLOR_TELLER_VS": SERVICE},
            names={str(documents / file): name for file, name in files.items()},
        )
    )


@pytest.fixture(scope="module")
def felt(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Felt]:
    documents = corpus / "walkthroughs" / "howto-timeout-policy" / "mesh"
    return asyncio.run(_all(documents, tmp_path_factory.mktemp("runs")))


async def _all(documents: Path, folder: Path) -> dict[tuple[str, int], Felt]:
    async with contextlib.AsyncExitStack() as exits, ClientSession(timeout=ClientTimeout(120)) as http:
        stacks = {
            name: Stack(
                mesh_of(documents, **variant),
                load_scenario(None),
                RunFolder.create(folder, f"stage-{number}"),
                load=False,
            )
            for number, (name, variant) in enumerate(VARIANTS.items())
        }
        await asyncio.gather(*(exits.enter_async_context(one) for one in stacks.values()))
        keys = [(name, seconds) for name, waits in WAITS.items() for seconds in waits]
        found = await asyncio.gather(*(_felt(stacks[name], http, seconds) for name, seconds in keys))
        return dict(zip(keys, found, strict=True))


async def _felt(stack: Stack, http: ClientSession, seconds: int) -> Felt:
    header = {"x-standin": f"{TELLER}=delay_ms:{seconds * 1000}"}
    user, application = await asyncio.gather(
        _ask(http, stack.entry_url(GATEWAY), header | {"host": GATEWAY}),
        _ask(http, stack.egress_url(GATEWAY, SERVICE), header | {"host": SERVICE}),
    )
    return Felt(*user, *application)


async def _ask(http: ClientSession, url: str, headers: dict[str, str]) -> tuple[int, float]:
    begin = time.monotonic()
    async with http.get(url, headers=headers) as answer:
        await answer.read()
        return answer.status, time.monotonic() - begin


def test_where_nothing_is_written_7_s_pass_and_17_s_are_cut_at_15_s(felt) -> None:
    seven, seventeen = felt["nothing written", 7], felt["nothing written", 17]
    assert (seven.user, seven.application) == (200, 200)
    assert min(seven.user_s, seven.application_s) >= 7
    assert (seventeen.user, seventeen.application) == (504, 504)
    assert min(seventeen.user_s, seventeen.application_s) >= 15 - EARLY
    assert max(seventeen.user_s, seventeen.application_s) < FAR_LATER


def test_a_route_of_5_s_cuts_7_s_and_lets_2_s_pass(felt) -> None:
    two, seven = felt["route 5 s", 2], felt["route 5 s", 7]
    assert (two.user, two.application) == (200, 200)
    assert (seven.user, seven.application) == (504, 504)
    assert 5 - EARLY <= seven.application_s < FAR_LATER


def test_20_s_on_the_route_and_on_both_nodes_let_17_s_pass(felt) -> None:
    seventeen = felt["20 s everywhere", 17]
    assert (seventeen.user, seventeen.application) == (200, 200)
    assert min(seventeen.user_s, seventeen.application_s) >= 17


def test_20_s_on_the_route_alone_leave_the_15_s_of_the_nodes(felt) -> None:
    seventeen = felt["route 20 s", 17]
    assert (seventeen.user, seventeen.application) == (504, 504)
    assert min(seventeen.user_s, seventeen.application_s) >= 15 - EARLY
