"""Which fault explains a failure: front → color → tail, by hand, with a fault timeline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger import Cause, FaultEvent, Ledger
from chaosmesh.ledger.faults import windows
from chaosmesh.load import request_id

from .handmade import FAILED, MS, T0, UF, UO, Try, call, door, ledger, record, row

ONE, TWO = "front>color.local", "color>tail.local"


def put(kind: str, target: str, *, begin_ms: float = -50, end_ms: float | None = 500, fault="f", **size):
    """The events of a fault in force from and until so many ms after T0."""
    events = [FaultEvent(fault, "applied", T0 + round(begin_ms * MS), kind, target, size)]
    if end_ms is not None:
        events.append(FaultEvent(fault, "healed", T0 + round(end_ms * MS), kind, target, size))
    return events


def cause(*rows: AccessRow, faults=(), status: int = 503, error: str = "", killed=(), done_ms=400) -> Cause:
    book = ledger(*rows, records=(record(0, status, error, done_ns=T0 + done_ms * MS),))
    for one in faults:
        book.add_fault(one)
    for sidecar in killed:
        book.sidecar_killed(sidecar, T0 + 300 * MS)
    ((one, count),) = book.causes(1).items()
    assert count == 1
    return one


@pytest.mark.parametrize("kind", ["down", "reset", "timeout", "limit_data"])
@pytest.mark.parametrize("flag", ["UF", "UC", "UR"])
def test_a_connection_that_broke_under_a_fault_of_its_edge_is_the_faults_doing(kind: str, flag: str):
    rows = [*call(Try(503, (flag,), reached=False), flags=("URX",)), door(status=503)]
    assert cause(*rows, faults=put(kind, ONE)) == Cause("fault", "f", ONE, flag)
    assert cause(*rows, faults=put(kind, TWO)) == Cause("flag", flag, ONE)
    assert cause(*rows, faults=put(kind, ONE, end_ms=-10)) == Cause("flag", flag, ONE)
    assert cause(*rows, faults=put(kind, ONE, begin_ms=100)) == Cause("flag", flag, ONE)


def test_what_broke_while_a_fault_was_being_put_in_is_its_doing():
    rows = [*call(UF), door(status=503)]
    begun = FaultEvent("f", "applied", T0 + 50 * MS, "down", ONE, {}, begun_ns=T0)
    assert cause(*rows, faults=[begun]) == Cause("fault", "f", ONE, "UF")
    assert cause(*rows, faults=[replace(begun, begun_ns=0)]) == Cause("flag", "UF", ONE)


def test_latency_explains_what_was_late_and_nothing_that_broke():
    late = [*call(Try(0, ("UT",), reached=False), status=504), door(status=504)]
    assert cause(*late, status=504, faults=put("latency", ONE)) == Cause("fault", "f", ONE, "UT")
    broke = [*call(UF), door(status=503)]
    assert cause(*broke, faults=put("latency", ONE)) == Cause("flag", "UF", ONE)


def test_of_two_faults_the_one_that_slows_explains_what_was_late():
    late = [*call(Try(0, ("UT",), reached=False), status=504), door(status=504)]
    both = [*put("latency", ONE, fault="slow", begin_ms=-90), *put("reset", ONE, fault="cut")]
    assert cause(*late, status=504, faults=both).name == "slow"
    broke = [*call(UF), door(status=503)]
    assert cause(*broke, faults=both).name == "cut"


def test_a_breakers_decision_is_its_own():
    rows = [*call(UO, status=503, flags=("UO",)), door(status=503)]
    assert cause(*rows, faults=[*put("latency", ONE), *put("overload", "color", fault="g")]) == Cause(
        "flag", "UO", ONE
    )


@pytest.mark.parametrize(
    ("target", "size", "hit"),
    [
        ("color", {}, True),
        (">color", {}, True),
        ("color.0", {}, True),
        ("color.1", {}, False),
        ("color", {"replica": 0}, True),
        ("color", {"replica": 1}, False),
        ("tail", {}, False),
    ],
)
def test_a_fault_of_the_servers_process_explains_what_broke_there(target: str, size: dict, hit: bool):
    rows = [*call(Try(503, ("UC",), reached=False)), door(status=503)]
    found = cause(*rows, faults=put("crash", target, **size))
    assert found == (Cause("fault", "f", ONE, "UC") if hit else Cause("flag", "UC", ONE))


def test_a_fault_of_one_replica_of_an_edge_leaves_the_others_alone():
    rows = [*call(UF), door(status=503)]
    assert cause(*rows, faults=put("down", ONE, replica=0)).kind == "fault"
    assert cause(*rows, faults=put("down", ONE, replica=1)).kind == "flag"


def test_a_crashed_application_shows_in_its_own_sidecars_flag():
    server, attempt, head = call(FAILED)
    rows = [replace(server, flags=("UF",)), attempt, head, door(status=503)]
    assert cause(*rows, faults=put("crash", "color.0")) == Cause("fault", "f", "color", "UF")
    assert cause(*rows) == Cause("flag", "UF", "color")


def test_a_status_of_an_overloaded_application_is_the_overloads_doing():
    rows = [*call(FAILED), door(status=503)]
    assert cause(*rows, faults=put("overload", "color")) == Cause("fault", "f", "color", "503")
    assert cause(*rows, faults=put("certificate", "color")) == Cause("status", "503", "color")
    assert cause(*rows) == Cause("status", "503", "color")


def test_no_healthy_host_is_explained_by_the_fault_that_made_them_unwell():
    unhealthy = row(status=503, flags=("UH",), duration_ms=5)
    assert cause(unhealthy, door(status=503), faults=put("errors", ONE)) == Cause("fault", "f", ONE, "UH")
    seen_before = call(Try(), base=row(request_id=request_id(1, 9), call="c9", start_ns=T0 - 90 * MS))
    rows = (*seen_before, unhealthy, door(status=503))
    assert cause(*rows, faults=put("crash", "color")) == Cause("fault", "f", ONE, "UH")
    assert cause(*rows, faults=put("crash", "color", end_ms=-1)) == Cause("flag", "UH", ONE)


def below(*tries: Try, at_ms: float = 3, ms: float = 300, lineage: str = "1.1", **more) -> list[AccessRow]:
    """color's call to tail, made for the first attempt of front's."""
    base = row(sidecar="color.0", edge=TWO, call="t1", lineage=lineage, start_ns=T0 + round(at_ms * MS))
    tries = tuple(replace(one, host="127.9.1.3:8080") for one in tries)
    return [replace(one, duration_ms=ms) for one in call(*tries, base=base, server="tail", **more)]


def cut_above(ms: float = 100) -> list[AccessRow]:
    """front's call to color, which a timeout ended."""
    rows = call(Try(0, ("UT",)), status=504, flags=("UT",))
    return [replace(one, duration_ms=ms) for one in rows]


