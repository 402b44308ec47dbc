"""Orphaned work: front → color → tail, by hand."""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger import Orphans
from chaosmesh.load import request_id

from .handmade import FAILED, MS, T0, Try, call, door, ledger, record, row

DEEP = ("color", "tail.local")


def tree(*, above_ms: float, deep_ms: float, lineage: str = "1.1", deep_at_ms: float = 3) -> list[AccessRow]:
    """color works for `deep_ms` on tail, for an attempt of front that ends after `above_ms`."""
    at = T0 + round(deep_at_ms * MS)
    base = row(sidecar="color.0", edge="color>tail.local", call="t1", lineage=lineage, start_ns=at)
    deep = call(Try(host="127.9.1.3:8080"), base=base, server="tail")
    deep = [replace(one, duration_ms=deep_ms) for one in deep]
    above = [replace(one, duration_ms=above_ms) for one in call(Try())]
    return [*above, *deep, door()]


def of(*rows: AccessRow, done_ms: float = 5000, **more) -> Orphans:
    book = ledger(*rows, records=(record(0, done_ns=T0 + round(done_ms * MS)),))
    return book.orphans(*DEEP, 1, **more)


def test_work_that_is_waited_for_is_no_orphan():
    assert of(*tree(above_ms=500, deep_ms=400)) == Orphans(1, 0, 0.0)


def test_an_attempt_that_goes_on_after_the_attempt_above_it_was_given_up_is_an_orphan():
    # Above: from 1 ms to 101 ms. Below: from 4 ms to 404 ms.
    assert of(*tree(above_ms=100, deep_ms=400)) == Orphans(1, 1, 303.0)


def test_what_a_cancellation_needs_to_be_passed_on_is_no_orphaned_work():
    rows = tree(above_ms=100, deep_ms=105)
    assert of(*rows).orphaned == 0
    assert of(*rows, slack_ms=5).orphaned == 1


def test_an_attempt_that_starts_after_the_end_wastes_only_its_own_time():
    assert of(*tree(above_ms=100, deep_ms=50, deep_at_ms=300)) == Orphans(1, 1, 50.0)


def test_a_generator_that_gave_up_orphans_everything_below():
    assert of(*tree(above_ms=500, deep_ms=400), done_ms=104) == Orphans(1, 1, 300.0)


def test_without_a_lineage_only_the_request_is_above():
    rows = tree(above_ms=100, deep_ms=400, lineage="")
    assert of(*rows).orphaned == 0
    assert of(*rows, done_ms=104).orphaned == 1


def test_the_hop_above_the_one_above_counts_too():
    top = [replace(one, duration_ms=50) for one in call(Try(host="127.9.1.1:8080"))]
    middle_base = row(
        sidecar="color.0", edge="color>mid.local", call="m1", lineage="1.1", start_ns=T0 + 2 * MS
    )
    middle = call(Try(host="127.9.1.9:8080"), base=middle_base, server="mid")
    deep_base = row(sidecar="mid.0", edge="mid>tail.local", call="t1", lineage="1.1.1", start_ns=T0 + 4 * MS)
    deep = call(Try(host="127.9.1.3:8080"), base=deep_base, server="tail")
    rows = [*top, *(replace(one, duration_ms=300) for one in (*middle, *deep)), door()]
    book = ledger(*rows, records=(record(0, done_ns=T0 + 5000 * MS),))
    assert book.orphans("mid", "tail.local", 1).orphaned == 1


def test_a_retry_is_orphaned_by_the_attempt_that_caused_it_alone():
    first, second = call(FAILED, Try())[1], call(FAILED, Try())[3]
    assert (first.attempt, second.attempt) == (1, 2)
    rows = [replace(one, duration_ms=500 if one.attempt == 2 else 50) for one in call(FAILED, Try())]
    for lineage, orphaned in (("1.1", 1), ("1.2", 0)):
        base = row(
            sidecar="color.0", edge="color>tail.local", call="t1", lineage=lineage, start_ns=T0 + 5 * MS
        )
        deep = [
            replace(one, duration_ms=200)
            for one in call(Try(host="127.9.1.3:8080"), base=base, server="tail")
        ]
        assert of(*rows, *deep, door()).orphaned == orphaned


def test_requests_with_missing_rows_are_left_out():
    found = of(*tree(above_ms=100, deep_ms=400)[:-2])
    assert found == Orphans(0, 0, 0.0, 1)
    assert found.share is None
    other = ledger(door(request_id(1, 0)), records=(record(0),))
    assert other.orphans(*DEEP, 1) == Orphans(0, 0, 0.0)
