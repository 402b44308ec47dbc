"""The goal of a cell, waivers, and the exit code that the results lead to."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pytest

from chaosmesh.documents.scenario import Scenario, load_scenario
from chaosmesh.engine.goal import Goal
from chaosmesh.engine.matrix import Waivers, cell_id, cells
from chaosmesh.engine.results import (
    CellResult,
    CellVerdict,
    CheckResult,
    FaultDose,
    ResourceRef,
    VerifyResult,
)
from chaosmesh.errors import ExitCode, UsageError, Where
from chaosmesh.judge import Verdict
from tests.unit.runtime import meshes

TODAY = datetime.date(2027, 1, 31)
EDGE = ("front", "flights.local")


def scenario(folder: Path, text: str) -> Scenario:
    (folder / "chaosmesh.yaml").write_text(text)
    return load_scenario(folder)


def cell(verdict: CellVerdict, kind: str = "down", edge: tuple[str, str] = EDGE) -> CellResult:
    dose = FaultDose(kind, kind)  # type: ignore[arg-type]
    return CellResult(edge, dose, "front", 10, 5, 0.1, 0.9, 1.0, 2.0, 1.0, {}, verdict, "because")


def check(verdict: Verdict) -> CheckResult:
    where = ResourceRef("route", "r", Where("f.json", 1, 1))
    return CheckResult("id", where, "says", "documented", verdict, "because", {}, {}, 6, 1.0)


def result(*parts: CellVerdict | Verdict, gated: bool = False, expired: tuple[str, ...] = ()) -> VerifyResult:
    checks = tuple(check(one) for one in parts if isinstance(one, Verdict))
    found = tuple(cell(one) for one in parts if not isinstance(one, Verdict))
    return VerifyResult(
        "m", "process", "appmesh", 7, 0.01, 1.0, checks, found, (), {}, {}, (), gated, expired
    )


# -- goal --------------------------------------------------------------------------------------------------


def test_the_defaults_are_not_a_promise(tmp_path: Path) -> None:
    assert Goal.of(load_scenario(None)) == Goal(0.99, 1.0, declared=False)
    assert str(Goal.of(load_scenario(None))) == "99 % ok, p99 ≤ 1 s, the defaults"


def test_a_declared_slo_fills_what_it_leaves_open(tmp_path: Path) -> None:
    goal = Goal.of(scenario(tmp_path, "slo: {p99: 300ms}\n"))
    assert goal == Goal(0.99, 0.3, declared=True)
    assert "p99 ≤ 300 ms, the scenario's slo" in str(goal)
    assert Goal.of(scenario(tmp_path, "slo: {success: 0.999}\n")) == Goal(0.999, 1.0, declared=True)
    success, p99 = goal.requirements
    assert success.bound == pytest.approx(0.99)
    assert p99.bound == pytest.approx(0.99)  # at most 1 % slower than the bound


# -- waivers -----------------------------------------------------------------------------------------------


def waivers(folder: Path, *entries: str) -> Waivers:
    text = "accept:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)
    return Waivers(scenario(folder, text), meshes.chain(), TODAY)


def test_a_waiver_accepts_its_weak_cell_and_no_other(tmp_path: Path) -> None:
    known = waivers(tmp_path, "edge: front -> flights, fault: down, reason: there is one")
    accepted = known.apply(cell("weak"))
    assert accepted.verdict == "accepted"
    assert accepted.reason == "there is one (because)"
    assert known.apply(cell("weak", "errors")).verdict == "weak"
    assert known.apply(cell("weak", edge=("flights", "weather.local"))).verdict == "weak"
    for verdict in ("held", "inconclusive", "invalid"):
        assert known.apply(cell(verdict)).verdict == verdict
    assert known.expired == []


def test_a_waiver_holds_on_its_last_day_and_not_after_it(tmp_path: Path) -> None:
    on = waivers(tmp_path, "edge: front -> flights, fault: down, reason: soon, until: 2027-01-31")
    assert on.apply(cell("weak")).verdict == "accepted"
    over = waivers(tmp_path, "edge: front -> flights, fault: down, reason: soon, until: 2027-01-30")
    assert over.apply(cell("weak")).verdict == "weak"
    assert over.expired == ["front -> flights, down: accepted until 2027-01-30, soon"]


def test_an_edge_that_is_not_there_can_not_be_accepted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no edge front -> weather") as caught:
        waivers(tmp_path, "edge: front -> weather, fault: down, reason: x")
    assert caught.value.where is not None
    assert caught.value.where.line == 2
    assert "front -> flights.local" in caught.value.hint


def test_the_edges_of_a_waiver_are_named_as_in_experiments(tmp_path: Path) -> None:
    nodes = (
        meshes.workload("front", "s.x"),
        meshes.workload("a", "t.x"),
        meshes.workload("b", "t.x"),
        meshes.workload("t"),
    )
    mesh = meshes.mesh(nodes, {"s.x": ["a", "b"], "t.x": ["t"]})
    accept = "accept: [{edge: s -> t, fault: down, reason: known}]\n"
    known = Waivers(scenario(tmp_path, accept), mesh, TODAY)
    for client in "ab":
        assert known.apply(cell("weak", edge=(client, "t.x"))).verdict == "accepted"
    with pytest.raises(UsageError, match=r"s\.x has other nodes than a") as narrow:
        Waivers(scenario(tmp_path, "accept: [{edge: front -> a, fault: down, reason: x}]\n"), mesh, TODAY)
    assert narrow.value.hint == "name the service: front -> s.x"
    assert narrow.value.where is not None


def test_every_edge_gets_every_column() -> None:
    found = [cell_id(*one) for one in cells(meshes.chain(), ())]
    edges = dict.fromkeys(name.split("/")[1] for name in found)
    assert list(edges) == ["front>flights.local", "flights>weather.local"]
    assert len(found) == len(set(found))
    assert {"errors", "latency", "down"} <= {name.split("/")[2] for name in found}
    assert [cell_id(*one) for one in cells(meshes.chain(), ("front>*/down",))] == [
        "matrix/front>flights.local/down"
    ]


# -- exit codes --------------------------------------------------------------------------------------------

PASS, FAIL, OPEN, INVALID = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INVALID


@pytest.mark.parametrize(
    ("parts", "gated", "code"),
    [
        ([PASS, "held"], False, ExitCode.PASS),
        ([PASS, "weak"], False, ExitCode.PASS),
        ([PASS, "weak"], True, ExitCode.FAIL),
        ([PASS, "accepted"], True, ExitCode.PASS),
        ([FAIL, "held"], False, ExitCode.FAIL),
        ([FAIL, INVALID], False, ExitCode.FAIL),
        ([PASS, OPEN], False, ExitCode.UNDECIDED),
        ([PASS, INVALID], False, ExitCode.UNDECIDED),
        ([PASS, "inconclusive"], False, ExitCode.UNDECIDED),
        ([PASS, "invalid"], True, ExitCode.UNDECIDED),
        (["weak", "invalid"], True, ExitCode.FAIL),
        ([], False, ExitCode.UNDECIDED),
    ],
)
def test_the_worst_decides_the_exit_code(
    parts: list[CellVerdict | Verdict], gated: bool, code: ExitCode
) -> None:
    assert result(*parts, gated=gated).exit_code() == code


def test_strict_and_expired_waivers_fail() -> None:
    assert result(PASS, "weak").exit_code(strict=True) == ExitCode.FAIL
    assert result(PASS, expired=("old",)).exit_code() == ExitCode.FAIL


def test_the_summary_counts_checks_and_cells() -> None:
    found = result(PASS, PASS, FAIL, OPEN, "held", "weak", "accepted", "invalid", "inconclusive")
    assert found.summary() == {
        "pass": 2,
        "fail": 1,
        "inconclusive": 2,
        "invalid": 1,
        "held": 1,
        "weak": 1,
        "accepted": 1,
    }
    assert found.as_json()["schema"] == "chaosmesh.verify/1"
    assert found.as_json()["matrix"][0]["success"]["k"] == 5


def test_results_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        cell("held").n = 3  # type: ignore[misc]
