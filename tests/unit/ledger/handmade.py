"""Rows of a small world, written by hand: gate → front → color (two replicas), front → tail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger import Addresses, Ledger
from chaosmesh.load import Record, request_id

T0 = 1_700_000_000_000_000_000
MS = 1_000_000
ADDRESSES = Addresses(
    {"127.9.1.1": ("color", 0), "127.9.1.2": ("color", 1), "127.9.1.3": ("tail", 0)},
    {"127.9.2.1": "color.local"},
)


_DEFAULTS = {
    "sidecar": "front.0",
    "side": "egress",
    "attempt_row": False,
    "request_id": request_id(1, 0),
    "call": "c1",
    "attempt": 1,
    "lineage": "1",
    "edge": "front>color.local",
    "start_ns": T0,
    "duration_ms": 1.0,
    "status": 200,
    "grpc_status": None,
    "flags": (),
    "details": "via_upstream",
    "route": "blue",
    "route_hash": "h1",
    "cluster": "cds_egress_m_color_http_8080",
    "upstream": "",
    "method": "GET",
    "authority": "color.local:8080",
    "path": "/",
    "victim": "",
}


def row(**fields: Any) -> AccessRow:
    """A downstream row of front's egress, less what is said otherwise."""
    return AccessRow(**{**_DEFAULTS, **fields})


def record(seq: int, status: int = 200, error: str = "", done_ns: int = T0 + 11 * MS) -> Record:
    """A request of the generator that was meant to leave at T0."""
    return Record(seq, 0, T0, T0 + MS, done_ns, status, 10, error)


HEAD = row()


@dataclass(frozen=True)
class Try:
    """One attempt of a hand-made call; `reached`: the server's sidecar saw it."""

    status: int = 200
    flags: tuple[str, ...] = ()
    host: str = "127.9.1.1:8080"
    victim: str = ""
    reached: bool = True


def call(
    *tries: Try, base: AccessRow = HEAD, server: str = "color", status: int | None = None, flags=()
) -> list[AccessRow]:
    """All rows of one call, in the order in which they are logged."""
    rows = []
    for number, one in enumerate(tries, 1):
        at = base.start_ns + number * MS
        up = replace(base, attempt_row=True, attempt=number, start_ns=at, status=one.status, flags=one.flags)
        up = replace(up, upstream=one.host, route="", route_hash="", cluster=base.cluster if one.host else "")
        if one.reached:
            replica = "1" if one.host.startswith("127.9.1.2") else "0"
            lineage = f"{base.lineage}.{number}" if base.lineage else str(number)
            rows.append(
                replace(
                    base,
                    sidecar=f"{server}.{replica}",
                    side="ingress",
                    attempt=number,
                    start_ns=at + 1000,
                    status=one.status,
                    lineage=lineage,
                    victim=one.victim,
                    route="",
                    route_hash="",
                    flags=("FI",) if one.victim else (),
                )
            )
        rows.append(up)
    end = tries[-1].status if tries and status is None else status or 0
    return [*rows, replace(base, attempt=len(tries), status=end, flags=flags, duration_ms=10.0)]


def door(request: str = request_id(1, 0), status: int = 200, **more) -> AccessRow:
    """The row of the entry."""
    start = more.pop("start_ns", T0 - MS)
    return row(
        side="door", call="", edge="", lineage="1", request_id=request, status=status, start_ns=start, **more
    )


def ledger(*rows: AccessRow, records: tuple[Record, ...] = (), stream: int = 1) -> Ledger:
    """A ledger that holds them."""
    one = Ledger(ADDRESSES)
    one.add_rows(rows)
    one.add_records(stream, records)
    return one


FAILED = Try(503)
UF = Try(503, ("UF",), reached=False)
UO = Try(503, ("UO",), host="", reached=False)
