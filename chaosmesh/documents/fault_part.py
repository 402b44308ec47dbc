"""The scenario's `faults:`: doses of the matrix and of the gate."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chaosmesh.documents.durations import Duration
from chaosmesh.documents.part import Count, EdgeName, Part, Share
from chaosmesh.documents.sizes import Memory


class FaultPart(Part):
    """A dose of the matrix or of the gate. `edge`: where; without it every edge; or a `node`, and `replica` of it; or
    one of the `externals`. `share` of the attempts, for `cpu` of a core; `memory` and `path` are what these two kinds
    are about."""

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
        "partition",
        "cpu",
        "memory",
        "disk_full",
        "dns",
    ]
    edge: EdgeName | None = None
    node: str | None = None
    replica: Count | None = None
    external: str | None = None
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    grpc: str | None = None
    share: Share | None = None
    delay: Duration | None = None
    jitter: Duration | None = None
    memory: Memory | None = None
    path: Annotated[str, Field(pattern="^/.")] | None = None
    start: Duration | None = None
    duration: Duration | None = None
