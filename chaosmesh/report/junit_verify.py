"""`junit.xml` of a verification: a suite for the policy's rules and one for the matrix."""

from __future__ import annotations

from pathlib import Path

from chaosmesh.engine.events import Event, RunFinished
from chaosmesh.engine.results import CellResult, CheckResult, VerifyResult
from chaosmesh.report import frame
from chaosmesh.report.junit import Case, Suite, document, told
from chaosmesh.report.words import count, facts, percent, seconds
from chaosmesh.report.write import write_whole


class JUnitFile:
    """Consumer that writes the file when the run is over; an older file is removed at the start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.is_file():
            path.unlink()

    def __call__(self, event: Event) -> None:
        """Write the finished run; other events are of no concern."""
        if isinstance(event, RunFinished):
            write_whole(self._path, junit(event.result))

    def close(self) -> None:
        """Nothing is held open."""


def junit(result: VerifyResult) -> str:
    """The whole document."""
    return document(f"chaosmesh {result.mesh}", suites(result), result.duration_s)


def suites(result: VerifyResult, prefix: str = "") -> list[Suite]:
    """A weak cell is a failure only where the run is gated; an accepted one is skipped."""
    policy = [_check(one) for one in result.checks]
    policy += [
        Case("not checked", one.id, outcome="skipped", message=f"not checked: {one.reason}")
        for one in result.not_checked
    ]
    faults = [_cell(label, one, result) for label, one in frame.labelled(result.matrix)]
    faults += [
        Case("faults.waivers", text, 0.0, "failure", "expired", f"the waiver has expired: {text}")
        for text in result.expired
    ]
    if result.stopped:
        name = "the run stays within the scenario's limits"
        faults.append(Case("faults.limits", name, 0.0, "failure", "limit", result.stopped))
    if result.unaccounted:
        name = "every attempt is accounted for"
        faults.append(Case("faults.ledger", name, 0.0, "error", "invalid", frame.ledger_trouble(result)))
    about = {
        key: getattr(result, key) for key in ("mesh", "runtime", "profile", "seed", "alpha", "envoy", "goal")
    }
    return [Suite(f"{prefix}policy", about, tuple(policy)), Suite(f"{prefix}faults", about, tuple(faults))]


def _check(check: CheckResult) -> Case:
    evidence = (
        f"verdict: {check.verdict.value}",
        str(check.resource.where),
        check.statement,
        f"expected: {facts(check.expected)}",
        f"observed: {facts(check.observed)} ({count(check.n, 'call')})",
        f"basis: {check.basis}",
    )
    outcome, word, message = told(check.verdict.value, check.reason or check.statement)
    classname = f"policy.{check.resource.kind}.{check.resource.name}"
    return Case(classname, check.id, check.duration_s, outcome, word, message, evidence)


def _cell(label: str, cell: CellResult, result: VerifyResult) -> Case:
    classname, name = f"faults.{cell.edge[0]}.{cell.edge[1]}", f"{label}, {cell.fault.label}"
    evidence = tuple(
        one
        for one in (
            f"verdict: {cell.verdict}",
            frame.cell_words(cell),
            cell.reason,
            f"entry: {cell.entry}",
            f"{cell.k} of {cell.n} ok (between {percent(cell.low)} and {percent(cell.high)})",
            f"p50 {_ms(cell.p50_ms)}, p99 {_ms(cell.p99_ms)}",
            f"predicted: {facts(cell.predicted)}",
            str(cell.rule) if cell.rule else "",
        )
        if one
    )
    if cell.verdict == "accepted":
        message = f"accepted: {cell.reason}"
        return Case(classname, name, cell.duration_s, "skipped", "", message, evidence)
    failing = cell.verdict in ("inconclusive", "invalid") or (cell.verdict == "weak" and result.gated)
    outcome, word, message = told(cell.verdict if failing else "pass", cell.reason or frame.cell_words(cell))
    return Case(classname, name, cell.duration_s, outcome, word, message, evidence)


def _ms(value: float | None) -> str:
    return "none" if value is None else seconds(value)
