"""The documents of a run, with the verdict of each rule beside its line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chaosmesh.engine.kept import kept_documents
from chaosmesh.engine.results import CheckResult, VerifyResult
from chaosmesh.report import frame, words
from chaosmesh.report.book.model import Document, Mark, Tone

LARGEST: Final = 400_000
"""Bytes of a document that is shown; of a larger one only that it is too large."""

TONES: Final[dict[str, Tone]] = {
    "pass": "good",
    "held": "good",
    "accepted": "plain",
    "weak": "warn",
    "fail": "bad",
    "expired": "bad",
    "inconclusive": "open",
    "invalid": "open",
}
"""A verdict → how it is shown."""

RANK: Final = {"bad": 0, "open": 1, "warn": 2, "good": 3, "plain": 4}


def documents_of(folder: Path, result: VerifyResult | None) -> tuple[Document, ...]:
    """Every document; those with something to mend first, then by name."""
    marks = _marks(result) if result else {}
    found = [
        Document(file, _lines(copy), tuple(marks.get(file, ()))) for file, copy in kept_documents(folder)
    ]
    return tuple(sorted(found, key=lambda one: (rank(one.marks), not one.marks, one.file)))


def rank(marks: Sequence[Mark]) -> int:
    """The worst of some marks, 0 the worst."""
    return min((RANK[one.tone] for one in marks), default=RANK["plain"])


def _lines(copy: Path) -> tuple[str, ...]:
    if not copy.is_file():
        return ("(its copy is missing)",)
    if copy.stat().st_size > LARGEST:
        return (f"(larger than {LARGEST:,} bytes)",)
    return tuple(copy.read_text("utf-8", "replace").splitlines())


def _marks(result: VerifyResult) -> dict[str, list[Mark]]:
    found: dict[str, list[Mark]] = defaultdict(list)
    for one in result.findings:
        if one.where:
            found[one.where.file].append(Mark(one.where.line, "warn", "weak", words.clean(one.title)))
    for check in result.checks:
        found[check.resource.where.file].append(_mark(check))
    return {file: sorted(marks, key=lambda one: (one.line, RANK[one.tone])) for file, marks in found.items()}


def _mark(one: CheckResult) -> Mark:
    field = words.clean(one.id.rpartition("/")[2])
    text = f"{field}: {frame.statement(one)}"
    verdict = one.verdict.value
    return Mark(
        one.resource.where.line,
        TONES[verdict],
        verdict,
        f"{text}. {words.clean(one.reason)}" if one.reason else text,
    )
