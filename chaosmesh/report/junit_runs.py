"""`junit.xml` of a canary, and of an experiment from its `run.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chaosmesh.engine.canary.result import Canary, StepResult
from chaosmesh.report.junit import Case, Suite, document, told
from chaosmesh.report.words import count


def canary_junit(found: Canary, about: Mapping[str, object]) -> str:
    """A case for each step, and one for the whole."""
    cases = [_step(found, one) for one in found.steps]
    outcome, word, message = told(found.verdict.value, found.reason)
    evidence = (f"{count(found.exposed, 'call')} met the new version, {found.hurt:,} of them failed",)
    whole = Case(f"canary.{found.route}", f"all traffic to {found.to}", 0.0, outcome, word, message, evidence)
    seconds = sum(one.seconds for one in found.steps)
    return document(f"chaosmesh canary {found.route}", [Suite("canary", about, (*cases, whole))], seconds)


def _step(found: Canary, step: StepResult) -> Case:
    verdict = {"on": "pass", "hold": "inconclusive", "back": found.verdict.value}[step.end]
    outcome, word, message = told(verdict, step.reason)
    evidence = (
        f"{count(step.new, 'call')} to the new version, {step.stable:,} to the stable one",
        *(f"{one.verdict.value} {one.reason}" for one in step.decisions),
    )
    name = f"{step.weight} % to {found.to}"
    return Case(f"canary.{found.route}", name, step.seconds, outcome, word, message, evidence)


def experiment_junit(document_: Mapping[str, Any]) -> str:
    """A case for each expectation of a test, from the `run.json` of its run folder."""
    test = str(document_["test"])
    cases = tuple(
        _expectation(test, number, one) for number, one in enumerate(document_["expectations"], start=1)
    )
    about = {key: document_[key] for key in ("mesh", "profile", "seed", "alpha") if key in document_}
    return document(f"chaosmesh {test}", [Suite("experiment", about, cases)], sum(c.seconds for c in cases))


def _expectation(test: str, number: int, one: Mapping[str, Any]) -> Case:
    outcome, word, message = told(one["verdict"], one["reason"])
    evidence = (
        f"verdict: {one['verdict']}",
        one["reason"],
        *(f"fault: {text}" for text in one["faults"]),
        *(f"{claim['verdict']} {claim['reason']}" for claim in one["claims"]),
        count(one["requests"], "request"),
    )
    return Case(test, f"expectation {number}", one["duration_s"], outcome, word, message, evidence)
