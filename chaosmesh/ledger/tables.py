"""The ledger as tables, for pandas, Arrow and SQL: requests, the calls they caused, their attempts, the faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from chaosmesh.errors import UsageError
from chaosmesh.ledger import columns
from chaosmesh.ledger.faults import FaultEvent, FaultWindow, windows
from chaosmesh.ledger.model import Attempt, Call, Cause, Request

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
NO_CAUSE: Mapping[str, None] = dict.fromkeys(("cause", "cause_name", "cause_place", "cause_detail"))


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
    schema, make = _MAKERS[name]
    return pa.Table.from_pylist(list(make(ledger, stream)), schema=schema)


def sql(ledger: Told, query: str, stream: int | None = None) -> pd.DataFrame:
    """The answer to a query over the four tables, by DuckDB in this process; UsageError if it is not understood."""
    import duckdb

    with duckdb.connect(":memory:") as base:
        for name in _MAKERS:
            if name in query.lower():
                base.register(name, table(ledger, name, stream))
        try:
            return base.execute(query).df()
        except duckdb.Error as error:
            raise UsageError(
                f"the ledger does not understand this query: {str(error).splitlines()[0]}",
                hint=f"its tables are {', '.join(_MAKERS)}; their columns are in docs/ledger.md",
            ) from None


def _requests(ledger: Told, stream: int | None) -> Iterable[Row]:
    for one in ledger.requests(stream):
        fields = _fields(one, columns.REQUESTS)
        fields["calls"] = len(one.calls)
        fields["attempts"] = sum(len(call.attempts) for call in one.calls)
        yield {**fields, **_cause(one.cause)}


def _cause(cause: Cause | None) -> Row:
    if cause is None:
        return NO_CAUSE
    return {
        "cause": cause.kind,
        "cause_name": cause.name,
        "cause_place": cause.place,
        "cause_detail": cause.detail,
    }


def _calls(ledger: Told, stream: int | None) -> Iterable[Row]:
    for one in ledger.calls(stream):
        yield {
            **_fields(one, columns.CALLS),
            "call": one.id,
            "client_replica": one.replica,
            "flags": ",".join(one.flags),
            "attempts": len(one.attempts),
        }


def _attempts(ledger: Told, stream: int | None) -> Iterable[Row]:
    for call in ledger.calls(stream):
        for one in call.attempts:
            yield {**_of_call(call), **_attempt(one)}


def _of_call(call: Call) -> Row:
    return {
        "request_id": call.request_id,
        "stream": call.stream,
        "call": call.id,
        "client": call.client,
        "service": call.service,
    }


def _attempt(one: Attempt) -> Row:
    return {
        **_fields(one, columns.ATTEMPTS),
        "flags": ",".join(one.flags),
        "server_flags": ",".join(one.server_flags),
    }


def _faults(ledger: Told, _stream: int | None) -> Iterable[Row]:
    return (_fault(one) for one in windows(ledger.faults))


def _fault(one: FaultWindow) -> Row:
    return _fields(one, columns.FAULTS)


def _fields(one: object, schema: pa.Schema) -> dict[str, Any]:
    return {name: getattr(one, name) for name in schema.names if hasattr(one, name)}


Maker = Callable[[Told, int | None], Iterable[Row]]
_MAKERS: Mapping[str, tuple[pa.Schema, Maker]] = {
    "requests": (columns.REQUESTS, _requests),
    "calls": (columns.CALLS, _calls),
    "attempts": (columns.ATTEMPTS, _attempts),
    "faults": (columns.FAULTS, _faults),
}
