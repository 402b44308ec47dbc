"""What people see: the table on stdout and the progress on stderr."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len

from chaosmesh.engine.events import CellStarted, Note, PhaseStarted, Progress, RunStarted
from chaosmesh.engine.results import VerifyResult
from chaosmesh.errors import Where
from chaosmesh.report.terminal import Terminal
from tests.unit.report import samples
from tests.unit.report.samples import broken_result, cell, check, clean_result, events, result

Snapshot = Callable[[str, str], None]


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def show(
    outcome: VerifyResult,
    *,
    folder: str = "runs/airport/latest",
    out: io.StringIO | None = None,
    err: io.StringIO | None = None,
    **options: Any,
) -> tuple[str, str]:
    out, err = out or io.StringIO(), err or io.StringIO()
    options.setdefault("environ", {})
    terminal = Terminal(out, err, clock=Clock(), **options)
    for event in events(outcome, folder):
        terminal(event)
    terminal.close()
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize(
    ("name", "outcome"), [("weak", result()), ("broken", broken_result()), ("fine", clean_result())]
)
def test_the_table(snapshot: Snapshot, name: str, outcome: VerifyResult, width: int) -> None:
    out, _ = show(outcome, width=width)
    assert max(cell_len(line) for line in out.splitlines()) <= width
    snapshot(f"table_{name}_{width}.txt", out)


def test_plain_progress(snapshot: Snapshot) -> None:
    _, err = show(broken_result(), width=80)
    snapshot("progress_plain.txt", err)


def test_the_table_does_not_hide_what_is_wrong() -> None:
    out, _ = show(broken_result(), width=200)
    for needle in ("FAIL", "INVALID", "WEAK", "EXPIRED", "weather-route.json:12:9", "attempts 1", "exit 1"):
        assert needle in out


def test_a_weak_cell_without_a_finding_is_listed_with_its_rule() -> None:
    out, _ = show(result(findings=()), width=120)
    assert "WEAK  flights → weather, +300 ms: p99 2.03 s, goal 1 s (1,240 requests)" in out
    assert "weather-route.json:14:9" in out


def test_only_the_fault_that_a_finding_names_is_explained_by_it() -> None:
    other = cell(
        samples.WEATHER, samples.ERRORS, "weak", k=1100, reason="success at least 99 %: 88.7 % of 1,240"
    )
    out, _ = show(result(matrix=(*samples.MATRIX, other)), width=200)
    assert out.count("WEAK  flights → weather, +300 ms") == 1
    assert out.count("WEAK  flights → weather, 503 30 %") == 1


def test_a_statement_does_not_repeat_the_name_before_it() -> None:
    one = check(verdict=samples.Verdict.FAIL, statement="weather-route: a failing call is tried 2 more times")
    assert (
        "FAIL  weather-route retryPolicy.maxRetries: a failing call"
        in show(result(checks=(one,)), width=120)[0]
    )


def test_weak_names_the_measure_that_missed_the_goal() -> None:
    missed = cell(
        samples.WEATHER, samples.LATENCY, "weak", k=1204, reason="success at least 99 %: 97.1 % of 1,240"
    )
    slow = cell(
        samples.WEATHER, samples.ERRORS, "weak", p99_ms=2030.0, reason="p99 at most 1 s: 87.8 % of 1,240"
    )
    out, _ = show(result(matrix=(missed, slow), findings=()), width=120)
    assert "WEAK 97.0 %" in out
    assert "WEAK 2.03 s" in out


def test_only_so_many_failures_are_listed() -> None:
    many = tuple(check(f"match.headers.h{n}", samples.Verdict.FAIL) for n in range(50))
    out, _ = show(result(checks=many), width=120)
    assert out.count("FAIL  ") == 20
    assert "… and 30 more in the report" in out


def test_a_matrix_too_wide_is_stacked() -> None:
    long = ("a-client-with-a-rather-long-name", "a-service-with-a-rather-long-name.mesh.local")
    out, _ = show(
        result(matrix=(cell(long, samples.ERRORS), cell(long, samples.LATENCY)), findings=()), width=60
    )
    assert re.search(r"^    503 30 %   ok 99\.8 %$", out, re.MULTILINE)
    assert re.search(r"^    \+300 ms +ok 0\.34 s$", out, re.MULTILINE)


def test_an_edge_felt_at_two_entries_has_two_rows() -> None:
    import dataclasses

    one = cell(samples.WEATHER, samples.ERRORS)
    other = dataclasses.replace(one, entry="kiosk")
    out, _ = show(result(matrix=(one, other), findings=()), width=120)
    assert "flights → weather (from departures)" in out
    assert "flights → weather (from kiosk)" in out


def test_nothing_tried_is_not_a_pass() -> None:
    out, _ = show(result(checks=(), matrix=(), findings=()), width=120)
    assert "no rule was checked" in out
    assert "Nothing was tried" in out
    assert "exit 3" in out


def test_a_ledger_that_disagrees_is_told() -> None:
    out, _ = show(result(unaccounted=tuple(f"flights/{n}: 3 of 4 rows" for n in range(5))), width=200)
    told = "flights/0: 3 of 4 rows; flights/1: 3 of 4 rows; flights/2: 3 of 4 rows; and 2 more"
    assert f"INVALID  the record of attempts disagrees with the sidecars' counters: {told}" in out


def test_hostile_names_stay_on_their_line() -> None:
    name = "evil\x1b[2J\x1b]0;owned\x07\nPolicy    999 of 999"
    outcome = result(
        mesh=name,
        goal=name,
        matrix=(cell((name, name), samples.ERRORS, "invalid", reason=name),),
        checks=(check(verdict=samples.Verdict.FAIL, reason=name, statement=name, where=Where(name)),),
    )
    for environ in ({}, {"CI": "1"}):
        out, err = show(outcome, width=120, environ=environ)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", out + err)
        assert not re.search(r"^Policy    999", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_on_a_terminal(environ: dict[str, str], coloured: bool) -> None:
    out, _ = show(result(), out=Screen(), environ=environ, width=100)
    assert ("\x1b[" in out) is coloured


def test_a_pipe_has_colours_only_when_forced() -> None:
    assert "\x1b[" not in show(result(), environ={"TERM": "xterm"})[0]
    assert "\x1b[" in show(result(), environ={"TERM": "xterm", "FORCE_COLOR": "1"})[0]


def test_forced_colours_do_not_redraw_in_a_log() -> None:
    _, err = show(result(), environ={"TERM": "xterm", "FORCE_COLOR": "1"})
    assert "\r" not in err
    assert "\x1b[2K" not in err
    assert "\x1b[1A" not in err


def test_columns_decides_the_width_of_a_pipe() -> None:
    out, _ = show(result(), environ={"COLUMNS": "60"})
    assert max(map(cell_len, out.splitlines())) <= 60


def test_a_stream_that_knows_only_ascii_is_served() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="strict", write_through=True)
    terminal = Terminal(stream, stream, environ={})
    for event in events(result(), ""):
        terminal(event)
    assert b"departures -> flights" in raw.getvalue()
    assert b"p99 <= 1 s" in raw.getvalue()


def live(*shown: Any, width: int = 80, passed: float = 0.0) -> str:
    """The screen's last frame of the live view after some events."""
    from rich.console import Console

    from chaosmesh.report.live import LiveProgress

    clock = Clock()
    screen = Screen()
    view = LiveProgress(
        Console(file=screen, width=width, force_terminal=True, _environ={"TERM": "xterm"}), clock
    )
    for event in shown:
        view.show(event)
    clock.now += passed
    text = io.StringIO()
    Console(file=text, width=width, _environ={}).print(view.render())
    view.stop()
    return text.getvalue()


