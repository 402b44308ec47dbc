"""The scenario's `canary:`: a shift of weights, step by step."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chaosmesh.documents.durations import Duration
from chaosmesh.documents.part import Part


class CanaryStep(Part):
    """One step of a canary: the share of the new version (in percent) and how long it is watched."""

    weight: Annotated[int, Field(ge=0, le=100)]
    duration: Duration | None = None


class Canary(Part):
    """A shift of weights on one route, step by step, taken back when the SLO breaks."""

    route: str
    to: str
    steps: tuple[CanaryStep, ...] = ()
    back: Literal["automatic", "manual"] = "automatic"
