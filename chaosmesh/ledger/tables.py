"""The ledger as tables, for pandas, Arrow and SQL: requests, the calls they caused, their attempts, the faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from chaosmesh.errors import UsageError
from chaosmesh.ledger import columns
from chaosmesh.ledger.faults import FaultEvent, windows
from chaosmesh.ledger.model import Attempt, Call, Request

if TYPE_CHECKING:
    import pandas as pd

Getters = Mapping[str, Callable[[Any], Any]]


class Told(Protocol):
    """What tables are made of."""

    faults: list[FaultEvent]

    def requests(self, stream: int | None = None) -> list[Request]:
        """Requests by number."""

    def calls(self, stream: int | None = None) -> list[Call]:
        """Calls by start."""


def table(ledger: Told, name: str, stream: int | None = None) -> pa.Table:
    """One table of a stream (None: of all): "requests", "calls", "attempts" or "faults" (those of all streams)."""
    if name not in _MAKERS:
        raise UsageError(f"the ledger has no table {name!r}", hint=f"one of: {', '.join(_MAKERS)}")
    schema, lines, getters = _MAKERS[name]
    found = list(lines(ledger, stream))
    made = {one: list(map(getters.get(one) or attrgetter(one), found)) for one in schema.names}
    return pa.table(made, schema=schema)


def sql(tables: Callable[[str], pa.Table], query: str) -> pd.DataFrame:
    """The answer to a query over the four tables, by DuckDB in this process; UsageError if it is not understood."""
    import duckdb

    with duckdb.connect(":memory:") as base:
        for name in _MAKERS:
            if name in query.lower():
                base.register(name, tables(name))
        try:
            return base.execute(query).df()
        except duckdb.Error as error:
            raise UsageError(
                f"the ledger does not understand this query: {str(error).splitlines()[0]}",
                hint=f"its tables are {', '.join(_MAKERS)}; their columns are in docs/ledger.md",
            ) from None


def _cause(part: str) -> Callable[[Request], str | None]:
    return lambda one: getattr(one.cause, part) if one.cause else None


def _flags(name: str, at: int | None = None) -> Callable[[Any], str]:
    return lambda line: ",".join(getattr(line if at is None else line[at], name))


def _of_call(name: str) -> Callable[[Pair], Any]:
    return lambda pair: getattr(pair[0], name)


def _of_attempt(name: str) -> Callable[[Pair], Any]:
    return lambda pair: getattr(pair[1], name)


Pair = tuple[Call, Attempt]
_REQUEST: Getters = {
    "calls": lambda one: len(one.calls),
    "attempts": lambda one: sum(len(call.attempts) for call in one.calls),
    "cause": _cause("kind"),
    "cause_name": _cause("name"),
    "cause_place": _cause("place"),
    "cause_detail": _cause("detail"),
}
_CALL: Getters = {
    "call": attrgetter("id"),
    "client_replica": attrgetter("replica"),
    "flags": _flags("flags"),
    "attempts": lambda one: len(one.attempts),
}
_ATTEMPT: Getters = {
    **{name: _of_attempt(name) for name in columns.ATTEMPTS.names},
    **{name: _of_call(name) for name in ("request_id", "stream", "client", "service")},
    "call": _of_call("id"),
    "flags": _flags("flags", 1),
    "server_flags": _flags("server_flags", 1),
}

Lines = Callable[[Told, int | None], Iterable[Any]]
_MAKERS: Mapping[str, tuple[pa.Schema, Lines, Getters]] = {
    "requests": (columns.REQUESTS, lambda ledger, stream: ledger.requests(stream), _REQUEST),
    "calls": (columns.CALLS, lambda ledger, stream: ledger.calls(stream), _CALL),
    "attempts": (
        columns.ATTEMPTS,
        lambda ledger, stream: ((call, one) for call in ledger.calls(stream) for one in call.attempts),
        _ATTEMPT,
    ),
    "faults": (columns.FAULTS, lambda ledger, _: windows(ledger.faults), {}),
}
