from __future__ import annotations

import math
from dataclasses import replace

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger import Cause, Dose, Ratio, Share
from chaosmesh.load import request_id

from .handmade import FAILED, MS, T0, UF, UO, Try, call, door, ledger, record, row

EDGE = ("front", "color.local")


def at(seq: int, **more) -> AccessRow:
    return row(request_id=request_id(1, seq), call=f"c{seq}", start_ns=T0 + seq * 100 * MS, **more)


def test_success_counts_no_answer_and_grpc_errors_as_failures():
    doors = [door(request_id(1, 2), start_ns=T0 + 2, grpc_status=13), door(request_id(1, 3), start_ns=T0 + 3)]
    records = (
        record(0, 404),
        record(1, 0, "timeout"),
        record(2),
        record(3),
        record(4, 500),
        record(5, 200, "connection reset"),
    )
    assert ledger(*doors, records=records).success(1) == Share(6, 2)
    assert ledger().success().value is None


def test_latency_counts_from_the_intended_time_and_no_answer_is_infinite():
    book = ledger(records=(record(1, 0, "timeout"), record(0, done_ns=T0 + 3 * MS)))
    assert book.latencies(1) == [3.0, math.inf]


def test_amplification_leaves_out_what_is_not_complete():
    rows = [
        *call(FAILED, FAILED, Try(), base=at(0)),
        *call(Try(), base=at(1)),
        *call(FAILED, Try(), base=at(2))[:-1],
    ]
    book = ledger(*rows)
    assert book.amplification(*EDGE) == Ratio(4, 2, 1)
    assert book.amplification(*EDGE).value == 2.0
    assert book.amplification("front", "nobody").value is None
    assert book.attempts_per_call(*EDGE) == {3: 1, 1: 1}


def test_amplification_at_the_entry_counts_all_calls_of_a_request():
    whole = [*call(FAILED, Try(), base=at(0)), *call(Try(), base=row(call="again", start_ns=T0 + 7)), door()]
    assert ledger(*whole, records=(record(0),)).amplification_entry(*EDGE, 1) == Ratio(3, 1)


def test_a_split_counts_first_attempts_by_route():
    rows = [
        *call(Try(503, host="127.9.1.3:8080"), Try(), base=at(0), server="color"),
        *call(UF, Try(), base=at(1)),
        *call(Try(), base=at(2, route="green")),
        *call(UO, status=503, base=at(3)),
    ]
    book = ledger(*rows)
    assert book.split(*EDGE) == {"color": 3, "": 1}
    assert book.split(*EDGE, route="green") == {"color": 1}


def test_the_dose_is_measured_where_the_fault_is_decided():
    rows = [
        *call(Try(503, victim="f1"), Try(503, victim="f2,f1"), Try(), base=at(0)),
        *call(UF, Try(), base=at(1)),
    ]
    dose = ledger(*rows).dose("f1", *EDGE)
    assert dose == Dose("f1", victims=2, attempts=4, unreached=1)
    assert dose.share == 0.5
    assert ledger(*rows).dose("f1", *EDGE, workload="elsewhere").share is None


def test_route_hashes_of_calls_that_started_since():
    rows = [
        *call(Try(), base=at(0)),
        *call(Try(), base=at(1, route_hash="h2")),
        *call(Try(), base=at(2, route_hash="h2")),
    ]
    book = ledger(*rows)
    assert book.route_hashes(*EDGE, since_ns=0) == {"h1": 1, "h2": 2}
    assert book.route_hashes(*EDGE, since_ns=T0 + 100 * MS) == {"h2": 2}


def cause(*rows: AccessRow, status: int = 503, error: str = "") -> Cause:
    ((one, count),) = ledger(*rows, records=(record(0, status, error),)).causes(1).items()
    assert count == 1
    return one


def test_a_success_has_no_cause():
    assert ledger(*call(FAILED, Try()), door(), records=(record(0),)).causes(1) == {}


def test_cause_a_request_fault():
    rows = call(Try(503, victim="f1"), Try(503, victim="f1"))
    assert cause(*rows, door(status=503)) == Cause("fault", "f1", "front>color.local")
    assert cause(door(status=503, victim="f9")) == Cause("fault", "f9", "front")


def test_cause_a_flag_of_the_last_attempt_and_never_that_retries_are_used_up():
    assert cause(*call(FAILED, UF, flags=("URX",)), door(status=503)) == Cause(
        "flag", "UF", "front>color.local"
    )
    assert cause(*call(UO, status=503, flags=("UO",)), door(status=503)) == Cause(
        "flag", "UO", "front>color.local"
    )
    unhealthy = row(status=503, flags=("UH",))
    assert cause(unhealthy, door(status=503)) == Cause("flag", "UH", "front>color.local")
    timed_out = call(Try(0, reached=False), status=504, flags=("UT",))
    assert cause(*timed_out, door(status=504), status=504) == Cause("flag", "UT", "front>color.local")


def test_cause_a_flag_of_the_servers_own_sidecar():
    server, attempt, head = call(FAILED)
    rows = (replace(server, flags=("UO",)), attempt, replace(head, flags=("URX",)))
    assert cause(*rows, door(status=503)) == Cause("flag", "UO", "color")


def test_cause_an_applications_own_status():
    assert cause(*call(Try(500), status=500), door(status=500), status=500) == Cause("status", "500", "color")
    assert cause(*call(Try()), door(status=502), status=502) == Cause("status", "502", "front")


def test_the_cause_is_found_two_hops_down():
    below = row(sidecar="color.0", edge="color>tail.local", call="c9", lineage="1.2", start_ns=T0 + 3 * MS)
    deep = call(Try(503, victim="f7", host="127.9.1.3:8080"), base=below, server="tail")
    recovered = row(
        sidecar="color.0", edge="color>tail.local", call="c8", lineage="1.1", start_ns=T0 + 2 * MS
    )
    above = [*call(Try(503), Try(503)), *call(UF, base=recovered)]
    assert cause(*above, *deep, door(status=503)) == Cause("fault", "f7", "color>tail.local")


def test_the_cause_is_found_without_a_lineage():
    below = row(sidecar="color.0", edge="color>tail.local", call="c9", lineage="", start_ns=T0 + 3 * MS)
    deep = call(UF, base=below, status=503)
    assert cause(*call(Try(503)), *deep, door(status=503)) == Cause("flag", "UF", "color>tail.local")


def test_cause_at_the_generators_own_egress():
    rows = call(Try(503, victim="f1"), base=row(lineage=""))
    assert cause(*rows) == Cause("fault", "f1", "front>color.local")


def test_cause_the_generators_own_error():
    assert cause(status=0, error="connection refused") == Cause("client", "connection refused")
    assert cause(door(status=0, flags=("DC",)), status=0, error="timeout") == Cause(
        "client", "timeout", "front"
    )


def test_what_the_rows_do_not_tell_is_unattributed():
    assert cause(status=503) == Cause("unattributed")
    lonely = call(Try(503, reached=False))
    assert cause(*lonely, door(status=503)) == Cause("unattributed")
