"""A comparison for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from chaosmesh.engine.compare import Comparison
from chaosmesh.engine.compare.behaviour import State
from chaosmesh.report import compare_words as words
from chaosmesh.report.words import clean, count

SHOWN = 30
TOLD: tuple[State, ...] = ("worse", "undecided", "better")
LOOSE: tuple[State, ...] = ("new", "gone")


def lines(found: Comparison) -> Iterator[str]:
    """Top to bottom: what became worse first, what stayed only counted."""
    yield f"A  {clean(found.a.name)}   B  {clean(found.b.name)}   {words.policy(found)}"
    for rule in (found.rules or ())[:SHOWN]:
        if rule.kind == "changed":
            yield f"  rule     {clean(rule.id)}: {clean(rule.before)} → {clean(rule.after)}   {rule.where}"
        else:
            yield f"  {rule.kind:<8} {clean(rule.id)}: {clean(rule.before or rule.after)}   {rule.where}"
    if len(found.rules or ()) > SHOWN:
        yield f"  and {len(found.rules or ()) - SHOWN} more"
    for state in TOLD:
        for one in found.of(state)[:SHOWN]:
            yield f"{words.STATES[state].upper():<9} {words.called(one)}: {words.seen(one)}"
            if one.item.where and state != "better":
                yield f"          {clean(one.item.where)}"
        if len(found.of(state)) > SHOWN:
            yield f"          and {len(found.of(state)) - SHOWN} more"
    for state in LOOSE:
        names = [words.called(one) for one in found.of(state)]
        if names:
            yield f"{words.STATES[state]:<9} {count(len(names), 'item')}: {', '.join(names[:3])}" + (
                ", …" if len(names) > 3 else ""
            )
    yield f"The same  {count(len(found.of('same')), 'item')}"
    yield words.promise(found)
    yield f"{words.headline(found)} · {words.counted(found)} · exit {int(found.code)}"
