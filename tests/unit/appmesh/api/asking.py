"""Calls to a store in a few words, and the specs that the tests use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest

from chaosmesh.appmesh.api import ApiError, Quotas, Store
from chaosmesh.appmesh.api.bodies import parsed
from chaosmesh.appmesh.api.operations import Call, routed

HTTP = {"portMapping": {"port": 8080, "protocol": "http"}}
NODE: dict[str, Any] = {"listeners": [HTTP], "serviceDiscovery": {"dns": {"hostname": "a.local"}}}
ROUTER: dict[str, Any] = {"listeners": [HTTP]}
GATEWAY: dict[str, Any] = {"listeners": [HTTP]}


def to_node(name: str) -> dict[str, Any]:
    """A service's spec: one node serves it."""
    return {"provider": {"virtualNode": {"virtualNodeName": name}}}


def to_router(name: str) -> dict[str, Any]:
    """A service's spec: a router serves it."""
    return {"provider": {"virtualRouter": {"virtualRouterName": name}}}


def route(*nodes: str, **match: Any) -> dict[str, Any]:
    """A route's spec: equal shares of HTTP to some nodes."""
    targets = [{"virtualNode": one, "weight": 1} for one in nodes]
    return {"httpRoute": {"match": {"prefix": "/", **match}, "action": {"weightedTargets": targets}}}


def gateway_route(service: str, **match: Any) -> dict[str, Any]:
    """A gateway route's spec to a service."""
    target = {"target": {"virtualService": {"virtualServiceName": service}}}
    return {"httpRoute": {"match": {"prefix": "/", **match}, "action": target}}


class Asking:
    """A store whose clock ticks one second a call and whose ids are counted."""

    def __init__(self, store: Store | None = None, quotas: Quotas | None = None) -> None:
        seconds = count(1)
        ids: Iterator[int] = count(1)
        self.store = store or Store(
            quotas=quotas, clock=lambda: float(next(seconds)), uid=lambda: f"uid-{next(ids)}"
        )

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """One call; the path without the version."""
        target = f"/v20190125/{path}" + (f"?{urlencode(query)}" if query else "")
        call = routed(method, target)
        call = Call(
            call.verb,
            call.kind,
            call.mesh,
            call.parent,
            call.name,
            call.query,
            parsed(json.dumps(body or {}).encode()),
        )
        return dict(self.store.answer(call))

    def refused(self, kind: str, method: str, path: str, body: Any = None, **query: Any) -> str:
        """The message of a call that must be refused; the store must be as it was."""
        before = self.store.state
        with pytest.raises(ApiError) as caught:
            self(method, path, body, **query)
        assert caught.value.kind == kind, caught.value
        assert self.store.state is before
        return caught.value.message

    def mesh(self, name: str = "m") -> Asking:
        """With a mesh."""
        self("PUT", "meshes", {"meshName": name})
        return self

    def put(
        self, kind: str, name: str, spec: Any, parent: str = "", mesh: str = "m", **more: Any
    ) -> dict[str, Any]:
        """Creates a resource."""
        return self(
            "PUT", f"meshes/{mesh}/{collection(kind, parent)}", {f"{kind}Name": name, "spec": spec, **more}
        )


def collection(kind: str, parent: str = "") -> str:
    """The path of a collection after the mesh."""
    owner = {"route": "virtualRouter", "gatewayRoute": "virtualGateway"}.get(kind)
    return f"{owner}/{parent}/{kind}s" if owner else f"{kind}s"


def whole() -> Asking:
    """A mesh `m` with one resource of every kind: gateway g → service s → router r → nodes a and b."""
    ask = Asking().mesh()
    ask.put("virtualNode", "a", {**NODE, "backends": [{"virtualService": {"virtualServiceName": "later"}}]})
    ask.put("virtualNode", "b", NODE)
    ask.put("virtualRouter", "r", ROUTER)
    ask.put("route", "x", route("a", "b"), "r")
    ask.put("virtualService", "s.local", to_router("r"))
    ask.put("virtualGateway", "g", GATEWAY)
    ask.put("gatewayRoute", "in", gateway_route("s.local"), "g")
    return ask
