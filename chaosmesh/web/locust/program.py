"""Locust's own command as `chaosmesh up --ui` starts it: `python -m chaosmesh.web.locust.program LOCUST-ARGUMENTS`."""

from __future__ import annotations

import locust.main  # isort: skip  (it patches the standard library, so it comes first)
from locust import stats

from chaosmesh.load.locust_env import three_digits
from chaosmesh.services.descriptors import raise_limit_of_descriptors
from chaosmesh.web.locust import joining


def main() -> None:
    """Until Locust ends."""
    raise_limit_of_descriptors()
    stats.bucket_response_time = three_digits  # type: ignore[assignment]  # Locust's own returns whole ms
    joining.install()
    locust.main.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
