"""`chaosmesh history --json` (`chaosmesh.history/1`)."""

from __future__ import annotations

from typing import Any

from chaosmesh.engine.history.series import Track
from chaosmesh.engine.history.trends import History
from chaosmesh.engine.history.turns import Turn
from chaosmesh.engine.history.unsteady import Unsteady
from chaosmesh.judge.nights import HORIZON, Level

SCHEMA = "chaosmesh.history/1"


def document(history: History) -> dict[str, Any]:
    """The whole history as plain values. `night` fields are indices into `nights`."""
    return {
        "schema": SCHEMA,
        "folder": history.folder,
        "nights": [
            {
                "at": one.summary.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "night": one.label,
                "name": one.summary.name,
                "file": str(one.file),
                "verdict": one.summary.verdict,
                "left_out": history.left_out.get(index),
                "commit": one.summary.versions.get("commit"),
                "policy": one.summary.policy,
            }
            for index, one in enumerate(history.nights)
        ],
        "regressions": [_turn(history, one) for one in history.regressions],
        "settled": [_turn(history, one) for one in history.settled],
        "unsteady": [_unsteady(history, one) for one in history.unsteady],
        "new": list(history.new),
        "gone": list(history.gone),
        "items": [_track(one) for one in history.tracks],
        "false_alarms": {
            "one_in_nights": HORIZON,
            "series": history.series,
            "log_needed": round(history.log_needed, 4),
        },
    }


def _turn(history: History, one: Turn) -> dict[str, Any]:
    return {
        "item": one.track,
        "text": history.track(one.track).item.text,
        "what": one.facet,
        "worse": one.worse,
        "open": one.open,
        "since": history.nights[one.start].label,
        "named": history.nights[one.named].label,
        "start": one.start,
        "named_at": one.named,
        "nights": one.nights,
        "before": _level(one.before),
        "after": _level(one.after),
        "log_evidence": round(one.log_evidence, 2),
        "commits": list(one.beside.commits) if one.beside.commits else None,
        "changed": list(one.beside.changed),
    }


def _level(one: Level | None) -> dict[str, Any] | None:
    if one is None:
        return None
    found = {name: round(getattr(one, name), 6) for name in ("share", "low", "high", "spread")}
    return {**found, "nights": one.nights}


def _unsteady(history: History, one: Unsteady) -> dict[str, Any]:
    return {
        "item": one.track,
        "text": history.track(one.track).item.text,
        "cause": one.cause,
        "usual": one.usual,
        "flips": one.flips,
        "of_nights": one.nights,
        "nights": [
            {"night": history.nights[index].label, "verdict": verdict, "cause": cause}
            for index, verdict, cause in one.odd
        ],
    }


def _track(one: Track) -> dict[str, Any]:
    return {
        "item": one.name,
        "kind": one.item.kind,
        "text": one.item.text,
        "where": one.item.where,
        "points": [
            {
                "night": point.night,
                "verdict": point.item.verdict,
                "k": point.item.k,
                "n": point.item.n,
                "in_time": list(point.item.in_time) if point.item.in_time else None,
                "p99_ms": point.item.p99_ms,
                "left_out": point.left_out or None,
            }
            for point in one.points
        ],
    }
