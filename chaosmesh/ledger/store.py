"""The ledger on disk: what was recorded, and beside it what was joined from it, for other people's queries.

requests.parquet has a line per generator record, attempts.parquet a line per access-log row (attempts of
calls are the lines with `side` = "egress" and `attempt_row`, or `tcp` for connections). The columns of
`_DERIVED_…` come from the join and are not read back: reading joins anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from chaosmesh.envoy import AccessRow
from chaosmesh.errors import UsageError
from chaosmesh.ledger.addresses import Addresses
from chaosmesh.ledger.faults import FaultEvent
from chaosmesh.ledger.ledger import Ledger
from chaosmesh.ledger.model import Attempt, Call
from chaosmesh.ledger.rows import order
from chaosmesh.ledger.span_table import TRACES, StoredSpans
from chaosmesh.ledger.span_table import write as write_spans
from chaosmesh.load import Record, stream_of

T = TypeVar("T")
SCHEMA = "chaosmesh.ledger/1"
REQUESTS, ATTEMPTS, FAULTS = "requests.parquet", "attempts.parquet", "faults.json"

_ROW = (
    ("sidecar", pa.string()),
    ("side", pa.string()),
    ("attempt_row", pa.bool_()),
    ("request_id", pa.string()),
    ("call", pa.string()),
    ("attempt", pa.int32()),
    ("lineage", pa.string()),
    ("edge", pa.string()),
    ("start_ns", pa.int64()),
    ("duration_ms", pa.float64()),
    ("status", pa.int32()),
    ("grpc_status", pa.int32()),
    ("flags", pa.list_(pa.string())),
    ("details", pa.string()),
    ("route", pa.string()),
    ("route_hash", pa.string()),
    ("cluster", pa.string()),
    ("upstream", pa.string()),
    ("method", pa.string()),
    ("authority", pa.string()),
    ("path", pa.string()),
    ("victim", pa.string()),
    ("received", pa.int64()),
    ("sent", pa.int64()),
    ("tcp", pa.bool_()),
)
_DERIVED_ROW = (
    ("stream", pa.int64()),
    ("server", pa.string()),
    ("replica", pa.int32()),
    ("matched", pa.bool_()),
)
_RECORD = (
    ("seq", pa.int64()),
    ("spec", pa.int32()),
    ("intended_ns", pa.int64()),
    ("sent_ns", pa.int64()),
    ("done_ns", pa.int64()),
    ("status", pa.int32()),
    ("size", pa.int64()),
    ("error", pa.string()),
    ("grpc_status", pa.int32()),
)
_STREAM = (("stream", pa.int64()),)
_DERIVED_RECORD = (
    ("request_id", pa.string()),
    ("entry", pa.string()),
    ("ok", pa.bool_()),
    ("latency_ms", pa.float64()),
    ("calls", pa.int32()),
    ("attempts", pa.int32()),
    ("cause", pa.string()),
)
ROW_SCHEMA = pa.schema([*_ROW, *_DERIVED_ROW])
RECORD_SCHEMA = pa.schema([*_STREAM, *_RECORD, *_DERIVED_RECORD])


def write(ledger: Ledger, folder: Path) -> None:
    """Write the three files of a ledger into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(_requests(ledger), folder / REQUESTS, compression="zstd")
    pq.write_table(_attempts(ledger), folder / ATTEMPTS, compression="zstd")
    _write_rest(ledger, folder)


def merge(ledger: Ledger, parts: Sequence[Path], folder: Path) -> None:
    """The files of a run from those of its parts, one after the other; faults and addresses are those of `ledger`. Takes
    the memory of one part, however many there are."""
    for name, schema in ((REQUESTS, RECORD_SCHEMA), (ATTEMPTS, ROW_SCHEMA)):
        with pq.ParquetWriter(folder / name, schema, compression="zstd") as writer:
            for part in parts:
                writer.write_table(pq.read_table(part / name, schema=schema))
    _write_rest(ledger, folder)


def _write_rest(ledger: Ledger, folder: Path) -> None:
    tree = {
        "schema": SCHEMA,
        "faults": [asdict(one) for one in ledger.faults],
        "killed": ledger.killed,
        "connections": sorted(ledger.connections),
        "servers": {address: list(place) for address, place in ledger.addresses.servers.items()},
        "services": dict(ledger.addresses.services),
    }
    (folder / FAULTS).write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")
    if ledger.spans:
        write_spans(ledger.spans, folder / TRACES)


