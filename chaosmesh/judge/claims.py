"""Claims as users write them, and the questions to the counts that they come down to.

``success=at_least(0.95)``, ``p99=at_most("300ms")``, ``attempts=at_most(1.5, on=edge)``.

A claim on a quantile is a claim on a share: p99 ≤ 300 ms says that at least 99 % are not slower than 300 ms.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from chaosmesh.errors import UsageError
from chaosmesh.judge.durations import duration, number, seconds, spoken
from chaosmesh.judge.plan import ALPHA
from chaosmesh.judge.share import Side

Measure = Literal["success", "latency", "status", "attempts", "amplification_entry"]

RUN_ALPHA = 0.01
"""Chance that a whole run or gate holds one wrong verdict."""

_QUANTILE = re.compile(r"p(\d{2,5})")
_STATUS = re.compile(r"status_(?:(\d)xx|(\d{3}))")
_MEANS: dict[str, Measure] = {
    "attempts": "attempts",
    "amplification": "attempts",
    "amplification_entry": "amplification_entry",
}
NAMES = "success, p50, p90, p99, p999 (any quantile), attempts, amplification, amplification_entry, status_503, status_5xx"


@dataclass(frozen=True, slots=True)
class Claim:
    """A bound, without the name of what it bounds. Made by `at_least` and `at_most`."""

    side: Side
    bound: float | str
    margin: float = 0.0
    on: object = None

    def __str__(self) -> str:
        return f"{self.side.replace('_', ' ')} {self.bound}"


def at_least(bound: float | str, *, margin: float = 0.0, on: object = None) -> Claim:
    """Claim that something is `bound` or more.

    With a `margin` the claim is met at `bound` and broken at `bound` − `margin`; between the two either answer
    is right, which takes far fewer requests. `on` names the edge (or node) that is meant.
    """
    return _claim("at_least", bound, margin, on)


def at_most(bound: float | str, *, margin: float = 0.0, on: object = None) -> Claim:
    """Claim that something is `bound` or less; broken at `bound` + `margin`. See `at_least`."""
    return _claim("at_most", bound, margin, on)


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is counted, and what the count must show.

    `side`, `bound` and `margin` are about the share of outcomes that `counted` describes, or about the mean per
    call (attempts) or per entry request (amplification_entry). `limit`: seconds, of a latency. `statuses`:
    first and last status of a status share.
    """

    name: str
    measure: Measure
    side: Side
    bound: float
    margin: float
    on: object
    statement: str
    limit: float | None = None
    statuses: tuple[int, int] | None = None

    @property
    def is_share(self) -> bool:
        """True when outcomes are counted, False when values are averaged."""
        return self.measure not in ("attempts", "amplification_entry")

    @property
    def counted(self) -> str:
        """What an outcome must be to count, in plain words."""
        if self.limit is not None:
            return f"answered within {spoken(self.limit)}"
        if self.statuses is not None:
            first, last = self.statuses
            return f"with status {first}" if first == last else f"with status {first}–{last}"
        return {"success": "successful", "attempts": "attempts a call"}.get(
            self.measure, "attempts a request"
        )


def requirements(**claims: Claim) -> tuple[Requirement, ...]:
    """The questions behind named claims; UsageError for a name or a bound that makes no sense."""
    if not claims:
        raise UsageError("no claim was made", hint='claim something, for example success=at_least("99 %")')
    return tuple(requirement(name, claim) for name, claim in claims.items())


def requirement(name: str, claim: Claim) -> Requirement:
    """The question behind one named claim."""
    if not isinstance(claim, Claim):
        raise UsageError(
            f"{name}={claim!r} is no claim", hint=f"write {name}=at_least(…) or {name}=at_most(…)"
        )
    statement = f"{name} {claim}"
    if quantile := _QUANTILE.fullmatch(name):
        return _quantile(name, int(quantile[1]) / 10 ** len(quantile[1]), claim, statement)
    if name in _MEANS:
        return Requirement(
            name, _MEANS[name], claim.side, _mean(name, claim), claim.margin, claim.on, statement
        )
    statuses = _statuses(name)
    if name != "success" and statuses is None:
        raise UsageError(f"no claim is called {name!r}", hint=f"known: {NAMES}")
    measure: Measure = "success" if statuses is None else "status"
    share = _share(name, claim)
    return Requirement(name, measure, claim.side, share, claim.margin, claim.on, statement, statuses=statuses)


def alpha_for(claims: int) -> float:
    """Chance of a wrong verdict that each of so many claims may spend: 1e-4 up to 100, less beyond."""
    return min(ALPHA, RUN_ALPHA / claims) if claims > 0 else ALPHA


def _claim(side: Side, bound: float | str, margin: float, on: object) -> Claim:
    if isinstance(bound, bool) or not isinstance(bound, (int, float, str)):
        raise UsageError(
            f"{side}({bound!r}): a bound is a number, a share or a duration", hint='at_most("300ms")'
        )
    text = isinstance(bound, str)
    if text and seconds(str(bound)) is None and number(str(bound)) is None:
        raise UsageError(
            f"{side}({bound!r}): neither a number nor a duration", hint='write 0.99, "99 %" or "300ms"'
        )
    if not text and not math.isfinite(float(bound)):
        raise UsageError(f"{side}({bound!r}): a bound is finite")
    if isinstance(margin, str) or not 0 <= margin < math.inf:
        raise UsageError(
            f"margin={margin!r}: a margin is a number, 0 or more", hint="margin=0.005 is half a point"
        )
    return Claim(side, bound, float(margin), on)


def _quantile(name: str, level: float, claim: Claim, statement: str) -> Requirement:
    limit = duration(claim.bound, name)
    side: Side = "at_least" if claim.side == "at_most" else "at_most"
    _provable(name, side, level, claim.margin)
    return Requirement(name, "latency", side, level, claim.margin, claim.on, statement, limit=limit)


def _mean(name: str, claim: Claim) -> float:
    bound = number(claim.bound) if isinstance(claim.bound, str) else float(claim.bound)
    if bound is None or bound <= 0:
        raise UsageError(
            f"{name}={claim}: attempts are counted, a bound is a number above 0", hint="at_most(1.5)"
        )
    return bound


def _share(name: str, claim: Claim) -> float:
    bound = number(claim.bound) if isinstance(claim.bound, str) else float(claim.bound)
    if bound is None:
        raise UsageError(f"{name}={claim}: {name} is a share, not a duration", hint='write 0.99 or "99 %"')
    if not 0 <= bound <= 1:
        raise UsageError(
            f"{name}={claim}: a share lies between 0 and 1", hint=f"{bound:g} % is {bound / 100:g}"
        )
    _provable(name, claim.side, bound, claim.margin)
    return bound


def _provable(name: str, side: Side, bound: float, margin: float) -> None:
    broken = bound - margin if side == "at_least" else bound + margin
    if not 0 <= broken <= 1:
        raise UsageError(f"{name}: a margin of {margin:g} leaves no share that breaks the claim")
    if (side, broken) == ("at_least", 1.0) or (side, broken) == ("at_most", 0.0):
        raise UsageError(
            f"{name}: no number of requests proves {bound:.0%}",
            hint="say what may be missing: margin=0.001, or a bound such as 0.999",
        )


def _statuses(name: str) -> tuple[int, int] | None:
    found = _STATUS.fullmatch(name)
    if not found:
        return None
    if found[1]:
        return int(found[1]) * 100, int(found[1]) * 100 + 99
    return int(found[2]), int(found[2])
