"""What a test's report holds of its experiment: evidence, its own word, properties for JUnit, rows of the table."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaosmesh.pytest_plugin import options
from chaosmesh.pytest_plugin.state import Row, state_of

if TYPE_CHECKING:
    from chaosmesh.engine.experiment.result import Claimed, Run

_RUNS: pytest.StashKey[list[Run]] = pytest.StashKey()
_FAILED: pytest.StashKey[bool] = pytest.StashKey()
_PASSED: pytest.StashKey[bool] = pytest.StashKey()


def began(item: pytest.Item, runs: list[Run]) -> None:
    """The experiment of a test begins; its runs will be in `runs`."""
    item.stash[_RUNS] = runs
    state_of(item.config).ran = True


def passed(item: pytest.Item) -> bool:
    """Whether the test itself is over, and passed."""
    return item.stash.get(_PASSED, False)


class _TooLateError(Exception):
    """There was no time left to begin."""


def in_time(item: pytest.Item) -> None:
    """An experiment that the session's budget leaves no time for is not tried, and undecided."""
    budget = options.budget(item.config)
    if budget is None or time.monotonic() - state_of(item.config).begun < budget:
        return
    text = f"not tried: the budget of {budget:g} s was over"
    if options.option(item.config, "undecided") == "warn":
        pytest.skip(f"chaosmesh: {text}")
    item.user_properties.append(("chaosmesh.verdict", "inconclusive"))
    raise _TooLateError(text)


def recorded(item: pytest.Item, runs: Sequence[Run], folder: Path, seed: int) -> None:
    """Facts for JUnit, and the rows of the table."""
    claims = [one for run in runs for one in run.claims]
    item.user_properties += [
        ("chaosmesh.verdict", ",".join(one.verdict.value for one in runs)),
        ("chaosmesh.claims", "; ".join(f"{one.statement}: {one.decision.verdict.value}" for one in claims)),
        ("chaosmesh.requests", str(sum(one.requests for one in runs))),
        ("chaosmesh.seed", str(seed)),
        ("chaosmesh.faults", "; ".join(dict.fromkeys(text for run in runs for text in run.faults)) or "none"),
        ("chaosmesh.folder", str(folder)),
    ]
    state_of(item.config).rows[item.nodeid] = [
        row for one in runs for row in _rows(item.name, one, str(folder))
    ]


def kept(folder: Path) -> None:
    """The expectations of a test as JUnit, in its run folder."""
    from chaosmesh.report.junit_runs import experiment_junit
    from chaosmesh.report.write import write_whole

    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    write_whole(folder / "junit.xml", experiment_junit(document))


def paged(item: pytest.Item, folder: Path) -> None:
    """The page of a test that did not pass, in its run folder; of every test where --chaos-report is given."""
    if not (item.stash.get(_FAILED, False) or item.config.getoption("chaos_report") is not None):
        return
    from chaosmesh.report.html import write_report

    try:
        path = write_report(folder)
    except Exception as error:  # noqa: BLE001 - whatever it was, the test's own outcome stands
        item.warn(pytest.PytestWarning(f"chaosmesh: no report could be written: {error}"))
        return
    item.user_properties.append(("chaosmesh.report", str(path)))


def from_outside(call: pytest.CallInfo[None]) -> None:
    """What we raise is about the test's own lines, not about ours below them."""
    from chaosmesh.errors import ChaosMeshError

    error = call.excinfo.value if call.excinfo and call.when == "call" else None
    if error is None or not (isinstance(error, ChaosMeshError) or hasattr(error, "run")):
        return
    ours = str(Path(__file__).parent.parent)
    step = error.__traceback__
    while step and step.tb_next:
        if step.tb_next.tb_frame.f_code.co_filename.startswith(ours):
            step.tb_next = None
        step = step.tb_next


def without_program(call: pytest.CallInfo[None]) -> None:
    """A test that needs a program which is not installed is skipped, and fails where CI=true."""
    from chaosmesh.errors import MissingProgramError

    error = call.excinfo.value if call.excinfo else None
    if not isinstance(error, MissingProgramError):
        return
    text = f"chaosmesh: {error.message}; to install it: {error.hint}"
    try:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(text, pytrace=False)
        pytest.skip(text)
    except (pytest.fail.Exception, pytest.skip.Exception):
        call.excinfo = pytest.ExceptionInfo.from_current()


def told(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Put into the report what xdist shall carry to the controller."""
    runs = item.stash.get(_RUNS, [])
    if report.when == "call":
        item.stash[_FAILED] = bool(report.failed)
        item.stash[_PASSED] = bool(report.passed)
    _end(item, call, report)
    run = getattr(call.excinfo.value, "run", None) if call.excinfo else None
    if run is not None and report.failed:
        report.chaosmesh_word = run.verdict.value  # type: ignore[attr-defined]
    if call.excinfo and isinstance(call.excinfo.value, _TooLateError):
        report.chaosmesh_word = "inconclusive"  # type: ignore[attr-defined]
        report.longrepr = str(call.excinfo.value)
    if report.when == "call" and report.failed and runs:
        evidence = "\n\n".join(f"{one.verdict.value}: {one.evidence}" for one in runs)
        report.sections.append(("chaosmesh evidence", evidence))
        if times := (run or runs[-1]).timeline:
            report.sections.append(("chaosmesh timeline", times))
        if failed := [one for run in runs for one in run.traces.failed_ids]:
            report.sections.append(("chaosmesh trace", _command(item, failed)))
    report.chaosmesh_ran = state_of(item.config).ran  # type: ignore[attr-defined]
    if report.when == "teardown":
        report.chaosmesh_rows = state_of(item.config).rows.get(item.nodeid, [])  # type: ignore[attr-defined]


def folder_name(item: pytest.Item) -> str:
    """The run folder's name for a test."""
    return re.sub(r"[^\w.-]+", "-", item.name).strip("-")


def _command(item: pytest.Item, failed: Sequence[str]) -> str:
    """How to look at requests that failed: the first of them, and all."""
    run = f"{options.option(item.config, 'report')}/{folder_name(item)}/latest"
    return f"chaosmesh trace {run} {failed[0]}\nchaosmesh trace {run} --failed    # {len(failed):,} failed"


def _end(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """A lost keeper ends the session with 4, a limit of the scenario with 5."""
    from chaosmesh.errors import KeeperLostError, LimitExceededError

    error = call.excinfo.value if call.excinfo else None
    if not isinstance(error, (KeeperLostError, LimitExceededError)):
        return
    item.session.shouldstop = str(error)
    report.chaosmesh_end = [int(error.code), str(error)]  # type: ignore[attr-defined]
    if isinstance(error, LimitExceededError):
        report.chaosmesh_word = "stopped"  # type: ignore[attr-defined]


def _rows(name: str, run: Run, folder: str) -> list[Row]:
    faults = " + ".join(one.partition(": ")[0] for one in run.faults) or "none"
    policy = f" ({run.policy})" if run.policy else ""
    return [
        [
            name + policy,
            faults,
            one.statement,
            _seen(one),
            run.verdict.value if run.verdict.value == "invalid" else one.decision.verdict.value,
            folder,
        ]
        for one in run.claims
    ]


def _seen(claimed: Claimed) -> str:
    decision = claimed.decision
    if decision.observed is None:
        return "nothing counted"
    value = f"{decision.observed * 100:.4g} %" if claimed.is_share else f"{decision.observed:.3g}"
    planned = f", planned {claimed.planned:,}" if claimed.planned else ""
    return f"{value} of {decision.n:,}{planned}"
