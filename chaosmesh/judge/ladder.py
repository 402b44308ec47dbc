"""Evidence that a bounded mean is above a value, valid however often one looks.

Bet against the hypothesis "the mean of values in [0, 1] is at most m": with a stake d in (0, 1] the capital is
multiplied by 1 − d + d·v/m for every value v. Under the hypothesis each factor has an expectation of at most 1,
given all that came before, so the capital is a non-negative supermartingale, and the chance that it *ever*
reaches 1/α is at most α (Ville 1939; Robbins 1970; as bets: Waudby-Smith & Ramdas 2024). For outcomes 0 and 1
the factor is the likelihood ratio of Wald's sequential test (1945) of the share m against 1 − (1 − d)(1 − m).

Nobody knows the best stake in advance, so the capital is spread over a fixed ladder of stakes from 1 (the share
is 100 %) down to 0.0003. The order of the values doesn't matter: how often each value came is enough, and the
same counts give the same evidence, to the last bit. Against a larger m the evidence is never larger, so the
values of m that are not refuted form an interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Counts = Sequence[tuple[float, float]]
"""(value in [0, 1], how often it came), each value once; planning counts in fractions."""

_RATIO = 1.6  # neighbours this close lose at most 7 % of the speed between two rungs
_RUNGS = 18
_CLEAR = 3  # rungs for clear cases: all is well, or failures are at most half of what the bound allows
_CLEAR_PART = 0.2  # of the capital, on each of them; the rest is spread evenly
_AIMED = 0.75  # part of the capital on the stake for a declared alternative

STAKES: tuple[float, ...] = tuple(_RATIO**-rung for rung in range(_RUNGS))
WEIGHTS: tuple[float, ...] = tuple(
    _CLEAR_PART if rung < _CLEAR else (1 - _CLEAR * _CLEAR_PART) / (_RUNGS - _CLEAR) for rung in range(_RUNGS)
)
_LOG_WEIGHTS = tuple(math.log(weight) for weight in WEIGHTS)
_LOG_RESTS = tuple(math.log(weight * (1 - _AIMED)) for weight in WEIGHTS)


def log_evidence(counts: Counts, mean: float, *, aim: float | None = None) -> float:
    """Natural logarithm of the evidence that the mean of `counts` is above `mean`.

    `aim` names the alternative that matters most (the far side of a margin, the weight of a split); three quarters
    of the capital are bet on it wherever it lies above `mean`. Infinite when a value came that the hypothesis excludes.
    """
    if mean >= 1:
        return 0.0
    if mean <= 0:
        return math.inf if any(often and value > mean for value, often in counts) else 0.0
    gains = [(often, (value - mean) / mean) for value, often in counts if often]
    if aim is None or aim <= mean:
        return _log_sum([_log_capital(gains, *rung) for rung in zip(STAKES, _LOG_WEIGHTS, strict=True)])
    terms = [_log_capital(gains, *rung) for rung in zip(STAKES, _LOG_RESTS, strict=True)]
    terms.append(_log_capital(gains, (aim - mean) / (1 - mean), math.log(_AIMED)))
    return _log_sum(terms)


def mirrored(counts: Counts) -> list[tuple[float, float]]:
    """The same outcomes seen from the other end: v becomes 1 − v."""
    return [(1 - value, often) for value, often in counts]


def _log_capital(gains: Sequence[tuple[float, float]], stake: float, log_weight: float) -> float:
    """What a stake with a part of the capital has become; `gains`: how often each return on the stake came."""
    parts = [log_weight]
    for often, gain in gains:
        change = stake * gain
        if change <= -1:
            return -math.inf
        parts.append(often * math.log1p(change))
    return math.fsum(parts)


def _log_sum(terms: Sequence[float]) -> float:
    top = max(terms)
    if top == -math.inf:
        return top
    return top + math.log(math.fsum(math.exp(term - top) for term in terms))
