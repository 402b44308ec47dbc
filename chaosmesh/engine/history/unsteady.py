"""Items whose verdict goes to and fro without a change, and who is to blame for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chaosmesh.engine.history.series import GOOD, Point, Track
from chaosmesh.engine.history.store import Night
from chaosmesh.engine.history.turns import Turn
from chaosmesh.engine.host import LATE_SHARE
from chaosmesh.engine.summary_items import Cause

FLIPS = 2
"""Turns of the verdict from which on an item is unsteady: there and back."""


@dataclass(frozen=True, slots=True)
class Unsteady:
    """An item that goes to and fro. `odd`: nights (indices) on which it was not as usual, each with its verdict and cause;
    `flips`: how often it turned; `cause`: who is to blame for most of the odd nights."""

    track: str
    usual: str
    odd: tuple[tuple[int, str, Cause], ...]
    flips: int
    nights: int
    cause: Cause


def unsteady(track: Track, nights: Sequence[Night], turns: Sequence[Turn]) -> Unsteady | None:
    """What a track shows apart from what was told of it. A turn that was told is no flip."""
    told = {one.start for one in turns if one.track == track.name}
    flips = sum(
        _side(one) != _side(other) and other.night not in told
        for one, other in zip(track.points, track.points[1:], strict=False)
    )
    if flips < FLIPS:
        return None
    begin = max(told, default=0)
    points = [one for one in track.points if one.night >= begin] or track.points
    usual = Counter(map(_side, points)).most_common(1)[0][0]
    odd = tuple((one.night, one.item.verdict, _blame(one, nights)) for one in points if _side(one) != usual)
    if not odd:
        return None
    cause = Counter(one for _, _, one in odd).most_common(1)[0][0]
    return Unsteady(track.name, usual, odd, flips, len(points), cause)


def _side(point: Point) -> str:
    return "good" if point.item.verdict in GOOD else "not good"


def _blame(point: Point, nights: Sequence[Night]) -> Cause:
    """What was measured wrongly goes before the policy."""
    item, host = point.item, nights[point.night].summary.host
    if item.cause in ("host", "generator"):
        return item.cause
    if (host.starved or 0.0) > LATE_SHARE:
        return "host"
    if item.verdict == "invalid" and (host.late or 0.0) > LATE_SHARE:
        return "generator"
    return "policy"
