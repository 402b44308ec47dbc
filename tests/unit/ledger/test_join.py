from __future__ import annotations

from dataclasses import replace

from chaosmesh.ledger.rows import canonical
from chaosmesh.load import request_id, stream_of

from .handmade import FAILED, T0, UF, UO, Try, call, door, ledger, record, row


def test_a_retried_call_has_its_attempts_with_replicas_victims_and_lineage():
    rows = call(Try(503, victim="f1"), Try(503, host="127.9.1.2:8080"), Try())
    (one,) = ledger(*rows).calls()
    assert (one.client, one.service, one.status, one.route, one.route_hash) == (
        "front",
        "color.local",
        200,
        "blue",
        "h1",
    )
    assert [a.number for a in one.attempts] == [1, 2, 3]
    assert [(a.server, a.replica) for a in one.attempts] == [("color", 0), ("color", 1), ("color", 0)]
    assert [a.victim for a in one.attempts] == ["f1", "", ""]
    assert [a.lineage for a in one.attempts] == ["1.1", "1.2", "1.3"]
    assert all(a.matched and not a.lost for a in one.attempts)
    assert one.complete
    assert one.ok


def test_two_calls_of_one_request_to_one_service_stay_apart():
    first, second = call(FAILED, Try()), call(Try(), base=row(call="c2", start_ns=T0 + 1))
    calls = ledger(*first, *second).calls(service="color.local")
    assert [(one.id, len(one.attempts)) for one in calls] == [("c1", 2), ("c2", 1)]


def test_the_same_call_id_on_two_edges_is_two_calls():
    other = row(edge="front>tail.local", start_ns=T0 + 1)
    calls = ledger(*call(Try()), *call(Try(host="127.9.1.3:8080"), base=other, server="tail")).calls()
    assert [(one.service, one.attempts[0].server) for one in calls] == [
        ("color.local", "color"),
        ("tail.local", "tail"),
    ]


def test_a_refused_connection_is_an_attempt_whose_server_is_known_by_its_address():
    (one,) = ledger(*call(replace(UF, host="127.9.1.2:8080"), Try())).calls()
    refused, answered = one.attempts
    assert (refused.server, refused.replica, refused.matched, refused.flags) == ("color", 1, False, ("UF",))
    assert answered.matched
    assert one.complete


def test_an_overflowing_attempt_left_for_nowhere():
    (one,) = ledger(*call(UO, status=503, flags=("UO",))).calls()
    assert [(a.server, a.replica, a.flags) for a in one.attempts] == [("", None, ("UO",))]
    assert one.complete
    assert not one.ok


def test_no_healthy_upstream_counts_an_attempt_that_has_no_row():
    head = row(status=503, attempt=1, flags=("UH",), details="no_healthy_upstream")
    (one,) = ledger(head).calls()
    assert (one.attempts, one.complete, one.flags) == ((), True, ("UH",))


def test_a_request_that_no_route_takes_is_a_call_without_attempts():
    head = row(call="", edge="", status=404, attempt=0, flags=("NR",), route="", route_hash="", cluster="")
    by_address = replace(head, authority="127.9.2.1:8080", start_ns=T0 + 1)
    first, second = ledger(head, by_address).calls()
    assert (first.client, first.service, first.attempts, first.complete) == ("front", "color.local", (), True)
    assert second.service == "color.local"
    assert first.id != second.id


def test_incomplete_until_the_last_row_is_in():
    rows = call(FAILED, Try())
    for left_out in rows:
        book = ledger(*(row for row in rows if row is not left_out))
        seen = book.complete(1)
        assert not seen.ok, left_out
        assert "front>color.local call c1" in seen.missing[0]
        book.add_rows([left_out])
        assert book.complete(1).ok
        assert book.complete(requests=[request_id(1, 0)]).complete == 1


def test_what_is_missing_is_said():
    server1, attempt1, server2, attempt2, head = call(FAILED, Try())
    assert ledger(server1, attempt1, head).complete(1).missing == (
        "front>color.local call c1: 1 of 2 attempt rows",
    )
    assert ledger(server1, attempt1, attempt2, head).complete(1).missing == (
        "front>color.local call c1: the server's row of attempt 2",
    )
    assert ledger(server1, attempt1, server2).complete(1).missing == (
        "front>color.local call c1: the call's own row",
    )
    unknown = ledger().complete(requests=[request_id(4, 2)])
    assert unknown.missing == (f"request {request_id(4, 2)}: no row at all",)
    assert not unknown.ok


