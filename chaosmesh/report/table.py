"""The final table of the terminal, as styled lines that fit a width."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from chaosmesh.engine.results import CellResult, CheckResult, Finding, VerifyResult
from chaosmesh.report import frame
from chaosmesh.report.words import clean, count, facts, short_id

_INDENT = 6
_SHOWN = 20
_GAP = 3
_PAIR_COLUMN = 25

# rich breaks lines at U+00A0 too; a private character is one cell wide and never a blank.
_JOINT = "\ue000"
_UNIT = re.compile(
    r"(?<=\d) (?=(?:%|s|ms|min)\b|%)|(?<=\bseed) (?=\d)|(?<=\bexit) (?=\d)|(?<=\d) (?=undecided|weak)"
)

STYLES = {
    "held": "green",
    "weak": "bold yellow",
    "accepted": "dim",
    "inconclusive": "magenta",
    "invalid": "magenta",
    "pass": "green",
    "fail": "bold red",
}


class Table:
    """Lays a result out for a console. Lines never pass the console's width; long texts wrap with an indent."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = max(console.width, 20)

    def lines(self, result: VerifyResult, report: str) -> Iterator[Text]:
        """The whole output, top to bottom. `report` is the path shown at the end, "" for none."""
        yield from self._hang(Text(" · ".join(frame.header_parts(result)), "bold"), 2)
        yield from self._hang(Text("Policy    " + frame.policy_line(result)), 10)
        if result.stopped:
            stopped = (clean(line) for line in result.stopped.splitlines())
            yield from self._hang(
                Text.assemble(("STOPPED", STYLES["fail"]), "  ", " ".join(stopped)), _INDENT
            )
        trouble = frame.ledger_trouble(result)
        if trouble:
            yield from self._hang(Text.assemble(("INVALID", STYLES["invalid"]), "  ", trouble), _INDENT)
        for text in _capped([self._check(c) for c in (*frame.failed(result), *frame.undecided(result))]):
            yield from text
        if result.matrix:
            goal = f" (goal: {clean(result.goal)})" if result.goal else ""
            yield from self._hang(Text(f"Faults    what a user feels{goal}"), 10)
            yield from self._matrix(frame.grid(result.matrix))
        yield from self._weaknesses(result)
        yield from self._end(result, report)

    def _check(self, check: CheckResult) -> list[Text]:
        verdict = check.verdict.value
        head = Text.assemble(
            ({"inconclusive": "UNDECIDED"}.get(verdict, verdict.upper()), STYLES[verdict]),
            f"  {short_id(check.id)}: {frame.statement(check)}",
        )
        lines = [*self._hang(head, _INDENT)]
        compared = [
            f"{word} {text}"
            for word, text in (("expected", facts(check.expected)), ("observed", facts(check.observed)))
            if text
        ]
        evidence = " · ".join([*compared, count(check.n, "call")])
        lines += self._indented(Text(evidence))
        if check.reason:
            lines += self._indented(Text(clean(check.reason)))
        return lines + self._indented(Text(clean(str(check.resource.where)), "cyan"))

    def _matrix(self, grid: frame.Grid) -> Iterator[Text]:
        words = [[frame.cell_words(c) for c in row.cells] for row in grid.rows]
        label = 2 + max(cell_len(row.label) for row in grid.rows) + _GAP
        widths = [
            max(cell_len(text) for text in (column, *(row[i] for row in words))) + _GAP
            for i, column in enumerate(grid.columns)
        ]
        if label + sum(widths) - _GAP > self._width:
            yield from self._stacked(grid)
            return
        yield _line([("", "", label), *((c, "dim", w) for c, w in zip(grid.columns, widths, strict=True))])
        for row, texts in zip(grid.rows, words, strict=True):
            styles = [STYLES[c.verdict] if c else "dim" for c in row.cells]
            cells = zip(texts, styles, widths, strict=True)
            yield _line([("  " + row.label, "", label), *cells])

    def _stacked(self, grid: frame.Grid) -> Iterator[Text]:
        """An edge per block, a fault per line: what a narrow window gets instead of the table."""
        column = max(cell_len(c) for c in grid.columns) + _GAP
        for row in grid.rows:
            yield from self._hang(Text("  " + row.label), 4)
            for name, cell in zip(grid.columns, row.cells, strict=True):
                if cell is not None:
                    line = _line(
                        [
                            ("", "", 4),
                            (name, "dim", column),
                            (frame.cell_words(cell), STYLES[cell.verdict], 0),
                        ]
                    )
                    yield from self._hang(line, 6)

    def _weaknesses(self, result: VerifyResult) -> Iterator[Text]:
        blocks = [self._finding(f) for f in result.findings]
        blocks += [self._cell("WEAK", label, cell) for label, cell in frame.unexplained(result)]
        for verdict, word in (("invalid", "INVALID"), ("inconclusive", "UNDECIDED")):
            cells = (lc for lc in frame.labelled(result.matrix) if lc[1].verdict == verdict)
            blocks += [self._cell(word, label, cell) for label, cell in cells]
        blocks += [
            [*self._hang(Text.assemble(("EXPIRED", STYLES["fail"]), "  waiver: ", clean(text)), _INDENT)]
            for text in result.expired
        ]
        for block in _capped(blocks):
            yield from block

    def _finding(self, finding: Finding) -> list[Text]:
        lines = [*self._hang(Text.assemble(("WEAK", STYLES["weak"]), "  ", clean(finding.title)), _INDENT)]
        place = clean(str(finding.where)) if finding.where else ""
        lines += self._pair(place, clean(finding.detail))
        if finding.cure is not None:
            cure = finding.cure
            outcome = "" if cure.worked else " (does not help)"
            lines += self._pair("cure, tried just now", clean(f"{cure.change} → {cure.after}{outcome}"))
        return lines

    def _cell(self, word: str, label: str, cell: CellResult) -> list[Text]:
        head = f"  {label}, {clean(cell.fault.label)}: {clean(cell.reason)} ({count(cell.n, 'request')})"
        lines = [*self._hang(Text.assemble((word, STYLES[cell.verdict]), head), _INDENT)]
        return lines + (self._indented(Text(clean(str(cell.rule)), "cyan")) if cell.rule else [])

    def _pair(self, label: str, text: str) -> list[Text]:
        """A dim label and its text beside it, or below it where the window is narrow or the label long."""
        if not (label and text):
            return self._indented(Text(label or text)) if label or text else []
        column = max(_PAIR_COLUMN, cell_len(label) + 2)
        if _INDENT + column + 30 > self._width:
            return [
                *self._indented(Text(label, "cyan")),
                *self._hang(Text(" " * (_INDENT + 2) + text), _INDENT + 2),
            ]
        line = _line([("", "", _INDENT), (label, "cyan", column), (text, "", 0)])
        return [*self._hang(line, _INDENT + column)]

    def _end(self, result: VerifyResult, report: str) -> Iterator[Text]:
        style = {0: "bold green", 1: "bold red"}.get(int(result.exit_code()), "bold magenta")
        head, *rest = frame.summary_parts(result)
        line = Text.assemble((head, style), *(f" · {part}" for part in rest))
        if report and line.cell_len + 3 + cell_len(report) <= self._width:
            yield Text.assemble(line, "   ", (report, "cyan"))
            return
        yield from self._hang(line, 2)
        if report:
            yield from self._hang(Text("  " + report, "cyan"), 2)

    def _indented(self, text: Text) -> list[Text]:
        return [*self._hang(Text.assemble(" " * _INDENT, text), _INDENT)]

    def _hang(self, text: Text, indent: int) -> Iterator[Text]:
        """The text in lines of the console's width; all but the first begin after `indent` blanks."""
        indent = min(indent, self._width - 16)
        glued = _glue(text)
        first = glued.wrap(self._console, self._width, overflow="fold")[0]
        yield _unglue(first)
        rest = _lstrip(glued[len(first) :]) if len(first) < len(glued) else Text()
        if rest:
            for line in rest.wrap(self._console, self._width - indent, overflow="fold"):
                yield Text.assemble(" " * indent, _unglue(line))


def _glue(text: Text) -> Text:
    """The text with joints where a line must not end: between a number and its unit."""
    glued = text.copy()
    glued.plain = _UNIT.sub(_JOINT, text.plain)
    return glued


def _unglue(line: Text) -> Text:
    line.rstrip()
    line.plain = line.plain.replace(_JOINT, " ")
    return line


def _lstrip(text: Text) -> Text:
    return text[len(text.plain) - len(text.plain.lstrip(" ")) :] if text.plain.strip() else Text()


def _line(parts: Iterable[tuple[str, str, int]]) -> Text:
    """Texts with a style, each padded to its width in cells."""
    line = Text()
    for text, style, width in parts:
        line.append(text, style or None)
        line.append(" " * (width - cell_len(text)))
    line.rstrip()
    return line


def _capped(blocks: list[list[Text]]) -> Iterator[list[Text]]:
    yield from blocks[:_SHOWN]
    if len(blocks) > _SHOWN:
        yield [Text(" " * _INDENT + f"… and {len(blocks) - _SHOWN} more in the report", "dim")]
