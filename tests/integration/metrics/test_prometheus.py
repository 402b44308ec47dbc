"""A real Prometheus server beside real sidecars: what it scrapes, what it counts, and that it follows replicas."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.metrics import dump, emf, grafana
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import MissingProgramError, UsageError
from chaosmesh.ledger import FaultEvent
from chaosmesh.load import RequestSpec
from chaosmesh.mesh import Mesh
from chaosmesh.runtime import probe
from chaosmesh.runtime.prometheus import Target
from tests import meshes
from tests.integration.runtime import outside
from tests.unit.metrics.test_emf import check

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

INTERVAL = "250ms"


def mesh_of(*targets: str) -> Mesh:
    arms = dict.fromkeys(targets, 1)
    route = meshes.route("color", "all", arms)
    return meshes.mesh(
        [meshes.workload("front", "color"), *map(meshes.workload, targets)], [meshes.service("color", route)]
    )


def scenario(**workloads: int) -> Scenario:
    return Scenario.model_validate(
        {
            "prometheus": {"interval": INTERVAL},
            "workloads": {name: {"replicas": count} for name, count in workloads.items()},
        }
    )


@asynccontextmanager
async def running(mesh: Mesh, folder: Path, wanted: Scenario | None = None) -> AsyncIterator[Stack]:
    said: list[str] = []
    run = RunFolder.create(folder, "stack")
    async with Stack(mesh, wanted or scenario(blue=2), run, say=said.append) as stack:
        stack.said = said  # type: ignore[attr-defined]
        yield stack
    assert outside.left(stack.run, stack.topology.subnet) == ""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A mesh that some tests look at and none of them changes."""
    async with running(mesh_of("blue"), tmp_path_factory.mktemp("shared")) as stack:
        yield stack


async def send(stack: Stack, count: int, name: str = "users") -> int:
    """So many requests at the door, all of them seen by the ledger and by the server."""
    spec = RequestSpec(path="/", headers=())
    running = await stack.begin(name, stack.entry_url("front"), "front", (spec,), 200, count=count)
    report = await running.done()
    await stack.settled([report.stream])
    await stack.metrics.scraped(rules=True)
    return report.stream


async def value(stack: Stack, query: str) -> float:
    """The number that a query gives; a scrape that a busy host has kept from its end is waited out."""
    seen: list[float] = []

    async def look() -> str:
        found = await stack.metrics.value(query, time.time())
        seen[:] = [] if found.value is None else [found.value]
        return "" if seen else found.problem

    await probe.until(query, look, within=30)
    return seen[0]


async def equals(stack: Stack, query: str, wanted: float) -> None:
    """A query gives this number, and gives it within a while: a sum lacks those whose scrape has just failed."""

    async def look() -> str:
        found = await value(stack, query)
        return "" if found == wanted else f"{found:g}, not {wanted:g}"

    await probe.until(query, look, within=30)


async def counter(address: str, name: str) -> int:
    """One of Envoy's own counters."""
    url = f"http://{address}:9901/stats"
    async with (
        ClientSession() as http,
        http.get(url, params={"format": "json", "filter": f"^{name}$"}) as answer,
    ):
        body = await answer.json(content_type=None)
    return sum(one["value"] for one in body["stats"])


async def test_every_target_is_scraped_with_its_labels(shared: Stack) -> None:
    up = await shared.metrics.client.vector("up", await shared.metrics.scraped())
    assert {one.labels["job"] for one in up} == {"sidecar", "toxiproxy", "generator", "chaosmesh"}
    assert [one.samples[0][1] for one in up] == [1.0] * len(up)
    labels = [one.labels for one in up if one.labels["job"] == "sidecar"]
    assert sorted((one["virtual_node"], one["replica"]) for one in labels) == [
        ("blue", "0"),
        ("blue", "1"),
        ("front", "0"),
    ]
    assert {one["mesh"] for one in labels} == {"test"}
    await equals(shared, "count(go_goroutines{job='toxiproxy'})", 1)
    assert shared.metrics.url == f"http://{shared.topology.subnet}.0.2:9090"


async def numbers_equal(stack: Stack) -> None:
    stream = await send(stack, 120)
    front = stack.topology.replicas_of("front")[0]
    cluster = "cds_egress_test_blue_http_8080"
    attempts = await counter(front.sidecar, f"cluster.{cluster}.upstream_rq_total")
    assert attempts == 120
    query = f'envoy_cluster_upstream_rq_total{{envoy_cluster_name="{cluster}",virtual_node="front"}}'
    await equals(stack, query, attempts)
    await equals(stack, "sum(envoy_appmesh_RequestCountPerTarget)", attempts)
    await equals(stack, "sum(envoy_appmesh_HTTPCode_Target_2XX_Count)", attempts)
    await equals(stack, "sum(envoy_appmesh_TargetResponseTime_count)", attempts)
    served = [
        await counter(one.sidecar, "http.ingress.downstream_rq_total")
        for one in stack.topology.replicas_of("blue")
    ]
    assert sum(served) == 120
    await equals(stack, 'sum(envoy_appmesh_RequestCount{VirtualNode="blue"})', 120)
    received = await counter(front.sidecar, f"cluster.{cluster}.upstream_cx_(rx|tx)_bytes_total")
    bytes_ = 'envoy_appmesh_TargetProcessedBytes{TargetVirtualService="color",TargetVirtualNode="blue"}'
    assert received > 0
    await equals(stack, bytes_, received)
    await equals(stack, 'sum(chaosmesh_requests_total{stream="users",status="200"})', 120)
    await equals(stack, "chaosmesh_request_seconds_count", 120)
    assert len(stack.ledger.requests(stream)) == 120


