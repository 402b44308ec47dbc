"""The step summary of GitHub Actions: Markdown with the verdict first, the topology, the matrix, and what is wrong.

GitHub takes 1 MiB of a step and refuses more; blocks that don't fit are left out, the least important first, and that is
said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from chaosmesh.appmesh.lint import Finding
from chaosmesh.engine.gate import GateResult, Item, PartResult
from chaosmesh.engine.gate.verifying import items_of
from chaosmesh.engine.results import VerifyResult
from chaosmesh.judge import Verdict
from chaosmesh.mesh import Mesh
from chaosmesh.mesh.picture import picture
from chaosmesh.report import frame
from chaosmesh.report.md import escaped, table
from chaosmesh.report.mermaid import topology
from chaosmesh.report.words import count, duration

LIMIT = 1024 * 1024
"""Bytes that GitHub takes of a step."""

ICONS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "invalid": "⚠️"}
CELLS = {"held": "✅", "weak": "❌", "accepted": "☑️", "inconclusive": "❔", "invalid": "⚠️"}

CUT = "_More did not fit: GitHub shows 1 MiB of a step. The run folder has all of it._\n"


def append_summary(path: Path, blocks: Sequence[str]) -> None:
    """Add blocks of Markdown to the file, as many as GitHub takes beside what is there already."""
    room = LIMIT - (path.stat().st_size if path.is_file() else 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(fitting(blocks, room))


def fitting(blocks: Sequence[str], room: int = LIMIT) -> str:
    """The blocks that fit into so many bytes of UTF-8, in their order; what does not is said."""
    sizes = [len(one.encode()) + 1 for one in blocks]
    if sum(sizes) <= room:
        return "".join(f"{one}\n" for one in blocks)
    left, found = room - len(CUT.encode()), list[str]()
    for one, size in zip(blocks, sizes, strict=True):
        if size <= left:
            found.append(f"{one}\n")
            left -= size
    return "".join(found) + CUT if left >= 0 else ""


def of_verify(result: VerifyResult, mesh: Mesh) -> list[str]:
    """Blocks for a verification."""
    verdict = _verdict(result)
    head = f"## {ICONS[verdict]} {escaped(frame.headline(result))}\n\n"
    head += " · ".join(
        escaped(one) for one in (*frame.header_parts(result), *frame.summary_parts(result)[1:])
    )
    return [f"{head}\n", *_details(result, mesh, "###")]


def of_gate(gate: GateResult, mesh: Mesh) -> list[str]:
    """Blocks for a gate: the verdict and the parts, what is wrong, then each verification."""
    word = gate.verdict.value
    head = f"## {ICONS[word]} {escaped(gate.name)}: {word}, exit {int(gate.code)}\n\n"
    head += table(
        ("part", "", "why", "tried", "time"),
        [
            (
                f"{one.name} ({one.kind})",
                _word(one.verdict),
                one.reason,
                str(len(one.items)),
                duration(one.seconds),
            )
            for one in gate.parts
        ],
    )
    wrong = [_wrong(part) for part in gate.parts]
    verified = [(one, one.verified) for one in gate.parts if one.verified is not None]
    blocks = [head, *(one for one in wrong if one)]
    for part, result in verified:
        blocks.append(f"### {escaped(part.name)}: {escaped(frame.headline(result))}\n")
        blocks += _details(result, mesh if part.kind == "verify" else None, "####", told=False)
    share = "All verdicts together are wrong in at most 1 of 100 such runs."
    return [
        *blocks,
        f"{share} Seed {gate.seed}, {escaped(gate.runtime)} runtime, {duration(gate.seconds)}.\n",
    ]


def of_lint(found: Sequence[Finding]) -> list[str]:
    """Blocks for the findings of lint."""
    errors = sum(one.rule.severity == "error" for one in found)
    head = f"## {ICONS['fail' if errors else 'pass']} lint: {count(len(found), 'finding')}, {count(errors, 'error')}\n"
    rows = [(one.rule.severity, one.rule.id, str(one.where), one.message, one.hint) for one in found]
    return [head, table(("severity", "rule", "where", "what", "what to do"), rows)] if rows else [head]


def _details(result: VerifyResult, mesh: Mesh | None, level: str, *, told: bool = True) -> Iterator[str]:
    if told:
        yield from filter(None, [_items(items_of(result), level)])
    if result.matrix:
        yield f"{level} What users feel\n\nGoal: {escaped(result.goal)}\n\n{_matrix(result)}"
    if mesh is not None and (drawn := topology(picture(mesh), _told(result))):
        yield f"{level} Topology\n\n```mermaid\n{drawn}\n```\n"
    if result.findings:
        rows = [
            (
                one.title,
                f"{one.where.file}:{one.where.line}" if one.where else "",
                one.detail,
                one.cure.change if one.cure else "",
            )
            for one in result.findings
        ]
        yield f"{level} Findings\n\n" + table(("what", "where", "why", "cure, tried just now"), rows)


def _wrong(part: PartResult) -> str:
    text = _items(part.items, "###", f"{part.name}: ")
    if part.left_out:
        text += f"\n### {escaped(part.name)}: not tried\n\n"
        text += table(("what",), [(one,) for one in part.left_out])
    return text


def _items(items: Sequence[Item], level: str, prefix: str = "") -> str:
    bad = [one for one in items if one.verdict is not Verdict.PASS]
    if not bad:
        return ""
    order = {"fail": 0, "invalid": 1, "inconclusive": 2}
    rows = [
        (_word(one.verdict), one.id, f"{one.where.file}:{one.where.line}" if one.where else "", one.reason)
        for one in sorted(bad, key=lambda one: order[one.verdict.value])
    ]
    return f"{level} {escaped(prefix)}not in order\n\n" + table(("", "what", "where", "why"), rows)


def _matrix(result: VerifyResult) -> str:
    grid = frame.grid(result.matrix)
    rows = [
        (row.label, *(f"{CELLS[one.verdict]} {frame.cell_words(one)}" if one else "–" for one in row.cells))
        for row in grid.rows
    ]
    return table(("edge", *grid.columns), rows)


def _told(result: VerifyResult) -> dict[tuple[str, str], str]:
    """The worst that became of each edge."""
    worst = ("weak", "undecided", "held")
    words = {"weak": "weak", "inconclusive": "undecided", "invalid": "undecided"}
    found: dict[tuple[str, str], str] = {}
    for one in result.matrix:
        word = words.get(one.verdict, "held")
        found[one.edge] = min(found.get(one.edge, "held"), word, key=worst.index)
    return found


def _verdict(result: VerifyResult) -> str:
    code = int(result.exit_code())
    return "pass" if code == 0 else "inconclusive" if code == 3 else "fail"


def _word(verdict: Verdict) -> str:
    return f"{ICONS[verdict.value]} {verdict.value}"
