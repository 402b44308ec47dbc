"""The load of a run over time, by SQL: rates, success with causes, percentiles, and when faults were in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from chaosmesh.ledger.faults import FaultWindow, windows
from chaosmesh.ledger.store import read_faults
from chaosmesh.report.book.data import LATE_MS, Data
from chaosmesh.report.book.model import Load, Step, Window

STEPS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds that a step may last."""
MOST: Final = 150
"""Steps of a chart."""
CAUSES: Final = 5
"""Kinds of causes that a chart tells apart; the rest are counted together."""
REST: Final = "other causes"


def load_of(data: Data, faults: Iterable[FaultWindow], about: str) -> Load | None:
    """The requests that `data` is about; None where there are none."""
    begin, end, requests, ok = data.row("select min(t), max(t), count(*), count_if(ok) from asked")
    if not requests:
        return None
    step = next((one for one in STEPS if (end - begin) / one <= MOST), STEPS[-1])
    late, lag = data.row(
        "select count_if(lag_ms > ?) / count(*), quantile_disc(lag_ms, 0.99) from asked", LATE_MS
    )
    found = [one for one in faults if one.overlaps(*span_ns(data, begin, end))]
    return Load(
        about=about,
        step_s=step,
        steps=tuple(_steps(data, step)),
        windows=tuple(window(data, one, end) for one in found),
        requests=requests,
        ok=ok,
        late=late,
        lag_p99_ms=lag,
        causes=dict(
            data.rows("select kind, count(*) from asked where not ok group by 1 order by 2 desc, 1 limit 20")
        ),
    )


def windows_of(folder: Path) -> tuple[FaultWindow, ...]:
    """When each fault of a run folder was in force, by begin."""
    return windows(read_faults(folder))


def label(one: FaultWindow) -> str:
    """A fault as people name it: "errors on departures → flights.airport.local"."""
    return f"{one.kind} on {one.target.strip('>').replace('>', ' → ')}"


def _steps(data: Data, step: float) -> list[Step]:
    kinds = [
        name
        for (name,) in data.rows(
            "select kind from asked where not ok group by 1 order by count(*) desc, 1 limit ?", CAUSES
        )
    ]
    failed: dict[int, dict[str, int]] = defaultdict(dict)
    for at, kind, often in data.rows(
        "select floor(t / ?)::int, kind, count(*) from asked where not ok group by all order by 1, 3 desc",
        step,
    ):
        name = kind if kind in kinds else REST
        failed[at][name] = failed[at].get(name, 0) + often
    sent = dict(data.rows("select floor(sent_t / ?)::int, count(*) from asked group by 1", step))
    lines = data.rows(
        "select floor(t / ?)::int, count(*), count_if(ok), quantile_disc(latency_ms, [0.5, 0.95, 0.99]) from asked group by 1 order by 1",
        step,
    )
    return [
        Step(
            round(at * step, 3),
            meant / step,
            sent.get(at, 0) / step,
            ok,
            failed[at],
            *map(_finite, percentiles),
        )
        for at, meant, ok, percentiles in lines
    ]


def _finite(value: float) -> float | None:
    return None if value == float("inf") else value


def window(data: Data, one: FaultWindow, end: float) -> Window:
    """When it was in force, on the run's clock; `end` stands for no end."""
    over = end if one.end_ns is None else data.seconds(one.end_ns)
    return Window(max(data.seconds(one.begin_ns), 0.0), over, label(one))


def span_ns(data: Data, begin: float, end: float) -> tuple[int, int]:
    """Epoch nanoseconds of a span on the run's clock."""
    return data.origin_ns + round(begin * 1e9), data.origin_ns + round(end * 1e9)
