"""Progress while a run goes on: a live panel on a terminal, one line per step anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from chaosmesh.engine.events import (
    CellFinished,
    CellStarted,
    CheckFinished,
    CureTried,
    Event,
    Note,
    PhaseStarted,
    Progress,
    RunStarted,
)
from chaosmesh.report.frame import cell_words
from chaosmesh.report.words import clean, count, duration, edge, facts, percent, short_id

Clock = Callable[[], float]

_PHASES = {
    "start": "starting the mesh",
    "checks": "checking the rules",
    "matrix": "trying faults",
    "cure": "trying cures",
    "stop": "stopping the mesh",
}


class ProgressView(Protocol):
    """Shows events as they come."""

    def show(self, event: Event) -> None:
        """Take one event."""

    def stop(self) -> None:
        """Leave the screen clean."""


class PlainProgress:
    """One line per phase, finished cell, failed check, cure and note, each with the seconds since the start."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._began = clock()

    def show(self, event: Event) -> None:
        """Print the event's line, if it has one."""
        text = plain_line(event)
        if text:
            since = f"{self._clock() - self._began:6.1f} s  "
            self._console.print(Text(since + text), soft_wrap=True)

    def stop(self) -> None:
        """Nothing to undo: every line is already out."""


def plain_line(event: Event) -> str:
    """An event in one line, "" for those only the live view shows."""
    match event:
        case RunStarted():
            plan = f", about {duration(event.budget_s)}" if event.budget_s else ""
            return clean(f"{event.mesh}: {count(event.sidecars, 'sidecar')}, seed {event.seed}{plan}")
        case PhaseStarted():
            return _phase(event) + (f": {clean(event.detail)}" if event.detail else "")
        case CellFinished(result=cell):
            why = f" ({clean(cell.reason)})" if cell.reason and cell.verdict != "held" else ""
            return f"{edge(*cell.edge)}, {clean(cell.fault.label)}: {cell_words(cell)}{why}"
        case CheckFinished(result=check) if check.verdict.value != "pass":
            seen = facts(check.observed)
            return f"{check.verdict.value}: {short_id(check.id)}" + (f" (observed {seen})" if seen else "")
        case CureTried(cure=cure):
            return f"cure: {clean(cure.change)} → {clean(cure.after)}" + (
                "" if cure.worked else " (does not help)"
            )
        case Note():
            return clean(event.text)
        case _:
            return ""


def _phase(event: PhaseStarted) -> str:
    name = _PHASES.get(event.name, clean(event.name))
    return f"{name} ({event.total})" if event.total else name


class LiveProgress:
    """Two lines that redraw in place: phase and step, then the step's numbers and the time left."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._clock = clock
        self._began = clock()
        self._budget: float | None = None
        self._phase = ""
        self._total = self._done = self._bad = 0
        self._step = self._detail = ""
        self._numbers: Progress | None = None
        self._live = Live(console=console, transient=True, refresh_per_second=4, get_renderable=self.render)
        self._live.start()

    def show(self, event: Event) -> None:
        """Take the event into the picture; what must not be missed is also printed above it."""
        match event:
            case RunStarted():
                self._budget = event.budget_s
            case PhaseStarted():
                self._phase = _PHASES.get(event.name, clean(event.name))
                self._total, self._done, self._bad = event.total, 0, 0
                # The other phases' details are too long for the one line there is.
                self._detail = clean(event.detail) if event.name == "cure" else ""
                self._step, self._numbers = "", None
            case CellStarted():
                self._step, self._numbers = f"{edge(*event.edge)}, {clean(event.fault.label)}", None
            case Progress():
                step = clean(event.step)
                self._step, self._numbers = self._step if step in self._step else step, event
            case CellFinished() | CheckFinished() | CureTried():
                self._done += 1
                self._bad += _bad(event)
                self._say(event)
            case Note():
                self._say(event)
            case _:
                pass

    def _say(self, event: Event) -> None:
        if isinstance(event, Note) or _bad(event):
            self._live.console.print(Text(plain_line(event)))

    def render(self) -> Group:
        """The two lines as they are now."""
        first = f"{self._phase or _PHASES['start']}"
        if self._total:
            first += f" {min(self._done, self._total)} of {self._total}"
        bad = f"{self._bad} not ok" if self._bad else ""
        parts = [part for part in (first, bad, self._detail, self._step) if part]
        lines = (Text(" · ".join(parts), "bold"), Text("  " + " · ".join(self._second()), "dim"))
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return Group(*lines)

    def _second(self) -> list[str]:
        numbers = self._numbers
        parts: list[str] = []
        if numbers is not None:
            planned = f" of {numbers.planned:,}" if numbers.planned else ""
            parts.append(f"{numbers.done:,}{planned} requests")
            if numbers.done:
                parts.append(f"{percent(min(numbers.ok / numbers.done, 1.0))} ok")
            parts.append(f"{numbers.rate:,.0f}/s")
        return [*parts, self._time()]

    def _time(self) -> str:
        spent = self._clock() - self._began
        if self._budget is None:
            return f"{spent:.0f} s"
        left = self._budget - spent
        return (
            f"{spent:.0f} s, {left:.0f} s left"
            if left >= 0
            else f"{spent:.0f} s, planned {self._budget:.0f} s"
        )

    def stop(self) -> None:
        """Take the two lines off the screen."""
        self._live.stop()


def _bad(event: Event) -> bool:
    match event:
        case CellFinished(result=cell):
            return cell.verdict not in {"held", "accepted"}
        case CheckFinished(result=check):
            return check.verdict.value != "pass"
        case _:
            return False
