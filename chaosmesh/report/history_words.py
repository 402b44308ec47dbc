"""How nights, levels and turns are worded, the same in terminal and page."""

from __future__ import annotations

from collections.abc import Sequence

from chaosmesh.engine.history.series import GOOD, Point, Track
from chaosmesh.engine.history.trends import FEWEST, History
from chaosmesh.engine.history.turns import Turn
from chaosmesh.engine.history.unsteady import Unsteady
from chaosmesh.judge.nights import HORIZON, Level
from chaosmesh.report.words import clean, count

BLOCKS = "▁▂▃▄▅▆▇█"
MISSING = "·"
LEAST_RANGE = 0.02
"""A sparkline's height is at least two points, so that chance looks small."""

CAUSES = {
    "host": "the host had no time for it",
    "generator": "the generator was late",
    "policy": "the policy itself: its share lies near the bound, or it depends on luck",
}


def share(value: float) -> str:
    """A share with as many digits as tell it from 0 and 100 %."""
    shown = f"{100 * value:.2f}" if 0 < value < 0.01 or 0.99 < value < 1 else f"{100 * value:.1f}"
    return f"{shown.rstrip('0').rstrip('.')} %"


def level(one: Level) -> str:
    """ "99.8 % (99.6 – 99.9 %, 22 nights)"."""
    low, high = share(one.low).removesuffix(" %"), share(one.high)
    return f"{share(one.share)} ({low} – {high}, {count(one.nights, 'night')})"


def named(track: Track) -> str:
    """What an item is called: a claim by its test too."""
    text = clean(track.item.text)
    if track.item.kind != "claim":
        return text
    test = track.name.rpartition("::")[2].partition("/")[0] if "::" in track.name else ""
    return f"{clean(test)}: {text}" if test else text


def moved(turn: Turn, history: History) -> str:
    """From where to where."""
    if turn.before is not None and turn.after is not None:
        what = "answered in time: " if turn.facet == "in time" else ""
        return f"{what}{level(turn.before)} → {level(turn.after)}"
    track = history.track(turn.track)
    verdicts = {point.night: point.item.verdict for point in track.points}
    before = next((verdicts[one] for one in range(turn.start - 1, -1, -1) if one in verdicts), "")
    return f"{before} → {verdicts[turn.start]} ({count(turn.nights, 'night')})"


def found_with(turn: Turn) -> str:
    """What else changed at that night."""
    commits = turn.beside.commits
    parts = [*turn.beside.changed, *([f"commits {commits[0][:9]}..{commits[1][:9]}"] if commits else [])]
    return ", ".join(map(clean, parts)) or "nothing that the summaries know of"


def since(turn: Turn, history: History) -> str:
    """ "since 2026-11-16, named after 2 nights"."""
    nights = {one for one in range(turn.start, turn.named + 1) if one not in history.left_out}
    return f"since {history.nights[turn.start].label}, told after {count(len(nights), 'night')}"


def blamed(one: Unsteady, history: History) -> str:
    """How often an item was not as usual, on which nights, and who is to blame."""
    nights = [f"{history.nights[at].label} {verdict}" for at, verdict, _ in one.odd[-4:]]
    more = f" and {len(one.odd) - 4} more" if len(one.odd) > 4 else ""
    return (
        f"{len(one.odd)} of {one.nights} nights not as usual ({', '.join(nights)}{more}): {CAUSES[one.cause]}"
    )


def nothing(history: History) -> str:
    """What is said where no regression is told; too few nights tell none."""
    if history.enough:
        return "Nothing became worse."
    return f"Too few nights to tell whether anything became worse: it takes at least {FEWEST} that count."


def span(history: History) -> str:
    """The first night and the last: "2026-11-01 to 2026-11-23"."""
    first, last = history.nights[0].label, history.nights[-1].label
    return first if first == last else f"{first} to {last}"


def some(names: Sequence[str], most: int = 4) -> str:
    """The first few; names may hold commas."""
    return "; ".join(names[:most]) + (f"; and {len(names) - most} more" if len(names) > most else "")


def promise(history: History) -> str:
    """What a regression is worth."""
    chance = f"{30 / HORIZON:.0%}".replace("%", " %")
    return (
        f"Thirty nights name a change that is none with a chance of at most {chance}, all {history.series} series together; "
        "one bad night alone names nothing."
    )


def values(track: Track) -> list[tuple[Point, float | None]]:
    """What is drawn of an item: its share, else 1 and 0 for its verdict; None where it is not weighed."""
    found: list[tuple[Point, float | None]] = []
    for one in track.points:
        k, n = one.item.k, one.item.n
        value = k / n if k is not None and n else float(one.item.verdict in GOOD)
        found.append(
            (one, None if one.left_out or (one.item.verdict == "inconclusive" and k is None) else value)
        )
    return found


def spark(track: Track, nights: int, width: int = 30) -> str:
    """The last nights as blocks; a dot where there is nothing to weigh."""
    by_night = {point.night: value for point, value in values(track)}
    row = [by_night.get(one) for one in range(nights)][-width:]
    known = [one for one in row if one is not None]
    most = max(known, default=1.0)
    least = min([most - LEAST_RANGE, *known])
    return "".join(
        MISSING if one is None else BLOCKS[round((one - least) / (most - least) * (len(BLOCKS) - 1))]
        for one in row
    )
