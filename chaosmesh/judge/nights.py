"""Has an item become worse (or better) at some night? A test across nights, never of one night alone.

A night gives k of n. On the scale y = asin √((k + 3/8)/(n + 3/4)) the chance within a night has the variance 1/(4n + 2)
whatever the share is (Anscombe, Biometrika 35, 1948). Nights differ by more than that: y ~ N(m, τ² + 1/(4n + 2)), with τ the
spread between nights, which nobody knows and which is estimated (restricted likelihood, as in a random-effects
meta-analysis; DerSimonian and Laird 1986 for the model).

For each night j a bet is kept that the level moved at j, by a half-normal step. It is worth the likelihood with the step
divided by the one without, each averaged over the spreads in `SPREADS` by their `WEIGHTS`; the level drops out, because only
differences are looked at. So each bet is a martingale of mean 1 while nothing moves, for spreads drawn by these weights (for
one spread for ever: of mean at most 1/weight). The sum of the bets over j is an e-detector of the Shiryaev–Roberts kind (Shin,
Ramdas, Rinaldo, "E-detectors", NEJSDS 2, 2024): without a change its mean after N nights is at most N. It reaches c within N
nights with a chance of at most N/c, and limits c₁ ≤ c₂ ≤ … with at most Σ 1/cᵢ (Hájek and Rényi 1955; Chow 1960 for
submartingales). `needed` shares that out over all items and both directions.

What follows from it: a change is told only when two nights at least lie beyond it, each of them bad by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SPREADS = (0.0, 0.005, 0.01, 0.02, 0.035, 0.05, 0.07, 0.1)
"""Values of τ that are reckoned with. The largest is 10 points at 50 %, 6 at 90 %, 2 at 99 %: nights that differ by more are
no steady item's."""

WEIGHTS = (0.22, 0.2, 0.18, 0.16, 0.12, 0.07, 0.04, 0.01)
"""How often each spread is expected among items: what a seeded run leaves to a night is mostly chance within it."""

STEPS = (0.05, 0.2)
"""Scales of the step that is bet on: 0.05 is 99.5 % → 98.5 %, 0.2 is 99.5 % → 93 %."""

FEWEST_BEFORE = 3
FEWEST_AFTER = 2
"""Nights that a change needs on either side."""

APART = 2.0
"""A night is bad by itself when it lies so many standard deviations beyond the level before."""

LEAST = 0.002
"""Changes by less than 0.2 points are nobody's concern."""

LOOK_BACK = 60
"""Nights back from the last at which a change may have begun."""

HORIZON = 3000
"""Nights in which one false alarm over all items is allowed on average: a chance of 0.01 in 30 nights, as a run has."""

_TAU2 = np.array(SPREADS)[:, None] ** 2
_LOG_WEIGHTS = np.log(WEIGHTS)

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Count:
    """`k` of `n` outcomes of one night."""

    k: int
    n: int

    @property
    def share(self) -> float:
        """The night's own share."""
        return self.k / self.n


@dataclass(frozen=True, slots=True)
class Level:
    """A share over several nights, and where it lies (95 %, nights as random effects). `spread`: standard deviation between
    nights, in the unit of the share, beyond what chance within a night explains."""

    share: float
    low: float
    high: float
    nights: int
    spread: float


@dataclass(frozen=True, slots=True)
class Change:
    """The level moved. `start`: index of the first night of the new level; `log_evidence` of all bets together."""

    start: int
    down: bool
    log_evidence: float
    before: Level
    after: Level


def needed(series: int) -> float:
    """Natural logarithm of the evidence that one of so many series needs, in one of its two directions."""
    return math.log(2 * max(1, series) * HORIZON)


def change(nights: Sequence[Count], log_needed: float) -> Change | None:
    """The change that the nights up to the last one prove, if so; the more surely proved of the two directions."""
    if len(nights) < FEWEST_BEFORE + FEWEST_AFTER:
        return None
    seen = _Seen.of(nights)
    ways = (_directed(seen, nights, log_needed, down=down) for down in (True, False))
    return max((one for one in ways if one is not None), key=lambda one: one.log_evidence, default=None)


