"""The simulation against closed forms and measured figures."""

from __future__ import annotations

import pytest

from chaosmesh.judge import oracle, oracle_overload
from chaosmesh.judge.queueing import (
    Arm,
    Edge,
    Flow,
    Limits,
    Model,
    Policy,
    Server,
    Trouble,
    mean,
    share,
    simulate,
)
from tests.unit.judge_oracle.models import chain, one_hop

N = 6_000


def run(model: Model, rate: float, *, n: int = N, seed: int = 3):
    return simulate(model, Flow.steady(rate, n), seed)


def test_the_same_seed_gives_the_same_run() -> None:
    first, again, other = (run(one_hop(Limits(retries=3)), 300, n=500, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_two_retries_with_an_open_breaker_keep_the_closed_form() -> None:
    found = run(one_hop(), 500)
    assert share([one.ok for one in found.requests], N).holds(oracle.success(0.3, 2))
    assert mean([one.attempts for one in found.requests], N).holds(oracle.attempts(0.3, 2))
    assert not any(one.refused for one in found.requests)


@pytest.mark.parametrize(("rate", "n", "measured"), [(500, 10_000, 0.7941), (50, 1_000, 0.956)])
def test_plain_envoys_limit_of_three_retries(rate: float, n: int, measured: float) -> None:
    """Measured once on Envoy 1.40, a backend of 20 ms on success and failure; a hop took some 2 ms more."""
    found = run(one_hop(Limits(retries=3), latency=0.022), rate)
    predicted = share([one.ok for one in found.requests], n)
    assert predicted == pytest.approx(oracle_overload.success_limited(rate, 0.3, 2, 0.022, 3), abs=0.02)
    assert predicted.holds(measured)


@pytest.mark.parametrize("rate", [100, 200, 400])
def test_refused_retries_follow_erlangs_formula(rate: float) -> None:
    flow = Flow.steady(rate, 20_000, poisson=True)
    calls = simulate(one_hop(Limits(retries=3)), flow, 3).requests
    first_failed = sum(one.attempts > 1 or one.refused for one in calls)
    refused = sum(one.refused for one in calls) / first_failed
    offered = oracle_overload.retries_in_flight(rate, 0.3, 2, 0.02)
    assert refused == pytest.approx(oracle_overload.refused(offered, 3), abs=0.03)


def test_at_the_onset_as_many_retries_are_wanted_as_there_are_places() -> None:
    rate = oracle_overload.onset(3, 0.3, 2, 0.02)
    assert oracle_overload.retries_in_flight(rate, 0.3, 2, 0.02) == pytest.approx(3)
    assert oracle_overload.refused(3, 3) == pytest.approx(9 / 26)  # (3³/3!) / (1 + 3 + 3²/2! + 3³/3!)


def test_three_layers_of_four_attempts_are_64_leaf_calls() -> None:
    found = run(chain("uabc", retries=3, share=1.0), 5, n=20)
    assert [sum(one.attempts for one in found.calls[edge]) for edge in ("u>a", "a>b", "b>c")] == [
        80,
        320,
        1280,
    ]


def test_budgets_of_twenty_percent_bound_the_storm() -> None:
    """The share of requests in flight, with no retry for free; 1.2 a layer would be 1.73 in all."""
    limits = Limits(percent=20, at_least=0)
    found = run(chain("uabc", retries=3, share=1.0, limits=limits), 400, n=4_000)
    for edge in ("u>a", "a>b", "b>c"):
        calls = found.calls[edge]
        assert sum(one.attempts for one in calls) / len(calls) <= 1.2


def test_a_timeout_per_try_cuts_and_tries_again() -> None:
    slow = Trouble("delay", 1.0, 0.5)
    edge = Edge("u>a", (Arm("a"),), Policy(2, per_try=0.1, timeout=15.0), (slow,))
    found = run(Model(edge, (Server("a"),)), 10, n=50)
    assert {(one.why, one.attempts) for one in found.requests} == {("per_try", 3)}
    assert all(0.3 <= one.end - one.start <= 0.3 + 0.025 + 0.050 for one in found.requests)


def test_the_timeout_of_the_call_ends_it_between_attempts_too() -> None:
    edge = Edge("u>a", (Arm("a"),), Policy(5, timeout=0.05), (Trouble("answer", 1.0, 0.02),))
    found = run(Model(edge, (Server("a"),)), 10, n=50)
    assert {one.why for one in found.requests} <= {"timeout", "answer"}
    assert all(one.end - one.start <= 0.05 + 1e-9 for one in found.requests)


def test_a_full_pool_refuses_and_is_not_tried_again() -> None:
    """One request takes 0.1 s, five come at once in that time: one goes, two wait."""
    limits = Limits(connections=1, pending=2)
    edge = Edge("u>a", (Arm("a", limits=limits),), Policy(3, timeout=15.0))
    found = run(Model(edge, (Server("a", (0.1,)),)), 50, n=5)
    assert [one.why for one in found.requests] == ["", "", "", "pool", "pool"]
    assert [one.attempts for one in found.requests] == [1] * 5
    assert found.requests[2].end == pytest.approx(0.3)


def test_the_callees_pool_answers_what_is_not_tried_again() -> None:
    edge = Edge("u>a", (Arm("a"),), Policy(3, timeout=15.0))
    found = run(Model(edge, (Server("a", (0.1,), limits=Limits(connections=1, pending=0)),)), 50, n=2)
    assert [(one.why, one.attempts) for one in found.requests] == [("", 1), ("overloaded", 1)]


def test_retries_go_to_the_fallback() -> None:
    arm = Arm("own", elsewhere="other")
    edge = Edge("u>own", (arm,), Policy(1, timeout=15.0), (Trouble("answer"),))
    found = run(Model(edge, (Server("own"), Server("other"))), 10, n=20)
    assert all(one.ok and one.attempts == 2 for one in found.requests)
    assert len(found.arrived["other"]) == 20


def test_what_is_given_up_takes_the_calls_below_with_it() -> None:
    below = Edge("a>b", (Arm("b"),), Policy(0, timeout=15.0))
    top = Edge("u>a", (Arm("a"),), Policy(0, timeout=0.1))
    model = Model(top, (Server("a"), Server("b", (5.0,))), {"a": (below,)})
    found = run(model, 10, n=10)
    assert {one.why for one in found.calls["a>b"]} == {"gone"}
    assert all(one.end - one.start == pytest.approx(0.1) for one in found.calls["a>b"])


def test_weights_choose_the_arm() -> None:
    edge = Edge("u>s", (Arm("a", 90), Arm("b", 10)))
    found = run(Model(edge, (Server("a"), Server("b"))), 100)
    assert len(found.arrived["b"]) / N == pytest.approx(0.1, abs=0.03)


def test_littles_law_holds_in_a_queue() -> None:
    """M/D/1: requests in the system = rate × time in the system; Pollaczek and Khinchine give the time."""
    edge = Edge("u>a", (Arm("a"),), Policy(0))
    model = Model(edge, (Server("a", capacity=((0.0, 100.0),)),))
    found = simulate(model, Flow.steady(70, 30_000, poisson=True), 5)
    waited = [one.end - one.start for one in found.requests]
    busy = 0.7
    assert sum(waited) / len(waited) == pytest.approx(0.01 * (1 + busy / (2 * (1 - busy))), rel=0.1)
