"""An experiment's verdicts once more, from its facts and its ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from chaosmesh.engine.experiment import record
from chaosmesh.engine.experiment.facts import Facts
from chaosmesh.engine.experiment.judging import decide
from chaosmesh.engine.experiment.result import claims_json
from chaosmesh.engine.rejudge.told import Json, Line, Rejudged, same
from chaosmesh.errors import ExitCode
from chaosmesh.judge import Verdict, worst
from chaosmesh.ledger import Ledger


def experiment(folder: Path, document: Json, alpha: float | None) -> Rejudged:
    """Every `expect` of a test. A canary has no facts: it is taken over."""
    ledger = Ledger.read(folder)
    whole = float(document["alpha"])
    entries, lines = [], []
    for number, before in enumerate(document["expectations"], 1):
        now = dict(before) if before["facts"] is None else _expectation(before, ledger, alpha, whole)
        if alpha is None:
            for name in record.VERDICT:
                same(folder, before[name], now[name], f"{name} of expectation {number}")
        entries.append(now)
        lines += _lines(before, now)
    verdict = worst(Verdict(one["verdict"]) for one in entries)
    told = {**document, "verdict": verdict.value, "expectations": entries}
    told["verdict_hash"] = record.verdict_hash(entries)
    told["seal"] = record.seal(told)
    if alpha is None:
        same(folder, document["verdict_hash"], told["verdict_hash"], "the hash of the verdicts")
    codes = {Verdict.PASS: ExitCode.PASS, Verdict.FAIL: ExitCode.FAIL}
    code = codes.get(verdict, ExitCode.UNDECIDED)
    return Rejudged(
        folder, str(document["test"]), told, tuple(lines), code, whole if alpha is None else alpha
    )


def _lines(before: Json, now: Json) -> list[Line]:
    """One for each claim. Where the whole expectation says nothing, its claims say nothing either."""
    found = []
    for old, new in zip(before["claims"], now["claims"], strict=True):
        verdict, reason = _told(now, new)
        found.append(
            Line(str(old["claim"]), _told(before, old)[0], verdict, reason, before["facts"] is not None)
        )
    return found


def _told(expectation: Json, claim: Json) -> tuple[str, str]:
    """Verdict and reason."""
    told = expectation if expectation["verdict"] == Verdict.INVALID else claim
    return told["verdict"], told["reason"]


def _expectation(before: Json, ledger: Ledger, alpha: float | None, whole: float) -> Json:
    facts = Facts.from_json(before["facts"])
    asked = facts if alpha is None else replace(facts, alpha=facts.alpha * (alpha / whole))
    verdict, reason, claims = decide(asked, record.in_time(ledger, before["late"]))
    now = {**before, "verdict": verdict.value, "reason": reason, "claims": claims_json(claims)}
    found: Json = json.loads(json.dumps(now))
    return found
