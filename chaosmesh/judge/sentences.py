"""Decisions in words: what was seen, what was wanted, how sure it is, what is missing."""

from __future__ import annotations

from chaosmesh.judge.evidence import Evidence
from chaosmesh.judge.requirement import Requirement


def sentence(
    requirement: Requirement, evidence: Evidence, low: float, high: float, more: int | None = None
) -> str:
    """One sentence on a share or a mean: n, the observed value, the line, the interval, what is missing."""
    what = units(requirement, evidence.block)
    seen = f"{amount(requirement, evidence.mean)} of {evidence.n:,} {what} {requirement.counted}"
    if not requirement.is_share:
        seen = f"{amount(requirement, evidence.mean)} {requirement.counted} over {evidence.n:,} {what}"
    return f"{requirement.statement}: {seen}, {_wanted(requirement)} ({surely(requirement, low, high)}{missing(more)})"


def units(requirement: Requirement, block: int = 1) -> str:
    """What is counted, as a plural: "requests", "blocks of 50 requests"."""
    plural = f"{requirement.unit}s"
    return plural if block == 1 else f"blocks of {block:,} {plural}"


def amount(requirement: Requirement, value: float) -> str:
    """A share as a percentage, a mean as a number."""
    return f"{100 * value:.4g} %" if requirement.is_share else f"{value:.3g}"


def surely(requirement: Requirement, low: float, high: float) -> str:
    """The interval."""
    return f"surely between {amount(requirement, low)} and {amount(requirement, high)}"


def missing(more: int | None) -> str:
    """How much more it takes, if that can be told."""
    return f"; about {more:,} more would decide it" if more else ""


def _wanted(requirement: Requirement) -> str:
    line = amount(requirement, requirement.bound)
    if requirement.side == "around":
        reach = requirement.tolerance
        points = f"{100 * reach:.4g} points" if requirement.is_share else f"{reach:.3g}"
        return f"{line} ± {points} wanted"
    return f"{requirement.side.replace('_', ' ')} {line} wanted"
