"""How a comparison is worded, the same in terminal, comment and page."""

from __future__ import annotations

from chaosmesh.engine.compare import Behaviour, Comparison, Facet, Side
from chaosmesh.report.history_words import share
from chaosmesh.report.words import clean, count

STATES = {
    "worse": "Worse",
    "undecided": "Not known",
    "better": "Better",
    "new": "Only in B",
    "gone": "Only in A",
    "same": "The same",
}
TONES = {
    "worse": "bad",
    "undecided": "open",
    "better": "good",
    "new": "plain",
    "gone": "plain",
    "same": "plain",
}
RULES = {"changed": "changed", "new": "only in B", "gone": "only in A"}


def headline(found: Comparison) -> str:
    """The answer in a sentence."""
    number = found.count()
    if found.verdict == "worse":
        return f"B is worse than A in {count(number['worse'], 'thing')}"
    if found.verdict == "undecided":
        return "Whether B is worse than A is not known"
    better = f", and better in {count(number['better'], 'thing')}" if number["better"] else ""
    return f"B is no worse than A{better}"


def state(one: str) -> str:
    """A state inside a sentence: "only in A"."""
    return f"{STATES[one][:1].lower()}{STATES[one][1:]}"


def counted(found: Comparison) -> str:
    """ "2 worse, 1 better, 40 the same"."""
    number = found.count()
    return ", ".join(f"{number[one]} {state(one)}" for one in STATES if number[one])


def called(one: Behaviour) -> str:
    """What an item is called."""
    return clean(one.item.text)


def seen(one: Behaviour) -> str:
    """What both runs saw: verdicts, shares with the interval of their difference, p99."""
    told = [clean(one.reason)]
    told += [reworded(one)] if reworded(one) else []
    told += [facet(each) for each in shown(one)]
    before, after = (None if item is None else item.p99_ms for item in (one.a, one.b))
    if before is not None and after is not None and one.facets:
        told.append(f"p99 {before:,.0f} ms → {after:,.0f} ms")
    return "; ".join(told)


def reworded(one: Behaviour) -> str:
    """How the same item was called in A; empty where it had the same words."""
    return f"in A it read: {clean(one.a.text)}" if one.a and one.b and one.a.text != one.b.text else ""


def shown(one: Behaviour) -> list[Facet]:
    """The shares that are told: "in time" only where it says something else."""
    first = one.facets[0] if one.facets else None
    return [
        each
        for each in one.facets
        if each is first or first is None or (each.a, each.b) != (first.a, first.b)
    ]


def facet(one: Facet) -> str:
    """ "ok 99.8 % → 81.2 % (surely −22.1 to −15.3 points)"."""
    what = "in time" if one.name == "in time" else "ok"
    return f"{what} {share(one.a.share)} → {share(one.b.share)} (surely {points(one)} points)"


def points(one: Facet) -> str:
    """The interval of the difference in points."""
    return f"{_signed(one.apart.low)} to {_signed(one.apart.high)}"


def promise(found: Comparison) -> str:
    """What the intervals are worth."""
    number = sum(len(one.facets) for one in found.behaviours)
    if not number:
        return "No shares were counted on both sides: what is told here are verdicts."
    chance = f"{found.alpha:.0%}".replace("%", " %")
    several = f"All {count(number, 'interval')} hold at once" if number > 1 else "The interval holds"
    text = (
        f"{several} but for a chance of {chance}, however early a run decided; shares within "
        f"{found.margin * 100:g} points are the same."
    )
    if found.earlier:
        text += (
            " What differs from one night to the next anyway is in it too: chaosmesh history takes it off."
        )
    return text


def policy(found: Comparison) -> str:
    """Whether the documents are the same."""
    if found.rules is None:
        return {True: "the same documents", False: "other documents", None: "documents not known"}[
            found.same_policy
        ]
    return count(len(found.rules), "rule differs", "rules differ") if found.rules else "the same rules"


def untold(found: Comparison) -> str:
    """Why the rules are not compared; empty where they are."""
    names = [name for name, side in (("A", found.a), ("B", found.b)) if side.rules is None]
    if not names:
        return ""
    return (
        f"What the documents say differently is not known: {' and '.join(names)} "
        f"{'keeps' if len(names) == 1 else 'keep'} no rules. A run folder does, a summary.json alone does not."
    )


def otherwise(found: Comparison) -> str:
    """What else was not the same: "B ran otherwise: profile appmesh → envoy"; empty where nothing was."""
    return f"B ran otherwise: {', '.join(map(clean, found.otherwise))}" if found.otherwise else ""


def ran(side: Side) -> str:
    """When and on which commit: "2026-11-23 06:56 UTC, commit 09471e30c"."""
    commit = side.summary.versions.get("commit")
    return f"{side.summary.at:%Y-%m-%d %H:%M} UTC" + (f", commit {clean(commit[:9])}" if commit else "")


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")
