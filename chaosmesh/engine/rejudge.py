"""The verdict of a run once more, from its folder alone: without a mesh, with the same α or another.

Told again of an experiment: every claim, from its facts and the ledger. Of a verification: every cell of the matrix,
from the requests of its streams and the goal, the summary and the exit code. Taken over as it stands: checks of the
policy's rules, what made a cell invalid (a late generator, a starved host, a fault that met nothing), and what was
counted under a replica that hangs or crashed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaosmesh.engine.cells import verdict_of
from chaosmesh.engine.experiment import record
from chaosmesh.engine.experiment.facts import Facts
from chaosmesh.engine.experiment.judging import decide
from chaosmesh.engine.experiment.result import claims_json
from chaosmesh.engine.folder import digests
from chaosmesh.engine.goal import Goal
from chaosmesh.engine.results import SCHEMA as VERIFY
from chaosmesh.engine.tally import Tally
from chaosmesh.errors import ExitCode, UsageError
from chaosmesh.judge import Evidence, Verdict, interval, worst
from chaosmesh.ledger import Ledger
from chaosmesh.load import Record

RUN_JSON = "run.json"
AGAIN = "take another run folder, or run it again"
HOLDING = ("hang", "crash")
"""Kinds of faults under which requests count as slow before they have ended."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One claim, cell or check: what it is called, its verdict before and now, and why; `again`: not taken over."""

    name: str
    before: str
    now: str
    reason: str
    again: bool = True


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A run, judged again: `document` is its run.json with the verdicts of now, `code` what the run would end with."""

    folder: Path
    name: str
    document: Json
    lines: tuple[Line, ...]
    code: ExitCode
    alpha: float

    @property
    def changed(self) -> tuple[Line, ...]:
        """What another α changed."""
        return tuple(one for one in self.lines if one.before != one.now)


def rejudge(run: Path, alpha: float | None = None) -> Rejudged:
    """Judge a run folder (or its run.json) again. `alpha`: of the whole run; None: as it was.

    UsageError for what is missing, damaged or changed: then nothing can be told.
    """
    folder = run.parent if run.name == RUN_JSON else run
    document = _read(folder / RUN_JSON)
    kinds: dict[str, Callable[[Path, Json, float | None], Rejudged]] = {
        record.SCHEMA: _experiment,
        VERIFY: _verification,
    }
    how = kinds.get(str(document.get("schema")))
    if how is None:
        raise UsageError(f"{folder / RUN_JSON}: no run of this version", hint=AGAIN)
    try:
        _unchanged(folder, document)
        return how(folder, document, alpha)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = f"{folder / RUN_JSON} is damaged: {type(error).__name__} {error}"
        raise UsageError(text, hint=AGAIN) from error


def _read(file: Path) -> Json:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{file} is missing", hint="name the folder of a run, for example runs/NAME/latest"
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} can't be read: {error}", hint=AGAIN) from error
    if not isinstance(document, dict):
        raise UsageError(f"{file} is no run", hint=AGAIN)
    return document


def _unchanged(folder: Path, document: Json) -> None:
    if "seal" in document and document["seal"] != record.seal(document):
        raise UsageError(f"{folder / RUN_JSON} was changed after the run", hint=AGAIN)
    try:
        found = digests(folder)
    except FileNotFoundError as error:
        raise UsageError(f"{error.filename} is missing", hint=AGAIN) from None
    for name, digest in document["files"].items():
        if found.get(name) != digest:
            raise UsageError(f"{folder / name} was changed after the run", hint=AGAIN)


def _same(folder: Path, before: Any, now: Any, what: str) -> None:
    if before != now:
        text = f"{folder}: {what} was told as {before!r}, and follows as {now!r} from what is in the folder"
        raise UsageError(text, hint="the folder is of another version, or was changed; run it again")


# -- experiments --------------------------------------------------------------------------------------------


def _experiment(folder: Path, document: Json, alpha: float | None) -> Rejudged:
    ledger = Ledger.read(folder)
    whole = float(document["alpha"])
    entries, lines = [], []
    for number, before in enumerate(document["expectations"], 1):
        facts = Facts.from_json(before["facts"])
        asked = facts if alpha is None else replace(facts, alpha=facts.alpha * (alpha / whole))
        verdict, reason, claims = decide(asked, ledger)
        now = {**before, "verdict": verdict.value, "reason": reason, "claims": claims_json(claims)}
        now = json.loads(json.dumps(now))
        if alpha is None:
            for name in record.VERDICT:
                _same(folder, before[name], now[name], f"{name} of expectation {number}")
        entries.append(now)
        lines += [
            Line(str(b["claim"]), b["verdict"], n["verdict"], n["reason"])
            for b, n in zip(before["claims"], now["claims"], strict=True)
        ]
    verdict = worst(Verdict(one["verdict"]) for one in entries)
    told = {**document, "verdict": verdict.value, "expectations": entries}
    told["verdict_hash"] = record.verdict_hash(entries)
    told["seal"] = record.seal(told)
    if alpha is None:
        _same(folder, document["verdict_hash"], told["verdict_hash"], "the hash of the verdicts")
    codes = {Verdict.PASS: ExitCode.PASS, Verdict.FAIL: ExitCode.FAIL}
    code = codes.get(verdict, ExitCode.UNDECIDED)
    return Rejudged(
        folder, str(document["test"]), told, tuple(lines), code, whole if alpha is None else alpha
    )


# -- verifications ------------------------------------------------------------------------------------------


def _verification(folder: Path, document: Json, alpha: float | None) -> Rejudged:
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
            _same(folder, before, now, name)
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
