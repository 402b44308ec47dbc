"""Request faults as data: what the callee's sidecar does to a share of the attempts of one edge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestFault:
    """A fault on the attempts that `client` makes to `service`, decided per attempt in the callee's sidecar.

    A victim is drawn from a hash of (seed, request id, lineage, edge, attempt): the same seed hits the same
    attempts again. `status` answers at once with that HTTP status, `grpc_status` with that code of gRPC (1–16); `delay_ms` holds
    the attempt back; `workload` narrows the fault to one arm of the service, `replica` to one copy of it.
    Only requests with that exact `path`, with a path that begins with `prefix`, and with all of these `headers`
    (name, exact value) are meant; nothing written means any.
    """

    id: str
    client: str
    service: str
    share: float
    seed: int
    status: int | None = None
    delay_ms: int | None = None
    workload: str | None = None
    grpc_status: int | None = None
    replica: int | None = None
    path: str = ""
    prefix: str = ""
    headers: tuple[tuple[str, str], ...] = ()
