"""What a crowded host may be the reason of: answers that come late, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from chaosmesh.judge import Evidence, Requirement, Verdict, judge
from chaosmesh.load import Record
from chaosmesh.load.wire import Failure

TIMED_OUT = 504
"""Status with which Envoy answers when a route's time is up."""
DEADLINE_EXCEEDED = 4
"""The same as a grpc-status."""


def gave_up(record: Record) -> bool:
    """Whether a request failed because somebody on its way no longer waited: a sidecar, or the generator."""
    patience_over = not record.status and record.error == Failure.TIMEOUT
    return patience_over or record.status == TIMED_OUT or record.grpc_status == DEADLINE_EXCEEDED


def only_slow(broken: Iterable[Requirement], n: int, well: int, alpha: float) -> bool:
    """Whether what is broken at the entry is broken by slowness alone: bounds on latency; and success where it would
    not be, had nobody given up. `well`: how many of `n` requests succeeded or were given up."""
    asked = tuple(broken)
    return bool(asked) and all(
        one.measure == "latency" or _success_but_slow(one, n, well, alpha) for one in asked
    )


def _success_but_slow(one: Requirement, n: int, well: int, alpha: float) -> bool:
    if one.measure != "success" or one.relative is not None:
        return False
    return judge(one, Evidence.share(n, well), alpha).verdict is not Verdict.FAIL
