"""A comparison for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from chaosmesh.engine.compare import Comparison
from chaosmesh.engine.compare.behaviour import State
from chaosmesh.report import compare_words as words
from chaosmesh.report.words import clean, count

SHOWN = 30
LOOSELY = 5
"""Items named of those that only one side has."""

TOLD: tuple[State, ...] = ("worse", "undecided", "better")
LOOSE: tuple[State, ...] = ("new", "gone")


def lines(found: Comparison) -> Iterator[str]:
    """Top to bottom: what became worse first, what stayed only counted."""
    for name, side in (("A", found.a), ("B", found.b)):
        yield f"{name}  {clean(side.name)}   {words.ran(side)}"
    yield from filter(None, [words.otherwise(found)])
    yield from _rules(found)
    for state in TOLD:
        for one in found.of(state)[:SHOWN]:
            yield f"{words.STATES[state].upper():<9} {words.called(one)}: {words.seen(one)}"
            if one.item.where and state != "better":
                yield f"          {clean(one.item.where)}"
        if len(found.of(state)) > SHOWN:
            yield f"          and {len(found.of(state)) - SHOWN} more"
    for state in LOOSE:
        yield from _loose(state, found)
    yield f"The same  {count(len(found.of('same')), 'item')}"
    yield words.promise(found)
    yield f"{words.headline(found)} · {words.counted(found)} · exit {int(found.code)}"


def _loose(state: State, found: Comparison) -> Iterator[str]:
    """By the reason why the other side does not have them."""
    by_reason: dict[str, list[str]] = {}
    for one in found.of(state):
        by_reason.setdefault(one.reason, []).append(words.called(one))
    for reason, names in by_reason.items():
        rest = f"; and {len(names) - LOOSELY} more" if len(names) > LOOSELY else ""
        told = "; ".join(names[:LOOSELY])
        yield f"{words.STATES[state]:<9} {count(len(names), 'item')}, {reason}: {told}{rest}"


def _rules(found: Comparison) -> Iterator[str]:
    policy = words.policy(found)
    yield f"{policy[:1].upper()}{policy[1:]}"
    yield from filter(None, [words.untold(found)])
    changes = found.rules or ()
    for one in changes[:SHOWN]:
        values = f"{one.before} → {one.after}" if one.kind == "changed" else one.before or one.after
        yield f"  {words.RULES[one.kind]:<10} {clean(one.id)}: {clean(values)}"
        yield f"             {clean(str(one.where))}"
    if len(changes) > SHOWN:
        yield f"             and {len(changes) - SHOWN} more"
