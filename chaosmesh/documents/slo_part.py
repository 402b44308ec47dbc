"""The scenario's `slo:`, and that of its gate."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chaosmesh.documents.durations import Duration
from chaosmesh.documents.part import Part, Share


class Slo(Part):
    """What users must feel: share of success, bound of the 99th percentile, calls per call."""

    success: Share | None = None
    p99: Duration | None = None
    amplification: Annotated[float, Field(ge=1)] | None = None
