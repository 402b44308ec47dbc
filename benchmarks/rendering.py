"""From the documents of a large mesh to the configuration of every sidecar, without running anything."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.row import Row
from chaosmesh.appmesh import load
from chaosmesh.appmesh.convert import convert
from chaosmesh.appmesh.translate import translate
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.rendering import rendering

NODES, ROUTES = 200, 5
SUBNET = "127.16"
REACH = 1.5  # seconds of CPU
RUNS = 3


def run() -> list[Row]:
    """200 nodes and 1,000 routes as API JSON and as CloudFormation; the floor is the bare parser on the same text."""
    with tempfile.TemporaryDirectory() as name:
        documents = Path(name, "mesh.json")
        documents.write_text(json.dumps(mesh(), indent=1))
        (page,) = convert(load([documents]), "cloudformation").pages
        template = Path(name, page.file)
        template.write_text(page.text)
        return [
            _row("API JSON", documents, lambda: json.loads(documents.read_text())),
            _row("CloudFormation", template, lambda: list(YAML(pure=True).parse(template.read_text()))),
        ]


def mesh() -> list[dict[str, Any]]:
    """A tree of nodes: each calls two others, each service has a router with five routes to two nodes."""
    found: list[dict[str, Any]] = [{"meshName": "large", "spec": {}}]
    for number in range(NODES):
        called = [one for one in (2 * number + 1, 2 * number + 2) if one < NODES]
        found.append({"virtualNodeName": f"node{number}", "spec": _node(number, called)})
        provider = {"virtualRouter": {"virtualRouterName": f"router{number}"}}
        found.append({"virtualServiceName": f"service{number}.local", "spec": {"provider": provider}})
        found.append({"virtualRouterName": f"router{number}", "spec": {"listeners": [_listener()]}})
        for route in range(ROUTES):
            own = {"virtualRouterName": f"router{number}", "routeName": f"route{route}"}
            found.append({**own, "spec": {"priority": route, "httpRoute": _route(number, route)}})
    return found


def _listener() -> dict[str, Any]:
    return {"portMapping": {"port": 8080, "protocol": "http"}}


def _node(number: int, called: list[int]) -> dict[str, Any]:
    return {
        "listeners": [_listener()],
        "serviceDiscovery": {"awsCloudMap": {"namespaceName": "local", "serviceName": f"node{number}"}},
        "backends": [{"virtualService": {"virtualServiceName": f"service{one}.local"}} for one in called],
    }


def _route(number: int, route: int) -> dict[str, Any]:
    arms = [
        {"virtualNode": f"node{number}", "weight": 90},
        {"virtualNode": f"node{(number + 1) % NODES}", "weight": 10},
    ]
    timeout = {"unit": "s", "value": 1}
    return {
        "match": {"prefix": f"/part{route}" if route < ROUTES - 1 else "/"},
        "action": {"weightedTargets": arms},
        "retryPolicy": {
            "maxRetries": 2,
            "perRetryTimeout": timeout,
            "httpRetryEvents": ["gateway-error"],
        },
    }


def _row(form: str, path: Path, parse: Callable[[], object]) -> Row:
    ours = min(_cpu(lambda: rendering(translate(load([path])), Scenario(), SUBNET)) for _ in range(RUNS))
    floor = min(_cpu(parse) for _ in range(RUNS))
    return Row(
        f"load and render 200 nodes, 1,000 routes, {form}",
        f"{ours:.2f} s",
        f"{REACH} s",
        f"parser alone {floor:.2f} s",
        ours / REACH,
    )


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
