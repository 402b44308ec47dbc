"""Looking at a ledger while it grows: what may be counted, and that nothing is joined or listed twice."""

from __future__ import annotations

import random

from chaosmesh.ledger import Ledger
from chaosmesh.load import request_id

from .handmade import ADDRESSES, FAILED, MS, T0, Try, call, door, ledger, record, row

EDGE = ("front", "color.local")


def rows(seq: int, *, at_ms: int | None = None):
    start = T0 + (seq if at_ms is None else at_ms) * 10 * MS
    base = row(request_id=request_id(1, seq), call=f"c{seq}", start_ns=start)
    return call(FAILED, Try(), base=base)


def test_calls_count_up_to_the_first_that_lacks_a_row():
    first, second, third = rows(0), rows(1), rows(2)
    book = ledger(*first, *second[:-1], *third)
    assert [one.id for one in book.whole(*EDGE, 1).items] == ["c0"]
    book.add_rows(second[-1:])
    assert [one.id for one in book.whole(*EDGE, 1).items] == ["c0", "c1", "c2"]


def test_what_was_counted_stays_while_the_revision_does():
    book = ledger(*rows(0))
    whole = book.whole(*EDGE, 1)
    before = list(whole.items)
    book.add_rows(rows(1))
    assert book.whole(*EDGE, 1) is whole
    assert list(whole.items[:1]) == before
    assert (len(whole.items), whole.revision) == (2, 0)


def test_a_late_call_in_the_middle_is_told_by_the_revision():
    book = ledger(*rows(0), *rows(2))
    assert (len(book.whole(*EDGE, 1).items), book.whole(*EDGE, 1).revision) == (2, 0)
    book.add_rows(rows(1))
    whole = book.whole(*EDGE, 1)
    assert [one.id for one in whole.items] == ["c0", "c1", "c2"]
    assert whole.revision == 1


def test_nothing_was_called_yet():
    book = ledger()
    assert list(book.whole(*EDGE, 1).items) == []
    book.add_rows(rows(0))
    assert len(book.whole(*EDGE, 1).items) == 1


def test_looks_on_the_way_change_nothing_at_the_end():
    rng = random.Random(5)
    made = [(rows(seq), door(request_id(1, seq), start_ns=T0 + seq * 10 * MS)) for seq in range(60)]
    everything = [one for many, top in made for one in (*many, top)]
    torn = sorted(everything, key=lambda one: one.start_ns + rng.random() * 100 * MS)
    looked, at_once = Ledger(ADDRESSES), Ledger(ADDRESSES)
    at_once.add_rows(everything)
    at_once.add_records(1, [record(seq) for seq in range(60)])
    for at in range(0, len(torn), 7):
        looked.add_rows(torn[at : at + 7])
        looked.add_records(1, [record(at // 7)] if at // 7 < 60 else [])
        looked.complete(1)
        looked.whole(*EDGE, 1)
        looked.requests(1)
    looked.add_records(1, [record(seq) for seq in range(len(torn) // 7 + 1, 60)])
    assert looked.calls() == at_once.calls()
    assert looked.complete(1) == at_once.complete(1)
    assert list(looked.whole(*EDGE, 1).items) == looked.calls(1, *EDGE)


def test_completeness_is_told_by_stream():
    book = ledger(*rows(0), *rows(1)[:-1])
    stranger = call(Try(), base=row(request_id="a-b", start_ns=T0))[:-1]
    book.add_rows(stranger)
    assert (book.complete(1).complete, book.complete(1).incomplete) == (1, 1)
    assert (book.complete().complete, book.complete().incomplete) == (1, 2)
    assert book.complete(7).ok


def test_rows_that_a_killed_sidecar_took_along_are_counted_by_sidecar():
    server1, attempt1, server2, attempt2, head = call(FAILED, Try())
    book = ledger(server1, server2)
    assert len(book.unmatched()) == 2
    book.sidecar_killed("front.0", T0 + 50 * MS)
    assert book.unmatched() == []
    assert book.lost_rows() == {"front": 3}
    served = ledger(attempt1, server2, attempt2, head)
    assert served.lost_rows() == {}
    served.sidecar_killed("color.0", T0 + 50 * MS)
    assert served.lost_rows() == {"color.0": 1}
    headless = ledger(server1, attempt1, server2)
    headless.sidecar_killed("front.0", T0 + 50 * MS)
    assert headless.lost_rows() == {"front.0": 1, "front": 1}
