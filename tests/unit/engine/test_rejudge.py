"""A verification's verdict once more from its folder: what is told again, what is taken over, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.engine.cells import verdict_of
from chaosmesh.engine.folder import digests
from chaosmesh.engine.goal import Goal
from chaosmesh.engine.rejudge import rejudge
from chaosmesh.engine.results import Bounds, CellResult, FaultDose, VerifyResult
from chaosmesh.engine.tally import Tally
from chaosmesh.errors import ExitCode, UsageError
from chaosmesh.judge import interval
from chaosmesh.ledger import Ledger
from chaosmesh.load import Record
from chaosmesh.report.jsonfile import jsonable

ALPHA = 1e-4
GOAL = Goal(0.99, 1.0, declared=True)
MS = 1_000_000


def records(n: int, *, broken: int = 0) -> list[Record]:
    """`n` requests, of which the first `broken` fail."""
    return [
        Record(seq, 0, seq * MS, seq * MS, (seq + 5 + seq % 7) * MS, 503 if seq < broken else 200, 0)
        for seq in range(n)
    ]


def cell(streams: dict[int, list[Record]], counted: int, kind: str = "errors", **other: Any) -> CellResult:
    """What a cell says that counted so many of the requests of its streams."""
    tally = Tally(1000)
    tally.add(
        replace(one, seq=n) for n, one in enumerate([r for many in streams.values() for r in many][:counted])
    )
    verdict, reason = verdict_of(GOAL, tally.success, tally.within, ALPHA)
    low, high = interval(tally.n, tally.ok, ALPHA * 2)
    made = CellResult(
        edge=("a", "b"),
        fault=FaultDose(kind, kind),  # type: ignore[arg-type]
        entry="a",
        n=tally.n,
        k=tally.ok,
        low=low,
        high=high,
        p50_ms=tally.quantile_ms(0.5),
        p99_ms=tally.quantile_ms(0.99),
        amplification=1.0,
        predicted={},
        verdict=verdict,
        reason=reason,
        streams=tuple(streams),
        evidence=(tally.success, tally.within),
    )
    return replace(made, **other)


def run(folder: Path, cells: list[CellResult], streams: dict[int, list[Record]], **other: Any) -> Path:
    """A run folder."""
    ledger = Ledger()
    for number, many in streams.items():
        ledger.add_records(number, many)
    ledger.write(folder)
    result = VerifyResult(
        mesh="m",
        runtime="process",
        profile="appmesh",
        seed=0,
        alpha=0.01,
        duration_s=1.0,
        checks=(),
        matrix=tuple(cells),
        not_checked=(),
        coverage={},
        cost={},
        findings=(),
        gated=True,
        bounds=Bounds(GOAL.success, GOAL.p99_s, ALPHA, declared=True),
        files=digests(folder),
    )
    (folder / "run.json").write_text(json.dumps(jsonable(replace(result, **other).as_json())))
    return folder


def test_a_cell_follows_from_the_first_of_its_requests_that_were_counted(tmp_path: Path) -> None:
    streams = {1: records(2000), 2: records(700, broken=16), 3: records(500, broken=60)}
    first_two = {number: streams[number] for number in (1, 2)}
    cells = [cell({1: streams[1]}, 1800), cell(first_two, 2400), cell({3: streams[3]}, 500)]
    found = rejudge(run(tmp_path, cells, streams))
    assert found.document == json.loads((tmp_path / "run.json").read_text())
    assert [one.now for one in found.lines] == ["held", "inconclusive", "weak"]
    assert found.code is ExitCode.FAIL
    assert not found.changed


def test_another_alpha_changes_the_matrix_and_what_follows_from_it_alone(tmp_path: Path) -> None:
    streams = {1: records(2000)}
    found = rejudge(run(tmp_path, [cell(streams, 1800)], streams), alpha=1e-60)
    before = json.loads((tmp_path / "run.json").read_text())
    assert {name for name in before if before[name] != found.document[name]} == {"matrix", "summary"}
    assert (found.changed[0].before, found.changed[0].now, found.code) == (
        "held",
        "inconclusive",
        ExitCode.UNDECIDED,
    )


def test_what_is_taken_over(tmp_path: Path) -> None:
    """Why a cell was invalid, that a weakness is accepted, and what was counted before it had ended."""
    streams = {1: records(700, broken=60)}
    late = cell(streams, 500, verdict="invalid", reason="the generator was late")
    known = cell(streams, 500, verdict="accepted", reason="accepted: known")
    hung = replace(cell(streams, 500, "hang"), n=400, k=399)
    found = rejudge(run(tmp_path, [late, known, hung], streams))
    assert [one.now for one in found.lines] == ["invalid", "accepted", "weak"]
    assert [one.again for one in found.lines] == [False, True, True]


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({}, ExitCode.PASS),
        ({"expired": ("a waiver",)}, ExitCode.FAIL),
        ({"stopped": "too many errors"}, ExitCode.LIMIT),
        ({"unaccounted": ("3 rows are missing",)}, ExitCode.UNDECIDED),
        ({"unaccounted": ("3 rows are missing",), "tolerant": True}, ExitCode.PASS),
    ],
)
def test_it_ends_as_the_run_did(tmp_path: Path, other: dict[str, Any], code: ExitCode) -> None:
    streams = {1: records(2000)}
    assert rejudge(run(tmp_path, [cell(streams, 1800)], streams, **other)).code is code


def test_a_count_that_does_not_follow_is_refused(tmp_path: Path) -> None:
    streams = {1: records(2000)}
    run(tmp_path, [replace(cell(streams, 1800), k=1799)], streams)
    with pytest.raises(UsageError, match="follows as"):
        rejudge(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is missing"),
        ("{", "can't be read"),
        ("[]", "is no run"),
        ('{"schema": "other/1"}', "no run of this version"),
        ('{"schema": "chaosmesh.verify/1"}', "is damaged: KeyError"),
        ('{"schema": "chaosmesh.experiment/1", "seal": "x"}', "was changed after the run"),
    ],
)
def test_what_is_no_run_is_told(tmp_path: Path, text: str | None, said: str) -> None:
    run(tmp_path, [], {1: records(10)})
    (tmp_path / "run.json").unlink()
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(UsageError, match=said):
        rejudge(tmp_path / "run.json")


def test_a_part_of_the_run_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    run(tmp_path, [], {1: records(10)})
    (tmp_path / "faults.json").unlink()
    (tmp_path / "faults.json").mkdir()
    with pytest.raises(UsageError, match=r"faults\.json can't be read"):
        rejudge(tmp_path)
