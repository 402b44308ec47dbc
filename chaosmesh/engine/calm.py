"""Whether sidecars still avoid a host, as an ejection or a failed health check makes them do for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from chaosmesh.engine.admin import NO_ANSWER, page
from chaosmesh.mesh import Mesh
from chaosmesh.runtime import probe

LONGEST = 60.0
"""Seconds that are spent on waiting for health at most."""


def patience(mesh: Mesh) -> float:
    """Seconds after which callers must have seen that a replica is healthy which was not at first; 0 without checks."""
    checks = [listener.health for one in mesh.workloads for listener in one.listeners if listener.health]
    return min(max(((one.healthy + 1) * one.interval + one.timeout for one in checks), default=0.0), LONGEST)


async def avoided(sidecars: Iterable[str]) -> str:
    """In words, who avoids what; nothing when every host is healthy to all."""
    looks = [_avoided_by(one) for one in sidecars]
    return ", ".join(one for one in await asyncio.gather(*looks) if one)


async def _avoided_by(sidecar: str) -> str:
    try:
        clusters = await asyncio.to_thread(clusters_of, sidecar)
    except NO_ANSWER as error:
        return f"{sidecar} does not answer: {error}"
    return ", ".join(
        f"{sidecar} avoids a host of {cluster['name']}"
        for cluster in clusters
        for host in cluster.get("host_statuses", ())
        if any(key.startswith("failed_") for key in host.get("health_status", ()))
    )


def clusters_of(sidecar: str, within: float = probe.ONE_LOOK) -> list[dict[str, Any]]:
    """What a sidecar says of its clusters and their hosts (Envoy's `/clusters`); see `page`."""
    found: list[dict[str, Any]] = page(sidecar, "/clusters?format=json", within).get("cluster_statuses", [])
    return found
