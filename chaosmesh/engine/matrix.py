"""The resilience matrix: every edge under every dose, one cell after another."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from chaosmesh.documents.scenario import Scenario, Waiver
from chaosmesh.engine.doses import COLUMNS, Column, victim
from chaosmesh.engine.experiment.names import paths_named
from chaosmesh.engine.results import CellResult
from chaosmesh.errors import UsageError, Where
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


class Waivers:
    """The scenario's `accept:` list, resolved to edges. UsageError for an edge that the mesh doesn't have."""

    def __init__(self, scenario: Scenario, mesh: Mesh, today: datetime.date) -> None:
        self.expired: list[str] = []
        self._by_cell: dict[tuple[tuple[str, str], str], Waiver] = {}
        for index, waiver in enumerate(scenario.accept):
            edges = _waived(mesh, waiver.edge, scenario.place("accept", index, "edge"))
            if waiver.until is not None and waiver.until < today:
                self.expired.append(
                    f"{' -> '.join(waiver.edge)}, {waiver.fault}: accepted until {waiver.until}, {waiver.reason}"
                )
                continue
            self._by_cell.update({(edge, waiver.fault): waiver for edge in edges})

    def apply(self, result: CellResult) -> CellResult:
        """A weak cell that its owner knows of is `accepted`."""
        waiver = self._by_cell.get((result.edge, result.fault.kind))
        if waiver is None or result.verdict != "weak":
            return result
        return replace(result, verdict="accepted", reason=f"{waiver.reason} ({result.reason})")


def _waived(mesh: Mesh, edge: tuple[str, str], where: Where | None) -> list[tuple[str, str]]:
    """The edges of the matrix that a waiver's `edge` means, as in an experiment."""
    try:
        paths = paths_named(mesh, *edge)
    except UsageError as error:
        words, hint = (text.replace("→", "->") for text in (error.message, error.hint))
        raise UsageError(f"accept: {words}", where=where, hint=hint) from None
    if narrow := next((one for one in paths if one.workload), None):
        raise UsageError(
            f"accept: {narrow.service} has other nodes than {narrow.workload}: the matrix breaks all of them",
            where=where,
            hint=f"name the service: {edge[0]} -> {narrow.service}",
        )
    return [one.pair for one in paths]
