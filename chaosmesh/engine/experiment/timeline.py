"""A run second by second, in words: what users got, and when which fault came and went."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from chaosmesh.engine.experiment.result import Run
from chaosmesh.ledger import FaultEvent, Request

MOST_LINES = 16
STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # seconds a line may stand for


def timeline(run: Run) -> str:
    """Nothing where nothing was sent."""
    requests = [one for stream in run.streams for one in run.ledger.requests(stream)]
    if not requests:
        return ""
    begin = min(one.intended_ns for one in requests)
    length = (max(one.intended_ns for one in requests) - begin) / 1e9
    step = next((one for one in STEPS if length / one <= MOST_LINES), STEPS[-1])
    lines = [*_load(requests, begin, step), *_faults(run.ledger.faults, begin, begin + int(length * 1e9))]
    return "\n".join(text for _, text in sorted(lines))


def _load(requests: Sequence[Request], begin: int, step: float) -> Iterable[tuple[float, str]]:
    slots: dict[int, list[Request]] = {}
    for one in requests:
        slots.setdefault(int((one.intended_ns - begin) / 1e9 / step), []).append(one)
    for slot, found in slots.items():
        ok = sum(one.ok for one in found) / len(found)
        slowest = sorted(one.latency_ms for one in found)
        causes = sorted({str(one.cause) for one in found if one.cause})
        why = f"  {', '.join(causes)}" if causes else ""
        share = f"{len(found):5d} sent  {ok:7.1%} ok"
        times = f"p50 {_ms(slowest, 0.5)}  p99 {_ms(slowest, 0.99)}"
        yield slot * step, f"+{slot * step:5.1f} s  {share}  {times}{why}"


def _ms(ordered: Sequence[float], share: float) -> str:
    value = ordered[max(0, math.ceil(share * len(ordered)) - 1)]
    return "   never" if math.isinf(value) else f"{value:5.0f} ms"


def _faults(events: Iterable[FaultEvent], begin: int, end: int) -> Iterable[tuple[float, str]]:
    """Those in force during the run: what came before it stands at its begin."""
    healed = {one.fault: one.at_ns for one in events if one.phase == "healed"}
    for one in events:
        if one.at_ns > end or (one.phase == "healed" and one.at_ns < begin):
            continue
        if one.phase == "applied" and healed.get(one.fault, end) < begin:
            continue
        at = max(0.0, (one.at_ns - begin) / 1e9)
        yield at, f"+{at:5.1f} s  {one.kind} {one.phase} on {one.target}"
