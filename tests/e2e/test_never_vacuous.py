"""Nothing is proved by a run in which nothing happened."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from chaosmesh.appmesh import load
from chaosmesh.engine.cells import Conditions, Traffic, try_cell
from chaosmesh.engine.doses import COLUMNS, Column
from chaosmesh.engine.goal import Goal
from chaosmesh.engine.results import CellResult
from chaosmesh.faults import Errors
from chaosmesh.load import RequestSpec, StreamReport

from .documents import chain, service
from .stage import Stage, policy, stage

pytestmark = pytest.mark.e2e

EDGE = ("front", service("back"))
ASIDE = ("front", service("aside"))
ERRORS = next(one for one in COLUMNS if one.dose.kind == "errors")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("vacuous")
    (folder / "documents").mkdir()
    with stage(policy(load([chain(folder / "documents", ["front", "back"])])), folder / "runs") as running:
        yield running


def cell(
    demo: Stage, column: Column, path: str = "/", rate: float = 150.0, budget: float = 4.0
) -> CellResult:
    traffic = Traffic((RequestSpec("GET", path),), rate, "constant", 3)
    given = Conditions(Goal(0.99, 1.0, declared=False), traffic, lambda _event: None, budget)
    return demo.run(try_cell(demo.stack, EDGE, column, given))


def test_a_fault_that_never_hits_proves_nothing(demo: Stage) -> None:
    """All requests are fine, which would look like a policy that copes."""
    nowhere = dataclasses.replace(
        ERRORS, make=lambda name, edge, seed: Errors(name, edge, 503, 0.5, seed, workload="front")
    )
    result = cell(demo, nowhere)
    assert result.verdict == "invalid", result
    assert result.k == result.n > 0
    assert "the fault met none of" in result.reason or "late" in result.reason or "starved" in result.reason


def test_traffic_that_takes_another_way_proves_nothing(demo: Stage) -> None:
    """The stand-in answers /ping itself: no call comes to the edge."""
    result = cell(demo, ERRORS, path="/ping")
    assert result.verdict == "invalid", result
    assert result.amplification is None
    assert result.n > 0


def test_a_run_without_traffic_proves_nothing(demo: Stage) -> None:
    """The first request would be due after the budget's end."""
    result = cell(demo, ERRORS, rate=0.01, budget=1.0)
    assert result.verdict == "invalid", result
    assert result.k <= result.n <= 1


def test_a_late_generator_proves_nothing(demo: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StreamReport, "late", lambda _self, _bound=None: "the generator's lag p99 was 90 ms")
    result = cell(demo, ERRORS)
    assert result.verdict == "invalid"
    assert result.reason == "the generator's lag p99 was 90 ms"
    assert result.n > 0
