"""The scenario's `faults:`: doses of the matrix and of the gate."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chaosmesh.documents.durations import Duration
from chaosmesh.documents.part import EdgeName, Part, Share


class FaultPart(Part):
    """A dose of the matrix or of the gate. `edge`: where; without it every edge."""

    kind: Literal[
        "errors",
        "latency",
        "reset",
        "down",
        "hang",
        "crash",
        "bandwidth",
        "slow_close",
        "timeout",
        "slicer",
        "limit_data",
    ]
    edge: EdgeName | None = None
    node: str | None = None
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    grpc: str | None = None
    share: Share | None = None
    delay: Duration | None = None
    jitter: Duration | None = None
    start: Duration | None = None
    duration: Duration | None = None
