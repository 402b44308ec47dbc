"""A verification in words: its verdict, what is to be mended, and what was counted."""

from __future__ import annotations

from chaosmesh.engine.results import CellResult, CheckResult, Finding, VerifyResult
from chaosmesh.report import frame, words
from chaosmesh.report.book.documents import TONES
from chaosmesh.report.book.model import Cure, Fact, Problem, Tone, Verdict


def verdict_of(result: VerifyResult) -> Verdict:
    """The headline with its reasons, what speaks against first."""
    code, strict = result.exit_code(), result.exit_code(strict=True)
    weak = bool(result.summary()["weak"])
    tones: dict[int, tuple[Tone, str]] = {
        0: ("warn", "Works, with weak spots") if weak else ("good", "Passed"),
        1: ("bad", "Failed"),
        5: ("bad", "Stopped"),
    }
    tone, word = tones.get(int(code), ("open", "Undecided"))
    told = f"Exit code {int(code)}" + (f"; with --strict {int(strict)}" if strict != code else "")
    return Verdict(tone, word, frame.headline(result), tuple(_why(result)), told)


def problems_of(result: VerifyResult) -> tuple[Problem, ...]:
    """What is to be mended, worst first."""
    found = []
    if trouble := frame.ledger_trouble(result):
        text = "Nothing that was measured in this run can be trusted."
        found.append(Problem("open", "invalid", trouble, (text,)))
    found += [_check(one) for one in (*frame.failed(result), *frame.undecided(result))]
    found += [Problem("bad", "expired", f"Waiver: {words.clean(one)}") for one in result.expired]
    found += [_finding(one) for one in result.findings]
    found += [_cell(label, one) for label, one in frame.unexplained(result)]
    open_ones = (
        pair for pair in frame.labelled(result.matrix) if pair[1].verdict in {"invalid", "inconclusive"}
    )
    return (*found, *(_cell(label, one) for label, one in open_ones))


def facts_of(result: VerifyResult) -> tuple[Fact, ...]:
    """The numbers that stand at the top."""
    sums = result.summary()
    rules, cells = len(result.checks), len(result.matrix)
    pairs = [
        ("Rules in effect", f"{sums['pass']} of {rules}" if rules else "none tried"),
        ("Faults held", f"{sums['held']} of {cells}" if cells else "none tried"),
        ("Weak spots", str(sums["weak"])),
        ("Undecided", str(sums["inconclusive"] + sums["invalid"])),
        ("Took", words.duration(result.duration_s)),
    ]
    return tuple(Fact(*one) for one in pairs)


def configuration_of(result: VerifyResult) -> tuple[Fact, ...]:
    """How it was run."""
    known = dict(result.coverage)
    rules = known.pop("clauses", 0)
    cost = result.cost
    pairs = [
        ("Goal", result.goal),
        ("Sidecars", str(result.sidecars or "")),
        ("Rules of the policy", ", ".join([str(rules), *(f"{n} {name}" for name, n in known.items())])),
        ("Latency that a hop adds", _unit(cost.get("ms_per_hop"), "ms")),
        ("Memory of a sidecar", _unit(cost.get("sidecar_mb"), "MB")),
        ("Attempts counted by the sidecars", f"{result.attempts:,}"),
    ]
    return tuple(Fact(name, words.clean(value)) for name, value in pairs if value)


def _unit(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.3g} {unit}"


def _why(result: VerifyResult) -> list[str]:
    sums = result.summary()
    goal = " (the run fails for them)" if result.gated else " (told, not failed: no goal was declared)"
    parts = [
        (int(bool(result.stopped)), words.clean(result.stopped)),
        (sums["fail"], words.count(sums["fail"], "rule does not take effect", "rules do not take effect")),
        (len(result.expired), words.count(len(result.expired), "waiver has expired", "waivers have expired")),
        (sums["weak"], words.count(sums["weak"], "weak spot") + goal),
        (sums["invalid"], f"{sums['invalid']} invalid: what was measured says nothing about the rule"),
        (sums["inconclusive"], f"{sums['inconclusive']} inconclusive: not enough evidence within the budget"),
        (sums["pass"], words.count(sums["pass"], "rule takes effect", "rules take effect")),
        (sums["held"], words.count(sums["held"], "fault is held", "faults are held")),
        (sums["accepted"], words.count(sums["accepted"], "weakness is accepted", "weaknesses are accepted")),
        (
            len(result.not_checked),
            words.count(len(result.not_checked), "rule was not checked", "rules were not checked"),
        ),
    ]
    return [text for number, text in parts if number]


def _check(one: CheckResult) -> Problem:
    compared = [("Expected", words.facts(one.expected)), ("observed", words.facts(one.observed))]
    seen = ", ".join(f"{name} {text}" for name, text in compared if text)
    lines = (
        f"{seen} ({words.count(one.n, 'call')})" if seen else words.count(one.n, "call"),
        words.clean(one.reason),
    )
    title = f"{words.short_id(one.id)}: {frame.statement(one)}"
    tone = TONES[one.verdict.value]
    return Problem(tone, one.verdict.value, title, tuple(filter(None, lines)), one.resource.where)


def _finding(one: Finding) -> Problem:
    cure = one.cure
    tried = None if cure is None else Cure(cure.change, cure.where, cure.before, cure.after, cure.worked)
    return Problem("warn", "weak", words.clean(one.title), (words.clean(one.detail),), one.where, tried)


def _cell(label: str, one: CellResult) -> Problem:
    title = f"{label}, {words.clean(one.fault.label)}: {words.clean(one.reason)}"
    seen = f"{words.count(one.n, 'request')} at {words.clean(one.entry)}"
    return Problem(TONES[one.verdict], one.verdict, title, (seen,), one.rule)
