"""How much of what went well is told: less where the page would become too large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Detail:
    """The most of each: passed rules, problems and undecided ones, rows of the matrix, lines of all documents, requests
    told one by one. What is left out is counted."""

    passes: int
    others: int
    cells: int
    lines: int
    stories: int


LEVELS: Final = (
    Detail(passes=2_000, others=2_000, cells=2_000, lines=8_000, stories=20),
    Detail(passes=500, others=500, cells=500, lines=2_500, stories=12),
    Detail(passes=100, others=100, cells=100, lines=500, stories=4),
    Detail(passes=0, others=20, cells=20, lines=0, stories=0),
)
"""From the fullest on; the last fits for every run."""
