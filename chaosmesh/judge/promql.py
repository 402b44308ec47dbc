"""Claims in PromQL: a query's value, held against a bound.

Judged by its final value: a number that a server gave once, at the end of the phase. Nothing is estimated, so there is no
sequential test and no error is spent: another run may show another value. A query that gave no single finite number says
nothing, and is `invalid`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chaosmesh.errors import UsageError
from chaosmesh.judge.bounds import About
from chaosmesh.judge.claims import Claim, Relative
from chaosmesh.judge.compared import Compared, compare, wanted
from chaosmesh.judge.decision import Decision
from chaosmesh.judge.durations import number, seconds
from chaosmesh.judge.requirement import Requirement
from chaosmesh.judge.verdict import Verdict

_WINDOW = re.compile(r"\$(?:window\b|\{window\})")
HINT = 'errors=promql("sum(rate(chaosmesh_requests_total[$window]))", at_most(1.5))'


@dataclass(frozen=True, slots=True)
class Reading:
    """What the query of the claim `name` gave at `at_ns` for the time since `begin_ns` (epoch ns).

    `query` is as it was asked, its window written out. `value` None: nothing that can be judged, and `problem` says why.
    """

    name: str
    query: str
    begin_ns: int
    at_ns: int
    value: float | None
    problem: str = ""


def promql(query: str, claim: Claim) -> Claim:
    """Claim that what a PromQL query gives is within a bound: ``errors=promql("…", at_most(0.01))``.

    `$window` in it stands for the length of the phase. The query is asked once, at the end of the phase that `during=` of the
    bound names, else of the load; it must give exactly one number.
    """
    if not isinstance(query, str) or not query.strip():
        raise UsageError(f"promql({query!r}, …): a query is a text", hint=HINT)
    if not isinstance(claim, Claim) or claim.side == "split" or claim.query:
        raise UsageError(f"promql(…, {claim!r}): the second is a bound", hint=HINT)
    return replace(claim, query=query.strip())


def in_promql(about: About) -> Requirement:
    """The requirement behind a claim in PromQL; UsageError for what such a claim can't have."""
    claim = about.claim
    if isinstance(claim.bound, Relative):
        raise UsageError(
            f"{about}: a query has no other sample to be compared with",
            hint="compare inside the query, for example with `offset`",
        )
    if claim.margin:
        raise UsageError(
            f"{about}: the value is compared, not estimated: a margin says nothing", hint="leave it out"
        )
    if claim.on is not None or claim.of is not None:
        raise UsageError(
            f"{about}: the query says what is counted, on= and of= can't",
            hint='select by labels, for example {virtual_node="flights-v1"}',
        )
    reach = _amount(about, claim.tolerance) if claim.side == "around" else 0.0
    return replace(about.question("promql", _amount(about, about.plain), tolerance=reach), query=claim.query)


def written_out(query: str, window_s: float) -> str:
    """The query with its window, in whole milliseconds."""
    return _WINDOW.sub(f"{max(1, round(window_s * 1000))}ms", query)


def judge_readings(requirement: Requirement, readings: Sequence[Reading]) -> Decision:
    """Decide by every reading of a claim (a phase may come several times): the worst counts. None is `invalid`.

    `observed` is the value of the worst; `n` counts readings, `k` those within the bound.
    """

    def judged(reading: Reading) -> Verdict:
        if reading.value is None:
            return Verdict.INVALID
        low, high = requirement.allowed
        return Verdict.PASS if low <= reading.value <= high else Verdict.FAIL

    compared = compare(requirement, readings, judged, lambda reading: reading.value)
    value = compared.shown.value if compared.shown else None
    return compared.decision(
        observed=value,
        low=-math.inf if value is None else value,
        high=math.inf if value is None else value,
        words=_words(compared),
        unit="readings",
    )


def _words(compared: Compared[Reading]) -> str:
    shown = compared.shown
    if shown is None:
        return "the query was never asked: its phase did not come"
    asked = f"{shown.query} over {(shown.at_ns - shown.begin_ns) / 1e9:.1f} s{compared.among}"
    if shown.value is None:
        return f"{shown.problem} ({asked})"
    return f"{shown.value:.6g}, {wanted(compared.requirement, '{:g}'.format)} ({asked})"


def _amount(about: About, value: object) -> float:
    """A number, a share ("1 %"), or a duration in seconds: Prometheus' own unit of time."""
    if isinstance(value, str):
        found = number(value) if seconds(value) is None else seconds(value)
    else:
        found = float(value) if isinstance(value, (int, float)) else None
    if found is None:
        raise UsageError(
            f"{about}: {value!r} is no number", hint='at_most(0.01), at_most("1 %"), at_most("300ms")'
        )
    return found
