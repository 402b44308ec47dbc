"""JUnit that every consumer takes: held against a schema that allows only what Jenkins and Surefire both do."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import xmlschema

from chaosmesh.engine.canary.result import Back, Canary, StepResult
from chaosmesh.engine.gate import GateResult, Item, PartResult
from chaosmesh.engine.gate.verifying import items_of
from chaosmesh.errors import ExitCode, Where
from chaosmesh.judge import Evidence, Verdict, at_least, judge, requirement
from chaosmesh.report.junit import Case, Suite, document
from chaosmesh.report.junit_gate import junit_of
from chaosmesh.report.junit_runs import canary_junit, experiment_junit
from chaosmesh.report.junit_verify import junit
from tests.conftest import ROOT
from tests.unit.report import samples


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(ROOT / "tests" / "schemas" / "junit.xsd")


def held(text: str) -> Any:
    """The document as a tree, once the schema took it."""
    schema().validate(text)
    return schema().to_dict(text)


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("of", [samples.result, samples.broken_result, samples.clean_result])
def test_a_verification(of, gated):
    held(junit(replace(of(), gated=gated)))


def test_a_stopped_run_with_a_ledger_that_disagrees():
    held(junit(replace(samples.broken_result(), stopped="too many errors", unaccounted=("a: 1 of 2",))))


def test_any_text():
    hostile = "".join(map(chr, range(32))) + "]]><&\"'\x7f\x85\ud800\ufffe\U0001f525"
    cases = (
        Case(hostile, hostile, 1.0, "failure", "fail", hostile, (hostile,)),
        Case("c", hostile, evidence=("",)),
    )
    held(document(hostile, [Suite(hostile, {"x": hostile}, cases)], 1.0))


def test_cases_of_one_name_are_told_apart():
    found = held(document("d", [Suite("s", {"x": 1}, (Case("c", "n"), Case("c", "n")))], 0.0))
    assert [one["@name"] for one in found["testsuite"][0]["testcase"]] == ["n", "n (2)"]


def test_a_gate_with_every_kind_of_part():
    result = samples.broken_result()
    bad = Item(
        "test_x.py::test_a", Verdict.INVALID, "starved", Where("test_x.py", 3), 1.25, "a\nb", "parts/2/x"
    )
    parts = (
        PartResult(
            "verify",
            "airport",
            Verdict.FAIL,
            ExitCode.FAIL,
            "",
            0.1,
            9,
            "p",
            9.0,
            items_of(result),
            ("matrix/x",),
            result,
        ),
        PartResult(
            "experiments", "experiments", Verdict.INVALID, ExitCode.UNDECIDED, "", 0.1, 9, "p", 2.0, (bad,)
        ),
        PartResult(
            "slo", "slo", Verdict.INCONCLUSIVE, ExitCode.UNDECIDED, "over", 0.1, 9, left_out=("users at a",)
        ),
        PartResult("faults", "faults", Verdict.INVALID, ExitCode.ENVIRONMENT, "no Envoy", 0.1, 9),
    )
    found = held(junit_of(GateResult("night", parts, 7, "process", "appmesh", 61.25)))
    assert found["@time"] == "61.250"
    names = [one["@name"] for one in found["testsuite"]]
    assert names == [
        "airport policy",
        "airport faults",
        "airport (verify)",
        "experiments (experiments)",
        "slo (slo)",
        "faults (faults)",
    ]
    case = found["testsuite"][3]["testcase"][0]
    assert case["error"]["@type"] == "invalid"
    assert "test_x.py:3:1" in case["system-out"]
    assert "run folder: parts/2/x" in case["system-out"]
    assert found["testsuite"][4]["testcase"][0]["failure"]["@type"] == "inconclusive"


def test_a_canary():
    decision = judge(requirement("success", at_least(0.9)), Evidence.share(100, 50))
    steps = (
        StepResult(10, "on", "kept", (decision,), 10, 90, 3.0, 2.0),
        StepResult(50, "back", "worse", (decision,), 50, 50, 3.0, 2.0),
    )
    found = Canary("r", "v2", Verdict.FAIL, "worse", steps, Back(2.0, 1), 60, 9)
    told = held(canary_junit(found, {"mesh": "m", "seed": 1}))
    words = [one.get("failure", {}).get("@type") for one in told["testsuite"][0]["testcase"]]
    assert words == [None, "fail", "fail"]


def test_an_experiment_from_its_run_json():
    expectation = {
        "verdict": "fail",
        "reason": "success at least 0.9: no",
        "faults": ["down on a → b: met 3"],
        "claims": [{"verdict": "fail", "reason": "no"}],
        "requests": 10,
        "duration_s": 1.5,
    }
    body = {"test": "t.py::test_x", "mesh": "m", "seed": 1, "alpha": 0.01, "expectations": [expectation]}
    told = held(experiment_junit(json.loads(json.dumps(body))))
    assert told["@failures"] == 1
    assert "fault: down on a → b: met 3" in told["testsuite"][0]["testcase"][0]["system-out"]


def test_the_schema_refuses_what_one_of_the_readers_would(tmp_path: Path):
    good = junit(samples.result())
    for old, new in (
        ("<testcase ", '<testcase file="x" '),
        ("<testsuites ", '<testsuites skipped="1" '),
        ("<system-out>", "<properties/><system-out>"),
    ):
        assert old in good
        with pytest.raises(xmlschema.XMLSchemaException):
            schema().validate(good.replace(old, new, 1))
