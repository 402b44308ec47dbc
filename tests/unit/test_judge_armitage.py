"""Repeated looks: Armitage, McPherson & Rowe (1969), and what our gate does on the same kind of paths.

A 5 % test looked at again and again is wrong far more often than 5 %; the published table says how often.
"""

from __future__ import annotations

import numpy as np
import pytest

from chaosmesh.judge import MeanTest
from tests.unit.judge_paths import boundaries

LOOKS = {1: 0.0503, 2: 0.0831, 3: 0.1069, 4: 0.1256, 5: 0.1407, 10: 0.1932, 20: 0.2474, 50: 0.3207}
"""Looks and how often a nominal 5 % test is wrong at one of them; the published table rounds to .05 … .32."""
NOMINAL = 1.959964  # two-sided 5 %
PATHS = 10_000


def normal_steps() -> np.ndarray:
    """40,000 paths of 50 looks."""
    return np.random.default_rng(1969).standard_normal((4 * PATHS, 50))


def test_a_naive_test_is_wrong_as_often_as_the_table_says():
    looks = np.abs(np.cumsum(normal_steps(), axis=1)) / np.sqrt(np.arange(1, 51))
    for count, chance in LOOKS.items():
        wrong = np.mean((looks[:, :count] > NOMINAL).any(axis=1))
        assert wrong == pytest.approx(chance, abs=0.006), count


def test_ours_stays_within_five_percent_on_the_very_same_paths():
    """Of each step it is told whether it went up; the claim is "up at least half of the time"."""
    passes, fails = boundaries(MeanTest("at_least", 0.5, 0.025), 50)
    ups = np.cumsum(normal_steps() > 0, axis=1)
    wrong = ((ups >= passes) | (ups <= fails)).any(axis=1)
    for count in LOOKS:
        assert np.mean(((ups >= passes) | (ups <= fails))[:, :count].any(axis=1)) <= 0.05
    assert wrong.any()


def test_ours_stays_within_its_five_percent_when_looked_at_after_every_request():
    """A fair coin, claim "at least one half", 10,000 paths of 1,000 requests, 1,000 looks each.

    Both verdicts together are the two-sided 5 % of the table: each has 2.5 %.
    """
    passes, fails = boundaries(MeanTest("at_least", 0.5, 0.025), 1000)
    naive = ours = 0
    draw = np.random.default_rng(1969)
    n = np.arange(1, 1001)
    for _ in range(10):
        counts = np.cumsum(draw.random((PATHS // 10, 1000)) < 0.5, axis=1)
        far = np.abs(counts - n / 2) / np.sqrt(n / 4) > NOMINAL
        naive += int(far[:, 9:].any(axis=1).sum())
        ours += int(((counts >= passes) | (counts <= fails)).any(axis=1).sum())
    assert naive / PATHS > 0.4
    assert 0 < ours / PATHS <= 0.05


def test_at_the_alpha_of_a_claim_no_path_of_ten_thousand_goes_wrong():
    """At 1e-4 one wrong path in 10,000 would already be average for a test that spends all of its α.

    Three are allowed: with exactly α the chance of four or more is 2 %, and the seed is fixed.
    """
    _, fails = boundaries(MeanTest("at_least", 0.95, 1e-4), 2000)
    draw, wrong = np.random.default_rng(7), 0
    for _ in range(20):
        counts = np.cumsum(draw.random((PATHS // 20, 2000)) < 0.95, axis=1)
        wrong += int((counts <= fails).any(axis=1).sum())
    assert wrong <= 3
