"""The examples of the documentation: every fenced block with the comment above it.

A comment tells the tests what can't be seen from the block itself:
`<!-- not run: WHY -->`, `<!-- run -->` (a piece of Python that is run, not only type-checked), `<!-- other: WHAT -->` (YAML that is no
scenario file), `<!-- with: up -->` (a mesh runs meanwhile), `<!-- needs: TOOL -->`, `<!-- output -->` (of the block before).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.conftest import ROOT

PAGES = tuple(
    sorted(
        (
            *(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "lint"),
            *(
                ROOT / name
                for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "experiments/README.md")
            ),
        )
    )
)
"""Pages of rules (`docs/lint`) have a test of their own: tests/unit/appmesh/lint/test_rules.py."""

NOTES = {"not run", "run", "other", "with", "needs", "output"}

_BLOCK = re.compile(
    r"^(?:<!-- (?P<note>[a-z ]+)(?:: (?P<why>[^\n]+))? -->\n)?```(?P<language>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Example:
    """One block. `line`: of its opening fence; `note` and `why`: the comment above it, "" where there is none."""

    page: Path
    line: int
    language: str
    text: str
    note: str
    why: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def examples(page: Path) -> Iterator[Example]:
    """Every block of the page, in its order."""
    text = page.read_text()
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1 + (match["note"] is not None)
        yield Example(page, line, match["language"], match["text"], match["note"] or "", match["why"] or "")


EXAMPLES = tuple(one for page in PAGES for one in examples(page))


def written_in(*languages: str) -> tuple[Example, ...]:
    """All examples of these languages."""
    return tuple(one for one in EXAMPLES if one.language in languages)


def outputs() -> tuple[tuple[Example, Example], ...]:
    """Each block of commands with the block below it that shows its output."""
    return tuple((command, shown) for command, shown in pairwise(EXAMPLES) if shown.note == "output")