def test_a_timeout_is_explained_by_the_fault_two_hops_down_that_it_waited_for():
    rows = [*cut_above(), *below(Try()), door(status=504, duration_ms=101)]
    assert cause(*rows, status=504, faults=put("latency", TWO)) == Cause("fault", "f", TWO, "still under way")
    assert cause(*rows, status=504) == Cause("flag", "UT", ONE)
    cancelled = [*cut_above(), *below(Try(0, ("DC",)), ms=98, flags=("DC",)), door(status=504)]
    assert cause(*cancelled, status=504, faults=put("hang", "tail")).detail == "DC"
    assert cause(*cancelled, status=504) == Cause("flag", "UT", ONE)


def test_what_had_ended_long_before_the_timeout_does_not_explain_it():
    rows = [*cut_above(ms=100), *below(Try(), ms=20), door(status=504)]
    assert cause(*rows, status=504, faults=put("latency", TWO)) == Cause("flag", "UT", ONE)


def test_a_delayed_victim_explains_what_was_late_but_not_an_error_of_the_application():
    delay = put("delay", ONE)
    late = [*call(Try(0, ("UT",), victim="f"), status=504), door(status=504)]
    assert cause(*late, status=504, faults=delay) == Cause("fault", "f", ONE)
    server, *rest = call(Try(500, victim="f"), status=500)
    failed = [replace(server, flags=("DI",)), *rest, door(status=500)]
    assert cause(*failed, status=500, faults=delay) == Cause("status", "500", "color")
    two = [*call(Try(503, victim="f,g")), door(status=503)]
    assert cause(*two, faults=delay) == Cause("fault", "g", ONE)


