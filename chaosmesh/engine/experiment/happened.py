"""What happened in an experiment, in order: its events.ndjson, in the words of the control tower's timeline."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from chaosmesh.engine.experiment.result import Run
from chaosmesh.engine.folder import EVENTS
from chaosmesh.engine.tower.state import EventState
from chaosmesh.engine.tower.story import Kind, line_of
from chaosmesh.ledger import Ledger
from chaosmesh.ledger.faults import FaultEvent
from chaosmesh.load import Record

_Told = tuple[int, Kind, str, str | None]
"""Epoch ns, kind, text, edge."""

_PHASES: dict[str, tuple[Kind, str]] = {
    "applied": ("fault", "in force"),
    "evidence": ("fault", "seen to act"),
    "healed": ("heal", "healed"),
}


def keep_events(folder: Path, runs: Sequence[Run]) -> None:
    """Write `events.ndjson` for the expectations of one test: load that began and ended, faults, policies, verdicts."""
    told = [*_faults(runs[0].ledger), *itertools.chain.from_iterable(map(_run, runs))]
    told.sort(key=lambda one: one[0])
    lines = (
        line_of(EventState(number, at_ns // 1_000_000, kind, text, edge))
        for number, (at_ns, kind, text, edge) in enumerate(told, 1)
    )
    (folder / EVENTS).write_text("".join(lines), encoding="utf-8")


def _faults(ledger: Ledger) -> Iterator[_Told]:
    for one in ledger.faults:
        kind, words = _PHASES[one.phase]
        yield one.at_ns, kind, f"{one.fault} {words}{_doses(one)}", one.target.replace(">", "->")


def _doses(event: FaultEvent) -> str:
    doses = ", ".join(f"{name} {value}" for name, value in event.attributes.items())
    return f": {doses}" if doses and event.phase != "healed" else ""


def _run(run: Run) -> Iterator[_Told]:
    last = 0
    for stream in run.streams:
        records = [one for number, one in run.ledger.records if number == stream]
        if records:
            yield from _load(stream, records)
            last = max(last, *(one.done_ns for one in records))
    for span in run.facts.policies if run.facts else ():
        yield span.begin_ns, "policy", f"in force: {span.name}", None
    for claim in run.claims:
        yield last, "claim", f"{claim.decision.verdict.value}: {claim.decision.reason}", None
    yield last, "note", f"{run.verdict.value}: {run.reason}", None


def _load(stream: int, records: Sequence[Record]) -> Iterator[_Told]:
    yield min(one.sent_ns for one in records), "load", f"stream {stream} begins", None
    well = sum(one.ok for one in records)
    ended = f"stream {stream} ended: {len(records):,} requests, {well:,} of them successful"
    yield max(one.done_ns for one in records), "load", ended, None
