"""Power: a judge that never decides would keep every α. At a named margin ours decides, and rightly."""

from __future__ import annotations

import numpy as np
import pytest

from chaosmesh.judge import ALPHA, MeanTest, Verdict, planned_n
from tests.unit.judge_paths import boundaries

REPLAYS = 1000

CLAIMS = [(0.95, 0.02), (0.99, 0.01), (0.9, 0.05), (0.5, 0.05)]


def replayed(test: MeanTest, truth: float, requests: int, seed: int) -> tuple[list[Verdict], np.ndarray]:
    """Verdicts of 1,000 runs of so many requests, looked at after each, and when they fell."""
    passes, fails = boundaries(test, requests)
    draw, verdicts, lengths = np.random.default_rng(seed), [], []
    for _ in range(REPLAYS // 100):
        counts = np.cumsum(draw.random((100, requests)) < truth, axis=1)
        for passed, failed in zip(counts >= passes, counts <= fails, strict=True):
            when = int(np.argmax(passed | failed))
            lengths.append(when + 1)
            verdicts.append(
                Verdict.PASS if passed[when] else Verdict.FAIL if failed[when] else Verdict.INCONCLUSIVE
            )
    return verdicts, np.array(lengths)


@pytest.mark.parametrize(("bound", "margin"), CLAIMS)
def test_at_both_sides_of_a_margin_the_power_is_99_percent(bound: float, margin: float):
    """1,000 seeded replays each, with three times the requests that the plan says."""
    test = MeanTest("at_least", bound, ALPHA, margin)
    for truth, right in ((bound, Verdict.PASS), (bound - margin, Verdict.FAIL)):
        planned = planned_n(bound, truth, margin=margin)
        assert planned is not None
        verdicts, lengths = replayed(test, truth, 3 * planned, seed=99)
        assert verdicts.count(right) >= 0.99 * REPLAYS
        assert np.mean(lengths) == pytest.approx(planned, rel=0.15)
