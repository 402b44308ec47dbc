"""The tables of a run folder, asked by SQL: no request becomes a Python object, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from chaosmesh.errors import UsageError
from chaosmesh.ledger.store import ATTEMPTS, REQUESTS

if TYPE_CHECKING:
    import duckdb

_AGAIN = "take another run folder, or run it again"

LATE_MS = 5
"""A request that leaves so long after its time is late."""


class Data:
    """Tables `requests` and `attempts`, and the views made of them: `asked` (the requests that a report is about),
    `calls` and `tries` (what the callers' sidecars saw). Use it in a `with` block. Times in views are seconds from the run's
    first request (`t`)."""

    def __init__(self, folder: Path, streams: Mapping[int, str] = MappingProxyType({})) -> None:
        """`streams`: whose requests are asked for (none: those of all), each with the name of its group."""
        import duckdb

        self._folder = folder
        for name in (REQUESTS, ATTEMPTS):
            if not (folder / name).is_file():
                raise UsageError(f"{folder / name} is missing", hint=_AGAIN)
        self._base: duckdb.DuckDBPyConnection = duckdb.connect(":memory:")
        try:
            for name in (REQUESTS, ATTEMPTS):
                table = name.removesuffix(".parquet")
                self._base.execute(f"create table {table} as from read_parquet(?)", [str(folder / name)])
            self._base.execute("create table chosen (stream bigint, part varchar)")
            self.insert("chosen", streams.items())
            if not streams:
                self._base.execute("insert into chosen select distinct stream, '' from requests")
            self.origin_ns = self._origin()
            self._base.execute(_VIEWS.format(origin=self.origin_ns))
        except duckdb.Error as error:
            self._base.close()
            raise self._damaged(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()

    def insert(self, table: str, lines: Iterable[tuple[Any, ...]]) -> None:
        """Put lines into a table that was made."""
        for one in lines:
            self._base.table(table).insert(one)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The answer to a query; `values` stand for its question marks."""
        import duckdb

        try:
            return self._base.execute(query, list(values)).fetchall()
        except duckdb.Error as error:
            raise self._damaged(error) from None

    def row(self, query: str, *values: Any) -> tuple[Any, ...]:
        """The only line of an answer."""
        [found] = self.rows(query, *values)
        return found

    def seconds(self, at_ns: int) -> float:
        """Seconds from the run's first request, of epoch nanoseconds."""
        return (at_ns - self.origin_ns) / 1e9

    def _damaged(self, error: Exception) -> UsageError:
        return UsageError(
            f"{self._folder}: its tables can't be read: {str(error).splitlines()[0]}", hint=_AGAIN
        )

    def _origin(self) -> int:
        [found] = self._base.execute("select min(intended_ns) from requests").fetchall()
        return int(found[0] or 0)


_VIEWS = """
create table spans (begins double, ends double);
create view asked as
  select requests.*, part, (intended_ns - {origin}) / 1e9 as t, (sent_ns - {origin}) / 1e9 as sent_t,
    (sent_ns - intended_ns) / 1e6 as lag_ms,
    regexp_replace(regexp_replace(cause, '^fault ([a-z_]+)-\\S* at', 'fault \\1 at'), ' \\(.*\\)$', '') as kind
  from requests join chosen using (stream);
create view phased as
  select latency_ms, case
    when exists (select 1 from spans where t between begins and ends) then 'under'
    when t < (select min(begins) from spans) then 'before'
    when t > (select max(ends) from spans) then 'after' end as part
  from asked;
create view calls as
  select attempts.*, (start_ns - {origin}) / 1e9 as t, split_part(edge, '>', 1) as client,
    substr(edge, strpos(edge, '>') + 1) as service, status > 0 and status < 500 and coalesce(grpc_status, 0) = 0 as ok
  from attempts semi join chosen using (stream) where side = 'egress' and not attempt_row and edge != '';
create view tries as
  select attempts.*, (start_ns - {origin}) / 1e9 as t, split_part(edge, '>', 1) as client,
    substr(edge, strpos(edge, '>') + 1) as service
  from attempts semi join chosen using (stream) where side = 'egress' and (attempt_row or tcp) and edge != '';
"""
