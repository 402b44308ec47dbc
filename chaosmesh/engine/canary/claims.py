"""Claims of a canary as a scenario writes them: "at least stable - 5 %", "at most stable x 1.5 + 20ms"."""

from __future__ import annotations

import re

from chaosmesh.errors import UsageError
from chaosmesh.judge import Claim, Relative, at_least, at_most, control
from chaosmesh.judge.durations import number, seconds

_CLAIM = re.compile(r"\s*at\s+(least|most)\s+(.+?)\s*", re.IGNORECASE)
_STABLE = re.compile(r"stable(?:\s*[x×*]\s*(?P<times>\d+(?:\.\d+)?))?(?:\s*(?P<sign>[+\-−])\s*(?P<by>.+))?")
HINT = 'write "at least stable - 5 %", "at most stable x 1.5 + 20ms", "at least 99 %" or "at most 300ms"'


def claim_of(text: str) -> Claim:
    """The claim that a text makes; UsageError when it makes none."""
    found = _CLAIM.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is no claim", hint=HINT)
    make = at_least if found[1].lower() == "least" else at_most
    bound = found[2]
    if bound.startswith("stable"):
        return make(_relative(bound))
    if number(bound) is None and seconds(bound) is None:
        raise UsageError(f"{bound!r} is no bound", hint=HINT)
    return make(bound)


def said(text: str) -> str:
    """What a judge says, in the words of a canary: its control is the stable version."""
    return text.replace("the control", "the stable version")


def _relative(text: str) -> Relative:
    found = _STABLE.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is no bound", hint=HINT)
    times = float(found["times"] or 1)
    if not found["sign"]:
        return control(times=times)
    by = _amount(found["by"])
    return control(times=times, plus=by) if found["sign"] == "+" else control(times=times, minus=by)


def _amount(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
