"""What every process of ours has that runs Locust: the one user, sharp percentiles, and an end on any error.

Only processes that have imported Locust import this module.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

import locust
from gevent import get_hub
from locust import stats
from locust.env import Environment

from chaosmesh.load.generator import Generator
from chaosmesh.services.descriptors import raise_limit_of_descriptors

_PERCENTILES = (0.5, 0.95, 0.99)


class Pacer(locust.User):
    """The one user of a process: it paces every stream, so Locust's own user count says nothing about the load."""

    fixed_count = 1
    generator: Generator

    @locust.task
    def drive(self) -> None:
        """Runs until Locust stops the user."""
        self.generator.drive()


def prepare(environment: Environment) -> None:
    """Of this process, before anything is sent."""
    end_on_any_error()
    raise_limit_of_descriptors()
    stats.bucket_response_time = three_digits  # type: ignore[assignment]  # Locust's own returns whole ms
    environment.events.user_error.add_listener(_fail)  # type: ignore[no-untyped-call]


def three_digits(response_time: float) -> float:
    """Bucket of a response time in ms: three digits instead of Locust's two."""
    if response_time < 10:
        return round(response_time, 2)
    if response_time < 100:
        return round(response_time, 1)
    return float(f"{response_time:.3g}")


def statistics(environment: Environment) -> list[dict[str, Any]]:
    """Locust's own table, one row per request name."""
    return [
        {
            "method": entry.method,
            "name": entry.name,
            "requests": entry.num_requests,
            "failures": entry.num_failures,
            "percentiles": {str(p): entry.get_response_time_percentile(p) for p in _PERCENTILES},
        }
        for entry in environment.stats.entries.values()
    ]


def end_on_any_error() -> None:
    """An error in a callback would only be printed, and its stream would never end."""
    hub = get_hub()
    hub.SYSTEM_ERROR = (*hub.SYSTEM_ERROR, Exception)


def _fail(exception: BaseException, tb: TracebackType, **_: object) -> None:
    get_hub().handle_error(None, type(exception), exception, tb)