STARTED = RunStarted("airport", "appmesh", 7, 5, "1.40", "", "", 60.0)
STEP = (
    PhaseStarted("matrix", 10),
    CellStarted(samples.WEATHER, samples.ERRORS, 1240),
    Progress("", 620, 618, 1240, 249.6),
)


def test_the_live_view_shows_phase_step_numbers_and_time_left() -> None:
    assert live(STARTED, *STEP, passed=23.0) == (
        "trying faults 0 of 10 · flights → weather.airport.local, 503 30 %\n"
        "  620 of 1,240 requests · 99.6 % ok · 250/s · 23 s, 37 s left\n"
    )


def test_the_live_view_fits_a_narrow_window() -> None:
    lines = live(STARTED, *STEP, width=40, passed=75.0).splitlines()
    assert len(lines) == 2
    assert max(map(cell_len, lines)) <= 40


def test_the_live_view_says_when_it_is_over_its_plan() -> None:
    assert "75 s, planned 60 s" in live(STARTED, *STEP, passed=75.0)
    assert "75 s\n" in live(*STEP, passed=75.0)


def test_a_step_keeps_its_edge_and_a_cure_its_change() -> None:
    assert "weather.airport.local, 503 30 %" in live(STARTED, *STEP[:2], Progress("503 30 %", 1, 1, 0, 9.0))
    cure = live(PhaseStarted("cure", 1, "perRetryTimeout 1 s"), Progress("+300 ms", 1, 1, 0, 9.0))
    assert cure.startswith("trying cures 0 of 1 · perRetryTimeout 1 s · +300 ms\n")
    assert live(
        PhaseStarted("checks", 3), Progress("a", 1, 1, 0, 9.0), Progress("b", 1, 1, 0, 9.0)
    ).startswith("checking the rules 0 of 3 · b\n")


def test_notes_and_bad_results_stay_on_the_screen() -> None:
    _, err = show(broken_result(), err=Screen(), environ={"TERM": "xterm"}, width=100)
    visible = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", err)
    assert "the host was busy for 0.3 s" in visible
    assert "fail: weather-route retryPolicy.maxRetries" in visible
    assert err.endswith("\x1b[?25h") or "\x1b[?25h" in err.split("the host was busy")[-1]


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"TERM": "xterm", "CI": "true"}])
def test_no_live_view_on_dumb_terminals_and_in_ci(environ: dict[str, str]) -> None:
    _, err = show(result(), err=Screen(), environ=environ)
    assert "\x1b[?25l" not in err
    assert "trying faults (6)" in err


def test_an_interrupted_run_gives_the_screen_back() -> None:
    err = Screen()
    terminal = Terminal(io.StringIO(), err, environ={"TERM": "xterm"}, width=80)
    terminal(STARTED)
    terminal(Note("hello"))
    terminal.close()
    terminal.close()
    assert err.getvalue().count("\x1b[?25h") == 1


def test_rich_is_not_imported_before_the_first_event() -> None:
    code = "import sys, chaosmesh.report.terminal; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
