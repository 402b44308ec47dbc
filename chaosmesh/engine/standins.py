"""How the stand-in of every workload behaves: by the scenario file, and by what its backends' routes match."""

from __future__ import annotations

from collections.abc import Sequence

from chaosmesh.documents.scenario import Scenario
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Mesh, Route, Workload
from chaosmesh.services.config import StandIn

FORWARD = ""
"""The call takes the path of the request that caused it."""


def stand_ins(mesh: Mesh, scenario: Scenario) -> dict[str, StandIn]:
    """One configuration per workload; `calls` holds (service, path) here, FORWARD for the request's own path."""
    for name in scenario.workloads:
        if name not in {w.name for w in mesh.workloads}:
            raise UsageError(
                f"workloads: there is no virtual node {name!r}",
                where=scenario.place("workloads", name),
                hint=f"one of: {', '.join(w.name for w in mesh.workloads)}",
            )
    paths = [part.path for part in scenario.load.mix] or ["/"]
    return {one.name: _stand_in(mesh, scenario, one, paths) for one in mesh.workloads}


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
    found = []
    for name in workload.backends if wanted is None else wanted:
        routes = [r for r in known[name].routes if r.protocol == "http"] if name in known else []
        if routes:
            found.append((name, known_path(routes, paths)))
    return found


def known_path(routes: Sequence[Route], paths: Sequence[str]) -> str:
    """FORWARD where the routes know all of the paths, else one that the widest route takes."""
    prefixes = [r.match.prefix for r in routes if r.match.prefix is not None]
    if all(any(path.startswith(prefix) for prefix in prefixes) for path in paths):
        return FORWARD
    widest = routes[-1].match
    return widest.path or widest.prefix or FORWARD