def test_streams_are_told_by_the_request_id_and_strangers_are_in_no_stream():
    mine = call(Try())
    other = call(Try(), base=row(request_id=request_id(2, 7), start_ns=T0 + 5))
    stranger = call(Try(), base=row(request_id="a-b", start_ns=T0 + 9))
    book = ledger(*mine, *other, *stranger)
    assert [one.stream for one in book.calls()] == [1, 2, None]
    assert [one.request_id for one in book.calls(2)] == [request_id(2, 7)]
    assert book.complete(2).complete == 1


def test_a_tracing_sidecar_may_change_one_digit_of_the_id():
    changed = request_id(1, 0).replace("-4000-", "-9000-")
    assert canonical(changed) == request_id(1, 0)
    assert stream_of(changed) == 1
    *rest, head = call(Try())
    (one,) = ledger(*rest, replace(head, request_id=changed)).calls(1)
    assert one.complete


def test_the_generators_request_comes_in_by_the_door():
    rows = [*call(FAILED, Try()), door()]
    (one,) = ledger(*rows, records=(record(0),)).requests(1)
    assert (one.entry, one.ok, one.latency_ms, one.complete) == ("front", True, 11.0, True)
    assert len(one.calls[0].attempts) == 2


def test_the_generators_request_comes_in_at_a_callers_egress():
    rows = call(Try(), base=row(lineage=""))
    (one,) = ledger(*rows, records=(record(0),)).requests(1)
    assert (one.entry, one.complete) == ("front", True)


def test_the_row_of_a_nested_call_does_not_stand_for_the_entrys_row():
    nested = call(Try(), base=row(sidecar="mid.0", edge="mid>color.local", lineage="1"))
    (one,) = ledger(*nested, records=(record(0),)).requests(1)
    assert one.missing == (f"request {request_id(1, 0)}: the row of its entry",)


def test_an_answer_without_the_entrys_row_is_incomplete_but_no_answer_needs_none():
    answered, refused = ledger(records=(record(0), record(1, status=0, error="connection refused"))).requests(
        1
    )
    assert answered.missing == (f"request {request_id(1, 0)}: the row of its entry",)
    assert refused.complete
    assert refused.latency_ms == float("inf")


def test_a_grpc_status_at_the_entry_is_a_failure():
    (one,) = ledger(door(grpc_status=14), records=(record(0),)).requests(1)
    assert not one.ok


def test_rows_of_a_killed_sidecar_are_no_longer_waited_for_and_counted_as_lost():
    server1, _, server2, _, _ = call(FAILED, Try())
    book = ledger(server1, server2)
    assert not book.complete(1).ok
    book.sidecar_killed("front.0", T0 + 50_000_000)
    assert book.complete(1).ok
    assert book.lost() == 2
    (one,) = book.calls()
    assert [(a.server, a.lost, a.lineage) for a in one.attempts] == [
        ("color", True, "1.1"),
        ("color", True, "1.2"),
    ]
    assert one.lineage == "1"


def test_a_killed_server_may_keep_its_row():
    _, attempt, head = call(Try())
    book = ledger(attempt, head)
    book.sidecar_killed("color.0", T0 - 1)
    assert not book.complete(1).ok
    book.sidecar_killed("color.0", T0 + 50_000_000)
    assert book.complete(1).ok


def test_unmatched_rows_are_listed_with_the_reason():
    server, attempt, head = call(Try())
    assert ledger(server, attempt, head).unmatched() == []
    assert ledger(server, head).unmatched() == [(server, "the caller's row of this attempt is missing")]
    assert ledger(attempt).unmatched() == [(attempt, "its call's own row is missing")]
    twice = replace(attempt, start_ns=attempt.start_ns + 1)
    assert ledger(server, twice, attempt, head).unmatched() == [
        (twice, "a second row for the same attempt of the same call")
    ]
