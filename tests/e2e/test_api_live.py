"""A mesh built, changed and taken down with the AWS CLI while it runs: each change is in force when its call returns."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.api import Service, Store
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.mesh import Mesh
from tests.integration.appmesh_api.awscli import Aws

pytestmark = pytest.mark.e2e

M = {"mesh_name": "m"}
LISTENER = {"portMapping": {"port": 8080, "protocol": "http"}}
ROUTE = {**M, "virtual_router_name": "colors", "route_name": "all"}
ASKED = 20
"""Requests right after a change; with all the weight on one side, each of them must come from there."""


def node(name: str, *backends: str) -> dict[str, Any]:
    return {
        "listeners": [LISTENER],
        "serviceDiscovery": {"dns": {"hostname": f"{name}.local", "responseType": "ENDPOINTS"}},
        "backends": [{"virtualService": {"virtualServiceName": one}} for one in backends],
    }


def route(match: dict[str, Any], **weights: int) -> dict[str, Any]:
    targets = [{"virtualNode": name, "weight": weight} for name, weight in weights.items()]
    return {"httpRoute": {"match": match, "action": {"weightedTargets": targets}}}


class Live:
    """Puts what it is given in force on a stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    async def publish(self, resources: Resources) -> None:
        await self._stack.apply(translate(resources))


def answers(url: str, count: int = ASKED) -> list[tuple[int, str | None]]:
    """Status at the entry and the node that answered behind it, for some requests in a row."""
    found = []
    for _ in range(count):
        try:
            with urllib.request.urlopen(url, timeout=30) as reply:
                status, text = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        calls = json.loads(text).get("calls", []) if text.startswith(b"{") else []
        found.append((status, next((one["answer"].get("node") for one in calls if one.get("answer")), None)))
    return found


def build(aws: Aws) -> None:
    """Front, which calls `color.local`: a router before blue and red, all of it to blue."""
    aws("create-mesh", **M)
    aws("create-virtual-node", **M, virtual_node_name="front", spec=node("front", "color.local"))
    for name in ("blue", "red"):
        aws("create-virtual-node", **M, virtual_node_name=name, spec=node(name))
    aws("create-virtual-router", **M, virtual_router_name="colors", spec={"listeners": [LISTENER]})
    aws("create-route", **ROUTE, spec=route({"prefix": "/"}, blue=1, red=0))
    provider = {"provider": {"virtualRouter": {"virtualRouterName": "colors"}}}
    aws("create-virtual-service", **M, virtual_service_name="color.local", spec=provider)


def take_down(aws: Aws) -> None:
    aws("delete-virtual-service", **M, virtual_service_name="color.local")
    aws("delete-route", **ROUTE)
    aws("delete-virtual-router", **M, virtual_router_name="colors")
    for name in ("red", "blue", "front"):
        aws("delete-virtual-node", **M, virtual_node_name=name)
    aws("delete-mesh", **M)


@pytest.mark.timeout(900)
def test_a_mesh_is_built_changed_and_taken_down_while_it_runs(tmp_path: Path) -> None:
    async def main() -> None:
        folder = RunFolder.create(tmp_path / "runs", "api")
        async with Stack(Mesh("mesh", (), ()), load_scenario(None), folder, load=False) as stack:
            service = Service(Store(), Live(stack))
            aws = Aws(await service.start(), tmp_path)
            try:
                await asyncio.to_thread(build, aws)
                url = stack.entry_url("front")
                await asyncio.to_thread(changes, aws, url)
                await asyncio.to_thread(take_down, aws)
                assert stack.pids() == []
            finally:
                await service.stop()

    within(main(), 800)


def changes(aws: Aws, url: str) -> None:
    assert answers(url) == [(200, "blue")] * ASKED
    aws("update-route", **ROUTE, spec=route({"prefix": "/"}, blue=0, red=1))
    assert answers(url) == [(200, "red")] * ASKED
    broken = route({"path": {"regex": "("}}, blue=1)
    said = aws.refused("BadRequestException", "update-route", **ROUTE, spec=broken)
    assert "missing ): (" in said  # Envoy's own words about the expression
    assert "virtualRouter/colors/route/all" in said
    assert answers(url) == [(200, "red")] * ASKED
    described = aws("describe-route", **ROUTE)["route"]
    assert described["metadata"]["version"] == 2
    assert "regex" not in json.dumps(described["spec"])


def within(work: Coroutine[Any, Any, None], seconds: float) -> None:
    asyncio.run(asyncio.wait_for(work, seconds))
