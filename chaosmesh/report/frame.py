"""The run's result arranged for readers: the matrix as a grid, cells and verdicts in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaosmesh.engine.results import CellResult, CheckResult, VerifyResult
from chaosmesh.report.words import clean, count, duration, edge, percent, seconds, short_services

NOT_TRIED = "–"

_CELL_WORDS = {
    "held": "ok",
    "weak": "WEAK",
    "accepted": "accepted",
    "inconclusive": "undecided",
    "invalid": "invalid",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One edge of the matrix; a cell is None where that fault was not tried."""

    label: str
    edge: tuple[str, str]
    entry: str
    cells: tuple[CellResult | None, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The matrix: a column per fault, a row per edge, both in the order they were tried."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def grid(cells: tuple[CellResult, ...]) -> Grid:
    """Arrange the cells. An edge tried from several entries has a row for each."""
    columns = tuple(dict.fromkeys(clean(c.fault.label) for c in cells))
    keys = tuple(dict.fromkeys((c.edge, c.entry) for c in cells))
    names = short_services(c.edge[1] for c in cells)
    found = {(c.edge, c.entry, clean(c.fault.label)): c for c in cells}
    several = {e for e, _ in keys if sum(e == other for other, _ in keys) > 1}
    rows = (
        Row(
            label=edge(e[0], names[e[1]]) + (clean(f" (from {entry})") if e in several else ""),
            edge=e,
            entry=entry,
            cells=tuple(found.get((e, entry, column)) for column in columns),
        )
        for e, entry in keys
    )
    return Grid(columns, tuple(rows))


def labelled(cells: tuple[CellResult, ...]) -> Iterator[tuple[str, CellResult]]:
    """Every cell with its row's label, in the order of the grid."""
    for row in grid(cells).rows:
        for cell in row.cells:
            if cell is not None:
                yield row.label, cell


def success(cell: CellResult) -> str:
    """The share of requests that went well."""
    return percent(cell.k / cell.n) if cell.n else "no answers"


def cell_words(cell: CellResult | None) -> str:
    """A cell of the table: "ok 99.8 %", "ok 0.33 s", "fallback 100 %" (ok, because a fallback answered),
    "WEAK 2.03 s", "accepted", "undecided", "invalid"."""
    if cell is None:
        return NOT_TRIED
    word = "fallback" if cell.verdict == "held" and cell.fallback else _CELL_WORDS[cell.verdict]
    return f"{word} {_measure(cell)}" if cell.verdict in {"held", "weak"} else word


def _measure(cell: CellResult) -> str:
    slow = cell.p99_ms is not None and _about_latency(cell)
    return seconds(cell.p99_ms or 0.0) if slow else success(cell)


def _about_latency(cell: CellResult) -> bool:
    """Whether p99 says more than success: it was the goal missed, or delay is what the fault does."""
    if cell.verdict == "weak" and cell.reason.startswith(("p99", "success")):
        return cell.reason.startswith("p99")
    return cell.fault.kind not in {"errors", "reset", "down", "crash"}


def statement(check: CheckResult) -> str:
    """What the rule says, without the resource's name, which stands before it everywhere."""
    return clean(check.statement.removeprefix(f"{check.resource.name}: "))


def failed(result: VerifyResult) -> tuple[CheckResult, ...]:
    """The checks that failed."""
    return tuple(c for c in result.checks if c.verdict.value == "fail")


def undecided(result: VerifyResult) -> tuple[CheckResult, ...]:
    """The checks that ended inconclusive or invalid."""
    return tuple(c for c in result.checks if c.verdict.value in {"inconclusive", "invalid"})


def unexplained(result: VerifyResult) -> tuple[tuple[str, CellResult], ...]:
    """Weak cells that no finding speaks of, with their row's label."""
    titles = tuple(clean(f.title) for f in result.findings)
    return tuple(
        (label, cell)
        for label, cell in labelled(result.matrix)
        if cell.verdict == "weak" and not any(t.startswith(_names(label, cell)) for t in titles)
    )


def _names(label: str, cell: CellResult) -> tuple[str, ...]:
    """How a finding's title may begin that is about this cell."""
    client, service = cell.edge
    edges = (label, edge(client, service), edge(client, service.partition(".")[0]))
    return tuple(f"{name}, {clean(cell.fault.label)}" for name in edges)


def ledger_trouble(result: VerifyResult) -> str:
    """Why nothing that was measured can be trusted; "" where the records agree with the sidecars' counters."""
    if not result.unaccounted:
        return ""
    found = "; ".join(clean(text) for text in result.unaccounted[:3])
    rest = len(result.unaccounted) - 3
    return f"the record of attempts disagrees with the sidecars' counters: {found}" + (
        f"; and {rest} more" if rest > 0 else ""
    )


def headline(result: VerifyResult) -> str:
    """The verdict in one clause; the first that holds of failed, expired, missed, nothing, undecided, fine."""
    sums = result.summary()
    if sums["fail"]:
        return f"{count(sums['fail'], 'rule does', 'rules do')} not take effect"
    if result.expired:
        return count(len(result.expired), "waiver has expired", "waivers have expired")
    if result.gated and sums["weak"]:
        return "Works as written, but misses its goal"
    if not (result.checks or result.matrix):
        return "Nothing was tried"
    if sums["inconclusive"] or sums["invalid"]:
        return "Not decided"
    return "Works as written" if result.checks else "Holds its goal"


def summary_parts(result: VerifyResult) -> tuple[str, ...]:
    """The last line's parts: headline, weak spots, undecided, time, exit code."""
    sums = result.summary()
    code, strict = result.exit_code(), result.exit_code(strict=True)
    other = "" if code == strict else f" (--strict: {int(strict)})"
    return (
        headline(result),
        count(sums["weak"], "weak spot"),
        f"{sums['inconclusive'] + sums['invalid']} undecided",
        duration(result.duration_s),
        f"exit {int(code)}{other}",
    )


def policy_line(result: VerifyResult) -> str:
    """ "36 of 38 rules take effect · 1 undecided · 4 not checked"."""
    if not result.checks:
        line = "no rule was checked"
    else:
        passed = sum(c.verdict.value == "pass" for c in result.checks)
        word = "rule takes" if len(result.checks) == 1 else "rules take"
        line = f"{passed} of {len(result.checks)} {word} effect"
    open_ones = len(undecided(result))
    parts = [line, f"{open_ones} undecided" if open_ones else ""]
    parts.append(f"{len(result.not_checked)} not checked" if result.not_checked else "")
    return " · ".join(p for p in parts if p)


def header_parts(result: VerifyResult) -> tuple[str, ...]:
    """The first line's parts: mesh, sidecars, Envoy, profile, seed."""
    profile = {
        "appmesh": "App Mesh defaults",
        "appmesh-legacy": "App Mesh defaults before 2020-07-29",
        "envoy": "Envoy defaults",
    }.get(result.profile, result.profile)
    parts = (
        clean(result.mesh),
        count(result.sidecars, "sidecar") if result.sidecars else "",
        f"Envoy {clean(result.envoy)}" if result.envoy else "",
        clean(profile),
        f"{clean(result.runtime)} runtime" if result.runtime != "process" else "",
        f"seed {result.seed}",
    )
    return tuple(p for p in parts if p)
