"""The state of the page, put together from what was counted, asked and done."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Final

from chaosmesh.engine.stack import Stack
from chaosmesh.engine.tower.band import Foreseen, band
from chaosmesh.engine.tower.faults import Standing
from chaosmesh.engine.tower.replicas import Replicas
from chaosmesh.engine.tower.seconds import NS, RUN_S, SHORT_S, WINDOW_S, EdgeSecond, EntrySecond, quantiles
from chaosmesh.engine.tower.seen import EdgeCounts, Seen
from chaosmesh.engine.tower.state import (
    Edge,
    EdgeHistory,
    History,
    Load,
    LoadTotal,
    Node,
    TargetShare,
    Tone,
)
from chaosmesh.mesh.picture import Arrow, Picture

WELL: Final = 0.99
"""Success of calls below which an edge is bad; between it and 1, and with retries, it wants a look."""
RETRIED: Final = 1.05


def nodes_of(picture: Picture, replicas: Replicas, stack: Stack) -> list[Node]:
    """Every workload with its replicas; what is outside has none of ours."""
    return [
        Node(
            one.id,
            one.label,
            one.kind,
            one.column,
            one.row,
            one.entry,
            () if one.kind == "external" else replicas.of(one.id),
        )
        for one in picture.nodes
        if one.kind == "external" or any(each.name == one.id for each in stack.mesh.workloads)
    ]


def edges_of(
    arrows: Mapping[str, Arrow],
    seen: Seen,
    replicas: Replicas,
    foreseen: Foreseen,
    faults: Sequence[Standing],
    now: int,
) -> list[Edge]:
    """Every edge over the last seconds before `now` (epoch s)."""
    return [_edge(one, seen, replicas, foreseen, faults, now) for one in arrows.values()]


def _edge(
    arrow: Arrow,
    seen: Seen,
    replicas: Replicas,
    foreseen: Foreseen,
    faults: Sequence[Standing],
    now: int,
) -> Edge:
    pair = (arrow.client, arrow.service)
    counts = seen.edges.get(pair) or EdgeCounts()
    window = counts.seconds.window(now)
    n, ok = sum(one.calls for one in window), sum(one.ok for one in window)
    attempts = sum(one.attempts for one in window)
    p50, p99 = quantiles([one.ms for one in window], (0.5, 0.99))
    ejections = replicas.health.ejections(arrow.client, [name for name, _ in arrow.targets])
    success = ok / n if n else None
    mean = attempts / n if n else None
    last = [one for _, one in counts.seconds.of(now - SHORT_S, now)]
    return Edge(
        arrow.id,
        arrow.client,
        arrow.service,
        arrow.label,
        _targets(arrow, window),
        round(n / WINDOW_S, 2),
        n,
        _rounded(success),
        _rounded(mean),
        p50,
        p99,
        ejections,
        sum(one.overflows for one in window),
        _tone(success, mean, ejections),
        foreseen.edge(pair, n),
        [one.id for one in faults if any(path.pair == pair for path in one.context.paths)],
        EdgeHistory(
            [one.calls if one else 0 for one in last],
            [_rounded(one.ok / one.calls) if one and one.calls else None for one in last],
        ),
        {"calls": counts.calls, "ok": counts.ok, "attempts": counts.attempts},
    )


def _targets(arrow: Arrow, window: Sequence[EdgeSecond]) -> list[TargetShare]:
    counted = {name: sum(one.targets[name] for one in window) for name, _ in arrow.targets}
    whole = sum(counted.values())
    return [
        TargetShare(name, weight, _rounded(counted[name] / whole) if whole else None, counted[name])
        for name, weight in arrow.targets
    ]


def _tone(success: float | None, attempts: float | None, ejections: int) -> Tone:
    if success is None or attempts is None:
        return "warn" if ejections else "idle"
    if success < WELL:
        return "bad"
    return "warn" if success < 1 or attempts > RETRIED or ejections else "ok"


def load_of(seen: Seen, users: int, planned: float, late: str | None, now: int, *, running: bool) -> Load:
    """The load of the last seconds before `now` (epoch s)."""
    window = seen.entry.window(now)
    done, failed = sum(one.done for one in window), sum(one.failed for one in window)
    p50, p95, p99 = quantiles([one.ms for one in window], (0.5, 0.95, 0.99))
    lag = quantiles([one.lag for one in window], (0.99,))[0]
    return Load(
        running,
        users,
        round(planned, 2),
        round(sum(one.sent for one in window) / WINDOW_S, 2),
        round(done / WINDOW_S, 2),
        _rounded((done - failed) / done) if done else None,
        p50,
        p95,
        p99,
        lag,
        late,
        LoadTotal(seen.sent, seen.ok, seen.failed),
    )


def history_of(seen: Seen, windows: Sequence[Mapping[str, object]], since: int, now: int) -> History:
    """Second by second from `since`, or from as far back as is kept, to before `now` (epoch s)."""
    first = max(since, now - RUN_S)
    seconds = list(seen.entry.of(first, now))
    points = [_points(one) for _, one in seconds]
    bands = [_band(one) for _, one in seconds]
    recent = [
        {key: one[key] for key in ("from", "to", "label")}
        for one in windows
        if one["to"] is None or float(str(one["to"])) >= first
    ]
    return History(
        [number for number, _ in seconds],
        [max(one.due, one.planned) if one else 0 for _, one in seconds],
        [one.done if one else 0 for _, one in seconds],
        [one.failed if one else 0 for _, one in seconds],
        [one[0] for one in points],
        [one[1] for one in points],
        [one[2] for one in points],
        [one[0] if one else None for one in bands],
        [one[1] if one else None for one in bands],
        recent,
    )


def _points(one: EntrySecond | None) -> Sequence[float | None]:
    if one is None:
        return (None, None, None)
    return quantiles([one.ms], (0.5, 0.95, 0.99)) if one.ms else one.points


def _band(one: EntrySecond | None) -> tuple[float, float] | None:
    if one is None or one.expected is None or not one.done:
        return None
    low, high = band(one.expected, one.done)
    return round(low, 5), round(high, 5)


def _rounded(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, 5)


def present() -> int:
    """The present second (epoch)."""
    return time.time_ns() // NS
