"""Bounds read with the name of what they bound: shares, means, quantiles, durations, moments, splits."""

from __future__ import annotations

import math
from dataclasses import dataclass

from chaosmesh.errors import UsageError
from chaosmesh.judge.claims import Claim, Relative
from chaosmesh.judge.durations import duration, number, seconds
from chaosmesh.judge.requirement import Measure, Requirement
from chaosmesh.judge.share import Side

MOST = 0.99
"""Share of the gaps between attempts, or of the cut-offs, that must be as long as claimed."""

_FIXED: frozenset[Measure] = frozenset({"sticky"})  # no other sample of a run can say where most go


@dataclass(frozen=True, slots=True)
class About:
    """A claim under its name."""

    name: str
    claim: Claim

    @property
    def statement(self) -> str:
        """As it is said back to the user: ``p99 of beta at most 300ms during fault``."""
        of = f" of {self.claim.of}" if self.claim.of else ""
        during = f" during {self.claim.during}" if self.claim.during else ""
        return f"{self.name}{of} {self.claim}{during}"

    def __str__(self) -> str:
        return f"{self.name}={self.claim}"

    @property
    def relative(self) -> Relative | None:
        """The other sample that the bound is taken from, if so."""
        return self.claim.bound if isinstance(self.claim.bound, Relative) else None

    @property
    def plain(self) -> float | str:
        """The bound, where it is neither relative nor a split."""
        bound = self.claim.bound
        if isinstance(bound, (int, float, str)):
            return bound
        raise UsageError(f"{self}: this bound can't be relative", hint="give a number or a duration")

    def question(
        self,
        measure: Measure,
        bound: float,
        *,
        side: Side | None = None,
        limit: float | None = None,
        statuses: tuple[int, int] | None = None,
        grpc: int | None = None,
        tolerance: float = 0.0,
        within: tuple[float, float] | None = None,
    ) -> Requirement:
        """The requirement, with everything that doesn't depend on the kind of the claim."""
        claim = self.claim
        return Requirement(
            self.name,
            measure,
            side or claim.side,
            bound,
            claim.margin,
            claim.on,
            self.statement,
            limit=limit,
            statuses=statuses,
            grpc=grpc,
            of=claim.of,
            during=claim.during,
            relative=self.relative,
            tolerance=tolerance,
            within=within,
            weights=claim.bound if isinstance(claim.bound, tuple) else (),
        )


def share(
    about: About, measure: Measure, *, statuses: tuple[int, int] | None = None, grpc: int | None = None
) -> Requirement:
    """A share of outcomes."""
    if about.relative is not None:
        _comparable(about, measure)
        _numbers(about, about.relative)
        return about.question(measure, 0.0, statuses=statuses, grpc=grpc)
    bound = _as_share(about, about.plain)
    tolerance = _tolerance_of_share(about, bound)
    if about.claim.side == "at_least" or about.claim.side == "at_most":
        _provable(about.name, about.claim.side, bound, about.claim.margin)
    if measure == "sticky" and (about.claim.side != "at_least" or bound < 0.5):
        raise UsageError(f"{about}: stickiness is a share of at least a half", hint="sticky=at_least(0.99)")
    return about.question(measure, bound, statuses=statuses, grpc=grpc, tolerance=tolerance)


def mean(about: About, measure: Measure) -> Requirement:
    """A mean per call or per request."""
    if about.relative is not None:
        _comparable(about, measure)
        _numbers(about, about.relative)
        return about.question(measure, 0.0)
    value = about.plain
    bound = number(value) if isinstance(value, str) else float(value)
    if bound is None or bound <= 0:
        raise UsageError(f"{about}: attempts are counted, a bound is a number above 0", hint="at_most(1.5)")
    return about.question(measure, bound, tolerance=_tolerance_of_mean(about))


def quantile(about: About, level: float) -> Requirement:
    """A latency quantile, as the share of answers that are quick enough."""
    if about.claim.side == "around":
        raise UsageError(
            f"{about}: a quantile has a highest or a lowest value", hint=f'{about.name}=at_most("300ms")'
        )
    side: Side = "at_least" if about.claim.side == "at_most" else "at_most"
    _provable(about.name, side, level, about.claim.margin)
    if about.relative is not None:
        _comparable(about, "latency")
        for word, value in (("plus", about.relative.plus), ("minus", about.relative.minus)):
            if value != 0:
                duration(value, f"{about.name}: {word}=")
        return about.question("latency", level, side=side)
    return about.question("latency", level, side=side, limit=duration(about.plain, about.name))


