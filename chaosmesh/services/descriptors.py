"""How many connections a process may hold."""

from __future__ import annotations

import resource


def raise_limit_of_descriptors() -> None:
    """As many as the host lets us have: most start programs with 1,024, which a slow second of load needs twice."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
