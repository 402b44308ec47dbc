"""The scenario's `prometheus:`: whether a server scrapes everything, and how often."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from chaosmesh.documents.durations import Duration
from chaosmesh.documents.part import Part

SHORTEST = 0.1  # seconds: a scrape of 50 sidecars takes about as long


class Prometheus(Part):
    """A Prometheus server beside the mesh. `interval`: time between two scrapes of a target (default: 1s)."""

    enabled: bool = False
    interval: Duration = 1.0

    @model_validator(mode="after")
    def _possible(self) -> Prometheus:
        if self.interval < SHORTEST:
            raise ValueError(f"prometheus scrapes at most every {SHORTEST * 1000:g} ms; write 100ms or more")
        return self


def switched(value: Any) -> Any:
    """`prometheus: true` is one with defaults, and whoever writes anything about it wants it."""
    if isinstance(value, bool):
        return {"enabled": value}
    return {"enabled": True, **value} if isinstance(value, dict) else value
