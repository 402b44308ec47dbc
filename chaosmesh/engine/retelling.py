"""One replica's end is felt on every edge to its node: a cell that was tried tells of the others too."""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.engine.cells import foreseen, struck
from chaosmesh.engine.doses import Column
from chaosmesh.engine.entrance import entrance
from chaosmesh.engine.results import CellResult
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.standing_in import answered_elsewhere


class Retelling:
    """Cells of columns that strike a replica, by the replica and the way in; `again` gives another edge's."""

    def __init__(self, *, mixed: bool) -> None:
        self._mixed = mixed
        self._told: dict[object, CellResult] = {}

    def note(self, stack: Stack, edge: tuple[str, str], column: Column, result: CellResult) -> None:
        """A cell that was tried."""
        if column.strike is not None and result.verdict in ("held", "weak"):
            self._told[self._key(stack, edge, column)] = result

    def again(self, stack: Stack, edge: tuple[str, str], column: Column) -> CellResult | None:
        """The same requests under the same fault, as this edge's; None where they did not come along it."""
        told = self._told.get(self._key(stack, edge, column)) if column.strike is not None else None
        if told is None:
            return None
        calls = [c for one in told.streams for c in stack.ledger.calls(one, *edge) if c.complete]
        if not calls:
            return None
        return replace(
            told,
            edge=edge,
            amplification=round(sum(len(one.attempts) for one in calls) / len(calls), 4),
            predicted=foreseen(stack, entrance(stack, edge), edge, column).as_json(),
            fallback=answered_elsewhere(stack.mesh, edge[1], calls),
            duration_s=0.0,
        )

    def _key(self, stack: Stack, edge: tuple[str, str], column: Column) -> object:
        """Who comes in where, for what (a mix is the same everywhere), and what happens then."""
        way = entrance(stack, edge)
        asked = None if self._mixed else way.request
        return column.dose.kind, struck(stack, edge), way.workload, way.first, asked
