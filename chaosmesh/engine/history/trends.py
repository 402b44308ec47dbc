"""The nights told again in their order: which item changed for good, at which night, and what changed with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chaosmesh.engine.history.beside import beside
from chaosmesh.engine.history.series import Facet, Track, facets, starved, tracks
from chaosmesh.engine.history.store import Night
from chaosmesh.engine.history.turns import Turn
from chaosmesh.engine.history.unsteady import Unsteady, unsteady
from chaosmesh.judge.flips import Flip, flip
from chaosmesh.judge.nights import FEWEST_AFTER, Change, Count, Level, change, level, needed

FEWEST = 1 + FEWEST_AFTER
"""Nights that it takes to tell any change: one before it, and those beyond it."""


@dataclass(frozen=True, slots=True)
class History:
    """A folder of nights, told. `left_out`: nights that are not weighed, by index, with the reason; `new`, `gone`: items that
    were not there in the first night, or are not in the last of their run."""

    folder: str
    nights: tuple[Night, ...]
    tracks: tuple[Track, ...]
    turns: tuple[Turn, ...]
    unsteady: tuple[Unsteady, ...]
    left_out: dict[int, str]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    series: int
    log_needed: float

    @property
    def enough(self) -> bool:
        """Whether there are as many nights that count as it takes to tell any change."""
        return len(self.nights) - len(self.left_out) >= FEWEST

    @property
    def regressions(self) -> tuple[Turn, ...]:
        """What became worse and has not become better since; the latest first."""
        return tuple(
            sorted((one for one in self.turns if one.worse and one.open), key=lambda one: -one.start)
        )

    def track(self, name: str) -> Track:
        """An item by its name."""
        return next(one for one in self.tracks if one.name == name)

    @property
    def settled(self) -> tuple[Turn, ...]:
        """Everything else that was told; the latest first."""
        rest = (one for one in self.turns if not (one.worse and one.open))
        return tuple(sorted(rest, key=lambda one: -one.start))


@dataclass(slots=True)
class _Line:
    """One series that is followed, from the night of its last turn on."""

    track: Track
    facet: Facet
    values: dict[int, Count | bool]
    turns: list[Turn] = field(default_factory=list)

    def until(self, night: int) -> list[int]:
        """Nights that are weighed at a night."""
        begin = self.turns[-1].start if self.turns else 0
        return [one for one in self.values if begin <= one <= night]

    def ended(self) -> list[Turn]:
        """The turns with all nights of each level."""
        ends = [one.start for one in self.turns[1:]]
        return [self._ended(one, end) for one, end in zip(self.turns, [*ends, None], strict=False)]

    def _ended(self, turn: Turn, end: int | None) -> Turn:
        at = [one for one in self.values if turn.start <= one and (end is None or one < end)]
        counts = [one for each in at if isinstance(one := self.values[each], Count)]
        after = level(counts) if counts else None
        return replace(turn, nights=len(at), after=after, open=end is None)


def trends(folder: str, nights: Sequence[Night]) -> History:
    """Follow every item through the nights. What was told at a night stays told, whatever comes later."""
    items = tracks(nights)
    lines = [_Line(track, facet, dict(values)) for track in items for facet, values in facets(track)]
    for night in range(len(nights)):
        limit = needed(sum(any(at <= night for at in one.values) for one in lines))
        for line in lines:
            if night in line.values and (turn := _turn(line, night, nights, limit)) is not None:
                line.turns.append(turn)
    turns = [turn for line in lines for turn in line.ended()]
    new, gone = _come_and_gone(items, nights)
    return History(
        folder=folder,
        nights=tuple(nights),
        tracks=tuple(items),
        turns=tuple(turns),
        unsteady=tuple(found for one in items if (found := unsteady(one, nights, turns)) is not None),
        left_out={index: why for index, one in enumerate(nights) if (why := starved(one))},
        new=new,
        gone=gone,
        series=len(lines),
        log_needed=needed(len(lines)),
    )


def _turn(line: _Line, night: int, nights: Sequence[Night], limit: float) -> Turn | None:
    """What the nights up to this one prove of a series."""
    at = line.until(night)
    values = [line.values[one] for one in at]
    counts = [one for one in values if isinstance(one, Count)]
    before: Level | None = None
    found: Change | Flip | None
    if counts:
        found = moved = change(counts, limit)
        before = moved.before if moved else None
    else:
        found = flip([one is True for one in values], limit)
    if found is None:
        return None
    worse = found.down != bool(counts and line.track.item.good == "lower")
    return Turn(
        track=line.track.name,
        facet=line.facet,
        worse=worse,
        start=at[found.start],
        named=night,
        nights=len(at) - found.start,
        log_evidence=found.log_evidence,
        before=before,
        after=None,
        beside=beside(nights, at[found.start - 1], at[found.start]),
        open=True,
    )


def _come_and_gone(
    items: Sequence[Track], nights: Sequence[Night]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Items that were not there from the start, and those that the last run of their kind has no more."""
    first: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], int] = {}
    for index, one in enumerate(nights):
        run = (one.summary.name, one.summary.kind)
        first.setdefault(run, index)
        last[run] = index
    new, gone = [], []
    for track in items:
        begin, end = (nights[track.points[at].night].summary for at in (0, -1))
        if track.points[0].night != first[begin.name, begin.kind]:
            new.append(track.name)
        if track.points[-1].night != last[end.name, end.kind]:
            gone.append(track.name)
    return tuple(new), tuple(gone)
