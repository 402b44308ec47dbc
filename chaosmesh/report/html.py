"""`report.html`: the run as one file that needs no network and runs no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaosmesh.engine.events import Event, Note, RunFinished
from chaosmesh.engine.results import CellResult, CheckResult, VerifyResult
from chaosmesh.report import frame, words
from chaosmesh.report.write import write_whole

if TYPE_CHECKING:
    from jinja2 import Template

MAX_BYTES = 200_000

_TEXT = 400
_ORDER = {"fail": 0, "invalid": 1, "inconclusive": 2, "pass": 3}


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of what went well is told. The rest is counted, and stands in the run's JSON."""

    passes: int  # passed checks shown
    evidence: bool  # expected and observed of passed checks
    cells: int  # rows of the table of all numbers
    rows: int  # rows of the matrix
    others: int  # findings, failed checks, rules not checked, notes: each at most so many


_DETAILS = (
    Detail(passes=10_000, evidence=True, cells=10_000, rows=10_000, others=10_000),
    Detail(passes=10_000, evidence=False, cells=200, rows=200, others=300),
    Detail(passes=200, evidence=False, cells=60, rows=60, others=60),
    Detail(passes=0, evidence=False, cells=0, rows=25, others=25),
    Detail(passes=0, evidence=False, cells=0, rows=10, others=5),
)


class HtmlFile:
    """Consumer that writes the page when the run is over.

    `command` is what the user typed, shown under "run it again"; `documents` the paths that were tested.
    """

    def __init__(self, path: Path, *, command: str = "", documents: Sequence[str] = ()) -> None:
        self._path = path
        self._command = command
        self._documents = tuple(documents)
        self._notes: list[str] = []

    def __call__(self, event: Event) -> None:
        """Keep notes, and write the page of the finished run."""
        if isinstance(event, Note):
            self._notes.append(event.text)
        if isinstance(event, RunFinished):
            page = render(event.result, notes=self._notes, command=self._command, documents=self._documents)
            write_whole(self._path, page)

    def close(self) -> None:
        """Nothing is held open."""


def render(
    result: VerifyResult, *, notes: Sequence[str] = (), command: str = "", documents: Sequence[str] = ()
) -> str:
    """The page, as detailed as fits in `MAX_BYTES`. Failures, findings and undecided ones are kept longest."""
    page = ""
    for detail in _DETAILS:
        page = _page(result, notes, command, documents, detail)
        if len(page.encode("utf-8", "replace")) <= MAX_BYTES:
            break
    return page


