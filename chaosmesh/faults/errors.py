"""A share of the attempts on an edge is answered with an error by the callee's sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosmesh.errors import UsageError
from chaosmesh.faults.connections import between
from chaosmesh.faults.requests import OnRequests, checked

GRPC_CODES = range(1, 17)


@dataclass(frozen=True, slots=True)
class Errors(OnRequests):
    """`share` of the attempts get `status`, or `grpc` (a code) instead of one."""

    status: int | None
    share: float
    seed: int
    workload: str | None = None
    grpc: int | None = None
    kind: ClassVar[str] = "errors"

    def __post_init__(self) -> None:
        if (self.status is None) == (self.grpc is None):
            raise UsageError(
                "errors: either an HTTP status or a gRPC code",
                hint='errors(503) or errors(grpc="UNAVAILABLE")',
            )
        if self.status is not None:
            between("errors", "the status", self.status, 200, 599, "errors(503, share=0.3)")
        if self.grpc is not None and self.grpc not in GRPC_CODES:
            raise UsageError(f"errors: a gRPC code is 1–16 (got {self.grpc})", hint='grpc="UNAVAILABLE"')
        checked("errors", self, "share=0.3")

    @property
    def what(self) -> Mapping[str, Any]:
        """Status or code."""
        return {"status": self.status} if self.grpc is None else {"grpc_status": self.grpc}

    @property
    def drawn(self) -> tuple[float, int, str | None]:
        """As written."""
        return self.share, self.seed, self.workload
