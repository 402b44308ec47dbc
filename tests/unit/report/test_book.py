"""What a report tells of a run: the same numbers as in its folder."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from chaosmesh.engine.results_read import result_of
from chaosmesh.errors import UsageError
from chaosmesh.report.book import Book, read
from chaosmesh.report.jsonfile import jsonable
from tests import runfolders
from tests.unit.report import samples

CLAIM = {
    "claim": "success at least 0.95",
    "name": "success",
    "planned": 211,
    "verdict": "fail",
    "n": 400,
    "k": 300.0,
    "observed": 0.75,
    "low": 0.7,
    "high": 0.8,
    "bound": 0.95,
    "reason": "success at least 0.95: 75 % of 400 requests successful",
}


def experiment(**changes: Any) -> dict[str, Any]:
    """A run.json of an experiment that failed."""
    entry = {
        "verdict": "fail",
        "reason": "success at least 0.95: 75 % of 400 requests successful",
        "requests": 400,
        "streams": [7],
        "policy": "without retryPolicy",
        "faults": ["503 30 % on departures → flights: met 100 of 400 attempts"],
        "observed": {"success": 0.75, "p99_ms": None},
        "predicted": {"success": 0.7},
        "explained": [],
        "claims": [CLAIM],
        "duration_s": 1.6,
        "facts": None,
    }
    return {
        "schema": "chaosmesh.experiment/1",
        "test": "experiments/test_x.py::test_x",
        "mesh": "airport",
        "profile": "appmesh",
        "seed": 3,
        "alpha": 0.01,
        "verdict": "fail",
        "expectations": [entry | changes],
    }


CANARY = {
    "schema": "chaosmesh.canary/1",
    "route": "flights-route",
    "to": "flights-v2",
    "verdict": "fail",
    "reason": "it was worse",
    "weight": 0,
    "exposed": 110,
    "hurt": 40,
    "back": {"in_force_ms": 9.1, "strays": 0},
    "steps": [
        {"weight": 10, "end": "on", "reason": "kept", "new": 50, "stable": 450, "in_force_ms": 8.0, "seconds": 2.0, "claims": []},
        {"weight": 50, "end": "back", "reason": "worse", "new": 60, "stable": 60, "in_force_ms": 9.0, "seconds": 1.0, "claims": [CLAIM]},
    ],
    "mesh": "airport",
    "profile": "appmesh",
    "seed": 0,
    "alpha": 0.001,
}  # fmt: skip


def of(tmp_path: Path, document: dict[str, Any], *, fault: tuple[int, int] | None = (100, 200)) -> Book:
    folder = runfolders.finished(tmp_path / "run", document, {"a.yaml": "one\ntwo"})
    runfolders.ledger(folder, 400, fault=fault, rate=100.0)
    return read(folder)


def test_a_result_comes_back_from_its_document() -> None:
    for outcome in (samples.result(), samples.broken_result(), samples.clean_result()):
        told = json.loads(json.dumps(jsonable(outcome.as_json())))
        assert jsonable(result_of(told).as_json()) == told


def test_the_load_is_that_of_the_tables(tmp_path: Path) -> None:
    book = of(tmp_path, experiment())
    load = book.load
    assert load is not None
    table = pq.read_table(tmp_path / "run" / "requests.parquet").to_pydict()
    assert load.requests == len(table["ok"]) == sum(one.ok + sum(one.failed.values()) for one in load.steps)
    assert load.ok == sum(table["ok"])
    assert load.causes == {"fault errors at departures>flights.airport.local": 100}
    assert sum(one.intended * load.step_s for one in load.steps) == pytest.approx(400)
    assert sum(one.sent * load.step_s for one in load.steps) == pytest.approx(400)
    [window] = load.windows
    assert (window.begin_s, window.end_s) == (pytest.approx(1.0, abs=0.01), pytest.approx(2.0, abs=0.01))
    assert window.label == "errors on departures → flights.airport.local"


def test_percentiles_are_those_of_the_requests_before_under_and_after_the_fault(tmp_path: Path) -> None:
    book = of(tmp_path, experiment())
    latency = np.array(pq.read_table(tmp_path / "run" / "requests.parquet")["latency_ms"])
    spans = {"before the fault": (0, 100), "under the fault": (100, 200), "after it was healed": (200, 400)}
    assert [one.name for one in book.curves] == list(spans)
    for one in book.curves:
        mine = np.sort(latency[slice(*spans[one.name])])
        for mark, value in one.points:
            assert value == mine[math.ceil(mark * len(mine)) - 1]
        assert one.requests == len(mine)


def test_edges_count_calls_attempts_and_retries(tmp_path: Path) -> None:
    [edge] = of(tmp_path, experiment()).edges
    assert (edge.calls, edge.ok, edge.attempts, edge.retried) == (400, 300, 500, 100)
    assert edge.flags == {"URX": 100}
    assert sum(edge.retries) == 100


def test_a_replica_that_is_not_called_any_more_is_told(tmp_path: Path) -> None:
    folder = runfolders.finished(tmp_path / "run", experiment())
    runfolders.ledger(folder, 400, rate=100.0)
    assert read(folder).left_out == ()
    file = folder / "attempts.parquet"
    table = pq.read_table(file)
    rows = table.to_pylist()
    for row in rows:
        if row["attempt_row"] and 100 <= int(row["call"].removeprefix("call-")) < 200:
            row["replica"] = 0
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), file)
    [gap] = read(folder).left_out
    assert (gap.sidecar, gap.replica, gap.others) == ("departures.0", "flights.1", 101)
    assert gap.begin_s == pytest.approx(0.99, abs=0.02)
    assert gap.end_s == pytest.approx(2.01, abs=0.02)


def test_of_each_cause_one_request_is_told_and_the_slowest(tmp_path: Path) -> None:
    stories = of(tmp_path, experiment()).stories
    assert [one.ok for one in stories] == [False] + [True] * 6
    failed = stories[0]
    assert failed.attempts == 2
    assert failed.cause == "fault errors at departures>flights.airport.local"
    assert [step.kind for _, step in failed.root.walk()] == ["client", "call", "attempt", "attempt"]


def test_a_run_without_requests_has_no_load(tmp_path: Path) -> None:
    folder = runfolders.ledger(runfolders.finished(tmp_path / "run", experiment()), 0)
    book = read(folder)
    assert (book.load, book.curves, book.edges, book.stories) == (None, (), (), ())


def test_an_experiment_tells_its_claims_and_how_to_run_it_again(tmp_path: Path) -> None:
    book = of(tmp_path, experiment())
    assert (book.verdict.tone, book.verdict.headline) == ("bad", "An expectation is not kept")
    [claim] = book.claims
    assert (claim.estimate, claim.low, claim.high, claim.bound, claim.n) == (0.75, 0.7, 0.8, 0.95, 400)
    [problem] = book.problems
    assert problem.title == "success at least 0.95"
    assert book.again[0] == "pytest experiments/test_x.py::test_x --chaos-seed 3"
    facts = {one.name: one.value for one in (*book.configuration, *book.environment)}
    assert facts["Faults"].startswith("503 30 %")
    assert facts["Envoy"] == "1.40.0"
    assert facts["Clock ticks more than 50 ms late"].startswith("0.1 %")
    assert [one.file for one in book.documents] == ["a.yaml"]


def test_a_claim_that_a_passed_test_wanted_to_fail_is_no_finding(tmp_path: Path) -> None:
    passed = experiment(verdict="pass") | {"verdict": "pass"}
    assert of(tmp_path, passed).problems == ()


def test_a_canary_tells_the_share_of_each_step_with_its_interval(tmp_path: Path) -> None:
    book = of(tmp_path, CANARY)
    assert book.verdict.headline == "flights-v2 is worse; its traffic was taken back"
    first, second = book.splits
    assert (first.weight, first.new, first.calls, first.word) == (0.1, 50, 500, "goes on")
    assert first.low < 0.1 < first.high
    assert (second.word, second.tone) == ("taken back", "bad")
    assert second.low < 0.5 < second.high


def test_a_mesh_that_was_played_with_tells_its_expectations(tmp_path: Path) -> None:
    claim = {"measure": "success", "text": "success ≥ 99 %", "verdict": "fail", "n": 400}
    claim |= {"reason": "success ≥ 99 %: too few"}
    claim |= {"estimate": 0.75, "low": 0.7, "high": 0.8, "bound": "99 %", "wanted": 0.99, "on": None}
    fault = {"label": "503 30 % on front → weather"}
    edge = claim | {"on": "front->weather"}
    document = {
        "schema": "chaosmesh.up/1",
        "name": "airport",
        "mesh": "airport",
        "runtime": "process",
        "profile": "appmesh",
        "seed": 0,
        "begin": 1.0,
        "end": 61.0,
        "faults": [],
        "verdict": "fail",
        "requests": {"sent": 400, "ok": 300, "failed": 100},
        "episodes": [
            {"number": 1, "faults": [], "changed": [], "claims": [claim]},
            {"number": 2, "faults": [fault], "changed": [{}], "claims": [edge]},
        ],
    }
    book = of(tmp_path, document)
    assert (book.kind, book.verdict.tone) == ("up", "bad")
    assert "chaosmesh judge" in book.verdict.exit
    told, later = book.claims
    assert told.text == "success ≥ 99 % (1: no fault)"
    assert later.text == "success ≥ 99 % on front → weather (2: 503 30 % on front → weather, policy edited)"
    assert (told.estimate, told.low, told.is_share) == (0.75, 0.7, True)
    assert [one.lines for one in book.problems] == [("too few",), ("too few",)]
    assert book.load is not None
    assert book.load.requests == 400
    quiet = of(tmp_path / "quiet", document | {"episodes": [], "verdict": "inconclusive"})
    assert quiet.verdict.headline == "Nothing was expected of this run"


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"run\.json is missing"):
        read(tmp_path)


def test_a_damaged_folder_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    folder = runfolders.finished(tmp_path / "run", experiment())
    runfolders.ledger(folder, 10)
    (folder / "attempts.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UsageError, match="can't be read"):
        read(folder)
    (folder / "attempts.parquet").unlink()
    with pytest.raises(UsageError, match=r"attempts\.parquet is missing"):
        read(folder)


@pytest.mark.parametrize(
    "name", ["faults.json", "requests.parquet", "attempts.parquet", "config/picture.json"]
)
@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"schema": "chaosmesh.ledger/1", "faults": [{}]}'])
def test_whatever_is_damaged_or_gone_is_an_error_of_the_folder(
    tmp_path: Path, name: str, text: str | None
) -> None:
    folder = runfolders.finished(tmp_path / "run", experiment())
    runfolders.ledger(folder, 10)
    (folder / name).unlink()
    if text is not None:
        (folder / name).write_text(text)
    elif name.startswith("config/"):
        (folder / name).mkdir()  # without it there is no picture, and that is no error
        read(folder)
        return
    with pytest.raises(UsageError) as error:
        read(folder)
    assert str(folder) in str(error.value)
    assert error.value.hint


def test_tables_of_another_version_are_an_error(tmp_path: Path) -> None:
    folder = runfolders.finished(tmp_path / "run", experiment())
    runfolders.ledger(folder, 10)
    table = pq.read_table(folder / "requests.parquet")
    pq.write_table(table.drop_columns(["latency_ms"]), folder / "requests.parquet")
    with pytest.raises(UsageError, match="its tables can't be read"):
        read(folder)


def test_a_result_without_some_field_is_an_error(tmp_path: Path) -> None:
    document = jsonable(samples.result().as_json())
    del document["goal_text"]
    with pytest.raises(UsageError, match="goal_text"):
        read(runfolders.finished(tmp_path / "run", document))


def test_cells_of_several_faults_have_a_curve_each(tmp_path: Path) -> None:
    cells = (
        dataclasses.replace(samples.cell(samples.DEPARTURES, samples.ERRORS), streams=(7,)),
        dataclasses.replace(samples.cell(samples.DEPARTURES, samples.LATENCY), streams=(8,)),
    )
    folder = runfolders.verified(tmp_path / "run", samples.result(matrix=cells))
    runfolders.ledger(folder, 100)
    assert [one.name for one in read(folder).curves] == [samples.ERRORS.label]
