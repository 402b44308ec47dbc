"""Items over nights: which night said what of which item, and which of it can be weighed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chaosmesh.engine.history.store import Night
from chaosmesh.engine.host import LATE_SHARE
from chaosmesh.engine.summary_items import Item
from chaosmesh.judge.nights import Count

Facet = Literal["share", "in time", "verdict"]

GOOD = ("pass", "held", "accepted")
BAD = ("fail", "weak")

FEWEST = 20
"""Outcomes that a night needs before its share is weighed."""


@dataclass(frozen=True, slots=True)
class Point:
    """An item at a night. `night`: index in the list of nights; `left_out`: why it is not weighed, if so."""

    night: int
    item: Item
    left_out: str = ""


@dataclass(slots=True)
class Track:
    """One item over all nights that have it. `name` tells it from others: its id, with the run's name where two runs have the same."""

    name: str
    points: list[Point] = field(default_factory=list)

    @property
    def item(self) -> Item:
        """As it was last."""
        return self.points[-1].item

    @property
    def weighed(self) -> list[Point]:
        """The points that count."""
        return [one for one in self.points if not one.left_out]


def starved(night: Night) -> str:
    """Why nothing of a night is weighed, if so: its host starved."""
    share = night.summary.host.starved
    if share is None or share <= LATE_SHARE:
        return ""
    return f"the host starved: {share:.1%} of its ticks came late".replace("%", " %")


def tracks(nights: Sequence[Night]) -> list[Track]:
    """Every item, in the order in which they came up."""
    owners: dict[str, set[str]] = {}
    for one in nights:
        if one.summary.kind != "night":
            for item in one.summary.items:
                owners.setdefault(item.id, set()).add(one.summary.name)
    found: dict[str, Track] = {}
    for index, night in enumerate(nights):
        why = starved(night)
        for item in night.summary.items:
            shared = len(owners.get(item.id, ())) > 1 and night.summary.kind != "night"
            name = f"{night.summary.name}: {item.id}" if shared else item.id
            left_out = why or (item.reason or "invalid" if item.verdict == "invalid" else "")
            found.setdefault(name, Track(name)).points.append(Point(index, item, left_out))
    return list(found.values())


def facets(track: Track) -> Iterator[tuple[Facet, list[tuple[int, Count | bool]]]]:
    """What of an item is weighed over nights, with the night of each value: shares where it has them, else its verdict."""
    counts = [
        (one.night, Count(k, n))
        for one in track.weighed
        if (k := one.item.k) is not None and (n := one.item.n or 0) >= FEWEST
    ]
    if counts and directed(track):
        yield "share", [*counts]
        within = [
            (one.night, Count(*one.item.in_time))
            for one in track.weighed
            if one.item.in_time and one.item.in_time[1] >= FEWEST
        ]
        if within and within != counts:
            yield "in time", [*within]
        return
    said = (*GOOD, *BAD)
    yield (
        "verdict",
        [(one.night, one.item.verdict in GOOD) for one in track.weighed if one.item.verdict in said],
    )


def directed(track: Track) -> bool:
    """Whether one direction of an item's share is better."""
    return track.item.good is not None or track.item.kind == "cell"
