"""The names under which claims are made, and the question behind each.

A claim on a quantile is a claim on a share: p99 ≤ 300 ms says that at least 99 % are not slower than 300 ms.
"""

from __future__ import annotations

import re

from chaosmesh.errors import UsageError
from chaosmesh.judge import bounds
from chaosmesh.judge.claims import Claim
from chaosmesh.judge.promql import in_promql
from chaosmesh.judge.requirement import MEANS, MOMENTS, Measure, Requirement

_QUANTILE = re.compile(r"p(\d{2,5})")
_STATUS = re.compile(r"status_(?:([1-5])xx|([1-5]\d\d))")
_GRPC = re.compile(r"grpc_(\w+)")
_GRPC_CODES = [
    "ok",
    "cancelled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
]
"""In the order of their numbers, from 0 (google.rpc.Code)."""
_PLAIN: dict[str, Measure] = {
    "success": "success",
    "attempts": "attempts",
    "amplification": "attempts",
    "amplification_entry": "amplification_entry",
    "spacing": "spacing",
    "cutoff": "cutoff",
    "split": "split",
    "sticky": "sticky",
    "overflow": "overflow",
    "fallback": "fallback",
    "orphans": "orphans",
    "ejected": "ejected",
    "returned": "returned",
    "recovery": "recovery",
    "shift": "shift",
}
NAMES = (
    f"{', '.join(_PLAIN)}, p50, p99, p999 (any quantile), status_503, status_5xx, grpc_14, grpc_unavailable"
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
    about = bounds.About(name, claim)
    if claim.query:
        return _named(about)
    if (claim.side == "split") != (name == "split"):
        raise UsageError(
            f"{about}: weights belong to split, and split to weights",
            hint='split=weights({"v1": 90, "v2": 10}, on=edge) or split=as_written(on=edge)',
        )
    if quantile := _QUANTILE.fullmatch(name):
        return bounds.quantile(about, _level(name, quantile[1]))
    if (found := _STATUS.fullmatch(name)) is not None:
        return bounds.share(about, "status", statuses=_statuses(found))
    if (found := _GRPC.fullmatch(name)) is not None:
        return bounds.share(about, "grpc", grpc=_grpc(name, found[1]))
    if name not in _PLAIN:
        raise UsageError(f"no claim is called {name!r}", hint=f"known: {NAMES}")
    return _plain(about, _PLAIN[name])


def _named(about: bounds.About) -> Requirement:
    """A claim in PromQL has a name of its own: those that we count ourselves would say something else."""
    if about.name in _PLAIN or any(one.fullmatch(about.name) for one in (_QUANTILE, _STATUS, _GRPC)):
        raise UsageError(
            f"{about.name}=promql(…): {about.name} has a meaning of its own",
            hint=f"call it otherwise, for example {about.name}_by_envoy",
        )
    return in_promql(about)


def _plain(about: bounds.About, measure: Measure) -> Requirement:
    if measure == "split":
        return bounds.split(about)
    if measure in MOMENTS:
        return bounds.moment(about, measure)
    if measure in ("spacing", "cutoff"):
        return bounds.durations(about, measure)
    if measure in MEANS:
        return bounds.mean(about, measure)
    return bounds.share(about, measure)


def _level(name: str, digits: str) -> float:
    """0.99 of "99", 0.999 of "999". "100" would read as 0.1, and is meant as all."""
    level = float(f"0.{digits}")
    if not level or (len(digits) > 2 and digits.endswith("0")):
        raise UsageError(
            f"{name} is no quantile that can be claimed",
            hint="p50, p99, p999; that all of them are in time is never proved: write p9999, or a margin",
        )
    return level


def _statuses(found: re.Match[str]) -> tuple[int, int]:
    if found[1]:
        return int(found[1]) * 100, int(found[1]) * 100 + 99
    return int(found[2]), int(found[2])


def _grpc(name: str, code: str) -> int:
    if code.isdecimal() and int(code) < len(_GRPC_CODES):
        return int(code)
    if code.lower() in _GRPC_CODES:
        return _GRPC_CODES.index(code.lower())
    raise UsageError(f"{name}: {code!r} is no grpc-status", hint="grpc_14 or grpc_unavailable")
