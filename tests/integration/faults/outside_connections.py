"""Connections to the proxies of an edge, counted from outside."""

from __future__ import annotations

from collections.abc import Iterable

from chaosmesh.mesh import EdgeProxy
from tests.integration.runtime import outside


def to(proxies: Iterable[EdgeProxy]) -> int:
    """Those that are open now."""
    return sum(outside.connections(f"{one.address}:{port}") for one in proxies for port in one.ports)
