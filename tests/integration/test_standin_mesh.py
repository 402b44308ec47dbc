"""Stand-ins that call each other over HTTP/2, gRPC and TCP through their sidecars."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.standins import stand_ins
from chaosmesh.mesh import HealthCheck, Match, Mesh, Retry
from chaosmesh.mesh.model import Protocol
from chaosmesh.runtime import Keeper, new_run, parts, probe
from tests.integration.live import Live, live
from tests.integration.patience import PATIENCE
from tests.meshes import mesh, route, service, topology, workload

pytestmark = pytest.mark.integration
RETRY = Retry(2, None, statuses=(503,), on_refused_stream=True, grpc=("unavailable",))
Ask = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


def chain(
    protocol: Protocol, match: Match | None = None, *, check: bool = False, retry: Retry | None = RETRY
) -> Mesh:
    """`front` speaks HTTP/1.1; `mid` and `leaf` behind it the protocol."""
    retry = None if protocol == "tcp" else retry
    health = HealthCheck(protocol, 2, 2, 0.1, 2, "/ping" if protocol == "http2" else None) if check else None
    services = [
        service(
            name,
            route(name, "all", {node: 1}, protocol=protocol, retry=retry, match=match),
            protocol=protocol,
        )
        for name, node in (("mid.local", "mid"), ("leaf.local", "leaf"))
    ]
    return mesh(
        [
            workload("front", "mid.local"),
            workload("mid", "leaf.local", protocol=protocol, health=health),
            workload("leaf", protocol=protocol, health=health),
        ],
        services,
    )


@asynccontextmanager
async def running(policy: Mesh, folder: Path) -> AsyncIterator[tuple[Live, Ask]]:
    """The mesh with its stand-ins; `ask` sends a request to the front's application."""
    async with live(policy, lambda subnet: topology(policy, subnet), serve=[]) as one:
        keeper = await Keeper.start(new_run(), folder)
        try:
            made = parts.apps(policy, one.topology, stand_ins(policy, Scenario()), token="t")
            for replica, standin in made.items():
                await keeper.fork_standin(replica.key, standin, log=folder / f"{replica.key}.log")
                await probe.until(replica.key, lambda host=replica.app: probe.accepts(host, 8080), within=30)
            front = one.topology.replicas_of("front")[0].app

            async def ask(**headers: str) -> tuple[int, dict[str, Any]]:
                dashed = {name.replace("_", "-"): value for name, value in headers.items()}
                status, body = await probe.request("GET", front, 8080, "/x", dashed, within=PATIENCE)
                return status, json.loads(body)

            yield one, ask
        finally:
            await keeper.close()


def run(body: Awaitable[None]) -> None:
    asyncio.run(asyncio.wait_for(body, 200))


def inner(answer: dict[str, Any], depth: int) -> dict[str, Any]:
    for _ in range(depth):
        (call,) = answer["calls"]
        answer = call["answer"]
    return answer


METHODS = Match(prefix="/travel.Weather/")


@pytest.mark.parametrize(
    ("protocol", "match", "path"),
    [
        ("http2", None, "/x"),
        ("grpc", None, "/chaosmesh.standin.v1.StandIn/Call"),
        ("grpc", METHODS, "/travel.Weather/Call"),
    ],
)
def test_context_goes_down_the_whole_chain(
    tmp_path: Path, protocol: Protocol, match: Match | None, path: str
) -> None:
    async def body() -> None:
        async with running(chain(protocol, match), tmp_path) as (one, ask):
            status, answer = await ask(x_request_id="id-7", x_standin=f"leaf={FAILING[protocol]};attempts:2")
            assert status == 200
            mid, leaf = inner(answer, 1), inner(answer, 2)
            assert [mid["node"], leaf["node"]] == ["mid", "leaf"]
            assert {mid["request_id"], leaf["request_id"]} == {"id-7"}
            assert [mid["lineage"], leaf["lineage"]] == ["1", "1.3"]
            assert [mid["attempt"], leaf["attempt"]] == [1, 3]
            rows = await one.rows_until(lambda rows: len(rows) >= 10)
            assert {row.path for row in rows} == {path}
            assert {row.request_id for row in rows} == {"id-7"}

    run(body())


FAILING = {"http2": "status:503", "grpc": "grpc:14"}


def test_a_refused_stream_is_a_503_of_the_callees_sidecar(tmp_path: Path) -> None:
    """So the event for refused streams never sees it; the one for 503 does."""

    async def body() -> None:
        async with running(chain("http2"), tmp_path) as (one, ask):
            status, answer = await ask(x_standin="leaf=refuse;attempts:1")
            assert (status, inner(answer, 2)["attempt"]) == (200, 2)
            status, answer = await ask(x_standin="leaf=refuse")
            assert status == inner(answer, 1)["calls"][0]["status"] == 503
            only = replace(RETRY, statuses=())
            await one.put(chain("http2", retry=only))
            status, answer = await ask(x_standin="leaf=refuse;attempts:1")
            assert status == 503

    run(body())


def test_a_code_comes_back_through_every_sidecar(tmp_path: Path) -> None:
    async def body() -> None:
        async with running(chain("grpc"), tmp_path) as (_, ask):
            for code, status in ((5, 404), (14, 503), (3, 400)):
                failed = {"service": "mid.local", "status": status, "grpc_status": code}
                assert await ask(x_standin=f"leaf=grpc:{code}") == (
                    status,
                    {**(await ask())[1], "calls": [failed]},
                )

    run(body())


def test_lines_go_through_tcp_proxies(tmp_path: Path) -> None:
    async def body() -> None:
        async with running(chain("tcp"), tmp_path) as (_, ask):
            status, answer = await ask(x_request_id="id-7")
            assert (status, inner(answer, 2)["node"], inner(answer, 2)["request_id"]) == (200, "leaf", "id-7")
            status, answer = await ask(x_standin="leaf=status:503")
            assert (status, inner(answer, 1)["calls"][0]["status"]) == (503, 503)
            assert (await ask(x_standin="leaf=close"))[0] == 502
            assert (await ask())[0] == 200

    run(body())


@pytest.mark.parametrize("protocol", ["http2", "grpc", "tcp"])
def test_health_checks_are_answered(tmp_path: Path, protocol: Protocol) -> None:
    """Checks that came before the stand-in listened have failed; the host is healthy when two in a row pass."""

    async def healthy(one: Live, sidecar: str) -> str:
        async with one.http.get(f"http://{sidecar}:9901/clusters?format=json") as answer:
            clusters = (await answer.json(content_type=None))["cluster_statuses"]
        hosts = [
            host for each in clusters for host in each.get("host_statuses", ()) if "egress" in each["name"]
        ]
        async with one.http.get(f"http://{sidecar}:9901/stats?format=json&filter=health_check") as answer:
            stats = {
                s["name"].rpartition(".")[2]: s["value"]
                for s in (await answer.json(content_type=None))["stats"]
                if "value" in s
            }
        fine = hosts and all(one["health_status"] == {"eds_health_status": "HEALTHY"} for one in hosts)
        return "" if fine and stats["success"] >= 3 else f"{hosts} {stats}"

    async def body() -> None:
        async with running(chain(protocol, check=True), tmp_path) as (one, ask):
            sidecar = one.topology.replicas_of("mid")[0].sidecar
            await probe.until("checks of leaf pass", lambda: healthy(one, sidecar), within=60)
            assert (await ask())[0] == 200

    run(body())
