"""The steps of a canary: the weight that was asked for, and the share that the new version got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chaosmesh.judge import interval
from chaosmesh.report import words
from chaosmesh.report.book.model import Split, Tone

_ENDS: Final[dict[str, tuple[Tone, str]]] = {
    "on": ("good", "goes on"),
    "hold": ("open", "held"),
    "back": ("bad", "taken back"),
}


def splits_of(document: Mapping[str, Any]) -> tuple[Split, ...]:
    """Every step that was tried; the interval is anytime-valid at the run's α. Nothing for another kind of run."""
    if document.get("schema") != "chaosmesh.canary/1":
        return ()
    return tuple(_split(one, document["alpha"]) for one in document["steps"])


def _split(one: Mapping[str, Any], alpha: float) -> Split:
    new, calls = one["new"], one["new"] + one["stable"]
    low, high = interval(calls, new, alpha) if calls else (0.0, 1.0)
    tone, word = _ENDS[one["end"]]
    return Split(
        weight=one["weight"] / 100,
        new=new,
        calls=calls,
        low=low,
        high=high,
        word=word,
        tone=tone,
        reason=words.clean(one["reason"]),
        in_force_ms=one["in_force_ms"],
        seconds=one["seconds"],
    )
