"""What became of each experiment, from the file that pytest wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh.engine.gate.cases import cases_of
from chaosmesh.engine.gate.experiments import Choices, Experiments
from chaosmesh.engine.gate.part import Shares, Turn
from chaosmesh.errors import UsageError
from chaosmesh.judge import Verdict

CASE = '<testcase classname="t" name="{name}" file="test_it.py" line="4" time="1.5">{inside}</testcase>'


def told(word: str) -> str:
    facts = f'<property name="chaosmesh.verdict" value="{word}"/><property name="chaosmesh.claims" value="a: x; b: y"/>'
    return f"<properties>{facts}</properties>"


def turn(folder: Path, claims: int = 100, until: float | None = None) -> Turn:
    return Turn(folder, folder / "parts", Shares(claims), lambda _: None, until)


def verdicts(folder: Path, *cases: str) -> dict[str, Verdict]:
    (folder / "test_it.py").write_text("")
    (folder / "junit.xml").write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return {one.id: one.verdict for one in cases_of(folder / "junit.xml", turn(folder), [folder])}


@pytest.mark.parametrize(
    ("inside", "verdict"),
    [
        ("", Verdict.PASS),
        (told("pass"), Verdict.PASS),
        (told("fail") + '<failure message="Failed: x">why</failure>', Verdict.FAIL),
        (told("pass,inconclusive") + '<failure message="x"/>', Verdict.INCONCLUSIVE),
        (told("invalid,inconclusive") + '<error message="x"/>', Verdict.INVALID),
        (told("pass") + '<failure message="assert 1 == 2"/>', Verdict.FAIL),
        ('<error message="fixture broke"/>', Verdict.FAIL),
        (told("fail"), Verdict.PASS),
    ],
    ids=["plain", "held", "failed", "undecided", "invalid", "own assert", "broken", "expected to fail"],
)
def test_the_plugin_s_word_counts_where_there_is_one(tmp_path, inside, verdict):
    assert verdicts(tmp_path, CASE.format(name="a", inside=inside)) == {"test_it.py::a": verdict}


def test_skipped_tests_are_no_evidence_and_the_worst_of_two_entries_counts(tmp_path):
    found = verdicts(
        tmp_path,
        CASE.format(name="a", inside="<skipped/>"),
        CASE.format(name="b", inside=""),
        CASE.format(name="b", inside='<error message="teardown"/>'),
    )
    assert found == {"test_it.py::b": Verdict.FAIL}


def test_a_test_has_its_place_and_its_evidence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    verdicts(tmp_path, CASE.format(name="a", inside=told("pass")))
    (one,) = cases_of(tmp_path / "junit.xml", turn(tmp_path), [tmp_path])
    assert one.where is not None
    assert (one.where.file, one.where.line, one.seconds) == ("test_it.py", 5, 1.5)
    assert "claims: 2" in one.evidence


def test_pytest_that_can_not_begin_is_an_error_with_its_own_words(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "test_it.py").write_text("def test_a(): pass\n")
    part = Experiments([tmp_path / "test_it.py"], 100, Choices(0, "appmesh", "process"))
    with pytest.raises(UsageError, match="pytest could not begin"):
        part.run(turn(tmp_path))
    assert "--no-such-option" in (tmp_path / "logs" / "experiments.txt").read_text()


@pytest.mark.parametrize(
    ("body", "verdict", "code"),
    [
        ("def test_a(): pass\n", Verdict.PASS, 0),
        ("def test_a(): assert 0\n", Verdict.FAIL, 1),
        ("import gone\n", Verdict.FAIL, 1),
        ("", Verdict.INCONCLUSIVE, 3),
        ("import pytest\n@pytest.mark.skip\ndef test_a(): pass\n", Verdict.INCONCLUSIVE, 3),
    ],
    ids=["pass", "fail", "no import", "no test", "all skipped"],
)
def test_a_real_session_in_a_process_of_its_own(tmp_path, body, verdict, code):
    (tmp_path / "logs").mkdir()
    (tmp_path / "test_it.py").write_text(body)
    part = Experiments([tmp_path / "test_it.py"], 100, Choices(0, "appmesh", "process"))
    found = part.run(turn(tmp_path))
    assert (found.verdict, found.code) == (verdict, code), found
    assert found.alpha == pytest.approx(0.01)
