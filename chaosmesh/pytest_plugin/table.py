"""The table of all expectations, at the end of a session; and what should be known at once."""

from __future__ import annotations

import contextlib
import warnings

import pytest

from chaosmesh.pytest_plugin import options
from chaosmesh.pytest_plugin.state import Row, State, state_of

HEAD = ["experiment", "fault", "claim", "evidence", "verdict"]


def show(reporter: pytest.TerminalReporter) -> None:
    """Nothing where there was no experiment."""
    state = state_of(reporter.config)
    rows = [row for many in state.rows.values() for row in many]
    notes = _notes(state)
    if not rows and not notes:
        return
    reporter.section("chaosmesh")
    if not state.announced:
        reporter.write_line(options.summary(reporter.config))
    if rows:
        _table(reporter, rows)
        _room(reporter, len(rows))
    for folder in dict.fromkeys(row[-1] for row in rows if row[-1]):
        reporter.write_line(f"run folder: {folder}")
    for note in notes:
        reporter.write_line(note)


def tell(config: pytest.Config, text: str) -> None:
    """A line in the midst of a test, past whatever takes its output; where there is no terminal (a worker of xdist), a
    warning for the summary."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        warnings.warn(pytest.PytestWarning(f"chaosmesh: {text}"), stacklevel=2)
        return
    capture = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        reporter.ensure_newline()
        reporter.write_line(f"chaosmesh: {text}")


def _table(reporter: pytest.TerminalReporter, rows: list[Row]) -> None:
    table = [HEAD, *(row[:-1] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        reporter.write_line(line.rstrip())


def _room(reporter: pytest.TerminalReporter, count: int) -> None:
    room = max(100, options.claims(reporter.config))
    if count > room:
        text = f"{count} claims where room for {room} was made: set chaosmesh_claims = {count}"
        reporter.write_line(text)


def _notes(state: State) -> list[str]:
    notes = [*state.said, *state.why, *(f"left behind: {one}" for one in state.left)]
    if state.interrupted and state.ran and not state.left:
        notes.append("interrupted: everything is healed and stopped")
    return notes
