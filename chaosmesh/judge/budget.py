"""One budget of error for a whole run or gate, shared by its claims.

The shares are equal. Holm's method would give more to the later ones, but it has to see all results at once; here a
claim stops when it is clear, doesn't know of the others, and keeps its verdict when one more is added. With fewer
than a hundred claims nothing is taken from those that are there: the chance that one of them is wrong is only less.
"""

from __future__ import annotations

from chaosmesh.judge.plan import ALPHA

RUN_ALPHA = 0.01
"""Chance that a whole run or gate holds one wrong verdict."""


def alpha_for(claims: int) -> float:
    """Chance of a wrong verdict that each of so many claims may spend: 1e-4 up to 100, less beyond.

    `claims`: all of a run, or of a whole gate whose runs share one budget. It must be known when the first starts.
    """
    return min(ALPHA, RUN_ALPHA / claims) if claims > 0 else ALPHA
