"""What the benchmark of the experiments reads from a session."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.experiments import Told, rows, told

JUNIT = """<testsuites><testsuite><testcase name="test_a" time="4.0"/>
<testcase name="test_b" time="12.0"><failure/></testcase>
<testcase name="test_c" time="0.1"><skipped/></testcase></testsuite></testsuites>"""


def expectation(verdict: str, streams: int, *claims: str, facts: object = "some") -> dict[str, object]:
    found = [{"verdict": one} for one in claims]
    return {"verdict": verdict, "streams": list(range(streams)), "claims": found, "facts": facts}


def test_claims_are_decided_at_the_first_run_or_later_or_never(tmp_path: Path) -> None:
    body = [
        expectation("pass", 1, "pass", "pass"),
        expectation("fail", 1, "fail", "inconclusive"),
        expectation("pass", 2, "pass"),
        expectation("invalid", 1, "pass"),
        expectation("pass", 1, "pass", facts=None),
    ]
    folder = tmp_path / "runs" / "test_a" / "2026-01-01T00-00-00Z"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"expectations": body}))
    (tmp_path / "junit.xml").write_text(JUNIT)
    found = told(tmp_path / "runs", tmp_path / "junit.xml")
    assert found == Told(claims=6, first=3, seconds=(4.0, 12.0), failed=("test_b",))


def test_figures_are_reached_or_not() -> None:
    good = rows(Told(100, 98, (4.0, 8.0), ()), 300)
    assert [round(one.ratio, 2) for one in good] == [1.0, 0.75, 0.83, 0.0]
    bad = rows(Told(100, 97, (9.0,), ("test_b",)), 400)
    assert not any(one.reached for one in bad)
    assert not any(one.reached for one in rows(Told(0, 0, (), ()), 1)[:2]), "nothing ran: nothing is reached"
