"""The resilience matrix: every edge under every dose, one cell after another."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from chaosmesh.documents.scenario import Scenario, Waiver
from chaosmesh.engine.doses import COLUMNS, Column, victim
from chaosmesh.engine.results import CellResult
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Mesh

Cell = tuple[tuple[str, str], Column]


def cell_id(edge: tuple[str, str], column: Column) -> str:
    """The id that `--only` and `--list` speak of."""
    return f"matrix/{edge[0]}>{edge[1]}/{column.dose.kind}"


def cells(mesh: Mesh, only: Iterable[str], counts: Mapping[str, int] | None = None) -> list[Cell]:
    """Every cell that can be tried: edges to services that speak HTTP/1.1, with a target that gets traffic. `counts`
    of replicas say where one of several can fail."""
    return [one for one in _chosen(mesh, only) if not lonely(mesh, one, counts or {})]


def alone(mesh: Mesh, only: Iterable[str], counts: Mapping[str, int]) -> list[Cell]:
    """Cells that can't be tried because no target of the edge has two replicas."""
    return [one for one in _chosen(mesh, only) if lonely(mesh, one, counts)]


def lonely(mesh: Mesh, cell: Cell, counts: Mapping[str, int]) -> bool:
    """Whether a cell needs one replica of several, and there are not several."""
    edge, column = cell
    return column.strike is not None and victim(mesh, edge, counts) is None


def _chosen(mesh: Mesh, only: Iterable[str]) -> list[Cell]:
    patterns = tuple(only)
    found = [(edge, column) for edge in _edges(mesh) for column in COLUMNS]
    return [one for one in found if not patterns or chosen(cell_id(*one), patterns)]


def chosen(name: str, patterns: Iterable[str]) -> bool:
    """Whether `--only` means this check or cell: a pattern may match any part of the id."""
    return any(fnmatchcase(name, f"*{pattern}*") for pattern in patterns)


def _edges(mesh: Mesh) -> list[tuple[str, str]]:
    known = {service.name: service for service in mesh.services}
    return [
        (client, name)
        for client, name in mesh.edges()
        if name in known and any(r.protocol == "http" and r.targets for r in known[name].routes)
    ]


def service_named(mesh: Mesh, name: str) -> str | None:
    """A service by its name or by its first DNS label; None if there is none or several."""
    exact = [s.name for s in mesh.services if s.name == name]
    short = [s.name for s in mesh.services if s.name.partition(".")[0] == name]
    found = exact or short
    return found[0] if len(found) == 1 else None


class Waivers:
    """The scenario's `accept:` list, resolved to edges. UsageError for an edge that the mesh doesn't have."""

    def __init__(self, scenario: Scenario, mesh: Mesh, today: datetime.date) -> None:
        self.expired: list[str] = []
        self._by_cell: dict[tuple[tuple[str, str], str], Waiver] = {}
        for index, waiver in enumerate(scenario.accept):
            client, service = waiver.edge
            name = service_named(mesh, service)
            if name is None or (client, name) not in mesh.edges():
                raise UsageError(
                    f"accept: the mesh has no edge {client} -> {service}",
                    where=scenario.place("accept", index, "edge"),
                    hint="edges: " + ", ".join(f"{c} -> {s}" for c, s in mesh.edges()),
                )
            if waiver.until is not None and waiver.until < today:
                self.expired.append(
                    f"{client} -> {service}, {waiver.fault}: accepted until {waiver.until}, {waiver.reason}"
                )
                continue
            self._by_cell[(client, name), waiver.fault] = waiver

    def apply(self, result: CellResult) -> CellResult:
        """A weak cell that its owner knows of is `accepted`."""
        waiver = self._by_cell.get((result.edge, result.fault.kind))
        if waiver is None or result.verdict != "weak":
            return result
        return replace(result, verdict="accepted", reason=f"accepted: {waiver.reason} ({result.reason})")
