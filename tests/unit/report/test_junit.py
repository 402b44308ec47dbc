"""`junit.xml`, parsed back."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from chaosmesh.engine.results import VerifyResult
from chaosmesh.judge import Verdict
from chaosmesh.report.junit_verify import JUnitFile, junit
from tests.unit.report import samples


def parsed(outcome: VerifyResult) -> dict[str, ET.Element]:
    root = ET.fromstring(junit(outcome))
    return {suite.get("name", ""): suite for suite in root}


def kinds(suite: ET.Element) -> list[tuple[str, str | None]]:
    found = [(e.tag, e.get("type")) for case in suite.iter("testcase") for e in case]
    return [pair for pair in found if pair[0] in {"failure", "error", "skipped"}]


def test_there_is_a_suite_for_the_policy_and_one_for_the_faults() -> None:
    suites = parsed(samples.result())
    assert list(suites) == ["policy", "faults"]
    assert suites["policy"].attrib | {"time": ""} == {
        "name": "policy",
        "tests": "4",
        "failures": "0",
        "errors": "0",
        "skipped": "1",
        "time": "",
    }
    seed = suites["faults"].find("properties/property[@name='chaosmesh.seed']")
    assert seed is not None
    assert seed.get("value") == "7"


def test_a_weak_cell_fails_only_a_gated_run() -> None:
    assert kinds(parsed(samples.result())["faults"]) == [("skipped", None), ("failure", "inconclusive")]
    assert kinds(parsed(samples.result(gated=True))["faults"]) == [
        ("skipped", None),
        ("failure", "weak"),
        ("failure", "inconclusive"),
    ]


def test_failed_invalid_and_inconclusive_are_told_apart() -> None:
    checks = tuple(samples.check(v.value, v) for v in Verdict)
    suite = parsed(samples.result(checks=checks, not_checked=()))["policy"]
    assert kinds(suite) == [("failure", "fail"), ("failure", "inconclusive"), ("error", "invalid")]
    assert (suite.get("failures"), suite.get("errors")) == ("2", "1")


def test_an_expired_waiver_is_a_failure() -> None:
    assert ("failure", "expired") in kinds(parsed(samples.broken_result())["faults"])


def test_a_ledger_that_disagrees_is_an_error() -> None:
    assert kinds(parsed(samples.clean_result(unaccounted=("x",)))["faults"]) == [("error", "invalid")]


def test_totals_are_the_sums_of_the_suites() -> None:
    root = ET.fromstring(junit(samples.broken_result()))
    for key in ("tests", "failures", "errors"):
        assert int(root.get(key, "-1")) == sum(int(suite.get(key, "0")) for suite in root)
    assert int(root.get("tests", "0")) == len(list(root.iter("testcase")))


def test_names_of_test_cases_are_distinct() -> None:
    root = ET.fromstring(junit(samples.broken_result()))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(names) == len(set(names))


def test_the_evidence_is_in_system_out() -> None:
    case = parsed(samples.result())["faults"].find("testcase")
    assert case is not None
    text = case.findtext("system-out") or ""
    assert "1238 of 1240 ok (between 99.1 % and 99.9 %)" in text
    assert "p99 0.34 s" in text
    assert "predicted: success 99.9 %, amplification 1.428" in text


def test_any_text_makes_valid_xml() -> None:
    hostile = "".join(map(chr, range(32))) + "]]><&\"'\x7f\x85\ud800\udfff\ufffe\uffff\U0001f525"
    outcome = samples.result(
        mesh=hostile,
        goal=hostile,
        checks=(
            samples.check(
                hostile, Verdict.FAIL, reason=hostile, statement=hostile, observed={hostile: hostile}
            ),
        ),
        matrix=(samples.cell((hostile, hostile), samples.ERRORS, "invalid", reason=hostile),),
        expired=(hostile,),
    )
    text = junit(outcome)
    root = ET.fromstring(text.encode("utf-8"))
    failure = root.find(".//failure")
    assert failure is not None
    assert "]]><&\"'" in (failure.get("message") or "")
    assert "\U0001f525" in (failure.get("message") or "")


def test_the_file_is_written_when_the_run_is_over(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text("<old/>", "utf-8")
    consumer = JUnitFile(path)
    assert not path.exists()
    for event in samples.events():
        consumer(event)
    consumer.close()
    assert ET.parse(path).getroot().get("tests") == "10"
