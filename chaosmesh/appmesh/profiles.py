"""What App Mesh added to every policy without showing it, and the accounts for which it did not."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.errors import UsageError
from chaosmesh.mesh import Breaker, Retry

OPEN = 2_147_483_647
_OPEN_BREAKER = Breaker(OPEN, OPEN, OPEN, OPEN)

DEFAULT_RETRY = Retry(
    max_retries=2,
    per_try_timeout=None,
    statuses=(503,),
    on_reset=True,
    on_connect_failure=True,
    on_refused_stream=True,
    grpc=("unavailable",),
    avoid_previous_hosts=True,
    implicit=True,
)


@dataclass(frozen=True, slots=True)
class Profile:
    """Hidden behaviour: `retry` where no policy is written, `breaker` of every upstream, whether retries avoid
    hosts that the call has met, and the request timeout (seconds) where none is written."""

    retry: Retry | None
    breaker: Breaker
    avoid_previous_hosts: bool
    request_timeout: float | None


PROFILES = {
    "appmesh": Profile(DEFAULT_RETRY, _OPEN_BREAKER, True, 15.0),  # accounts since 2020-07-29
    "appmesh-legacy": Profile(None, Breaker(), True, 15.0),
    "envoy": Profile(None, Breaker(), False, None),
}


def profile_named(name: str) -> Profile:
    """The profile of that name (UsageError with the names that there are)."""
    if name not in PROFILES:
        raise UsageError(f"there is no profile {name}", hint=f"one of: {', '.join(PROFILES)}")
    return PROFILES[name]