def durations(about: About, measure: Measure) -> Requirement:
    """Gaps between attempts or cut-offs: 99 % of them must be as long as claimed."""
    bound = duration(about.plain, about.name)
    if about.claim.side == "around":
        reach = duration(about.claim.tolerance or 0, f"{about.name}: the tolerance")
        within = (max(0.0, bound - reach), bound + reach)
    else:
        within = (bound, math.inf) if about.claim.side == "at_least" else (0.0, bound)
    _provable(about.name, "at_least", MOST, about.claim.margin)
    return about.question(measure, MOST, side="at_least", within=within)


def moment(about: About, measure: Measure) -> Requirement:
    """A time of this run, in seconds."""
    bound = duration(about.plain, about.name)
    if about.claim.margin:
        raise UsageError(
            f"{about}: what happened is compared, not estimated: a margin says nothing", hint="leave it out"
        )
    around = about.claim.side == "around"
    reach = duration(about.claim.tolerance or 0, f"{about.name}: the tolerance") if around else 0.0
    return about.question(measure, bound, tolerance=reach)


def split(about: About) -> Requirement:
    """Shares of several targets."""
    return about.question("split", 0.0, tolerance=float(about.claim.tolerance or 0))


def _as_share(about: About, value: float | str) -> float:
    bound = number(value) if isinstance(value, str) else float(value)
    if bound is None:
        raise UsageError(f"{about}: {about.name} is a share, not a duration", hint='write 0.99 or "99 %"')
    if not 0 <= bound <= 1:
        raise UsageError(f"{about}: a share lies between 0 and 1", hint=f"{bound:g} % is {bound / 100:g}")
    return bound


def _tolerance_of_share(about: About, bound: float) -> float:
    if about.claim.side != "around":
        return 0.0
    reach = _as_share(about, about.claim.tolerance or 0)
    outer = reach + about.claim.margin
    if not reach or (bound - outer <= 0 and bound + outer >= 1):
        raise UsageError(f"{about}: every share, or none, lies there", hint="around(0.3, 0.05)")
    return reach


def _tolerance_of_mean(about: About) -> float:
    if about.claim.side != "around":
        return 0.0
    value = about.claim.tolerance or 0
    reach = number(value) if isinstance(value, str) else float(value)
    if not reach or reach < 0:
        raise UsageError(f"{about}: the tolerance is a number above 0", hint="around(1.39, 0.1)")
    return reach


def _comparable(about: About, measure: Measure) -> None:
    relative = about.relative
    if relative is None:
        return
    if measure in _FIXED or about.claim.side == "around":
        raise UsageError(f"{about}: this bound can't be relative", hint="give a number")
    if about.claim.during == relative.to == "baseline":
        raise UsageError(f"{about}: compares the baseline with itself", hint="during= another phase")
    if relative.is_same and not about.claim.margin:
        raise UsageError(
            f"{about}: no number of requests proves that two samples are alike",
            hint=f"say what may differ: {relative.to}(minus=0.01), {relative.to}(times=1.2) or margin=0.01",
        )


def _numbers(about: About, relative: Relative) -> None:
    for word, value in (("plus", relative.plus), ("minus", relative.minus)):
        if isinstance(value, str) and (number(value) is None or seconds(value) is not None):
            raise UsageError(f"{about}: {word}={value!r} is no number", hint=f"{relative.to}({word}=0.01)")


def _provable(name: str, side: Side, bound: float, margin: float) -> None:
    broken = bound - margin if side == "at_least" else bound + margin
    if not 0 <= broken <= 1:
        raise UsageError(f"{name}: a margin of {margin:g} leaves no share that breaks the claim")
    if (side, broken) == ("at_least", 1.0) or (side, broken) == ("at_most", 0.0):
        raise UsageError(
            f"{name}: no number of requests proves {bound:.0%}",
            hint="say what may be missing: margin=0.001, or a bound such as 0.999",
        )
