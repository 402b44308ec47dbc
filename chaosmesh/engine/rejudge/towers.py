"""The verdicts of `chaosmesh up --ui` once more, from the evidence of each episode."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosmesh.engine.canary.claims import claim_of
from chaosmesh.engine.rejudge.told import Json, Line, Rejudged, same
from chaosmesh.engine.tower.claims import written
from chaosmesh.engine.tower.counted import told
from chaosmesh.errors import ExitCode
from chaosmesh.judge import ALPHA, RUN_ALPHA, Verdict, judge, requirement, worst

_CODES = {Verdict.PASS: ExitCode.PASS, Verdict.FAIL: ExitCode.FAIL}


def tower(folder: Path, document: Json, alpha: float | None) -> Rejudged:
    """Every expectation of every episode. Taken over: what made an episode invalid."""
    lines, episodes = [], []
    for episode in document["episodes"]:
        claims = [_again(one, alpha) for one in episode["claims"]]
        episodes.append({**episode, "claims": claims})
        for before, now in zip(episode["claims"], claims, strict=True):
            if not before["n"]:
                continue
            name = f"{episode['number']}: {before['text']}" + (f" on {before['on']}" if before["on"] else "")
            if alpha is None:
                same(folder, before["verdict"], now["verdict"], f"the verdict on {name}")
            lines.append(Line(name, before["verdict"], now["verdict"], now["reason"], not before["problem"]))
    verdicts = [Verdict(one.now) for one in lines]
    whole = worst(verdicts) if verdicts else Verdict.INCONCLUSIVE
    found = {**document, "episodes": episodes, "verdict": whole.value}
    code = _CODES.get(whole, ExitCode.UNDECIDED)
    return Rejudged(
        folder, str(document["name"]), found, tuple(lines), code, RUN_ALPHA if alpha is None else alpha
    )


def _again(one: Mapping[str, Any], alpha: float | None) -> dict[str, Any]:
    if not one["n"] or one["problem"]:
        return dict(one)
    asked = requirement(one["measure"], claim_of(written(one["measure"], one["bound"])))
    each = ALPHA if alpha is None else ALPHA * alpha / RUN_ALPHA
    decision = judge(asked, told(one["evidence"]), each)
    return {**one, "verdict": decision.verdict.value, "reason": decision.reason, "alpha": each}