def _page(
    result: VerifyResult, notes: Sequence[str], command: str, documents: Sequence[str], detail: Detail
) -> str:
    style = _package_text("report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    grid = frame.grid(result.matrix)
    return _template().render(
        r=result,
        style=style,
        style_hash=f"sha256-{digest}",
        detail=detail,
        headline=frame.headline(result),
        tone=_tone(result),
        why=tuple(_why(result)),
        code=int(result.exit_code()),
        strict=int(result.exit_code(strict=True)),
        header=frame.header_parts(result),
        policy=frame.policy_line(result),
        not_checked=_not_checked(result),
        grid=grid,
        rows=grid.rows[: detail.rows],
        unexplained=frame.unexplained(result),
        undecided_cells=tuple(
            lc for lc in frame.labelled(result.matrix) if lc[1].verdict in {"invalid", "inconclusive"}
        ),
        accepted_cells=tuple(lc for lc in frame.labelled(result.matrix) if lc[1].verdict == "accepted"),
        numbers=tuple(frame.labelled(result.matrix)),
        broken=(*frame.failed(result), *frame.undecided(result)),
        groups=_groups(result.checks, detail),
        passed=sum(c.verdict.value == "pass" for c in result.checks),
        trouble=frame.ledger_trouble(result),
        coverage=_coverage(result),
        cost=_cost(result),
        notes=notes,
        command=command,
        documents=documents,
    )


def _tone(result: VerifyResult) -> str:
    code = int(result.exit_code())
    return {0: "good", 1: "bad"}.get(code, "open") if code or not result.summary()["weak"] else "warn"


def _why(result: VerifyResult) -> list[str]:
    """The reasons for the headline, each a sentence part; what speaks against comes first."""
    sums = result.summary()
    goal = " (the run fails for them)" if result.gated else " (told, not failed: no goal was declared)"
    parts = [
        (int(bool(result.stopped)), result.stopped),
        (sums["fail"], words.count(sums["fail"], "rule does not take effect", "rules do not take effect")),
        (len(result.expired), words.count(len(result.expired), "waiver has expired", "waivers have expired")),
        (sums["weak"], words.count(sums["weak"], "weak spot") + goal),
        (sums["invalid"], f"{sums['invalid']} invalid: what was measured says nothing about the rule"),
        (sums["inconclusive"], f"{sums['inconclusive']} inconclusive: not enough evidence within the budget"),
        (sums["pass"], words.count(sums["pass"], "rule takes effect", "rules take effect")),
        (sums["held"], words.count(sums["held"], "fault is held", "faults are held")),
        (sums["accepted"], words.count(sums["accepted"], "weakness is accepted", "weaknesses are accepted")),
        (
            len(result.not_checked),
            words.count(len(result.not_checked), "rule was not checked", "rules were not checked"),
        ),
    ]
    return [text for number, text in parts if number]


@dataclass(frozen=True, slots=True)
class _Group:
    """The checks of one resource, worst first."""

    kind: str
    name: str
    place: str
    checks: tuple[CheckResult, ...]


def _groups(checks: Sequence[CheckResult], detail: Detail) -> tuple[_Group, ...]:
    found: dict[tuple[str, str, str], list[CheckResult]] = {}
    passed = [c for c in checks if c.verdict.value == "pass"][: detail.passes]
    others = [c for c in checks if c.verdict.value != "pass"][: detail.others]
    for check in (*others, *passed):
        key = (check.resource.kind, check.resource.name, check.resource.where.file)
        found.setdefault(key, []).append(check)
    groups = [
        _Group(*key, tuple(sorted(members, key=lambda c: _ORDER.get(c.verdict.value, 9))))
        for key, members in found.items()
    ]
    return tuple(sorted(groups, key=lambda g: min(_ORDER.get(c.verdict.value, 9) for c in g.checks)))


def _not_checked(result: VerifyResult) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each reason with the rules it holds for."""
    found: dict[str, list[str]] = {}
    for rule in result.not_checked:
        found.setdefault(rule.reason, []).append(rule.id)
    return tuple((reason, tuple(rules)) for reason, rules in found.items())


def _coverage(result: VerifyResult) -> str:
    known = dict(result.coverage)
    total = known.pop("clauses", None)
    parts = [f"{number} {name}" for name, number in known.items()]
    return ", ".join([*([words.count(total, "rule")] if total is not None else []), *parts])


def _cost(result: VerifyResult) -> str:
    units = {"ms_per_hop": "ms a hop", "sidecar_mb": "MB a sidecar"}
    found = ((units.get(key, key), value) for key, value in result.cost.items())
    return ", ".join(f"{value:.3g} {unit}" for unit, value in found if value is not None)


def _clip(value: Any) -> str:
    text = words.clean(str(value))
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


def _latency(ms: float | None) -> str:
    return frame.NOT_TRIED if ms is None else words.seconds(ms)


def _factor(value: float | None) -> str:
    return frame.NOT_TRIED if value is None else f"{value:.2f}"


def _interval(cell: CellResult) -> str:
    return f"{words.percent(cell.low)} – {words.percent(cell.high)}" if cell.n else frame.NOT_TRIED


def _package_text(name: str) -> str:
    return resources.files("chaosmesh.report").joinpath("templates", name).read_text("utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "t": _clip,
        "count": words.count,
        "latency": _latency,
        "percent": words.percent,
        "duration": words.duration,
        "facts": lambda values: _clip(words.facts(values)),
        "short_id": lambda rule: _clip(words.short_id(rule)),
        "cell": frame.cell_words,
        "statement": frame.statement,
        "success": frame.success,
        "interval": _interval,
        "factor": _factor,
    }
    return environment.from_string(_package_text("report.html.j2"))
