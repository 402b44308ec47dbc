"""A change of a share over nights: told when it is there, not told when it is not, never by one night alone."""

from __future__ import annotations

import numpy as np
import pytest

from chaosmesh.judge.flips import flip
from chaosmesh.judge.nights import HORIZON, Count, change, level, needed

LIMIT = needed(40)


def nights(seed: int, shares: list[float], spread: float = 0.002, n: int = 1200) -> list[Count]:
    luck = np.random.default_rng(seed)
    found = []
    for share in shares:
        own = min(1.0, max(0.0, share + float(luck.normal(0, spread))))
        found.append(Count(int(luck.binomial(n, own)), n))
    return found


def first_told(series: list[Count], limit: float = LIMIT) -> tuple[int, int] | None:
    """The night at which a change is told, and the night that it is said to have begun."""
    for end in range(1, len(series) + 1):
        if (found := change(series[:end], limit)) is not None:
            return end - 1, found.start
    return None


@pytest.mark.parametrize("seed", range(10))
def test_a_clear_fall_is_told_at_its_second_night(seed: int) -> None:
    assert first_told(nights(seed, [0.995] * 15 + [0.9] * 15)) == (16, 15)


def test_the_change_says_where_the_share_was_and_is() -> None:
    found = change(nights(3, [0.995] * 15 + [0.9] * 5), LIMIT)
    assert found is not None
    assert found.down
    assert (found.before.nights, found.after.nights) == (15, 5)
    assert found.before.low < 0.995 < found.before.high
    assert found.after.low < 0.9 < found.after.high


def test_a_rise_is_told_as_such() -> None:
    found = change(nights(1, [0.9] * 15 + [0.999] * 4), LIMIT)
    assert found is not None
    assert not found.down


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_one_night_however_bad_tells_nothing(share: float) -> None:
    series = nights(5, [0.999] * 20)
    series[12] = Count(round(share * 1200), 1200)
    assert first_told(series) is None


def test_a_last_bad_night_tells_nothing_yet() -> None:
    assert change([*nights(5, [0.999] * 20), Count(0, 1200)], LIMIT) is None


def test_nights_that_differ_anyway_are_no_change() -> None:
    noisy = nights(11, [0.97] * 30, spread=0.015)
    assert level(noisy).spread > 0.005
    assert first_told(noisy) is None


def test_false_alarms_keep_to_what_is_promised() -> None:
    """Each series alone with a whole budget of its own: at most 30 in HORIZON of histories may name anything."""
    told = sum(
        first_told(nights(seed, [share] * 30, spread), needed(1)) is not None
        for seed in range(60)
        for share, spread in ((1.0, 0.0), (0.995, 0.002), (0.97, 0.01), (0.5, 0.03))
    )
    assert told <= 240 * 30 / HORIZON + 3


def test_too_few_nights_tell_nothing() -> None:
    assert change(nights(1, [1.0, 1.0, 0.2, 0.2]), LIMIT) is None
    with pytest.raises(ValueError, match="no nights"):
        level([])


def test_a_change_that_is_nobodys_concern_is_not_told() -> None:
    tiny = [Count(1_000_000 - 50, 1_000_000)] * 15 + [Count(1_000_000 - 900, 1_000_000)] * 15
    assert change(tiny, LIMIT) is None


def test_a_rule_that_fails_twice_after_many_good_nights_has_turned() -> None:
    good = [True] * 15
    assert flip([*good, False], LIMIT) is None
    found = flip([*good, False, False], LIMIT)
    assert found is not None
    assert (found.start, found.down) == (15, True)


def test_a_rule_that_turned_before_needs_longer() -> None:
    shaky = [True, True, False, True, True, True, False, True, True, True, True, True, False, True, True]
    assert flip([*shaky, False, False], LIMIT) is None
    assert flip([*shaky, *[False] * 20], LIMIT) is not None


def test_a_rule_that_takes_effect_again_has_turned_back() -> None:
    found = flip([False] * 6 + [True] * 3, LIMIT)
    assert found is not None
    assert not found.down