def test_a_generator_that_gave_up_is_explained_by_what_it_waited_for():
    shut = door(status=0, flags=("DC",), duration_ms=400)
    rows = [*call(Try(0, ("DC",), reached=False), flags=("DC",)), shut]
    rows = [replace(one, duration_ms=390) for one in rows]
    found = cause(*rows, status=0, error="timeout", faults=put("latency", ONE))
    assert found == Cause("fault", "f", ONE, "DC")
    assert cause(*rows, status=0, error="timeout").kind in {"client", "flag"}


def test_a_body_that_breaks_off_after_a_good_status_is_a_failure_with_the_edges_cause():
    rows = [*call(Try(200, ("UC",))), door(status=200)]
    found = cause(*rows, status=200, error="body broke off", faults=put("limit_data", ONE))
    assert found == Cause("fault", "f", ONE, "UC")


def test_a_door_that_is_shut_is_explained_by_the_fault_of_its_workload():
    before = door(request_id(1, 5), start_ns=T0 - 900 * MS)
    book = ledger(before, records=(record(5), record(0, 0, "connection refused")))
    for one in put("sidecar", "front.0"):
        book.add_fault(one)
    assert book.causes(1) == {Cause("fault", "f", "front", "connection refused"): 1}
    other = ledger(before, records=(record(5), record(0, 0, "connection refused")))
    for one in put("sidecar", "color.0"):
        other.add_fault(one)
    assert other.causes(1) == {Cause("client", "connection refused"): 1}


def test_a_status_whose_row_died_with_the_sidecar_is_still_attributed():
    lonely = [*call(Try(503, reached=False)), door(status=503)]
    assert cause(*lonely) == Cause("unattributed")
    assert cause(*lonely, killed=("color.0",)) == Cause("status", "503", "color", "a row of it was lost")
    assert cause(*lonely, killed=("color.0",), faults=put("sidecar", "color.0")) == Cause(
        "fault", "f", "color", "503"
    )


def test_the_order_in_which_faults_and_rows_come_in_changes_nothing():
    rows = [*call(UF), door(status=503)]
    for first in (True, False):
        book = Ledger(ledger().addresses)
        for step in (first, not first):
            if step:
                book.add_rows(rows)
                book.add_records(1, [record(0, 503)])
            else:
                for one in put("down", ONE):
                    book.add_fault(one)
            book.requests()
        assert book.causes(1) == {Cause("fault", "f", ONE, "UF"): 1}


def test_windows_are_from_the_begin_of_the_first_step_to_the_heal():
    events = [
        *put("down", ONE, end_ms=5),
        *put("down", ONE, begin_ms=20, end_ms=None),
        *put("hang", "a.b.3", fault="h"),
    ]
    events.append(FaultEvent("f2", "healed", T0, "down", ONE))
    first, hang, second = sorted(windows(events), key=lambda one: (one.begin_ns, one.fault))
    assert (first.end_ns, second.end_ns) == (T0 + 5 * MS, None)
    assert (hang.server, hang.replica) == ("a.b", 3)
    assert (first.client, first.service, first.server) == ("front", "color.local", "")


def test_a_cause_says_what_showed_it():
    assert str(Cause("fault", "f", ONE, "UF")) == f"fault f at {ONE} (UF)"
    assert str(Cause("status", "503", "color")) == "status 503 at color"
    assert str(Cause("unattributed")) == "unattributed"