async def test_faults_in_force_are_there(shared: Stack) -> None:
    shared.ledger.add_fault(FaultEvent("f1", "applied", time.time_ns(), "errors", "front>color"))
    await shared.metrics.scraped()
    await equals(shared, 'chaosmesh_fault_in_force{kind="errors",target="front>color"}', 1)
    shared.ledger.add_fault(FaultEvent("f1", "healed", time.time_ns(), "errors", "front>color"))
    await shared.metrics.scraped()
    await equals(shared, "sum(chaosmesh_fault_in_force)", 0)


async def test_targets_follow_replicas(tmp_path: Path) -> None:
    async with running(mesh_of("blue"), tmp_path) as stack:
        before = await value(stack, "count(up{job='sidecar'})")
        await stack.apply(mesh_of("blue", "green"))
        await stack.metrics.scraped()
        await equals(stack, 'sum(up{virtual_node="green"})', 2)
        assert any("new target: green.0" in one for one in stack.said)  # type: ignore[attr-defined]
        await stack.apply(mesh_of("blue"))
        gone = 'up{virtual_node="green"}'

        async def still() -> str:
            found = await stack.metrics.client.vector(gone, time.time())
            return f"{len(found)} of green" if found else ""

        await probe.until("green is scraped no more", still, within=20)
        await equals(stack, "count(up{job='sidecar'})", before)


async def test_what_is_down_counts_as_scraped(tmp_path: Path) -> None:
    async with running(mesh_of("blue"), tmp_path) as stack:
        dead = Target(
            "sidecar", f"{stack.topology.subnet}.16.200:9901", (("replica", "9"), ("virtual_node", "dead"))
        )
        server = stack.metrics._running
        await server.follow((*server.targets, dead))
        await stack.metrics.scraped()
        await equals(stack, 'up{virtual_node="dead"}', 0)


async def test_bad_promql_is_told_before_anything(shared: Stack) -> None:
    for query, said in (
        ("sum(rate(x)", "unclosed left parenthesis"),
        ("rate(x)", "range vector"),
        ("sum(x{$node})", "unexpected character"),
        ('"text"', "is text"),
    ):
        with pytest.raises(UsageError, match=said) as error:
            await shared.metrics.check(query)
        assert error.value.hint
    await shared.metrics.check("sum(rate(nothing_of_that_name[5s]))")


async def test_only_one_number_is_a_value(shared: Stack) -> None:
    for query, said in (
        ("nothing_of_that_name", "gave nothing"),
        ("up", "series, and a claim is about one"),
        ("vector(0) / 0", "NaN"),
        ("vector(1) / 0", "divided by nothing"),
        ("up[5s]", "series"),
        ("up > bool on (job) group_left up", "refused"),
    ):
        answer = await shared.metrics.value(query, time.time())
        assert answer.value is None, query
        assert said in answer.problem, (query, answer.problem)
    assert (await shared.metrics.value("2 + 3", time.time())).value == 5


async def test_numbers_equal_envoys_counters_and_the_ledger_and_are_kept(tmp_path: Path) -> None:
    async with running(mesh_of("blue"), tmp_path) as stack:
        await numbers_equal(stack)
        counted = await value(stack, "sum(envoy_appmesh_RequestCountPerTarget)")
    folder = stack.folder.path
    kept = dump.read(folder)
    names = {one.labels["__name__"] for one in kept}
    assert {"up", "envoy_cluster_upstream_rq_total", "envoy_appmesh_RequestCount"} <= names
    last = [
        one.samples[-1][1] for one in kept if one.labels["__name__"] == "envoy_appmesh_RequestCountPerTarget"
    ]
    assert sum(last) == counted == 120
    lines = [json.loads(one) for one in (folder / emf.FILE).read_text().splitlines()]
    for one in lines:
        check(one)
    sent = sum(one.get("envoy_appmesh_RequestCountPerTarget", 0) for one in lines)
    times = [len(one.get("envoy_appmesh_TargetResponseTime", ())) for one in lines]
    came = sum(one.get("envoy_appmesh_RequestCount", 0) for one in lines if one.get("VirtualNode") == "blue")
    assert (sent, sum(times), came) == (120, 120, 120)
    assert json.loads((folder / grafana.FILE).read_text())["panels"]


async def test_every_query_of_the_dashboard_is_understood(shared: Stack) -> None:
    for _ in range(2):
        await send(shared, 60)
    for query in grafana.queries():
        await shared.metrics.client.vector(query.replace(grafana.RATE, "5s"), time.time())
    panel = 'sum by (stream) (rate(chaosmesh_requests_total{stream="users"}[1m]))'
    assert await value(shared, panel) > 0


async def test_no_server_is_started_unless_somebody_asks(tmp_path: Path) -> None:
    async with running(mesh_of("blue"), tmp_path, Scenario()) as stack:
        assert stack.metrics.url is None
        await send_plain(stack)
        await stack.metrics.start()
        await stack.metrics.start()
        await equals(stack, "sum(up)", len(stack.metrics._running.targets))
    assert (stack.folder.path / dump.FILE).is_file()


async def send_plain(stack: Stack) -> None:
    running = await stack.begin("before", stack.entry_url("front"), "front", (RequestSpec(),), 50, count=10)
    await running.done()


async def test_without_a_program_one_error_tells_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHAOSMESH_PROMETHEUS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingProgramError, match="not installed") as error:
        async with running(mesh_of("blue"), tmp_path):
            pass
    assert "apt-get install" in error.value.hint
    assert os.environ["PATH"] == str(tmp_path)


async def test_a_server_that_ended_is_told_with_its_own_words(tmp_path: Path) -> None:
    async with running(mesh_of("blue"), tmp_path) as stack:
        await stack.keeper.stop("prometheus")
        with pytest.raises(Exception, match="prometheus ended with status"):
            await stack.metrics.scraped()
