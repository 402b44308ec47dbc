"""GitHub Actions: annotations on the lines of documents, as workflow commands, within what GitHub shows of them.

GitHub takes 10 errors, 10 warnings and 10 notices of a step and drops the rest without a word, so the worst come first and
the rest is counted. Paths are shown only where they lie in the workspace.
(GitHub docs: "Workflow commands for GitHub Actions", "Usage limits".)
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chaosmesh.appmesh.lint import Finding
from chaosmesh.engine.gate import GateResult, Item, PartResult
from chaosmesh.engine.gate.verifying import items_of
from chaosmesh.engine.results import CellResult, VerifyResult
from chaosmesh.errors import ChaosMeshError, DocumentError, ExitCode, Where
from chaosmesh.judge import Verdict
from chaosmesh.report import frame
from chaosmesh.report.words import clean

Level = Literal["error", "warning", "notice"]

MOST = 10
"""Annotations of each level that GitHub keeps of a step."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One line in the margin of a document; without a place it stands at the top of the run."""

    level: Level
    title: str
    message: str
    where: Where | None = None


def on_github() -> bool:
    """Whether this is a step of a GitHub workflow."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def commands(found: Iterable[Annotation], workspace: Path | None = None) -> str:
    """The workflow commands, a line each, and a plain line for each level that has more than GitHub shows."""
    root = workspace or Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    seen = tuple(dict.fromkeys(found))
    lines = list[str]()
    levels: tuple[Level, ...] = ("error", "warning", "notice")
    for level in levels:
        of_level = [one for one in seen if one.level == level]
        lines += [_command(one, root) for one in of_level[:MOST]]
        if rest := len(of_level) - MOST:
            lines += [f"chaosmesh: {rest} more {level}s than GitHub shows"] if rest > 0 else []
    return "".join(f"{one}\n" for one in lines)


def _command(one: Annotation, root: Path) -> str:
    facts = {"title": clean(one.title)}
    message = one.message
    if one.where is not None:
        inside = _inside(one.where.file, root)
        if inside is None:
            message = f"{one.where}: {message}"
        else:
            facts = {"file": inside, "line": str(one.where.line), "col": str(one.where.column), **facts}
    told = ",".join(f"{name}={_property(value)}" for name, value in facts.items())
    return f"::{one.level} {told}::{_data(message)}"


def _inside(file: str, root: Path) -> str | None:
    """The path from the workspace, or None where it lies elsewhere."""
    path = Path(os.path.abspath(file))  # noqa: PTH100 - a link in the repository is shown as itself
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else None


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def of_verify(result: VerifyResult) -> Iterator[Annotation]:
    """Failed rules and missed goals as errors, what is weak or undecided as warnings; the worst first."""
    for text in result.expired:
        yield Annotation("error", "the waiver has expired", text)
    yield from _of_items(items_of(result))
    for cell in result.matrix:
        if cell.verdict == "weak" and not result.gated:
            yield Annotation("warning", _cell_title(cell), cell.reason, cell.rule)


def of_gate(gate: GateResult) -> Iterator[Annotation]:
    """What failed in any part first, then parts that say nothing, then what is undecided."""
    for part in sorted(gate.parts, key=lambda one: one.verdict is not Verdict.FAIL):
        yield from of_verify(part.verified) if part.verified is not None else _of_items(part.items)
        yield from _of_part(part)


def of_lint(found: Sequence[Finding]) -> Iterator[Annotation]:
    """Every finding."""
    levels: dict[str, Level] = {"error": "error", "warning": "warning"}
    for one in found:
        level = levels.get(one.rule.severity, "notice")
        yield Annotation(level, one.rule.id, _with_hint(one.message, one.hint), one.where)


def of_error(error: ChaosMeshError) -> Iterator[Annotation]:
    """Why a command could not do its work: every problem of the documents, or the one error."""
    if isinstance(error, DocumentError):
        for one in error.problems:
            yield Annotation("error", "wrong input", _with_hint(one.message, one.hint), one.where)
        return
    title = "wrong input" if error.code is ExitCode.USAGE else "chaosmesh could not run"
    yield Annotation("error", title, _with_hint(error.message, error.hint), error.where)


def _with_hint(message: str, hint: str | None) -> str:
    return f"{message}\n{hint}" if hint else message


def _of_part(part: PartResult) -> Iterator[Annotation]:
    if part.left_out:
        text = f"not tried: {', '.join(part.left_out)}" if part.items else part.reason
        yield Annotation("warning", f"{part.name}: undecided", text)
    elif not part.items and part.verdict is not Verdict.PASS:
        yield Annotation("error", f"{part.name}: {part.verdict.value}", part.reason)


def _of_items(items: Iterable[Item]) -> Iterator[Annotation]:
    bad = [one for one in items if one.verdict is not Verdict.PASS]
    for one in sorted(bad, key=lambda item: item.verdict is not Verdict.FAIL):
        level: Level = "error" if one.verdict is Verdict.FAIL else "warning"
        yield Annotation(level, f"{one.verdict.value}: {one.id}", one.reason or one.id, one.where)


def _cell_title(cell: CellResult) -> str:
    return f"weak: {cell.edge[0]} → {cell.edge[1].partition('.')[0]}, {cell.fault.label}, {frame.cell_words(cell)}"
