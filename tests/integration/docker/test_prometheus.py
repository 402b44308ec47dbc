"""A Prometheus server in a container scrapes the sidecars of pods."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.metrics import dump
from chaosmesh.engine.stack import Stack
from chaosmesh.load import RequestSpec
from tests import meshes

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_it_scrapes_everything_and_its_data_are_kept(
    docker_images: dict[str, str], tmp_path: Path
) -> None:
    mesh = meshes.mesh(
        [meshes.workload("front", "color"), meshes.workload("blue")],
        [meshes.service("color", meshes.route("color", "all", {"blue": 1}))],
    )
    scenario = Scenario.model_validate({"prometheus": True, "workloads": {"blue": {"replicas": 1}}})
    folder = RunFolder.create(tmp_path, "docker")
    async with Stack(mesh, scenario, folder, kind="docker") as stack:
        assert stack.metrics.url == f"http://{stack.topology.subnet}.0.2:9090"
        running = await stack.begin(
            "users", stack.entry_url("front"), "front", (RequestSpec(),), 50, count=40
        )
        await stack.settled([(await running.done()).stream])
        await stack.metrics.scraped(rules=True)

        async def value(query: str) -> float | None:
            found = await stack.metrics.value(query, time.time())
            assert found.value is not None, f"{query}: {found.problem}"
            return found.value

        assert await value("count(up)") == 5
        assert await value('sum(envoy_cluster_upstream_rq_total{virtual_node="front"})') >= 40
        assert await value("sum(envoy_appmesh_RequestCountPerTarget)") == 40
        assert await value('sum(envoy_appmesh_RequestCount{VirtualNode="blue"})') == 40
    assert "up" in {one.labels["__name__"] for one in dump.read(folder.path)}
    assert (folder.logs / "prometheus.log").is_file()
