"""A verification's matrix once more, from the requests of its streams and the goal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaosmesh.engine.cells import verdict_of
from chaosmesh.engine.goal import Goal
from chaosmesh.engine.rejudge.told import Json, Line, Rejudged, same
from chaosmesh.engine.tally import Tally
from chaosmesh.errors import ExitCode
from chaosmesh.judge import Evidence, interval
from chaosmesh.ledger import Ledger
from chaosmesh.load import Record

HOLDING = ("hang", "crash")
"""Kinds of faults under which requests count as slow before they have ended."""


def verification(folder: Path, document: Json, alpha: float | None) -> Rejudged:
    """Every cell; the summary and the exit code follow."""
    by_stream: dict[int, list[Record]] = {}
    for stream, one in Ledger.read(folder).records:
        by_stream.setdefault(stream, []).append(one)
    bounds = document["goal"]
    whole = float(document["alpha"])
    goal = Goal(bounds["success"], bounds["p99_s"], bounds["declared"])
    share = bounds["alpha"] * (1.0 if alpha is None else alpha / whole)
    cells = [_cell(one, by_stream, goal, share) for one in document["matrix"]]
    lines = []
    for before, now in zip(document["matrix"], cells, strict=True):
        name = f"{' → '.join(before['edge'])}, {before['fault']['kind']}"
        if alpha is None:
            same(folder, before, now, name)
        lines.append(
            Line(name, before["verdict"], now["verdict"], now["reason"], before["verdict"] != "invalid")
        )
    lines += [
        Line(one["id"], one["verdict"], one["verdict"], one["reason"], again=False)
        for one in document["checks"]
    ]
    told = {**document, "matrix": cells, "summary": _summary(document, cells)}
    code = _code(told)
    return Rejudged(
        folder, str(document["mesh"]), told, tuple(lines), code, whole if alpha is None else alpha
    )


def _cell(before: Mapping[str, Any], by_stream: Mapping[int, list[Record]], goal: Goal, alpha: float) -> Json:
    """The cell from the first of its requests that were counted: a sequential test ends where it was decided.

    A replica that hangs or crashed holds requests for long, and some counted as slow before they had ended: there the
    numbers of what was counted are taken over, and only the verdict follows anew.
    """
    if before["verdict"] == "invalid":
        return dict(before)
    counted = [Evidence.share(n, k) for n, k in before["evidence"]]
    now = dict(before)
    if before["fault"]["kind"] not in HOLDING:
        tally = _tally(before, by_stream, goal)
        counted = [tally.success, tally.within]
        low, high = interval(tally.n, tally.ok, alpha * 2)
        now["success"] = {"n": tally.n, "k": tally.ok, "low": round(low, 6), "high": round(high, 6)}
        now |= {"p50_ms": tally.quantile_ms(0.5), "p99_ms": tally.quantile_ms(0.99)}
        now["evidence"] = [[one.n, int(one.k)] for one in counted]
    verdict, reason = verdict_of(goal, counted[0], counted[1], alpha)
    if before["verdict"] == "accepted" and verdict == "weak":
        return now
    return {**now, "verdict": verdict, "reason": reason}


def _tally(before: Mapping[str, Any], by_stream: Mapping[int, list[Record]], goal: Goal) -> Tally:
    n = int(before["success"]["n"])
    ordered = [one for stream in before["streams"] for one in sorted(by_stream.get(stream, ()), key=_seq)]
    tally = Tally(goal.p99_s * 1000)
    tally.add(replace(one, seq=number) for number, one in enumerate(ordered[:n]))
    return tally


def _seq(record: Record) -> int:
    return record.seq


def _summary(document: Json, cells: list[Json]) -> dict[str, int]:
    count = Counter(one["verdict"] for one in cells)
    checks = Counter(one["verdict"] for one in document["checks"])
    unaccounted = bool(document["ledger"]["unaccounted"])
    return {
        **{name: checks[name] for name in ("pass", "fail")},
        "inconclusive": checks["inconclusive"] + count["inconclusive"],
        "invalid": checks["invalid"] + count["invalid"] + unaccounted,
        **{name: count[name] for name in ("held", "weak", "accepted")},
    }


def _code(document: Json) -> ExitCode:
    count = document["summary"]
    if document["stopped"]:
        return ExitCode.LIMIT
    if count["fail"] or document["expired"] or (document["gated"] and count["weak"]):
        return ExitCode.FAIL
    if count["inconclusive"] or count["invalid"] or not (document["checks"] or document["matrix"]):
        return ExitCode.PASS if document["tolerant"] else ExitCode.UNDECIDED
    return ExitCode.PASS
