"""How the stand-in of every workload behaves: by the scenario file, and by what its backends' routes match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.traffic import paths_of
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Match, Mesh, Route, Service, ServicePort, Workload
from chaosmesh.services.called import called_port, routes_on, scheme
from chaosmesh.services.config import StandIn
from chaosmesh.services.message import METHOD

FORWARD = ""
"""The call takes the path of the request that caused it; over gRPC that is a method where the caller was asked so."""


def stand_ins(
    mesh: Mesh, scenario: Scenario, before: Mapping[str, StandIn] | None = None
) -> dict[str, StandIn]:
    """One configuration per workload; `calls` holds (service, path) here, FORWARD for the request's own path.

    `before` are the configurations in the place of which these come: like any program, a stand-in goes on asking
    for the path that it asked for when another policy comes. Without them the scenario may name known workloads
    only.
    """
    for name in scenario.workloads:
        if before is None and name not in {w.name for w in mesh.workloads}:
            raise UsageError(
                f"workloads: there is no virtual node {name!r}",
                where=scenario.place("workloads", name),
                hint=f"one of: {', '.join(w.name for w in mesh.workloads)}",
            )
    paths = paths_of(scenario)
    made = {one.name: _stand_in(mesh, scenario, one, paths) for one in mesh.workloads}
    return {name: _asking_as(one, (before or {}).get(name)) for name, one in made.items()}


def _asking_as(new: StandIn, old: StandIn | None) -> StandIn:
    known = dict(old.calls) if old else {}
    return replace(new, calls=tuple((service, known.get(service, path)) for service, path in new.calls))


def _stand_in(mesh: Mesh, scenario: Scenario, workload: Workload, paths: list[str]) -> StandIn:
    wish = scenario.workloads.get(workload.name)
    wanted = wish.calls if wish is not None and wish.calls is not None else None
    return StandIn(
        node=workload.name,
        version=version_of(workload.name),
        calls=tuple(_calls(mesh, scenario, workload, wanted, paths)),
        latency_ms=(wish.latency or 0.0) * 1000 if wish else 0.0,
        capacity=wish.capacity if wish else None,
    )


def version_of(name: str) -> str:
    """`flights-v2` says that it is v2; a name without such an end has no version."""
    end = name.rpartition("-")[2]
    return end if end[:1] == "v" and end[1:].isdigit() else ""


def _calls(
    mesh: Mesh, scenario: Scenario, workload: Workload, wanted: tuple[str, ...] | None, paths: list[str]
) -> list[tuple[str, str]]:
    known = {service.name: service for service in mesh.services}
    for name in wanted or ():
        if name not in workload.backends:
            raise UsageError(
                f"{workload.name} calls {name!r}, which is none of its backends",
                where=scenario.place("workloads", workload.name, "calls"),
                hint=f"one of: {', '.join(workload.backends) or 'it has none'}",
            )
    return [
        (name, _path(workload, known[name], port, paths))
        for name in (workload.backends if wanted is None else wanted)
        if name in known and (port := called_port(known[name])) is not None
    ]


def _path(workload: Workload, service: Service, port: ServicePort, paths: list[str]) -> str:
    """What a workload asks a service for, where users ask for `paths`."""
    routes, how = routes_on(service, port), scheme(service, port)
    spoken = {one.protocol for one in workload.listeners}
    if how == "tcp":
        return FORWARD
    if how == "grpc":
        return FORWARD if spoken == {"grpc"} and _know(routes, paths) else known_method(routes)
    # Over gRPC and TCP requests come with paths of their own.
    own = [METHOD] * ("grpc" in spoken) + ["/"] * ("tcp" in spoken)
    return known_path(routes, [*paths, *own])


def known_path(routes: Sequence[Route], paths: Sequence[str]) -> str:
    """FORWARD where the routes know all of the paths, else one that the widest route takes."""
    if _know(routes, paths):
        return FORWARD
    widest = routes[-1].match
    return widest.path or widest.prefix or FORWARD


def known_method(routes: Sequence[Route]) -> str:
    """The path of a gRPC method that the widest route takes."""
    widest = routes[-1].match
    if widest.path:
        return widest.path
    prefix = (widest.prefix or "/").rstrip("/")
    return METHOD if not prefix else prefix if prefix.count("/") > 1 else f"{prefix}/Call"


def _know(routes: Sequence[Route], paths: Sequence[str]) -> bool:
    return all(any(_takes(route.match, path) for route in routes) for path in paths)


def _takes(match: Match, path: str) -> bool:
    if match.prefix is not None:
        return path.startswith(match.prefix)
    return match.path is not None and match.path == path.partition("?")[0]
