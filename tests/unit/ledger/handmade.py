"""Rows of a small world, written by hand: gate → front → color (two replicas), front → tail."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chaosmesh.ledger import Addresses, Ledger
from chaosmesh.ledger.rows import request_id

T0 = 1_700_000_000_000_000_000
MS = 1_000_000
ADDRESSES = Addresses(
    {"127.9.1.1": ("color", 0), "127.9.1.2": ("color", 1), "127.9.1.3": ("tail", 0)},
    {"127.9.2.1": "color.local"},
)


@dataclass(frozen=True, slots=True)
class Row:
    sidecar: str = "front.0"
    side: str = "egress"
    attempt_row: bool = False
    request_id: str = request_id(1, 0)
    call: str = "c1"
    attempt: int = 1
    lineage: str = "1"
    edge: str = "front>color.local"
    start_ns: int = T0
    duration_ms: float = 1.0
    status: int = 200
    grpc_status: int | None = None
    flags: tuple[str, ...] = ()
    details: str = "via_upstream"
    route: str = "blue"
    route_hash: str = "h1"
    cluster: str = "cds_egress_m_color_http_8080"
    upstream: str = ""
    method: str = "GET"
    authority: str = "color.local:8080"
    path: str = "/"
    victim: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    seq: int
    status: int = 200
    error: str = ""
    intended_ns: int = T0
    sent_ns: int = T0 + MS
    done_ns: int = T0 + 11 * MS
    spec: int = 0
    size: int = 10


@dataclass(frozen=True, slots=True)
class Stream:
    id: int


@dataclass(frozen=True)
class Try:
    """One attempt of a hand-made call; `reached`: the server's sidecar saw it."""

    status: int = 200
    flags: tuple[str, ...] = ()
    host: str = "127.9.1.1:8080"
    victim: str = ""
    reached: bool = True


def call(
    *tries: Try, base: Row = Row(), server: str = "color", status: int | None = None, flags=()
) -> list[Row]:
    """All rows of one call, in the order in which they are logged."""
    rows = []
    for number, one in enumerate(tries, 1):
        at = base.start_ns + number * MS
        up = replace(base, attempt_row=True, attempt=number, start_ns=at, status=one.status, flags=one.flags)
        up = replace(up, upstream=one.host, route="", route_hash="")
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


def door(request: str = request_id(1, 0), status: int = 200, **more) -> Row:
    """The row of the entry."""
    start = more.pop("start_ns", T0 - MS)
    return Row(
        side="door", call="", edge="", lineage="1", request_id=request, status=status, start_ns=start, **more
    )


def ledger(*rows: Row, records: tuple[Record, ...] = (), stream: int = 1) -> Ledger:
    """A ledger that holds them."""
    one = Ledger(ADDRESSES)
    one.add_rows(rows)
    one.add_records(Stream(stream), records)
    return one


FAILED = Try(503)
UF = Try(503, ("UF",), reached=False)
UO = Try(503, ("UO",), host="", reached=False)
