"""Spans on disk: a table in the run folder, a line for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from chaosmesh.envoy.spans import SPAN_FIELDS, Span
from chaosmesh.errors import UsageError
from chaosmesh.ledger.spans import SpanSource, by_start

TRACES: Final = "traces.parquet"
ROWS: Final = 1 << 15
"""Spans that are in memory at once while a table is written."""
_TEXT: Final = ("trace_id", "span_id", "parent_id", "request_id", "call", "sidecar", "kind", "name")
SCHEMA: Final = pa.schema(
    [(name, pa.string()) for name in _TEXT]
    + [("start_ns", pa.int64()), ("end_ns", pa.int64()), ("status", pa.int32()), ("attempt", pa.int32())]
    + [("error", pa.bool_()), ("tags", pa.map_(pa.string(), pa.string()))]
)


def write(spans: Iterable[Span], path: Path) -> int:
    """Write them as a table; how many there are."""
    total, rows = 0, []
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for one in spans:
            rows.append(one)
            total += 1
            if len(rows) >= ROWS:
                writer.write_table(_table(rows))
                rows.clear()
        writer.write_table(_table(rows))
    return total


class StoredSpans(SpanSource):
    """The table of a run folder, if the run had a tracer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __bool__(self) -> bool:
        return self._path.is_file()

    def __iter__(self) -> Iterator[Span]:
        if self:
            for batch in self._opened(lambda: pq.ParquetFile(self._path)).iter_batches():
                yield from map(_span, batch.to_pylist())

    def of(self, request_id: str) -> list[Span]:
        if not self:
            return []
        chosen = [("request_id", "=", request_id)]
        table = self._opened(lambda: pq.read_table(self._path, filters=chosen))
        return sorted(map(_span, table.to_pylist()), key=by_start)

    def _opened(self, how: Callable[[], Any]) -> Any:
        try:
            return how()
        except (OSError, pa.ArrowException) as error:
            text = str(error).partition("\n")[0]
            raise UsageError(f"{self._path} can't be read: {text}", hint="take another run folder") from error


def _table(rows: Sequence[Span]) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [getattr(one, name) for one in rows] for name in SPAN_FIELDS}
    columns["tags"] = [list(one.tags.items()) for one in rows]
    return pa.table(columns, schema=SCHEMA)


def _span(row: Mapping[str, Any]) -> Span:
    return Span(**{**row, "tags": dict(row["tags"])})
