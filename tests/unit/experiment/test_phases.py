"""Schedules: how they are written, and what a timetable puts in force when."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest

from chaosmesh import at_least, at_most, baseline, control, phase, ramp, repeat, request
from chaosmesh.engine.experiment.cohorts import with_control
from chaosmesh.engine.experiment.phases import faults_of, schedule
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.experiment.policies import PolicyInForce
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.sense import checked
from chaosmesh.engine.experiment.timetable import Timetable
from chaosmesh.errors import UsageError
from chaosmesh.judge import requirement
from tests.unit.experiment.noted import Noted
from tests.unit.experiment.test_drive import errors


class Policies:
    """A mesh that remembers which policies were put in force, and when that was done."""

    def __init__(self) -> None:
        self.stack = self
        self.mesh = "written"
        self.used: list[str] = []
        self.changed_ns: list[int] = []

    async def use(self, policy: str) -> None:
        await asyncio.sleep(0)
        self.used.append(policy)
        self.changed_ns.append(time.time_ns())
        self.mesh = policy


def go(*phases, over: bool = False) -> tuple[Timetable, bool | None]:
    """Through a schedule; `over`: the load has ended already."""

    async def whole() -> tuple[Timetable, bool | None]:
        table = Timetable(schedule(*phases), lambda: None)
        end = asyncio.get_running_loop().create_future()
        if over:
            end.set_result(None)
        try:
            return table, await table.run(end)
        except RuntimeError:
            return table, None
        finally:
            await table.clear()

    return asyncio.run(whole())


def test_a_schedule_puts_in_force_and_takes_off_at_its_borders():
    notes: list[str] = []
    one, other = Noted("one", notes), Noted("other", notes)
    table, whole = go(
        phase("baseline", "1ms"),
        phase("fault", "1ms", one),
        phase("worse", "1ms", one, other),
        phase("end", "1ms"),
    )
    assert whole
    assert notes == ["+one", "+other", "-other", "-one"], "what goes on is neither taken off nor put on again"
    assert [one.name for one in table.spans] == ["baseline", "fault", "worse", "end"]
    ends = [(one.begin_ns, one.end_ns) for one in table.spans]
    assert all(begin < end for begin, end in ends)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(ends))


def test_what_is_in_force_when_the_load_ends_is_taken_off():
    notes: list[str] = []
    table, whole = go(phase("fault", "1h", Noted("one", notes)), phase("end", "1h"), over=True)
    assert whole is False
    assert notes == ["+one", "-one"]
    assert [one.name for one in table.spans] == ["fault"]


def test_a_policy_is_noted_until_the_next_is_about_to_be_put_in_its_place():
    live = Policies()
    shifted = PolicyInForce(live, "shifted", "shifted")
    table, whole = go(phase("before", "1ms"), phase("shifted", "1ms", shifted), phase("back", "1ms"))
    assert whole
    assert live.used == ["shifted", "written"]
    came, back = table.policies
    assert came.begin_ns <= came.end_ns <= live.changed_ns[1] <= back.begin_ns
    assert back.end_ns is None


def test_a_policy_that_the_load_does_not_outlive_has_no_next_one():
    live = Policies()
    table, _ = go(phase("shifted", "1h", PolicyInForce(live, "shifted", "shifted")), over=True)
    assert live.used == ["shifted", "written"]
    (came,) = table.policies
    assert came.begin_ns <= came.end_ns <= live.changed_ns[1]


def test_what_could_not_be_put_in_force_is_taken_off_with_the_rest():
    notes: list[str] = []
    _, whole = go(phase("fault", "1ms", Noted("one", notes), Noted("bad", notes, broken=True)))
    assert whole is None
    assert notes == ["+one", "+bad", "-bad", "-one"]


def test_a_ramp_is_phases_of_equal_length_and_named_values():
    seen: list[float] = []
    steps = ramp(lambda ms: seen.append(ms) or Noted(str(ms), []), 50, 500, steps=4, over="2s")
    assert seen == [50, 200, 350, 500]
    assert [(one.name, one.seconds) for one in steps] == [(f"ramp {ms}", 0.5) for ms in seen]


def test_repeat_and_nested_phases_are_one_schedule_and_a_fault_is_named_once():
    fault = Noted("fault", [])
    fault.in_force = errors()
    cycle = repeat(3, phase("fault", "1s", fault), phase("calm", "1s"))
    found = schedule(phase("baseline", "1s"), cycle)
    assert [one.name for one in found] == ["baseline", *["fault", "calm"] * 3]
    assert faults_of(found) == (fault.in_force,)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: phase("", "1s"), "has a name"),
        (lambda: phase("fault", "3"), "no unit"),
        (lambda: phase("fault", "0s"), "longer than nothing"),
        (lambda: phase("fault", "1s", "errors"), "nothing that can be in force"),
        (lambda: ramp(lambda _: None, 1, 2, steps=1, over="1s"), "at least 2 steps"),
        (lambda: ramp(lambda _: None, 1, 2, steps=2.5, over="1s"), "at least 2 steps"),
        (lambda: ramp(lambda _: None, "1", 2, steps=2, over="1s"), "no two numbers"),
        (lambda: ramp(lambda _: None, 1, 2, steps=2, over="0s"), "longer than nothing"),
        (lambda: repeat(0, phase("fault", "1s")), "a whole number of times"),
        (lambda: repeat(1.5, phase("fault", "1s")), "a whole number of times"),
        (lambda: schedule("fault"), "is no phase"),
    ],
)
def test_what_makes_no_schedule_is_refused(make, text):
    with pytest.raises(UsageError, match=text):
        make()


def plan(*phases, **more) -> Plan:
    return Plan(
        "departures", (request("/a", name="a"), request("/b")), 100.0, "constant", 0, phases=phases, **more
    )


@pytest.mark.parametrize(
    ("claim", "text", "hint"),
    [
        (at_least(0.9, of="c"), "no request of the load is called 'c'", "known: a, /b"),
        (at_least(0.9, during="fault"), "no phase is called 'fault'", "known: calm"),
        (at_least(baseline(minus=0.1)), "no phase is called 'baseline'", "known: calm"),
        (at_least(control(minus=0.1)), "no control cohort", "control="),
    ],
)
def test_a_claim_about_what_the_load_does_not_have_is_refused_before_anything_is_sent(claim, text, hint):
    with pytest.raises(UsageError, match=text) as error:
        checked([Question(requirement("success", claim))], plan(phase("calm", "1s")))
    assert hint in error.value.hint


def test_a_control_cohort_is_the_same_mix_with_its_mark():
    mix = (request("/a", name="a", weight=3, headers={"X-Cohort": "one"}), request("/b"))
    both, control_kinds = with_control(mix, {"x-cohort": "control"})
    assert control_kinds == (2, 3)
    assert [one.headers for one in both[2:]] == [(("x-cohort", "control"),)] * 2
    assert [(one.name, one.weight) for one in both[2:]] == [(one.name, one.weight) for one in mix]
    assert with_control(mix, None) == (mix, ())


def test_a_control_cohort_may_be_another_request_of_the_same_weight():
    mix = (request("/a", name="a", weight=3),)
    both, kinds = with_control(mix, request("/other"))
    assert (both[1].path, both[1].weight, both[1].name, kinds) == ("/other", 3.0, "a", (1,))


@pytest.mark.parametrize("given", [{}, "x", [], [1], 7])
def test_what_is_no_cohort_is_refused(given):
    with pytest.raises(UsageError, match="control"):
        with_control((request("/a"),), given)


def test_a_bound_in_a_claim_is_kept_when_there_is_all_it_needs():
    asked = [
        Question(requirement("success", at_least(0.9, of="a", during="baseline"))),
        Question(requirement("p99", at_most(control(times=2)))),
    ]
    checked(asked, plan(phase("baseline", "1s"), control=(1,)))
