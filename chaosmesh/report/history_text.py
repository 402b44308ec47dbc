"""A history for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaosmesh.engine.history.series import GOOD, Track
from chaosmesh.engine.history.trends import History
from chaosmesh.engine.history.turns import Turn
from chaosmesh.report import history_words as words
from chaosmesh.report.words import clean, count

SHOWN = 12


def lines(history: History, *, shown: int = 24) -> Iterator[str]:
    """Top to bottom; at most so many trends. What is worse comes first."""
    head = [
        f"{count(len(history.nights), 'night')}, {words.span(history)}",
        count(len(history.tracks), "item"),
    ]
    if history.left_out:
        nights = ", ".join(history.nights[one].label for one in history.left_out)
        head.append(f"{len(history.left_out)} left out, the host starved ({nights})")
    yield " · ".join(head)
    for tone, turns in (("WORSE", history.regressions), ("before", history.settled)):
        yield from _turns(tone, turns, history)
    yield from _unsteady(history)
    for word, names in (("new", history.new), ("gone", history.gone)):
        if names:
            told = words.some([words.named(history.track(one)) for one in names])
            yield f"{word:<9} {count(len(names), 'item')}: {told}"
    yield from _trends(history, shown)
    if not history.regressions:
        yield words.nothing(history)
    yield words.promise(history)


def _turns(tone: str, turns: Sequence[Turn], history: History) -> Iterator[str]:
    for turn in turns[:SHOWN]:
        word = tone if tone == "WORSE" else ("worse" if turn.worse else "better")
        yield f"{word:<9} {words.named(history.track(turn.track))}, {words.since(turn, history)}"
        yield f"          {words.moved(turn, history)}"
        yield f"          with it: {words.found_with(turn)}"
    if len(turns) > SHOWN:
        yield f"          and {len(turns) - SHOWN} more"


def _unsteady(history: History) -> Iterator[str]:
    """What the policy is to blame for one by one; what the host or the generator did to many together."""
    own = [one for one in history.unsteady if one.cause == "policy"]
    for one in own[:SHOWN]:
        yield f"UNSTEADY  {words.named(history.track(one.track))}: {words.blamed(one, history)}"
    if len(own) > SHOWN:
        yield f"          and {len(own) - SHOWN} more"
    for cause in ("host", "generator"):
        names = [words.named(history.track(one.track)) for one in history.unsteady if one.cause == cause]
        if names:
            yield f"UNSTEADY  {count(len(names), 'item')}, {words.CAUSES[cause]}: {words.some(names)}"


def _trends(history: History, shown: int) -> Iterator[str]:
    tracks = [one for one in history.tracks if one.item.k is not None or _turned(one)]
    rows = [(words.named(one), words.spark(one, len(history.nights)), _last(one)) for one in tracks[:shown]]
    width = min(60, max((len(name) for name, _, _ in rows), default=0))
    if rows:
        yield "Trends    the last nights, oldest first"
    for name, spark, last in rows:
        yield f"  {name[:width]:<{width}}  {spark}  {last}"
    if len(history.tracks) > len(rows):
        rest = len(history.tracks) - len(rows)
        yield f"  and {rest} more ({sum(one.item.verdict in GOOD for one in history.tracks)} of all are well)"


def _turned(track: Track) -> bool:
    return len({one.item.verdict in GOOD for one in track.points}) > 1


def _last(track: Track) -> str:
    item = track.item
    value = "" if item.k is None or not item.n else f"{words.share(item.k / item.n)} "
    return f"{value}{clean(item.verdict)}"
