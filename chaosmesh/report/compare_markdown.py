"""A comparison as a comment for a pull request: what changed stands open, the rest is folded away."""

from __future__ import annotations

from collections.abc import Sequence

from chaosmesh.engine.compare import Behaviour, Comparison
from chaosmesh.engine.compare.behaviour import State
from chaosmesh.report import compare_words as words
from chaosmesh.report.md import escaped, table
from chaosmesh.report.words import count

LONGEST = 65_536
"""Characters that GitHub takes as a comment."""

ICONS = {"worse": "❌", "undecided": "❔", "no worse": "✅"}
ROWS = (200, 60, 20, 8)
"""Rows of each table; fewer where the comment would be too long."""

CHANGED: tuple[State, ...] = ("worse", "undecided", "better")
FOLDED: tuple[State, ...] = ("new", "gone", "same")


def comment(found: Comparison) -> str:
    """Markdown of at most `LONGEST` characters."""
    made = ""
    for rows in ROWS:
        made = _comment(found, rows)
        if len(made) <= LONGEST:
            return made
    return made[: LONGEST - 2].rpartition("\n")[0] + "\n"


def _comment(found: Comparison, rows: int) -> str:
    parts = [
        f"## {ICONS[found.verdict]} {words.headline(found)}",
        f"A: {escaped(found.a.name)} · B: {escaped(found.b.name)} · {words.policy(found)} · {words.counted(found)}",
        *(escaped(one) for one in (words.otherwise(found), words.untold(found)) if one),
    ]
    for state in CHANGED:
        if found.of(state):
            parts += [f"### {words.STATES[state]}", _table(found.of(state), rows)]
    if found.rules:
        parts += [
            _folded(
                f"What the documents say differently ({count(len(found.rules), 'rule')})", _rules(found, rows)
            )
        ]
    for state in FOLDED:
        if found.of(state):
            title = f"{words.STATES[state]} ({count(len(found.of(state)), 'item')})"
            parts.append(_folded(title, _table(found.of(state), rows)))
    parts.append(words.promise(found))
    return "\n\n".join(parts) + "\n"


def _table(found: Sequence[Behaviour], rows: int) -> str:
    body = [[words.called(one), words.seen(one), one.item.where or ""] for one in found[:rows]]
    return table(["What", "A → B", "Where"], body) + _more(len(found), rows)


def _rules(found: Comparison, rows: int) -> str:
    changes = found.rules or ()
    body = [[one.id, one.before or "–", one.after or "–", str(one.where)] for one in changes[:rows]]
    return table(["Rule", "A", "B", "Where"], body) + _more(len(changes), rows)


def _more(total: int, rows: int) -> str:
    return f"\n… and {total - rows} more\n" if total > rows else ""


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n</details>"