def _requests(ledger: Ledger) -> pa.Table:
    raw = {(stream, one.seq): one for stream, one in ledger.records}
    requests = ledger.requests()
    columns: dict[str, list[Any]] = {"stream": [one.stream for one in requests]}
    for name, _ in _RECORD:
        columns[name] = [getattr(raw[one.stream, one.seq], name) for one in requests]
    columns["request_id"] = [one.request_id for one in requests]
    columns["entry"] = [one.entry for one in requests]
    columns["ok"] = [one.ok for one in requests]
    columns["latency_ms"] = [one.latency_ms for one in requests]
    columns["calls"] = [len(one.calls) for one in requests]
    columns["attempts"] = [sum(len(call.attempts) for call in one.calls) for one in requests]
    columns["cause"] = [str(one.cause) if one.cause else None for one in requests]
    return pa.table(columns, schema=RECORD_SCHEMA)


def _attempts(ledger: Ledger) -> pa.Table:
    rows = sorted(ledger.rows, key=order)
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name, _ in _ROW}
    joined = {
        ("" if call.tcp else call.request_id, f"{call.client}>{call.service}", call.id, one.number): one
        for call, one in _all(ledger)
    }
    found = [_joined(row, joined) for row in rows]
    columns["stream"] = [stream_of(row.request_id) for row in rows]
    columns["server"] = [one.server if one else None for one in found]
    columns["replica"] = [one.replica if one else None for one in found]
    columns["matched"] = [one.matched if one else None for one in found]
    return pa.table(columns, schema=ROW_SCHEMA)


def _all(ledger: Ledger) -> Iterable[tuple[Call, Attempt]]:
    return ((call, one) for call in ledger.calls() for one in call.attempts)


def _joined(row: AccessRow, joined: dict[tuple[str, str, str, int], Attempt]) -> Attempt | None:
    asked = row.attempt_row or (row.tcp and row.side == "egress")
    return joined.get((row.request_id, row.edge, row.call, row.attempt)) if asked else None


def read(folder: Path, only: Collection[str] | None = None) -> Ledger:
    """The ledger in a folder, or that of a few requests in it (`only`: their ids); UsageError names the file that is
    missing or damaged."""
    tree = _load(folder / FAULTS, _tree)
    requests = _load(folder / REQUESTS, lambda path: _lines(path, RECORD_SCHEMA, [*_STREAM, *_RECORD], only))
    rows = _load(folder / ATTEMPTS, lambda path: _lines(path, ROW_SCHEMA, _ROW, only))
    ledger = _load(folder / FAULTS, lambda _: _assemble(tree, requests, rows))
    ledger.spans = StoredSpans(folder / TRACES)
    return ledger


def read_faults(folder: Path) -> list[FaultEvent]:
    """What was done to the mesh, as the ledger in a folder has it; UsageError where its file is missing or damaged."""
    return _load(folder / FAULTS, lambda path: [FaultEvent(**one) for one in _tree(path)["faults"]])


def _assemble(tree: dict[str, Any], requests: list[dict[str, Any]], rows: list[dict[str, Any]]) -> Ledger:
    servers = {address: (str(node), int(index)) for address, (node, index) in tree["servers"].items()}
    ledger = Ledger(Addresses(servers, tree["services"]))
    for one in tree["faults"]:
        ledger.add_fault(FaultEvent(**one))
    ledger.connections.update(tree["connections"])
    for line in requests:
        ledger.add_records(line.pop("stream"), [Record(**line)])
    ledger.add_rows(AccessRow(**{**line, "flags": tuple(line["flags"])}) for line in rows)
    for sidecar, at_ns in tree["killed"].items():
        ledger.sidecar_killed(sidecar, at_ns)
    return ledger


def _tree(path: Path) -> dict[str, Any]:
    tree = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(tree, dict) or tree.get("schema") != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    return tree


def _lines(
    path: Path, schema: pa.Schema, fields: Sequence[tuple[str, pa.DataType]], only: Collection[str] | None
) -> list[dict[str, Any]]:
    if not pq.read_schema(path).equals(schema):
        raise ValueError("its columns are not those of this version")
    table = pq.read_table(path, filters=None if only is None else [("request_id", "in", list(only))])
    lines: list[dict[str, Any]] = table.select([name for name, _ in fields]).to_pylist()
    return lines


def _load(path: Path, how: Callable[[Path], T]) -> T:
    try:
        return how(path)
    except FileNotFoundError:
        problem = f"{path} is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        problem = (
            f"{path} can't be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        )
    raise UsageError(problem, hint="take another run folder, or run it again")
