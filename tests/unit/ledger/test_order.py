from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger import Ledger
from chaosmesh.load import request_id

from .handmade import ADDRESSES, FAILED, MS, T0, UF, UO, Try, call, door, record, row

TRIES = st.sampled_from([Try(), FAILED, UF, UO, Try(503, victim="f1"), Try(host="127.9.1.2:8080")])
CALLS = st.lists(st.lists(TRIES, min_size=1, max_size=4), min_size=1, max_size=6)


def world(calls: list[list[Try]]) -> list[AccessRow]:
    """Two calls to a request, each with the tries given; some requests share a start time."""
    rows = []
    for number, tries in enumerate(calls):
        request = request_id(1 + number % 2, number // 4)
        start = T0 + number // 2 * MS
        rows += call(*tries, base=row(request_id=request, call=f"c{number}", start_ns=start))
        if number % 4 < 2:
            rows.append(door(request, status=rows[-1].status, start_ns=start - 1))
    return rows


def told(ledger: Ledger) -> tuple[object, ...]:
    """All that a ledger answers."""
    edge = ("front", "color.local")
    joined = (ledger.calls(), ledger.requests(), ledger.complete(), ledger.unmatched())
    return (
        *joined,
        ledger.causes(),
        ledger.amplification(*edge),
        ledger.split(*edge),
        ledger.dose("f1", *edge),
    )


@given(CALLS, st.data())
@settings(max_examples=150, deadline=None)
def test_the_order_of_arrival_changes_nothing(calls: list[list[Try]], data: st.DataObject):
    rows = world(calls)
    records = [(1 + n % 2, record(n // 2, n)) for n in range(4)]
    at_once = Ledger(ADDRESSES)
    at_once.add_rows(rows)
    for stream, one in records:
        at_once.add_records(stream, [one])

    arrivals = data.draw(st.permutations([*rows, *records]))
    asked_at = data.draw(st.sets(st.integers(0, len(arrivals))))
    bit_by_bit = Ledger(ADDRESSES)
    for number, arrival in enumerate(arrivals):
        if isinstance(arrival, AccessRow):
            bit_by_bit.add_rows([arrival])
        else:
            bit_by_bit.add_records(arrival[0], [arrival[1]])
        if number in asked_at:
            bit_by_bit.calls()
    assert told(bit_by_bit) == told(at_once)
    assert bit_by_bit == at_once


def test_asking_again_joins_only_what_is_new(monkeypatch):
    ledger = Ledger(ADDRESSES)
    for number in range(200):
        ledger.add_rows(call(Try(), base=row(request_id=request_id(1, number), call=f"c{number}")))
    assert len(ledger.calls(1)) == 200
    before = ledger.calls(1)
    ledger.add_rows(call(Try(), base=row(request_id=request_id(1, 200), call="c200")))
    after = ledger.calls(1)
    assert sum(one is not other for one, other in zip(before, after, strict=False)) == 0
    assert len(after) == 201
