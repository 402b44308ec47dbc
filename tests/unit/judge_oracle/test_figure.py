"""The interval beside a predicted number."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chaosmesh.judge.queueing import Figure, Flow, Limits, mean, quantile, share, simulate
from tests.unit.judge_oracle.models import one_hop


def test_a_figure_is_a_number() -> None:
    one = Figure(0.973, 0.96, 0.98)
    assert one == 0.973
    assert json.loads(json.dumps({"success": one})) == {"success": 0.973}
    assert one.holds(0.96)
    assert not one.holds(0.95)
    assert (Figure(2).low, Figure(2).high) == (2, 2)


@pytest.mark.parametrize("limits", [Limits(), Limits(retries=3)])
def test_other_runs_of_the_same_policy_lie_within(limits: Limits) -> None:
    """999 of 1,000 do; of 60 none or one may not."""
    n = 1_000
    predicted = simulate(one_hop(limits), Flow.steady(300, 8_000), 1).requests
    ok, tries = share([one.ok for one in predicted], n), mean([one.attempts for one in predicted], n)
    p90 = quantile([one.end - one.start for one in predicted], 0.9, n)
    out = 0
    for seed in range(20):
        seen = simulate(one_hop(limits), Flow.steady(300, n), 100 + seed).requests
        out += not ok.holds(sum(one.ok for one in seen) / n)
        out += not tries.holds(sum(one.attempts for one in seen) / n)
        out += not p90.holds(float(np.quantile([one.end - one.start for one in seen], 0.9)))
    assert out <= 1


def test_a_longer_run_narrows_it() -> None:
    draws = [one.ok for one in simulate(one_hop(), Flow.steady(300, 8_000), 1).requests]
    short, long = share(draws, 200), share(draws, 5_000)
    assert short.low < long.low
    assert short.high >= long.high


def test_no_failure_in_a_simulation_is_no_proof_that_none_comes() -> None:
    sure = share([True] * 2_000, 1_000)
    assert sure == 1
    assert 0.99 < sure.low < 1
