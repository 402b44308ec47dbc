"""Bursts: outcomes that share their luck are judged in blocks, by a rule that looks at the fault alone."""

from __future__ import annotations

import numpy as np
import pytest

from chaosmesh.judge import Evidence, MeanTest, Verdict, at_least, counting, judge, requirement
from chaosmesh.judge.bursts import ONE_BY_ONE, luck_of

REPLAYS, RATE, LENGTH = 1000, 100, 8000
CONNECTIONS, LIFE = 4, 1.0
ALPHA = 0.05


def pooled_connections(draw: np.random.Generator, toxicity: float) -> np.ndarray:
    """Outcomes behind four pooled connections: each is renewed once a second, at its own moment, and then toxic, or
    not, until it is renewed. Requests take any of them."""
    at = np.arange(LENGTH) / RATE
    taken = draw.integers(CONNECTIONS, size=LENGTH)
    life = np.floor(at / LIFE + draw.random(CONNECTIONS)[taken]).astype(int)
    toxic = draw.random((CONNECTIONS, life.max() + 1)) < toxicity
    return ~toxic[taken, life]


def verdicts(truth: float, bound: float, seed: int) -> dict[str, list[Verdict]]:
    """Of 1,000 replays, judged both ways."""
    rule = counting([("latency", {"toxicity": 1 - truth})], RATE, life_s=LIFE)
    draw, found = np.random.default_rng(seed), {"request": [], "block": []}
    for _ in range(REPLAYS):
        outcomes = pooled_connections(draw, 1 - truth)
        single = Evidence.share(LENGTH, int(outcomes.sum()))
        as_blocks = rule.evidence(outcomes.tolist())
        for unit, evidence in (("request", single), ("block", as_blocks)):
            test = MeanTest("at_least", bound, ALPHA, binary=evidence.binary)
            found[unit].append(test.verdict(evidence.unit))
    return found


def test_with_a_fault_drawn_per_connection_blocks_keep_alpha_and_requests_do_not():
    """A/A: the bound is the truth, so that each verdict is wrong; 1,000 replays of 80 s."""
    found = verdicts(0.8, 0.8, seed=7)
    for wrong in (Verdict.FAIL, Verdict.PASS):
        assert found["block"].count(wrong) <= ALPHA * REPLAYS
        assert found["request"].count(wrong) > 3 * ALPHA * REPLAYS


def test_blocks_still_see_what_is_far_off():
    found = verdicts(0.5, 0.8, seed=8)
    assert found["block"].count(Verdict.FAIL) >= 0.95 * REPLAYS


@pytest.mark.parametrize(
    ("kind", "size", "luck"),
    [
        ("errors", {"status": 503, "share": 0.3}, "request"),
        ("delay", {"ms": 300}, "request"),
        ("latency", {"ms": 300, "jitter": 50}, "request"),
        ("latency", {"ms": 300, "toxicity": 0.3}, "connection"),
        ("reset", {"every_ms": 1000}, "flight"),
        ("overload", {"capacity": 40}, "flight"),
        ("down", {}, "state"),
        ("crash", {"replica": 1}, "state"),
    ],
)
def test_the_kind_of_a_fault_says_what_draws_its_luck(kind: str, size: dict[str, object], luck: str):
    assert luck_of(kind, size) == luck


def test_a_block_is_as_long_as_the_longest_piece_of_luck():
    assert counting([], 200) == ONE_BY_ONE
    assert counting([("errors", {"share": 0.3}), ("down", {})], 200) == ONE_BY_ONE
    cut = counting([("errors", {"share": 0.3}), ("reset", {"every_ms": 1000})], 200, answer_s=0.05)
    assert (cut.size, cut.gap) == (10, 10)
    assert "reset hits all requests that are under way at once" in cut.why
    ejecting = counting([("errors", {"share": 0.3})], 200, ejection_s=2.0)
    assert ejecting.size == 400
    assert counting([("errors", {"share": 1.0})], 200, ejection_s=2.0) == ONE_BY_ONE
    assert counting([("reset", {})], 20, answer_s=0.01) == ONE_BY_ONE


def test_what_is_counted_says_so():
    cut = counting([("reset", {})], 200, answer_s=0.05)
    decision = judge(requirement("success", at_least(0.9)), cut.evidence([True] * 190 + [False] * 10))
    assert (decision.n, decision.unit) == (10, "blocks of 10 requests")
    assert "of 10 blocks of 10 requests successful" in decision.reason
    assert ONE_BY_ONE.evidence([True, False]) == Evidence.share(2, 1)
    assert ONE_BY_ONE.evidence([1, 3], high=3).values == ((1.0, 1), (3.0, 1))


def test_blocks_of_different_sizes_do_not_add_up():
    some, others = (counting([("reset", {})], rate).evidence([1.0] * 100) for rate in (200, 400))
    with pytest.raises(ValueError, match="does not add up"):
        some + others
