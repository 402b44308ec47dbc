"""A run step by step: what was sent, what failed and why, and which faults were in force."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chaosmesh.ledger.faults import FaultEvent, FaultWindow, windows
from chaosmesh.ledger.model import Request


@dataclass(frozen=True, slots=True)
class Step:
    """One step of load (a second, if nothing else is said), which begins `at_s` seconds after the first request was
    meant to leave; a request belongs to the step in which it was meant to leave itself. `failed` counts causes in
    words. `retries` are the attempts beyond the first of every call on every hop. `p99_ms` is None when no answer came
    for it."""

    at_s: float
    sent: int
    ok: int
    failed: Mapping[str, int]
    retries: int
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class InForce:
    """A fault and when it was in force, in seconds on the same clock; `until_s` None: to the end."""

    fault: str
    kind: str
    target: str
    from_s: float
    until_s: float | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Steps of `step_s` seconds in order, without gaps, and the faults by begin; both empty without requests."""

    steps: tuple[Step, ...] = ()
    faults: tuple[InForce, ...] = ()
    step_s: float = 1.0

    def lines(self) -> list[str]:
        """A table for a terminal: a line a fault, then a line a step."""
        told = [
            f"{one.kind} on {one.target}: {one.from_s:.1f} s to "
            f"{'the end' if one.until_s is None else f'{one.until_s:.1f} s'}"
            for one in self.faults
        ]
        head = (
            f"{'at':>7} {'sent':>6} {'ok':>6} {'retries':>7} {'p99 ms':>8}  faults, and why requests failed"
        )
        return [*told, head, *(self._line(one) for one in self.steps)] if self.steps else told

    def _line(self, one: Step) -> str:
        p99 = "–" if one.p99_ms is None else f"{one.p99_ms:.0f}"
        marks = [f"[{fault.kind}]" for fault in self.faults if _meets(fault, one.at_s, self.step_s)]
        why = [f"{often} × {cause}" for cause, often in one.failed.items()]
        text = f"{one.at_s:5.1f} s {one.sent:6d} {one.ok:6d} {one.retries:7d} {p99:>8}  "
        return (text + " ".join([*marks, ", ".join(why)])).rstrip()


def timeline(requests: Iterable[Request], faults: Iterable[FaultEvent], *, step_s: float = 1.0) -> Timeline:
    """The timeline of some requests; faults that were healed before the first of them are left out."""
    listed = list(requests)
    if not listed:
        return Timeline(step_s=step_s)
    first = min(one.intended_ns for one in listed)
    last = max(one.done_ns for one in listed)
    by_step: dict[int, list[Request]] = {}
    for one in listed:
        by_step.setdefault(int((one.intended_ns - first) / 1e9 / step_s), []).append(one)
    steps = tuple(_step(round(at * step_s, 6), by_step.get(at, ())) for at in range(max(by_step) + 1))
    met = [one for one in windows(faults) if one.overlaps(first, last)]
    return Timeline(steps, tuple(_in_force(one, first) for one in met), step_s)


def _step(at_s: float, requests: Sequence[Request]) -> Step:
    failed = Counter(str(one.cause) for one in requests if one.cause is not None)
    return Step(
        at_s=at_s,
        sent=len(requests),
        ok=sum(one.ok for one in requests),
        failed=dict(failed.most_common()),
        retries=sum(max(len(call.attempts) - 1, 0) for one in requests for call in one.calls),
        p99_ms=_p99([one.latency_ms for one in requests]),
    )


def _p99(latencies: list[float]) -> float | None:
    if not latencies:
        return None
    value = sorted(latencies)[math.ceil(0.99 * len(latencies)) - 1]
    return None if math.isinf(value) else round(value, 3)


def _in_force(one: FaultWindow, first_ns: int) -> InForce:
    until = None if one.end_ns is None else round((one.end_ns - first_ns) / 1e9, 3)
    return InForce(one.fault, one.kind, one.target, round((one.begin_ns - first_ns) / 1e9, 3), until)


def _meets(fault: InForce, at_s: float, step_s: float) -> bool:
    return fault.from_s < at_s + step_s and (fault.until_s is None or fault.until_s >= at_s)
