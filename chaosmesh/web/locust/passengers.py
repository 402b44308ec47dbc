"""The locustfile of `chaosmesh up --ui` where the user has none."""

from __future__ import annotations

from chaosmesh.load.passengers import Passengers

__all__ = ["Passengers"]
