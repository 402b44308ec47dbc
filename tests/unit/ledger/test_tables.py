"""The ledger as tables; the queries of docs/ledger.md are run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.ledger import FaultEvent, Ledger, columns
from chaosmesh.load import Record, request_id

from .handmade import FAILED, MS, T0, UF, Try, call, door, ledger, row

PAGE = (Path(__file__).parents[3] / "docs" / "ledger.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def book() -> Ledger:
    """Three requests: a success at once, one by a retry, one that a fault of the edge broke."""
    rows, records = [], []
    for seq, tries in enumerate([(Try(),), (FAILED, Try(host="127.9.1.2:8080")), (UF,)]):
        at = T0 + seq * 100 * MS
        status = tries[-1].status
        base = row(request_id=request_id(1, seq), call=f"c{seq}", start_ns=at)
        rows += [*call(*tries, base=base), door(request_id(1, seq), status=status, start_ns=at - MS)]
        records.append(Record(seq, 0, at - MS, at - MS, at + 10 * MS, status, 10))
    made = ledger(*rows, records=tuple(records))
    made.add_fault(FaultEvent("f", "applied", T0 + 150 * MS, "down", "front>color.local", {"replica": 0}))
    return made


@pytest.mark.parametrize("name", ["requests", "calls", "attempts", "faults"])
def test_every_column_is_told_of_in_the_documentation(name: str):
    schema = getattr(columns, name.upper())
    assert book().arrow(name).schema == schema
    section = PAGE[PAGE.index(f"\n`{name}`:") :]
    section = section[: section.find("\n\n`")] if "\n\n`" in section else section
    assert [one for one in schema.names if f"`{one}`" not in section] == []


def test_frames_hold_a_line_for_each():
    made = book()
    requests, calls, attempts = made.requests_frame(), made.calls_frame(), made.attempts_frame()
    assert list(requests.ok) == [True, True, False]
    assert list(requests.attempts) == [1, 2, 1]
    assert list(requests.cause.dropna()) == ["fault"]
    assert (requests.cause_name[2], requests.cause_place[2], requests.cause_detail[2]) == (
        "f",
        "front>color.local",
        "UF",
    )
    assert list(calls.attempts) == [1, 2, 1]
    assert list(zip(attempts.number, attempts.replica, attempts["flags"], strict=True)) == [
        (1, 0, ""),
        (1, 0, ""),
        (2, 1, ""),
        (1, 0, "UF"),
    ]
    faults = made.arrow("faults").to_pylist()
    assert [(one["kind"], one["replica"], one["end_ns"]) for one in faults] == [("down", 0, None)]


def test_a_stream_can_be_asked_for_alone():
    made = book()
    assert len(made.requests_frame(2)) == len(made.calls_frame(2)) == len(made.attempts_frame(2)) == 0
    assert made.sql("select count(*) as n from requests", 2).n[0] == 0


def test_a_table_is_made_once_until_something_comes_in():
    made = book()
    first = made.arrow("attempts")
    assert made.arrow("attempts") is first
    made.add_rows(call(Try(), base=row(request_id=request_id(1, 9), call="c9", start_ns=T0 + 9000 * MS)))
    assert made.arrow("attempts").num_rows == first.num_rows + 1
    made.add_fault(FaultEvent("f", "healed", T0 + 900 * MS, "down", "front>color.local"))
    assert made.arrow("faults").to_pylist()[0]["end_ns"] == T0 + 900 * MS


def test_the_examples_of_the_documentation_run():
    made = book()
    found = [made.sql(one) for one in QUERIES]
    assert len(found) == 5
    why, edges, replicas, felt, saved = found
    assert why.to_dict("records") == [
        {"cause": "fault", "cause_name": "f", "cause_place": "front>color.local", "requests": 1}
    ]
    assert edges.to_dict("records") == [
        {"client": "front", "service": "color.local", "calls": 3, "attempts_a_call": pytest.approx(4 / 3)}
    ]
    assert list(zip(replicas.replica, replicas.attempts, replicas.failed, strict=True)) == [
        (0, 3, pytest.approx(2 / 3)),
        (1, 1, 0),
    ]
    assert (felt.kind[0], felt.requests[0], felt.success[0]) == ("down", 1, 0)
    assert saved.to_dict("records") == [{"seq": 1, "tries": 2}]


def test_what_is_not_understood_is_said_with_the_tables():
    with pytest.raises(UsageError, match="does not understand") as told:
        book().sql("select nothing from requests")
    assert "requests, calls, attempts, faults" in (told.value.hint or "")
    with pytest.raises(UsageError, match="no table 'rows'"):
        book().arrow("rows")
