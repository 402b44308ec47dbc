"""run.json of an experiment, and its verdict again: also when work that nobody waited for came in later."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chaosmesh import Run, Verdict, at_least, at_most
from chaosmesh.engine.experiment.facts import Facts, Sent
from chaosmesh.engine.experiment.happened import keep_events
from chaosmesh.engine.experiment.judging import decide
from chaosmesh.engine.experiment.names import Named
from chaosmesh.engine.experiment.names import Path as Way
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.record import document, late_rows, verdict_hash
from chaosmesh.engine.rejudge import rejudge
from chaosmesh.errors import ExitCode, UsageError
from chaosmesh.judge import requirement
from chaosmesh.ledger import Ledger
from chaosmesh.ledger.faults import FaultEvent
from chaosmesh.load import request_id
from tests.unit.ledger.handmade import ADDRESSES, MS, T0, Try, call, door, record, row

EDGE = Named("front → color", (Way("front", "color.local"),))
ASKED = (
    Question(requirement("success", at_least(0.9))),
    Question(requirement("attempts", at_most(1.9, on=EDGE)), EDGE, most=3),
)


def ledger(requests: int) -> Ledger:
    found = Ledger(ADDRESSES)
    for seq in range(requests):
        found.add_rows(rows(seq))
        found.add_records(1, [record(seq)])
    return found


def rows(seq: int, name: str = "c", tries: int = 1) -> list:
    request = request_id(1, seq)
    head = row(request_id=request, call=f"{name}{seq}", start_ns=T0 + seq * MS)
    return [door(request), *call(*[Try()] * tries, base=head)]


def judged(found: Ledger, *problems: str) -> Run:
    facts = Facts(1e-4, "front", ASKED, (Sent(1, ended=True),), problems=problems)
    verdict, reason, claims = decide(facts, found)
    return Run(
        verdict=verdict,
        reason=reason,
        requests=400,
        claims=claims,
        observed={},
        predicted={},
        faults=(),
        ledger=found,
        streams=(1,),
        facts=facts,
        rows=len(found.rows),
    )


def written(folder: Path, *runs: Run) -> Path:
    runs[0].ledger.write(folder)
    body = document(folder, {"test": "t", "alpha": 0.01}, runs)
    (folder / "run.json").write_text(json.dumps(body))
    return folder


def test_it_is_told_again_to_the_last_bit(tmp_path: Path) -> None:
    run = judged(ledger(400))
    assert run.verdict is Verdict.PASS
    found = rejudge(written(tmp_path, run))
    assert found.document == json.loads((tmp_path / "run.json").read_text())
    assert (found.code, found.changed) == (ExitCode.PASS, ())


def test_claims_of_an_expectation_that_says_nothing_are_invalid_and_say_why(tmp_path: Path) -> None:
    found = rejudge(written(tmp_path, judged(ledger(400), "the generator was late")))
    assert found.code is ExitCode.UNDECIDED
    assert {(one.before, one.now, one.reason) for one in found.lines} == {
        ("invalid", "invalid", "the generator was late")
    }


def test_rows_that_came_in_after_the_verdict_are_none_of_it(tmp_path: Path) -> None:
    found = ledger(400)
    run = judged(found)
    for seq in range(50):
        found.add_rows(rows(seq, "late", tries=3)[1:])
    assert decide(run.facts, found)[2] != run.claims, "with them it would be another"
    assert len(late_rows(run)) == 50 * 7
    assert rejudge(written(tmp_path, run)).document == json.loads((tmp_path / "run.json").read_text())


def test_another_alpha_changes_the_verdict_section_alone(tmp_path: Path) -> None:
    found = rejudge(written(tmp_path, judged(ledger(400))), alpha=1e-60)
    before, after = json.loads((tmp_path / "run.json").read_text()), found.document
    assert after["expectations"][0]["verdict"] == "inconclusive"
    assert {name for name in before if before[name] != after[name]} == {
        *("verdict", "expectations", "verdict_hash", "seal")
    }
    pairs = zip(before["expectations"], after["expectations"], strict=True)
    assert {name for b, a in pairs for name in b if b[name] != a[name]} == {"verdict", "reason", "claims"}


def test_what_has_no_facts_is_taken_over(tmp_path: Path) -> None:
    run = judged(ledger(400))
    found = rejudge(written(tmp_path, replace(run, facts=None)), alpha=1e-60)
    assert {(one.now, one.again) for one in found.lines} == {("pass", False)}


def test_a_verdict_that_does_not_follow_is_refused_whoever_sealed_it(tmp_path: Path) -> None:
    written(tmp_path, replace(judged(ledger(400)), verdict=Verdict.FAIL))
    with pytest.raises(UsageError, match=r"verdict of expectation 1 was told as 'fail'.*'pass'"):
        rejudge(tmp_path)


def test_the_hash_is_over_facts_and_verdicts_alone(tmp_path: Path) -> None:
    (one,) = json.loads((written(tmp_path, judged(ledger(400))) / "run.json").read_text())["expectations"]
    assert verdict_hash([one]) == verdict_hash([{**one, "duration_s": 9}])
    for name in ("facts", "claims", "verdict", "reason"):
        assert verdict_hash([one]) != verdict_hash([{**one, name: "x"}])


def test_what_happened_is_told_in_order(tmp_path: Path) -> None:
    found = ledger(20)
    found.add_fault(FaultEvent("slow", "healed", T0 + 6 * MS, "latency", "front>color.local", {"ms": 300}))
    found.add_fault(FaultEvent("slow", "applied", T0 + 5 * MS, "latency", "front>color.local", {"ms": 300}))
    keep_events(tmp_path, [judged(found)])
    told = [json.loads(line) for line in (tmp_path / "events.ndjson").read_text().splitlines()]
    assert [one["event"] for one in told] == ["load", "fault", "heal", "load", "claim", "claim", "note"]
    assert [one["id"] for one in told] == list(range(1, 8))
    assert [one["at_ms"] for one in told] == sorted(one["at_ms"] for one in told)
    assert told[1]["text"] == "slow in force: ms 300"
    assert told[1]["edge"] == "front->color.local"
    assert told[3]["text"] == "stream 1 ended: 20 requests, 20 of them successful"
