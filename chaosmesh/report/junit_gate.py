"""`junit.xml` of a gate: the suites of its verifications, and one for each other part."""

from __future__ import annotations

from collections.abc import Iterator

from chaosmesh.engine.gate import GateResult, Item, PartResult
from chaosmesh.report.junit import Case, Suite, document, told
from chaosmesh.report.junit_verify import suites


def junit_of(gate: GateResult) -> str:
    """The whole document."""
    found = [suite for part in gate.parts for suite in _suites(part, gate)]
    return document(f"chaosmesh {gate.name}", found, gate.seconds)


def _suites(part: PartResult, gate: GateResult) -> Iterator[Suite]:
    if part.verified is not None:
        yield from suites(part.verified, f"{part.name} ")
    about = {
        "part": part.kind,
        "alpha": part.alpha,
        "seed": gate.seed,
        "runtime": gate.runtime,
        "profile": gate.profile,
        "folder": part.folder,
    }
    items = () if part.verified is not None else tuple(_case(part, one) for one in part.items)
    cases = (*items, *_missing(part))
    if cases:
        yield Suite(f"{part.name} ({part.kind})", about, cases)


def _case(part: PartResult, item: Item) -> Case:
    outcome, word, message = told(item.verdict.value, item.reason or item.verdict.value)
    lines = [f"verdict: {item.verdict.value}", str(item.where) if item.where else "", item.reason]
    lines += [item.evidence, f"run folder: {item.folder}" if item.folder else ""]
    evidence = tuple(one for one in lines if one)
    return Case(f"gate.{part.kind}", item.id, item.seconds, outcome, word, message, evidence)


def _missing(part: PartResult) -> Iterator[Case]:
    """What was not tried, by name, and a part that ended without trying anything."""
    why = part.reason or "not tried"
    for name in part.left_out:
        yield Case(f"gate.{part.kind}", f"{name}, not tried", 0.0, "failure", "inconclusive", why)
    if not part.items and not part.left_out:
        outcome, word, message = told(part.verdict.value, part.reason)
        yield Case(f"gate.{part.kind}", part.name, part.seconds, outcome, word, message)
