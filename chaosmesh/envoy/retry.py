"""Retry policies in Envoy's words."""

from __future__ import annotations

from typing import Final

from chaosmesh.envoy.forms import Json, extension, seconds
from chaosmesh.mesh import Retry, Route, retries_elsewhere, retry_of


def of(route: Route) -> Json:
    """The part of a route's action that says what is tried again, and whether at its fallback."""
    retry = retry_of(route)
    if retry is None:
        return {}
    elsewhere = {"retry_priority": _ELSEWHERE} if retries_elsewhere(route) else {}
    return {"retry_policy": {**policy(retry), **elsewhere}}


def policy(retry: Retry) -> Json:
    """One route's retry policy. Codes do nothing without their own event, so both come together."""
    result: Json = {"retry_on": ",".join(_events(retry)), "num_retries": retry.max_retries}
    if retry.statuses:
        result["retriable_status_codes"] = list(retry.statuses)
    if retry.per_try_timeout:
        result["per_try_timeout"] = seconds(retry.per_try_timeout)
    if retry.avoid_previous_hosts:
        result["retry_host_predicate"] = [
            extension(
                "envoy.retry_host_predicates.previous_hosts",
                "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            )
        ]
        result["host_selection_retry_max_attempts"] = retry.host_picks
    return result


def _events(retry: Retry) -> list[str]:
    events = list(retry.grpc)
    if retry.on_connect_failure:
        events.append("connect-failure")
    if retry.on_reset:
        events.append("reset")
    if retry.on_refused_stream:
        events.append("refused-stream")
    if retry.statuses:
        events.append("retriable-status-codes")
    return events


_ELSEWHERE: Final = extension(
    "envoy.retry_priorities.previous_priorities",
    "extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
    update_frequency=1,
)
"""Each retry goes to a priority that this call has not asked yet."""
