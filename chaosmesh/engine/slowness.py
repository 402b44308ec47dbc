"""What a crowded host may be the reason of: answers that come late, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from chaosmesh.engine.host import Watch
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


def excuse(watch: Watch, broken: Sequence[Requirement], n: int, well: int, alpha: float) -> str | None:
    """Why the host may be the reason that all of `broken` (of users, at the entry) is; None: it is not.

    A crowded one, where only bounds on latency are broken. One that others crowd, where success is too, but would not
    be, had nobody given up: a policy that cuts every try crowds its host itself, and is to blame. `well`: how many of
    `n` requests succeeded or were given up.
    """
    if not broken:
        return None
    failed = [one for one in broken if one.measure != "latency"]
    if not failed:
        return watch.crowded()
    if all(_success_but_slow(one, n, well, alpha) for one in failed):
        return watch.crowded_by_others()
    return None


def _success_but_slow(one: Requirement, n: int, well: int, alpha: float) -> bool:
    if one.measure != "success" or one.relative is not None:
        return False
    return judge(one, Evidence.share(n, well), alpha).verdict is not Verdict.FAIL
