"""Experiments, canaries and gates in words: expectations and claims with their evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from chaosmesh.engine.summary import Summary
from chaosmesh.engine.summary_items import Item
from chaosmesh.errors import Where
from chaosmesh.report import words
from chaosmesh.report.book.documents import RANK, TONES
from chaosmesh.report.book.model import Claim, Fact, Problem, Tone, Verdict

Json = Mapping[str, Any]

_HEADLINES: Final = {
    "pass": "Every expectation is kept",
    "fail": "An expectation is not kept",
    "inconclusive": "Not decided: too little evidence",
    "invalid": "Says nothing: what was measured is not what was meant",
}
_BY_HAND: Final = (
    "chaosmesh up ended with 0, as it does when it is ended by hand; chaosmesh judge ends by the verdict"
)
_WORDS: Final = {"pass": "Passed", "fail": "Failed", "inconclusive": "Undecided", "invalid": "Invalid"}


def verdict_of(summary: Summary, document: Json) -> Verdict:
    """The headline with its reasons, what speaks against first."""
    if summary.kind == "up" and not summary.items:
        return Verdict("plain", "Ended", "Nothing was expected of this run", (), f"Exit code {summary.exit}")
    verdict = summary.verdict
    tone: Tone = TONES[verdict]
    reasons = [
        one["reason"] for one in sorted(_expectations(document), key=lambda one: RANK[TONES[one["verdict"]]])
    ]
    reasons += [str(document["reason"])] if document.get("reason") else []
    told = tuple(words.clean(part) for one in dict.fromkeys(reasons) for part in one.split("; "))
    headline = _canary(document) if summary.kind == "canary" else _HEADLINES[verdict]
    end = _BY_HAND if summary.kind == "up" else f"Exit code {summary.exit}"
    return Verdict(tone, _WORDS[verdict], headline, told, end)


def facts_of(summary: Summary, document: Json) -> tuple[Fact, ...]:
    """The numbers that stand at the top."""
    items = summary.items
    kept = sum(one.verdict in ("pass", "held") for one in items)
    pairs = [("Claims kept", f"{kept} of {len(items)}" if items else "none")]
    if summary.kind == "canary":
        pairs += [("At the new version", f"{document['weight']} %")]
        pairs += [
            ("Calls that met it", f"{document['exposed']:,}"),
            ("of them failed", f"{document['hurt']:,}"),
        ]
    sent = document["requests"]["sent"] if summary.kind == "up" else 0
    requests = sent + sum(one["requests"] for one in _expectations(document))
    if requests:
        pairs.append(("Requests", f"{requests:,}"))
    pairs.append(("Took", words.duration(summary.duration_s)))
    return tuple(Fact(*one) for one in pairs)


def problems_of(summary: Summary, document: Json) -> tuple[Problem, ...]:
    """What was not kept, and what is not decided, worst first. A test that passed may have wanted a claim to fail."""
    if summary.verdict == "pass":
        return ()
    found = [_problem(one) for one in summary.items if one.verdict not in ("pass", "held", "accepted")]
    if not found and document.get("reason"):
        found.append(Problem(TONES[summary.verdict], summary.verdict, words.clean(document["reason"])))
    for part in document.get("parts", ()):
        if part["verdict"] != "pass":
            title = words.clean(f"{part['kind']} {part['name']}")
            found.append(
                Problem(TONES[part["verdict"]], part["verdict"], title, (words.clean(part["reason"]),))
            )
    return tuple(sorted(found, key=lambda one: RANK[one.tone]))


def claims_of(summary: Summary) -> tuple[Claim, ...]:
    """Every claim with what it rests on."""
    return tuple(_claim(one) for one in summary.items if one.kind == "claim")


def configuration_of(document: Json) -> tuple[Fact, ...]:
    """What was in force in each expectation, and what became of it."""
    return tuple(_told(document))


def streams_of(document: Json) -> dict[int, str]:
    """Whose requests the expectations are about."""
    return {stream: "" for one in _expectations(document) for stream in one["streams"]}


def _expectations(document: Json) -> list[Any]:
    return list(document.get("expectations", ()))


def _told(document: Json) -> Iterator[Fact]:
    several = len(_expectations(document)) > 1
    for number, one in enumerate(_expectations(document), 1):
        name = f"Expectation {number}: " if several else ""
        yield Fact(f"{name}Faults", words.clean("; ".join(one["faults"]) or "none"))
        if one["policy"]:
            yield Fact(f"{name}Policy", words.clean(one["policy"]))
        observed = {key: value for key, value in one["observed"].items() if value is not None}
        yield Fact(f"{name}Observed", _numbers(observed))
        if one["predicted"]:
            yield Fact(f"{name}Predicted from the policy", _numbers(one["predicted"]))
        if one["explained"]:
            yield Fact(f"{name}Why it differs", words.clean("; ".join(one["explained"])))


def _numbers(values: Mapping[str, Any]) -> str:
    return words.facts(values).replace(">", " → ")


def _canary(document: Json) -> str:
    to, weight = words.clean(str(document["to"])), document["weight"]
    return {
        "pass": f"{weight} % of the traffic is at {to}",
        "fail": f"{to} is worse" + ("; its traffic was taken back" if document["back"] else ""),
        "inconclusive": f"Undecided at {weight} % for {to}",
        "invalid": "Says nothing: what was measured is not what was meant",
    }[document["verdict"]]


def _problem(one: Item) -> Problem:
    head, _, rest = one.reason.partition(": ")
    reason = words.clean(rest if rest and one.text.startswith(head) else one.reason)
    who = f"The cause is the {one.cause}." if one.cause in ("host", "generator") else ""
    lines = tuple(filter(None, (reason, who)))
    return Problem(TONES[one.verdict], one.verdict, words.clean(one.text), lines, _place(one.where))


def _place(where: str | None) -> Where | None:
    if where is None:
        return None
    file, _, line = where.rpartition(":")
    return Where(file, int(line))


def _claim(one: Item) -> Claim:
    return Claim(
        text=words.clean(one.text),
        tone=TONES[one.verdict],
        word=one.verdict,
        estimate=one.estimate,
        low=one.low,
        high=one.high,
        bound=one.bound,
        n=one.n or 0,
        is_share=one.k is not None,
        reason=words.clean(one.reason),
    )
