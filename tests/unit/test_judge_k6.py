"""A gate that looks every two seconds: k6 stops half of the runs of a service that is well within its goal.

True failures 0.5 %, gate 1 %, 50 requests a second, looked at every 2 s for five minutes.
"""

from __future__ import annotations

import numpy as np

from chaosmesh.judge import MeanTest
from tests.unit.judge_paths import fails_at

REPLAYS, RATE, SECONDS, LOOK = 1000, 50, 300, 2
LOOKS = tuple(range(RATE * LOOK, RATE * SECONDS + 1, RATE * LOOK))


def looks(share: float, seed: int) -> np.ndarray:
    """Failures so far at every look, one row per replay."""
    failed = np.random.default_rng(seed).random((REPLAYS, RATE * SECONDS)) < share
    return np.cumsum(failed, axis=1)[:, RATE * LOOK - 1 :: RATE * LOOK]


def ours(bound: float, *, alpha: float, failing: float, seed: int) -> np.ndarray:
    """Which replays our gate stops."""
    stopped: np.ndarray = (
        np.array(LOOKS) - looks(failing, seed) <= fails_at(MeanTest("at_least", bound, alpha), LOOKS)
    ).any(axis=1)
    return stopped


def test_a_plain_threshold_stops_half_of_the_good_runs():
    failures = looks(0.005, seed=4)
    assert 0.4 < np.mean((failures >= 0.01 * np.array(LOOKS)).any(axis=1)) < 0.7


def test_ours_stops_none():
    stopped = ours(0.99, alpha=1e-4, failing=0.005, seed=4)
    assert stopped.sum() == 0


def test_ours_at_five_percent_stops_at_most_five_percent_even_of_runs_at_the_gate():
    stopped = ours(0.99, alpha=0.05, failing=0.01, seed=5)
    assert np.mean(stopped) <= 0.05


def test_ours_stops_what_is_twice_the_gate():
    stopped = ours(0.99, alpha=1e-4, failing=0.02, seed=6)
    assert np.mean(stopped) > 0.99
