"""A gate that looks every two seconds: k6 stops half of the runs of a service that is well within its goal.

True failures 0.5 %, gate 1 %, 50 requests a second, looked at every 2 s for five minutes.
"""

from __future__ import annotations

import numpy as np

from chaosmesh.judge import MeanTest
from tests.unit.judge_paths import boundaries

REPLAYS, RATE, SECONDS, LOOK = 1000, 50, 300, 2


def looks(share: float, seed: int) -> np.ndarray:
    """Failures so far at every look, one row per replay."""
    failed = np.random.default_rng(seed).random((REPLAYS, RATE * SECONDS)) < share
    return np.cumsum(failed, axis=1)[:, RATE * LOOK - 1 :: RATE * LOOK]


def test_a_plain_threshold_stops_half_of_the_good_runs():
    failures = looks(0.005, seed=4)
    n = np.arange(1, failures.shape[1] + 1) * RATE * LOOK
    assert 0.4 < np.mean((failures >= 0.01 * n).any(axis=1)) < 0.7


def test_ours_stops_none():
    _, fails = boundaries(MeanTest("at_least", 0.99, 1e-4), RATE * SECONDS)
    n = np.arange(1, RATE * SECONDS // (RATE * LOOK) + 1) * RATE * LOOK
    stopped = (n - looks(0.005, seed=4) <= fails[n - 1]).any(axis=1)
    assert stopped.sum() == 0


def test_ours_at_five_percent_stops_at_most_five_percent_even_of_runs_at_the_gate():
    _, fails = boundaries(MeanTest("at_least", 0.99, 0.05), RATE * SECONDS)
    n = np.arange(1, RATE * SECONDS // (RATE * LOOK) + 1) * RATE * LOOK
    stopped = (n - looks(0.01, seed=5) <= fails[n - 1]).any(axis=1)
    assert np.mean(stopped) <= 0.05


def test_ours_stops_what_is_twice_the_gate():
    _, fails = boundaries(MeanTest("at_least", 0.99, 1e-4), RATE * SECONDS)
    n = np.arange(1, RATE * SECONDS // (RATE * LOOK) + 1) * RATE * LOOK
    stopped = (n - looks(0.02, seed=6) <= fails[n - 1]).any(axis=1)
    assert np.mean(stopped) > 0.99
