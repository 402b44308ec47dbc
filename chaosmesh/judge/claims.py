"""Claims as users write them: a side, a bound, and where, when and of what it holds.

``success=at_least(0.95)``, ``p99=at_most("300ms")``, ``attempts=at_most(1.5, on=edge)``,
``cutoff=around("250ms", "50ms", on=edge)``, ``split=weights({"v1": 90, "v2": 10}, on=edge)``,
``attempts=at_most(baseline(times=1.2), on=edge)``, ``ejected=at_most("3s", on=replica)``.

What a claim is about is the name it is passed under; `words` reads the two together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chaosmesh.errors import UsageError
from chaosmesh.judge.durations import number, seconds
from chaosmesh.judge.split import TOLERANCE

Kind = Literal["at_least", "at_most", "around", "split"]
Reference = Literal["baseline", "control"]
Weights = tuple[tuple[str, float], ...]
"""Target and relative weight, in the order in which they were written."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A bound taken from another sample of the same run: `times` × what is seen there, + `plus`, − `minus`.

    `to`: the phase called "baseline", or the control cohort. `plus` and `minus` are numbers, of a latency durations.
    """

    to: Reference
    times: float = 1.0
    plus: float | str = 0.0
    minus: float | str = 0.0

    @property
    def is_same(self) -> bool:
        """True when nothing is allowed for: exactly what is seen there."""
        return self.times == 1 and self.plus == 0 and self.minus == 0

    def __str__(self) -> str:
        times = "" if self.times == 1 else f"{self.times:g} × "
        plus = "" if self.plus == 0 else f" + {self.plus}"
        minus = "" if self.minus == 0 else f" − {self.minus}"
        return f"{times}the {self.to}'s{plus}{minus}"


Bound = float | str | Relative | Weights | None
"""A number, a share or a duration; another sample; the weights of a split, or None for those of the policy."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A bound, without the name of what it bounds.

    `on` names the edge, node or replica that is meant, `of` a request of the mix, `during` a phase. `tolerance`
    belongs to `around` (in the unit of the bound) and to a split (a share). `query`: of a claim in PromQL.
    """

    side: Kind
    bound: Bound
    margin: float = 0.0
    on: object = None
    of: str | None = None
    during: str | None = None
    tolerance: float | str | None = None
    query: str = ""

    def __str__(self) -> str:
        if self.side == "split":
            return _weighted(self.bound, self.tolerance)
        if self.side == "around":
            return f"around {self.bound} ± {self.tolerance}"
        return f"{self.side.replace('_', ' ')} {self.bound}"


def at_least(
    bound: float | str | Relative,
    *,
    margin: float = 0.0,
    on: object = None,
    of: str | None = None,
    during: str | None = None,
) -> Claim:
    """Claim that something is `bound` or more.

    With a `margin` the claim is met at `bound` and broken at `bound` − `margin`; between the two either answer
    is right, which takes far fewer requests. `on` names the edge (node, replica) that is meant, `of` a request
    of the mix, `during` a phase.
    """
    return Claim("at_least", _bound("at_least", bound), _margin(margin), on, of, during)


def at_most(
    bound: float | str | Relative,
    *,
    margin: float = 0.0,
    on: object = None,
    of: str | None = None,
    during: str | None = None,
) -> Claim:
    """Claim that something is `bound` or less; broken at `bound` + `margin`. See `at_least`."""
    return Claim("at_most", _bound("at_most", bound), _margin(margin), on, of, during)


def around(
    bound: float | str | Relative,
    tolerance: float | str,
    *,
    margin: float = 0.0,
    on: object = None,
    of: str | None = None,
    during: str | None = None,
) -> Claim:
    """Claim that something lies within `bound` ± `tolerance`: it fails only where it is surely outside."""
    _bound("around", tolerance)
    return Claim("around", _bound("around", bound), _margin(margin), on, of, during, tolerance)


def weights(
    shares: Mapping[str, float],
    *,
    on: object = None,
    tolerance: float = TOLERANCE,
    of: str | None = None,
    during: str | None = None,
) -> Claim:
    """Claim that traffic divides as `shares` say: relative weights by target, each share ± `tolerance`."""
    if not isinstance(shares, Mapping) or not shares:
        raise UsageError(f"weights({shares!r}): targets with weights", hint='weights({"v1": 90, "v2": 10})')
    for name, weight in shares.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight < math.inf:
            raise UsageError(f"weights: {name!r} has {weight!r}", hint="a weight is a number, 0 or more")
    if not sum(shares.values()):
        raise UsageError("weights: every target has 0", hint="give one of them more")
    return Claim("split", tuple(shares.items()), 0.0, on, of, during, _points(tolerance))


def as_written(
    *, on: object = None, tolerance: float = TOLERANCE, of: str | None = None, during: str | None = None
) -> Claim:
    """Claim that traffic divides as the weights of the policy in force say."""
    return Claim("split", None, 0.0, on, of, during, _points(tolerance))


def baseline(*, times: float = 1.0, plus: float | str = 0.0, minus: float | str = 0.0) -> Relative:
    """A bound taken from the phase called "baseline" of the same run: ``at_most(baseline(times=1.2))``."""
    return _relative("baseline", times, plus, minus)


def control(*, times: float = 1.0, plus: float | str = 0.0, minus: float | str = 0.0) -> Relative:
    """A bound taken from the control cohort that is interleaved in the same run."""
    return _relative("control", times, plus, minus)


def _bound(word: str, bound: float | str | Relative) -> float | str | Relative:
    if isinstance(bound, Relative):
        return bound
    if isinstance(bound, bool) or not isinstance(bound, (int, float, str)):
        raise UsageError(
            f"{word}({bound!r}): a bound is a number, a share or a duration", hint='at_most("300ms")'
        )
    text = isinstance(bound, str)
    if text and seconds(str(bound)) is None and number(str(bound)) is None:
        raise UsageError(
            f"{word}({bound!r}): neither a number nor a duration", hint='write 0.99, "99 %" or "300ms"'
        )
    if not text and not math.isfinite(float(bound)):
        raise UsageError(f"{word}({bound!r}): a bound is finite")
    return bound


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _margin(margin: float) -> float:
    if not _is_number(margin) or not 0 <= margin < math.inf:
        raise UsageError(
            f"margin={margin!r}: a margin is a number, 0 or more", hint="margin=0.005 is half a point"
        )
    return float(margin)


def _points(tolerance: float) -> float:
    if not _is_number(tolerance) or not 0 < tolerance < 1:
        raise UsageError(f"tolerance={tolerance!r}: a share above 0", hint="tolerance=0.03 is ± 3 points")
    return float(tolerance)


def _relative(to: Reference, times: float, plus: float | str, minus: float | str) -> Relative:
    if not _is_number(times) or not 0 < times < math.inf:
        raise UsageError(f"{to}(times={times!r}): a number above 0", hint=f"{to}(times=1.2)")
    for word, value in (("plus", plus), ("minus", minus)):
        _bound(f"{to} {word}=", value)
        amount = number(value) if isinstance(value, str) else value
        if amount is not None and amount < 0:
            raise UsageError(f"{to}({word}={value!r}): 0 or more", hint=f"{to}(plus=…) or {to}(minus=…)")
    return Relative(to, float(times), plus, minus)


def _weighted(bound: Bound, tolerance: float | str | None) -> str:
    points = f"± {100 * float(tolerance or 0):g} points"
    if not isinstance(bound, tuple):
        return f"as written ({points})"
    return f"{', '.join(f'{name} {weight:g}' for name, weight in bound)} ({points})"
