"""How parts that ended differently end together; what there was no time for; Ctrl-C."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from chaosmesh.documents.gate_part import Gate
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.gate import GateResult, GateRun, Item, PartResult, Planned
from chaosmesh.engine.gate.part import OVER, Turn, ended
from chaosmesh.engine.gate.result import worst_code
from chaosmesh.engine.options import Options
from chaosmesh.errors import EnvironmentFailedError, ExitCode, LimitExceededError
from chaosmesh.judge import Verdict


@dataclass
class Scripted:
    """A part that ends as it was told to."""

    name: str
    outcome: Verdict | BaseException
    least: float = 0.0
    kind: str = "slo"
    claims: int = 2

    def names(self) -> list[str]:
        return [f"{self.name}/a", f"{self.name}/b"]

    def run(self, turn: Turn) -> PartResult:
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return ended(self, turn, [Item(self.name, self.outcome, "why")], 0.0)


def run(folder: Path, *parts: Scripted, tolerant: bool = False, budget: float | None = None) -> GateResult:
    planned = Planned("g", tuple(parts), Gate(), SimpleNamespace())
    heard: list[PartResult] = []
    gate = GateRun(planned, Options(), 7, tolerant, budget)
    result = gate.run(RunFolder.create(folder, "g"), lambda _: None, heard.append)
    assert tuple(heard) == result.parts
    return result


PASS, FAIL, OPEN, BAD = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INVALID


@pytest.mark.parametrize(
    ("outcomes", "verdict", "code"),
    [
        ([PASS, PASS], PASS, 0),
        ([PASS, FAIL], FAIL, 1),
        ([OPEN, PASS], OPEN, 3),
        ([OPEN, BAD], BAD, 3),
        ([FAIL, OPEN, BAD], FAIL, 1),
        ([EnvironmentFailedError("no Envoy"), PASS], BAD, 4),
        ([EnvironmentFailedError("no Envoy"), FAIL], FAIL, 1),
        ([LimitExceededError("too many errors"), FAIL], FAIL, 5),
    ],
)
def test_the_worst_of_all_parts_is_the_gate_s(tmp_path, outcomes, verdict, code):
    for number, order in enumerate(itertools.permutations(outcomes)):
        found = run(tmp_path / str(number), *(Scripted(f"p{i}", one) for i, one in enumerate(order)))
        assert (found.verdict, found.code) == (verdict, code)
        assert len(found.parts) == len(outcomes)


def test_what_stays_undecided_may_be_let_pass_but_nothing_else(tmp_path):
    assert run(tmp_path / "a", Scripted("p", OPEN), tolerant=True).code == 0
    assert run(tmp_path / "b", Scripted("p", FAIL), tolerant=True).code == 1
    broken = Scripted("p", EnvironmentFailedError("no Envoy"))
    assert run(tmp_path / "c", broken, tolerant=True).code == 4


def test_a_part_that_does_not_fit_is_undecided_with_the_names_of_all_it_would_have_tried(tmp_path):
    found = run(tmp_path, Scripted("quick", PASS), Scripted("long", PASS, least=1000.0), budget=500.0)
    quick, long = found.parts
    assert quick.verdict is PASS
    assert (long.verdict, long.reason, long.left_out) == (OPEN, OVER, ("long/a", "long/b"))
    assert found.code == 3
    assert found.summary()["left_out"] == 2
    assert found.as_json()["parts"][1]["folder"] is None


def test_after_ctrl_c_the_rest_is_told_as_not_begun_and_the_gate_ends_with_130(tmp_path):
    found = run(tmp_path, Scripted("a", FAIL), Scripted("b", KeyboardInterrupt()), Scripted("c", PASS))
    assert found.interrupted
    assert found.code == ExitCode.INTERRUPTED
    assert [one.verdict for one in found.parts] == [FAIL, OPEN, OPEN]
    assert found.parts[2].left_out == ("c/a", "c/b")


def test_nothing_tried_is_no_pass(tmp_path):
    @dataclass
    class Empty(Scripted):
        def run(self, turn: Turn) -> PartResult:
            return ended(self, turn, [], 0.0)

    found = run(tmp_path, Empty("p", PASS))
    assert (found.verdict, found.code) == (OPEN, 3)


def test_exit_codes_without_any_part_are_undecided():
    assert worst_code([]) is ExitCode.UNDECIDED


def test_the_document_holds_what_outside_callers_read(tmp_path):
    told = run(tmp_path, Scripted("p", FAIL)).as_json()
    assert {"schema", "name", "verdict", "exit", "alpha", "parts", "summary"} <= told.keys()
    assert told["schema"] == "chaosmesh.gate/1"
    (part,) = told["parts"]
    wanted = {"kind", "name", "verdict", "exit", "alpha", "folder", "duration_s", "reason"}
    assert wanted <= part.keys()
    assert (part["exit"], part["reason"]) == (1, "1 fail (p: why)")
