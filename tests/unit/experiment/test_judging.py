"""A verdict from facts and ledger alone, and facts that are read back as they were."""

from __future__ import annotations

import json
import math

import pytest

from chaosmesh import around, at_least, at_most, baseline, weights
from chaosmesh.engine.experiment.facts import Facts, Sent, Span, Struck
from chaosmesh.engine.experiment.in_force import Met
from chaosmesh.engine.experiment.judging import decide
from chaosmesh.engine.experiment.plain import tree_of, value_of
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.errors import UsageError
from chaosmesh.judge import Verdict, requirement
from tests.unit.experiment.airport import airport, call, weather
from tests.unit.experiment.test_evidence import Written, record


def facts(**changes) -> Facts:
    edge = weather(airport())
    asked = (
        Question(requirement("success", at_least(0.95, margin=0.01, of="home", during="fault")), planned=200),
        Question(requirement("attempts", at_most(1.9, on=edge)), edge, most=3).plain,
        Question(requirement("spacing", at_least("10ms", on=edge)), edge).plain,
        Question(requirement("cutoff", around("250ms", "50ms", on=edge)), edge).plain,
        Question(requirement("split", weights({"v1": 90, "v2": 10}, on=edge)), edge).plain,
        Question(requirement("p99", at_most(baseline(times=1.5, plus="20ms")))),
    )
    whole = {
        "alpha": 1e-4,
        "entry": "departures",
        "questions": asked,
        "streams": (Sent(1, True, (Span("baseline", 1, 2), Span("fault", 2, None))), Sent(2)),
        "faults": (Struck("503 30 %", (Span("503 30 %", 2, None),), Met("503 30 %", 100, 31, 0.3)),),
        "problems": ("late",),
        "names": ("home",),
        "control": (1,),
    }
    return Facts(**{**whole, **changes})


def test_facts_are_read_back_exactly_as_they_were_written():
    whole = facts()
    text = json.dumps(whole.to_json(), allow_nan=False)
    assert Facts.from_json(json.loads(text)) == whole


def test_a_float_survives_to_the_last_bit_and_infinity_too():
    tree = json.loads(json.dumps(tree_of((0.1 + 0.2, 1 / 3, math.inf, -math.inf, 1.0, 1)), allow_nan=False))
    back = value_of(tree, {})
    assert back == (0.1 + 0.2, 1 / 3, math.inf, -math.inf, 1.0, 1)
    assert [type(one) for one in back[-2:]] == [float, int]


@pytest.mark.parametrize("tree", [{}, [], None, {"is": "Facts"}, {"is": "Ledger"}])
def test_what_is_no_facts_is_refused(tree):
    with pytest.raises(UsageError, match="not the facts of a run"):
        Facts.from_json(tree)


def plain(**changes) -> Facts:
    edge = weather(airport())
    asked = (
        Question(requirement("success", at_least(0.9))),
        Question(requirement("attempts", at_most(1.9, on=edge)), edge, most=3).plain,
    )
    rest = {"streams": (Sent(1, True),), "problems": (), "control": ()}
    return facts(questions=asked, **{**rest, **changes})


def ledger() -> Written:
    return Written([record(n) for n in range(400)], [call(1)] * 380 + [call(2)] * 20)


def test_the_same_facts_and_ledger_give_the_same_verdict_to_the_last_bit():
    first = decide(plain(), ledger())
    again = decide(Facts.from_json(json.loads(json.dumps(plain().to_json()))), ledger())
    assert first[0] is Verdict.PASS
    assert repr(first) == repr(again)
    assert first == again


def test_problems_make_it_invalid_and_are_said_before_an_unmet_fault():
    unmet = Struck("503 30 %", (), Met("503 30 %", 100, 0, 0.3))
    one = plain(faults=(unmet,))
    assert decide(one, ledger())[0] is Verdict.INVALID
    late = decide(plain(faults=(unmet,), problems=("late",)), ledger())
    assert late[0] is Verdict.INVALID
    assert late[1].startswith("late; 503 30 %: the fault met none of 100 attempts")
