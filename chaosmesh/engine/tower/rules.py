"""Routes and connection pools of the policy in force, shown and edited: every change is a call of the App Mesh API."""

from __future__ import annotations

import copy
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.api import Call, Service, running
from chaosmesh.appmesh.resources import Resource
from chaosmesh.documents import KINDS
from chaosmesh.engine.tower.state import BreakerState, RouteState
from chaosmesh.errors import ChaosMeshError, ExitCode, UsageError
from chaosmesh.mesh import Mesh
from chaosmesh.mesh.picture import Arrow

_ROUTES = ("httpRoute", "http2Route", "grpcRoute", "tcpRoute")


class ChangedMeanwhileError(ChaosMeshError):
    """Raised when what is to be edited is not any more what its editor has seen."""

    code = ExitCode.USAGE


class Rules:
    """Reads and edits what the API's store holds; a change is in force when a method returns."""

    def __init__(
        self, api: Service, mesh: Callable[[], Mesh], arrows: Callable[[], Mapping[str, Arrow]]
    ) -> None:
        self._api = api
        self._mesh = mesh
        self._arrows = arrows
        self._known: tuple[Any, tuple[RouteState, ...], tuple[BreakerState, ...]] | None = None

    @property
    def resources(self) -> Resources:
        """As they are now."""
        return running(self._api.store.state)

    def changed_since(self, first: Resources) -> list[Mapping[str, Any]]:
        """Resources that are other than they were, each as a document of the API."""
        now, before = self.resources, {one.id: one.spec for one in first}
        return [_document(now.mesh_name, one) for one in now if before.get(one.id) != one.spec]

    def shown(self) -> tuple[tuple[RouteState, ...], tuple[BreakerState, ...]]:
        """Routes and pools for the page; made anew only when the store holds another state."""
        state = self._api.store.state
        if self._known is None or self._known[0] is not state:
            resources = self.resources
            routes = tuple(self._route(one) for one in resources.routes.values())
            pools = tuple(pool for one in _listening(resources) for pool in _pools(one))
            self._known = (state, routes, pools)
        return self._known[1], self._known[2]

    async def route(
        self,
        name: str,
        seen: str | None,
        *,
        weights: Mapping[str, int] | None = None,
        parts: Mapping[str, Any] = {},
    ) -> tuple[float, str]:
        """Other weights (by node), and other `parts` ("retry", "timeout": App Mesh's own words, None takes it away) of a
        route. Milliseconds until it was in force, and the hash of the new version."""
        resource = self._named(name, self.resources.routes.values())
        spec = copy.deepcopy(resource.spec.plain())
        kind = next(one for one in _ROUTES if one in spec)
        if weights is not None:
            _weigh(resource, spec[kind]["action"]["weightedTargets"], weights)
        for word, field in (("retry", "retryPolicy"), ("timeout", "timeout")):
            if word not in parts:
                continue
            if parts[word] is None:
                spec[kind].pop(field, None)
            else:
                spec[kind][field] = parts[word]
        return await self._update(resource, spec, seen)

    async def pool(
        self, name: str, pool: Mapping[str, Any] | None, seen: str | None = None
    ) -> tuple[float, str]:
        """Another connection pool of a listener (None: none); the same answer."""
        found = next((one for one in self.shown()[1] if one.id == name), None)
        if found is None:
            known = ", ".join(one.id for one in self.shown()[1]) or "none"
            raise UsageError(f"there is no listener {name!r}", hint=f"known: {known}")
        resource = self._named(name.partition(":")[0], _listening(self.resources))
        spec = copy.deepcopy(resource.spec.plain())
        for one in spec["listeners"]:
            if one["portMapping"]["port"] == found.listener:
                one.pop("connectionPool", None)
                if pool:
                    one["connectionPool"] = dict(pool)
        return await self._update(resource, spec, seen)

    async def _update(
        self, resource: Resource, spec: Mapping[str, Any], seen: str | None
    ) -> tuple[float, str]:
        mesh = self.resources.mesh_name
        call = Call("Update", resource.kind, mesh, resource.parent, resource.name, {}, {"spec": spec})

        def unchanged() -> None:
            now = next((one for one in self.resources if one.id == resource.id), None)
            if now is None or (seen is not None and _hash(now) != seen):
                raise ChangedMeanwhileError(
                    f"{resource.id} was changed meanwhile", hint="look at it as it is now, and try again"
                )

        begin = time.monotonic()
        await self._api.answer(call, if_still=unchanged)
        took = (time.monotonic() - begin) * 1000
        return took, _hash(self._named(resource.id, self.resources))

    def _named(self, name: str, resources: Iterable[Resource]) -> Resource:
        found = next((one for one in resources if one.id == name), None)
        if found is None:
            raise UsageError(f"there is no {name!r}", hint="the page shows what there is")
        return found

    def _route(self, one: Resource) -> RouteState:
        spec = one.spec.plain()
        kind = next(each for each in _ROUTES if each in spec)
        body = spec[kind]
        targets = tuple(
            {"node": each["virtualNode"], "weight": each["weight"]}
            for each in body["action"]["weightedTargets"]
        )
        return RouteState(
            one.id,
            one.parent or "",
            one.name,
            self._edge(one.id),
            kind.removesuffix("Route"),
            targets,
            body.get("retryPolicy"),
            body.get("timeout"),
            str(one.place(kind)),
            _hash(one),
            self._hidden_retries(one.id),
        )

    def _hidden_retries(self, route: str) -> int:
        found = (each for one in self._mesh().services for each in one.routes if each.id == route)
        return next((one.retry.max_retries for one in found if one.retry and one.retry.implicit), 0)

    def _edge(self, route: str) -> str | None:
        """The first edge whose calls may take the route."""
        services = {one.name for one in self._mesh().services if any(route == each.id for each in one.routes)}
        return next((one.id for one in self._arrows().values() if one.service in services), None)


def _listening(resources: Resources) -> Iterator[Resource]:
    yield from resources.virtual_nodes.values()
    yield from resources.virtual_gateways.values()


def _pools(one: Resource) -> Iterator[BreakerState]:
    listeners = one.spec.plain().get("listeners") or []
    for each in listeners:
        mapping = each["portMapping"]
        name = one.id if len(listeners) == 1 else f"{one.id}:{mapping['port']}"
        where = str(one.place("listeners"))
        yield BreakerState(
            name, mapping["port"], mapping["protocol"], each.get("connectionPool"), where, _hash(one)
        )


def _document(mesh: str, one: Resource) -> Mapping[str, Any]:
    kind = KINDS[one.kind]
    parent = {kind.parent_key: one.parent} if kind.parent_key else {}
    own = {} if one.kind == "mesh" else {kind.name_key: one.name}
    return {"meshName": mesh, **parent, **own, "spec": one.spec.plain()}


def _weigh(resource: Resource, targets: list[dict[str, Any]], weights: Mapping[str, int]) -> None:
    known = [one["virtualNode"] for one in targets]
    for name in weights:
        if name not in known:
            raise UsageError(
                f"{resource.id}: {name!r} is none of its targets", hint=f"targets: {', '.join(known)}"
            )
    left = dict(weights)  # a node that is there twice, on two ports, gets its weight in one place
    for one in targets:
        if one["virtualNode"] in weights:
            one["weight"] = left.pop(one["virtualNode"], 0)


def _hash(one: Resource) -> str:
    text = json.dumps(one.spec.plain(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
