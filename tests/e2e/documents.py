"""Documents that a test writes itself: a chain of nodes, as App Mesh's API has them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RETRY = {
    "maxRetries": 2,
    "perRetryTimeout": {"unit": "s", "value": 15},
    "httpRetryEvents": ["gateway-error"],
}


def service(name: str) -> str:
    return f"{name}.chain.local"


def chain(folder: Path, names: Sequence[str], *, retry: Mapping[str, Any] = RETRY) -> Path:
    """Each node calls the next one, by a route with this retry policy."""
    for name, below in zip(names, [*names[1:], None], strict=True):
        backends = [{"virtualService": {"virtualServiceName": service(below)}}] if below else []
        spec = {
            "listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}],
            "serviceDiscovery": {"awsCloudMap": {"namespaceName": "chain.local", "serviceName": name}},
            "backends": backends,
        }
        _write(folder, f"{name}-node", {"virtualNodeName": name, "spec": spec})
    for name in names[1:]:
        listener = {"portMapping": {"port": 8080, "protocol": "http"}}
        _write(
            folder,
            f"{name}-router",
            {"virtualRouterName": f"{name}-router", "spec": {"listeners": [listener]}},
        )
        provider = {"virtualRouter": {"virtualRouterName": f"{name}-router"}}
        _write(
            folder, f"{name}-service", {"virtualServiceName": service(name), "spec": {"provider": provider}}
        )
        body = {
            "match": {"prefix": "/"},
            "action": {"weightedTargets": [{"virtualNode": name, "weight": 1}]},
            "retryPolicy": retry,
        }
        route = {"virtualRouterName": f"{name}-router", "routeName": f"{name}-route"}
        _write(folder, f"{name}-route", {**route, "spec": {"httpRoute": body}})
    return folder


def _write(folder: Path, name: str, body: Mapping[str, Any]) -> None:
    (folder / f"{name}.json").write_text(json.dumps({"meshName": "chain", **body}, indent=2))
