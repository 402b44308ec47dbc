"""One budget of error for a whole run or gate, shared by its claims."""

from __future__ import annotations

from chaosmesh.judge.plan import ALPHA

RUN_ALPHA = 0.01
"""Chance that a whole run or gate holds one wrong verdict."""


def alpha_for(claims: int) -> float:
    """Chance of a wrong verdict that each of so many claims may spend: 1e-4 up to 100, less beyond."""
    return min(ALPHA, RUN_ALPHA / claims) if claims > 0 else ALPHA
