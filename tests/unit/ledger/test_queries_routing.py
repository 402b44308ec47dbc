"""Strays after a change, cohorts, fallbacks: calls made by hand."""

from __future__ import annotations

from chaosmesh.ledger import Ratio, Strays
from chaosmesh.load import Record, request_id

from .handmade import FAILED, MS, T0, UF, Try, call, door, ledger, row
from .test_queries import at

EDGE = ("front", "color.local")


def test_strays_met_another_policy_than_the_one_in_force():
    hashes = ["old", "old", "new", "old", "new", "new"]
    book = ledger(*(one for n, h in enumerate(hashes) for one in call(Try(), base=at(n, route_hash=h))))
    since = T0 + 100 * MS
    assert book.strays(*EDGE, since) == Strays(5, 2, 200.0)
    assert book.strays(*EDGE, since, current={"new"}) == Strays(5, 2, 200.0)
    assert book.strays(*EDGE, since, current={"new", "old"}) == Strays(5, 0, 0.0)
    assert book.strays(*EDGE, T0 + 350 * MS) == Strays(2, 0, 0.0)


def test_each_route_has_its_own_newest_policy_and_what_no_route_took_met_none():
    rows = [
        *call(Try(), base=at(0, route="blue", route_hash="b1")),
        *call(Try(), base=at(1, route="green", route_hash="g1")),
        *call(Try(), base=at(2, route="blue", route_hash="b2")),
        row(request_id=request_id(1, 3), call="", edge="", route="", route_hash="", start_ns=T0 + 900 * MS),
    ]
    assert ledger(*rows).strays(*EDGE, T0) == Strays(3, 1, 0.0)


def test_cohorts_are_told_apart_by_the_kind_of_request():
    rows = []
    records = []
    for seq, (spec, host) in enumerate([(0, "127.9.1.1:8080"), (0, "127.9.1.1:8080"), (1, "127.9.1.3:8080")]):
        rows += call(Try(host=host), base=at(seq), server="tail" if "1.3" in host else "color")
        rows.append(door(request_id(1, seq), start_ns=T0 + seq))
        records.append(Record(seq, spec, T0, T0, T0 + MS, 200, 1))
    assert ledger(*rows, records=tuple(records)).cohorts(*EDGE, 1) == {0: {"color": 2}, 1: {"tail": 1}}


def test_a_fallback_is_taken_when_another_workload_answered_well():
    led = call(UF, Try(host="127.9.1.3:8080"), base=at(0))
    led = [*led[:1], *call(UF, Try(host="127.9.1.3:8080"), base=at(0), server="tail")[1:]]
    rows = [*led, *call(Try(), base=at(1)), *call(FAILED, base=at(2)), *call(FAILED, base=at(3))[:-1]]
    assert ledger(*rows).fallbacks(*EDGE, {"tail"}) == Ratio(1, 3, 1)
    assert ledger(*rows).fallbacks(*EDGE, set()) == Ratio(0, 3, 1)
