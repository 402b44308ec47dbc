"""Weak cells put into words: the rule behind each, and one cure tried live."""

from __future__ import annotations

from collections.abc import Sequence

from chaosmesh.engine import cures
from chaosmesh.engine.cells import Conditions, try_cell
from chaosmesh.engine.doses import Column
from chaosmesh.engine.entrance import entrance
from chaosmesh.engine.events import CureTried, PhaseStarted
from chaosmesh.engine.matrix import Cell
from chaosmesh.engine.results import CellResult, Cure, Finding
from chaosmesh.engine.stack import Stack


async def find(
    stack: Stack, results: Sequence[CellResult], cells: Sequence[Cell], given: Conditions, *, cure: bool
) -> list[Finding]:
    """Every weak cell with the rule behind it. With `cure` the first change of the policy that should help is
    put in force and the cell run again, once a run; the policy is the old one afterwards."""
    findings: list[Finding] = []
    explained: set[object] = set()
    columns = {column.dose.kind: column for _, column in cells}
    for cell in results:
        if cell.verdict != "weak":
            continue
        column = columns[cell.fault.kind]
        where, why = cures.culprit(stack.mesh, cell.edge, column)
        tried = None
        if (where, why) in explained:
            why = "the same rule as above"
        elif cure:
            tried = await _try_cure(stack, cell, column, given)
            cure = tried is None
        explained.add((where, why))
        title = f"{cell.edge[0]} → {cell.edge[1].partition('.')[0]}, {cell.fault.label}: {felt(cell)}"
        findings.append(Finding(title, why, where, tried))
    return findings


async def _try_cure(stack: Stack, cell: CellResult, column: Column, given: Conditions) -> Cure | None:
    before, edge = stack.mesh, cell.edge
    change = next(cures.cures(before, entrance(stack, edge).workload, edge, column, given.goal), None)
    if change is None:
        return None
    given.emit(PhaseStarted("cure", 1, change.text))
    await stack.apply(change.mesh)
    try:
        after = await try_cell(stack, edge, column, given)
    finally:
        await stack.apply(before)
    worked = after.verdict == "held"
    cure = Cure(edge, column.dose, change.text, change.where, felt(cell), felt(after), worked)
    given.emit(CureTried(cure))
    return cure


def felt(cell: CellResult) -> str:
    """What users felt, in one line."""
    tenths = 1000 * cell.k // cell.n if cell.n else 0  # never rounded up to a goal that was missed
    latency = "no answer" if cell.p99_ms is None else f"p99 {cell.p99_ms / 1000:.2f} s"
    calls = "" if cell.amplification is None else f", {cell.amplification:.1f} attempts a call"
    return f"{tenths / 10:.1f} % ok, {latency}{calls}"
