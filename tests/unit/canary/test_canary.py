"""A canary's plan, its claims in words, and what is done at a step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from chaosmesh.documents.canary_part import Canary as Part
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.canary.arms import arm_of
from chaosmesh.engine.canary.claims import claim_of, said
from chaosmesh.engine.canary.deciding import action_of, decisions_of
from chaosmesh.engine.canary.plan import Step, plan_of, plan_of_scenario, required, usual
from chaosmesh.engine.experiment.canaries import planned
from chaosmesh.engine.experiment.inputs import Wanted, read
from chaosmesh.engine.inputs import policy
from chaosmesh.errors import DocumentError, UsageError
from chaosmesh.judge import Verdict, at_least, at_most, control
from tests.unit.experiment.airport import FOLDER, call

ROUTE = "flights-router/flights-route"
SERVICE = "flights.airport.local"


@pytest.fixture(scope="module")
def airport():
    resources, scenario = read(Wanted((FOLDER,)))
    return resources, policy(resources, scenario)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("at least stable - 1 %", at_least(control(minus="1 %"))),
        ("at least stable − 0.01", at_least(control(minus=0.01))),
        ("at most stable x 1.5 + 20ms", at_most(control(times=1.5, plus="20ms"))),
        ("At most stable × 2", at_most(control(times=2))),
        ("at least stable", at_least(control())),
        ("at least 99 %", at_least("99 %")),
        ("at most 300ms", at_most("300ms")),
    ],
)
def test_claims_are_read_as_people_say_them(text, claim):
    assert claim_of(text) == claim


@pytest.mark.parametrize("text", ["99 %", "at best 1", "at least stable of 3", "at most", "at least fine"])
def test_what_is_no_claim_says_how_one_looks(text):
    with pytest.raises(UsageError):
        required({"success": claim_of(text)})


def test_what_a_canary_can_not_count_is_refused():
    with pytest.raises(UsageError, match="does not claim recovery"):
        required({"recovery": at_most("2s")})
    assert said("p99 at most 2 × the control's") == "p99 at most 2 × the stable version's"


def test_a_plan_knows_the_services_and_the_stable_version(airport):
    part = Part(route=ROUTE, to="flights-v2", steps=[10, {"weight": 100, "bake": "9s"}])
    asked = required({"success": at_least(0.9)})
    plan = plan_of(*airport, part, [asked, asked])
    assert (plan.stable, plan.services, plan.claims) == (("flights-v1",), (SERVICE,), 2)
    assert [(one.weight, one.bake) for one in plan.steps] == [(10, 2.0), (100, 9.0)]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("{route: nowhere, to: flights-v2}", ["chaosmesh.yaml:2:10 there is no route"]),
        (
            "{route: flights-route, to: weather}",
            ["2:10 virtualRouter/flights-router/route/flights-route: 'weather' is none"],
        ),
        ("{route: flights-route, to: flights-v2, steps: [50, 10]}", ["steps 50, 10 don't rise"]),
        ("{route: flights-route, to: flights-v2, steps: [0]}", ["steps"]),
        (
            "{route: flights-route, to: flights-v2, claims: {success: good, p99: at most 3}}",
            ["2:57 'good' is no claim", "no unit"],
        ),
    ],
)
def test_a_bad_plan_is_told_with_its_place(airport, tmp_path: Path, text, problems):
    file = tmp_path / "chaosmesh.yaml"
    file.write_text(f"name: x\ncanary: {text}\n")
    with pytest.raises(DocumentError) as caught:
        plan_of_scenario(load_scenario(file), *airport)
    assert [one for one in problems if one not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"steps": (50, 10)}, "canary: steps 50, 10 don't rise"),
        ({"steps": (150,)}, "^canary: steps.weight is 150 and must be at most 100\n"),
        ({"steps": (10.5,)}, "canary: steps"),
        ({"steps": 10}, "canary: steps is 10 and must be a list"),
        ({"steps": ()}, "canary: steps is empty"),
        ({"bake": "5"}, "canary: bake: '5' is no duration"),
        ({"hold": 5}, "canary: hold"),
        ({"to": "flights-v9"}, "'flights-v9' is none of its targets"),
        ({"route": "nowhere"}, "there is no route 'nowhere'"),
    ],
)
def test_a_plan_that_makes_no_sense_is_told_in_a_test(airport, changed, text):
    resources, mesh = airport
    asked = {"route": ROUTE, "to": "flights-v2", "steps": (10, 100), "bake": "1s", "hold": "20s", **changed}
    here = SimpleNamespace(live=SimpleNamespace(expects=print))
    with pytest.raises(UsageError, match=text) as caught:
        planned(here, resources, mesh, claims={}, **asked)
    assert "Value error" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_canary_that_is_never_run_is_noticed(airport):
    notes = []
    here = SimpleNamespace(live=SimpleNamespace(expects=notes.append))
    planned(here, *airport, route=ROUTE, to="flights-v2", steps=(10, 100), bake="1s", hold="20s", claims={})
    assert [one.done for one in notes] == [False]
    assert notes[0].text == "a canary of flights-route was planned, and never run"


def test_without_a_canary_the_next_step_is_told(airport, tmp_path: Path):
    (tmp_path / "chaosmesh.yaml").write_text("name: x\n")
    with pytest.raises(UsageError, match="has no canary"):
        plan_of_scenario(load_scenario(tmp_path), *airport)


def test_without_claims_the_success_is_compared_everywhere_alike(airport, tmp_path: Path):
    (tmp_path / "chaosmesh.yaml").write_text("canary: {route: flights-route, to: flights-v2}\n")
    plan = plan_of_scenario(load_scenario(tmp_path), *airport)
    assert {one.requirements for one in plan.steps} == {usual()}
    assert usual() == required({"success": at_least(control(minus="5 %"))})


def arm(name: str, good: int, bad: int = 0):
    ok = call(1, client="departures", service=SERVICE, server=name)
    broken = call(1, status=503, client="departures", service=SERVICE, server=name)
    return [ok] * good + [broken] * bad


STEP = Step(10, 2.0, required({"success": at_least(control(minus=0.05))}))


@pytest.mark.parametrize(
    ("new", "stable", "verdict"),
    [
        (arm("v2", 300), arm("v1", 2700), Verdict.PASS),
        (arm("v2", 0, 30), arm("v1", 300), Verdict.FAIL),
        (arm("v2", 20), arm("v1", 180), Verdict.INCONCLUSIVE),
        (arm("v2", 0), arm("v1", 180), Verdict.INVALID),
    ],
)
def test_a_step_is_judged_against_the_stable_version(new, stable, verdict):
    (decision,) = decisions_of(STEP, new, stable, 5, 1e-4)
    assert decision.verdict is verdict


def test_bounds_of_their_own_and_attempts_are_judged_too():
    step = replace(STEP, requirements=required({"success": at_least(0.9), "attempts": at_most(1.5)}))
    new = [call(3, server="v2")] * 200
    assert [one.verdict for one in decisions_of(step, new, [], 5, 1e-4)] == [Verdict.PASS, Verdict.FAIL]
    step = replace(STEP, requirements=required({"p90": at_most(control(times=2))}))
    slow = [replace(one, duration_ms=50.0) for one in arm("v2", 100)]
    assert decisions_of(step, slow, arm("v1", 900), 5, 1e-4)[0].verdict is Verdict.FAIL


def test_a_step_goes_on_only_when_it_is_baked_and_back_at_once():
    kept = decisions_of(STEP, arm("v2", 300), arm("v1", 2700), 5, 1e-4)
    broken = decisions_of(STEP, arm("v2", 0, 30), arm("v1", 300), 5, 1e-4)
    unknown = decisions_of(STEP, arm("v2", 20), arm("v1", 180), 5, 1e-4)
    assert action_of(kept, baked=False, waited=False) == "watch"
    assert action_of(kept, baked=True, waited=False) == "on"
    assert action_of(broken, baked=False, waited=False) == "back"
    assert action_of([*kept, *broken], baked=True, waited=True) == "back"
    assert action_of(unknown, baked=True, waited=False) == "watch"
    assert action_of(unknown, baked=True, waited=True) == "hold"


def test_a_call_that_found_no_host_belongs_to_the_version_that_was_chosen():
    found = call(1, server="flights-v2")
    assert arm_of(found, ("flights-v2", "flights-v1"), "airport") == "flights-v2"
    nowhere = replace(found.attempts[0], server="", cluster="cds_egress_airport_flights-v1_http_8080")
    assert (
        arm_of(replace(found, attempts=(nowhere,)), ("flights-v2", "flights-v1"), "airport") == "flights-v1"
    )
    assert arm_of(replace(found, attempts=()), ("flights-v2",), "airport") == ""
