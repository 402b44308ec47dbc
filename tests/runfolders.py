"""Run folders made by hand: a result, and a ledger of any size that is written without a Python object for each request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from chaosmesh.engine.kept import DOCUMENTS, PICTURE
from chaosmesh.engine.results import VerifyResult
from chaosmesh.ledger.faults import FaultEvent
from chaosmesh.ledger.store import ATTEMPTS, FAULTS, RECORD_SCHEMA, REQUESTS, ROW_SCHEMA, SCHEMA
from chaosmesh.load.plan import request_id
from chaosmesh.mesh.picture import Arrow, Picture, Spot
from chaosmesh.report.jsonfile import jsonable

START_NS = 1_790_000_000_000_000_000
EDGE = ("departures", "flights.airport.local")
PAIR = Picture(
    (
        Spot("departures", "departures", "node", 0, 0.0, entry=True),
        Spot("flights", "flights", "node", 1, 0.0),
    ),
    (Arrow("departures->flights", *EDGE, (("flights", 100.0),)),),
    2,
    1,
)
AROUND = {
    "runtime": "process",
    "command": "chaosmesh verify fixtures/airport",
    "policy": "ab" * 32,
    "versions": {"chaosmesh": "0.1.0", "envoy": "1.40.0", "python": "3.12.0", "commit": None},
    "host": {"cores": 2, "load": [0.5, 0.4, 0.3], "starved": 0.001, "late": 0.002},
}


def verified(folder: Path, result: VerifyResult, documents: Mapping[str, str] | None = None) -> Path:
    """The folder of a verification, without a ledger."""
    return finished(folder, jsonable(result.as_json()), documents)


def finished(folder: Path, document: Mapping[str, Any], documents: Mapping[str, str] | None = None) -> Path:
    """A run folder with its `run.json`, what it ran on, its documents (name → text) and the picture of a pair."""
    kept = folder / "config" / "documents"
    kept.mkdir(parents=True)
    index = []
    for number, (name, text) in enumerate((documents or {}).items()):
        (kept / f"{number:03d}").write_text(text, "utf-8", "replace")
        index.append({"file": name, "kept": f"documents/{number:03d}"})
    _json(folder / "config" / DOCUMENTS, index)
    _json(folder / "config" / PICTURE, asdict(PAIR))
    _json(folder / "surroundings.json", AROUND)
    _json(folder / "run.json", document)
    return folder


def ledger(
    folder: Path,
    number: int,
    *,
    stream: int = 7,
    rate: float = 250.0,
    fault: tuple[int, int] | None = None,
    cause: str = "",
) -> Path:
    """The ledger of `number` requests over one edge with two replicas. Requests of `fault` (first and end) are tried twice
    and fail, for a fault on the edge."""
    first, end = fault or (0, 0)
    at = START_NS + (np.arange(number) * (1e9 / rate)).astype(np.int64)
    bad = (np.arange(number) >= first) & (np.arange(number) < end)
    latency_ms = 2.0 + (np.arange(number) % 100) / 10 + bad * 300.0
    ids = [request_id(stream, one) for one in range(number)]
    _requests(folder, stream, at, bad, latency_ms, ids, cause or f"fault errors-1 at {'>'.join(EDGE)}")
    _attempts(folder, stream, at, bad, latency_ms, ids)
    events: list[FaultEvent] = []
    if fault:
        spans = (("applied", first), ("healed", end))
        places = [START_NS + int(one * 1e9 / rate) - 1 for _, one in spans]
        events = [
            FaultEvent("errors-1", phase, place, "errors", ">".join(EDGE), {"status": 503}, place)  # type: ignore[arg-type]
            for (phase, _), place in zip(spans, places, strict=True)
        ]
    tree = {
        "schema": SCHEMA,
        "faults": [asdict(one) for one in events],
        "killed": {},
        "connections": [],
        "servers": {"127.1.64.1:8080": ["flights", 0], "127.1.64.2:8080": ["flights", 1]},
        "services": {},
    }
    _json(folder / FAULTS, tree)
    return folder


def _requests(
    folder: Path, stream: int, at: Any, bad: Any, latency_ms: Any, ids: Sequence[str], cause: str
) -> None:
    number = len(ids)
    status = np.where(bad, 503, 200).astype(np.int32)
    columns = {
        "stream": np.full(number, stream),
        "seq": np.arange(number),
        "spec": np.zeros(number, np.int32),
        "intended_ns": at,
        "sent_ns": at + 100_000,
        "done_ns": at + (latency_ms * 1e6).astype(np.int64),
        "status": status,
        "size": np.full(number, 300),
        "error": [""] * number,
        "grpc_status": pa.nulls(number, pa.int32()),
        "request_id": ids,
        "entry": ["departures"] * number,
        "ok": ~bad,
        "latency_ms": latency_ms,
        "calls": np.ones(number, np.int32),
        "attempts": np.where(bad, 2, 1).astype(np.int32),
        "cause": [cause if one else None for one in bad],
    }
    pq.write_table(pa.table(columns, schema=RECORD_SCHEMA), folder / REQUESTS)


def _attempts(folder: Path, stream: int, at: Any, bad: Any, latency_ms: Any, ids: Sequence[str]) -> None:
    """A row of each call, of each attempt, and of each arrival at the server."""
    again = np.flatnonzero(bad)
    every = np.arange(len(ids))
    kinds = (
        ("egress", False, every, 1),
        ("egress", True, every, 1),
        ("egress", True, again, 2),
        ("ingress", False, every, 1),
    )
    tables = [_rows(*one, stream, at, bad, latency_ms, ids) for one in kinds]
    pq.write_table(pa.concat_tables(tables), folder / ATTEMPTS)


def _rows(
    side: str,
    attempt_row: bool,
    which: Any,
    attempt: int,
    stream: int,
    at: Any,
    bad: Any,
    latency_ms: Any,
    ids: Sequence[str],
) -> pa.Table:
    number = len(which)
    replica = (which % 2).astype(np.int32)
    text: dict[str, Any] = dict.fromkeys(
        ("details", "route_hash", "cluster", "method", "authority", "path", "victim"), [""] * number
    )
    columns = {
        **text,
        "sidecar": ["departures.0"] * number if side == "egress" else [f"flights.{one}" for one in replica],
        "side": [side] * number,
        "attempt_row": [attempt_row] * number,
        "request_id": [ids[one] for one in which],
        "call": [f"call-{one}" for one in which],
        "attempt": np.full(number, attempt, np.int32),
        "lineage": ["1"] * number,
        "edge": [">".join(EDGE)] * number,
        "start_ns": at[which] + 200_000 * attempt,
        "duration_ms": latency_ms[which] / (3 - attempt),
        "status": np.where(bad[which], 503, 200).astype(np.int32),
        "grpc_status": pa.nulls(number, pa.int32()),
        "flags": [["URX"] if one and not attempt_row else [] for one in bad[which]],
        "route": ["flights-route"] * number,
        "upstream": [f"127.1.64.{one + 1}:8080" for one in replica],
        "received": np.zeros(number, np.int64),
        "sent": np.zeros(number, np.int64),
        "tcp": [False] * number,
        "stream": np.full(number, stream),
        "server": ["flights" if attempt_row else None] * number,
        "replica": pa.array(replica if attempt_row else [None] * number, pa.int32()),
        "matched": [True if attempt_row else None] * number,
    }
    return pa.table(columns, schema=ROW_SCHEMA)


def _json(path: Path, body: Any) -> None:
    path.write_text(json.dumps(body, ensure_ascii=False), "utf-8", "replace")