def level(nights: Sequence[Count]) -> Level:
    """The common share of some nights. ValueError for none."""
    if not nights:
        raise ValueError("no nights")
    y, chance = _angles(nights)
    tau = float(np.array(SPREADS)[np.argmax(_likelihoods(y, chance))]) if len(nights) > 1 else 0.0
    weights = 1 / (tau**2 + chance)
    middle, half = float(weights @ y / weights.sum()), Z95 / math.sqrt(float(weights.sum()))
    share = _share(middle)
    low, high = _share(max(0.0, middle - half)), _share(min(math.pi / 2, middle + half))
    return Level(share, low, high, len(nights), tau * 2 * math.sqrt(share * (1 - share)))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A series on the scale of `y`, what chance within each night adds to its variance, and what does not depend on a step:
    the log likelihood of each spread, and sums of weights up to each night (spread × nights)."""

    y: Floats
    chance: Floats
    likelihoods: Floats
    weights: Floats
    means: Floats

    @classmethod
    def of(cls, nights: Sequence[Count]) -> _Seen:
        y, chance = _angles(nights)
        weights = 1 / (_TAU2 + chance)
        return cls(y, chance, _likelihoods(y, chance), weights.cumsum(1), (weights * y).cumsum(1))


def _directed(seen: _Seen, nights: Sequence[Count], log_needed: float, *, down: bool) -> Change | None:
    first = max(FEWEST_BEFORE, len(nights) - LOOK_BACK)
    starts = np.arange(first, len(nights) - FEWEST_AFTER + 1)
    logs = _bets(seen, starts, log_needed, down=down)
    if logs is None or (evidence := float(_logsum(logs, 0))) < log_needed:
        return None
    start = int(starts[np.argmax(logs)])
    before, after = level(nights[:start]), level(nights[start:])
    bad = _bad(seen.y, seen.chance, start, down=down)
    if abs(after.share - before.share) < LEAST or bad < FEWEST_AFTER or 2 * bad <= len(nights) - start:
        return None
    return Change(start, down, evidence, before, after)


def _bets(seen: _Seen, starts: NDArray[np.int64], log_needed: float, *, down: bool) -> Floats | None:
    """Logarithm of the bet on a step at each start; None where they can't reach what is needed together."""
    w0, m0 = seen.weights[:, starts - 1], seen.means[:, starts - 1]
    w1, m1 = seen.weights[:, -1:] - w0, seen.means[:, -1:] - m0
    step = (m1 / w1 - m0 / w0) * (1 if down else -1)
    noise = 1 / w0 + 1 / w1  # spread × starts
    fits = np.array([_fits(step, noise, scale) for scale in STEPS])
    spreads = (seen.likelihoods + _LOG_WEIGHTS)[:, None]
    base = _logsum(seen.likelihoods + _LOG_WEIGHTS, 0)
    ceiling = _logsum(spreads + fits.max(0), 0) - base
    if float(_logsum(ceiling, 0)) < log_needed:
        return None
    odds = fits + np.array([_log_below(_side(step, noise, scale)) for scale in STEPS])
    whole: Floats = _logsum(spreads + _logsum(odds, 0) - math.log(len(STEPS)), 0) - base
    return whole


def _fits(step: Floats, noise: Floats, scale: float) -> Floats:
    """Log likelihood ratio of a step N(0, scale²) against none, when `step` is seen with variance `noise`; twice as much
    where only steps to one side count."""
    whole = noise + scale**2
    found: Floats = math.log(2) + 0.5 * np.log(noise / whole) + 0.5 * step**2 / noise * (scale**2 / whole)
    return found


def _side(step: Floats, noise: Floats, scale: float) -> Floats:
    """How surely the step goes down, in standard deviations of what is believed of it."""
    found: Floats = -step * scale / np.sqrt(noise * (noise + scale**2))
    return found


def _likelihoods(y: Floats, chance: Floats) -> Floats:
    """Restricted log likelihood of each τ when the level did not move."""
    variance = _TAU2 + chance
    weights = 1 / variance
    total = weights.sum(1)
    middle = (weights @ y) / total
    squares = (weights * (y - middle[:, None]) ** 2).sum(1)
    found: Floats = -0.5 * (np.log(variance).sum(1) + np.log(total) + squares)
    return found


def _bad(y: Floats, chance: Floats, start: int, *, down: bool) -> int:
    """Nights from `start` on that lie beyond the level before, each by itself."""
    before, noise = y[:start], chance[:start]
    tau = SPREADS[int(np.argmax(_likelihoods(before, noise)))]
    weights = 1 / (tau**2 + noise)
    middle = weights @ before / weights.sum()
    away = (middle - y[start:]) if down else (y[start:] - middle)
    return int((away > APART * np.sqrt(tau**2 + chance[start:] + 1 / weights.sum())).sum())


def _angles(nights: Sequence[Count]) -> tuple[Floats, Floats]:
    k = np.array([one.k for one in nights], float)
    n = np.array([one.n for one in nights], float)
    return np.arcsin(np.sqrt((k + 0.375) / (n + 0.75))), 1 / (4 * n + 2)


def _share(angle: float) -> float:
    return math.sin(angle) ** 2


def _logsum(logs: Floats, axis: int) -> Floats:
    most = logs.max(axis=axis, keepdims=True)
    summed: Floats = np.log(np.exp(logs - most).sum(axis=axis)) + most.squeeze(axis)
    return summed


def _log_below(z: Floats) -> Floats:
    """Logarithm of the standard normal's share below z; beyond −8 by its leading term."""
    flat = [
        math.log(0.5 * math.erfc(-one / math.sqrt(2)))
        if one > -8
        else -0.5 * one * one - math.log(-one * math.sqrt(2 * math.pi))
        for one in z.ravel()
    ]
    return np.array(flat).reshape(z.shape)
