"""A run second by second."""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.ledger import FaultEvent, Ledger, Timeline
from chaosmesh.load import Record, request_id

from .handmade import FAILED, MS, T0, UF, Try, call, door, ledger, row

SECOND = 1000 * MS


def book() -> Ledger:
    """Ten requests a second for three seconds; the edge is down in the second one, the first call is retried."""
    rows, records = [], []
    for seq in range(30):
        at = T0 + seq * 100 * MS
        tries = (FAILED, Try()) if seq == 0 else (UF,) if 10 <= seq < 20 else (Try(),)
        base = row(request_id=request_id(1, seq), call=f"c{seq}", start_ns=at)
        status = tries[-1].status
        rows += [*call(*tries, base=base), door(request_id(1, seq), status=status, start_ns=at - MS)]
        records.append(Record(seq, 0, at, at, at + (5 + seq) * MS, status, 10))
    made = ledger(*rows, records=tuple(records))
    for phase, ms in (("applied", 950), ("healed", 1950)):
        made.add_fault(FaultEvent("f", phase, T0 + ms * MS, "down", "front>color.local"))
    made.add_fault(FaultEvent("old", "applied", T0 - 9 * SECOND, "down", "front>color.local"))
    made.add_fault(FaultEvent("old", "healed", T0 - 8 * SECOND, "down", "front>color.local"))
    return made


def test_each_second_has_its_requests_by_when_they_were_meant_to_leave():
    first, second, third = book().timeline(1).steps
    assert [(one.at_s, one.sent, one.ok, one.retries) for one in (first, second, third)] == [
        (0, 10, 10, 1),
        (1, 10, 0, 0),
        (2, 10, 10, 0),
    ]
    assert second.failed == {"fault f at front>color.local (UF)": 10}
    assert (first.p99_ms, third.p99_ms) == (14.0, 34.0)


def test_faults_are_on_the_same_clock_and_old_ones_left_out():
    (one,) = book().timeline(1).faults
    assert (one.fault, one.kind, one.target, one.from_s, one.until_s) == (
        "f",
        "down",
        "front>color.local",
        0.95,
        1.95,
    )


def test_seconds_without_requests_are_told_too():
    quiet = replace(Record(0, 0, T0, T0, T0 + MS, 200, 1))
    late = Record(1, 0, T0 + 3 * SECOND, T0, T0 + 3 * SECOND, 0, 1, "timeout")
    steps = ledger(records=(quiet, late)).timeline().steps
    assert [one.sent for one in steps] == [1, 0, 0, 1]
    assert [one.p99_ms for one in steps] == [1.0, None, None, None]
    assert steps[3].failed == {"client timeout": 1}


def test_other_steps_than_a_second():
    steps = book().timeline(1, step_s=0.5).steps
    assert [(one.at_s, one.sent) for one in steps] == [(n / 2, 5) for n in range(6)]


def test_it_reads_as_a_table():
    assert book().timeline(1).lines() == [
        "down on front>color.local: 0.9 s to 1.9 s",
        "     at   sent     ok retries   p99 ms  faults, and why requests failed",
        "  0.0 s     10     10       1       14  [down]",
        "  1.0 s     10      0       0       24  [down] 10 × fault f at front>color.local (UF)",
        "  2.0 s     10     10       0       34",
    ]
    assert Timeline().lines() == []
