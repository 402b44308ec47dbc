"""What the attempts show of each fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.engine.experiment.in_force import InForce, Met
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.faults import (
    Bandwidth,
    Delay,
    Down,
    Errors,
    Latency,
    LimitData,
    Reset,
    Slicer,
    SlowClose,
    Timeout,
)
from chaosmesh.ledger import Attempt
from tests.unit.experiment.airport import WEATHER_SERVICE, airport

EDGE = ("front", "color")
MS = 1_000_000
WELL = Attempt(1, "blue", 0, 0, 3.0, 200, upstream="127.1.1.1:80", matched=True)


def flagged(*flags: str, ms: float = 3.0, status: int = 503) -> Attempt:
    return replace(WELL, flags=flags, duration_ms=ms, status=status)


UNANSWERED = flagged(ms=250.0, status=0)
REFUSED = flagged("UF", status=0)
NOWHERE = Attempt(1, "", None, 0, 0.1, 503, flags=("UH",))
CUT = flagged("UC")


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        (Latency("f", EDGE, 300), [flagged(ms=300.0, status=200), UNANSWERED, flagged("UT", ms=20.0)]),
        (Latency("f", EDGE, 300, 50), [flagged(ms=250.0, status=200)]),
        (Down("f", EDGE), [REFUSED, NOWHERE, CUT]),
        (Timeout("f", EDGE), [UNANSWERED, flagged("UT"), flagged("DC"), CUT]),
        (LimitData("f", EDGE, 1000), [CUT, flagged("UPE")]),
        (Errors("f", EDGE, 503, 0.3, 7), [replace(WELL, victim="f"), replace(WELL, victim="g,f")]),
        (Delay("f", EDGE, 5, 0.3, 7), [replace(WELL, victim="f,g")]),
    ],
)
def test_an_attempt_shows_that_it_was_hit(fault, hit) -> None:
    dose = fault.dose([WELL, *hit, WELL])
    assert (dose.attempts, dose.hit) == (len(hit) + 2, len(hit))
    assert dose.delivered
    assert not fault.dose([WELL, replace(WELL, victim="ff")]).delivered
    assert dose.unit == "attempt"


@pytest.mark.parametrize(
    "fault", [Bandwidth("f", EDGE, 64), SlowClose("f", EDGE, 100), Slicer("f", EDGE, 64)]
)
def test_what_leaves_no_trace_met_everyone_who_crossed_it_and_says_so(fault) -> None:
    dose = fault.dose([WELL, CUT, REFUSED, NOWHERE])
    assert (dose.attempts, dose.hit) == (4, 2)
    assert dose.evidence == f"crossed a proxy with the toxic {fault.kind} in force"


def test_a_fault_on_one_replica_counts_its_attempts_alone() -> None:
    other = replace(WELL, replica=1, duration_ms=500.0)
    for fault in (Latency("f", EDGE, 300, replica=1), Errors("f", EDGE, 503, 0.5, 1, replica=1)):
        assert fault.dose([WELL, NOWHERE, other]).attempts == 1
    assert Latency("f", EDGE, 300, replica=1).dose([WELL, other]).hit == 1


def test_a_reset_is_measured_by_cuts_while_the_edge_was_in_use() -> None:
    fault = Reset("f", EDGE, 1000)
    attempts = [replace(WELL, start_ns=second * 1000 * MS) for second in range(1, 5)]
    fault.cuts.extend([500 * MS, 1500 * MS, 2500 * MS, 3500 * MS, 4500 * MS])
    dose = fault.dose([*attempts, replace(CUT, start_ns=2000 * MS)])
    assert (dose.hit, dose.unit, dose.evidence) == (3, "cut", "1 of 5 attempts broke")
    early = fault.dose(attempts[:1])
    assert (early.hit, early.planned) == (0, 0.0), "no cut was due yet"
    assert fault.dose([]).attempts == 0


def test_only_some_requests_are_meant_and_no_share_of_the_others_is_told() -> None:
    dose = Errors("f", EDGE, 503, 0.3, 7, path="/a").dose([WELL, replace(WELL, victim="f")])
    assert (dose.hit, dose.planned, dose.evidence) == (1, 0.0, "only some requests are meant")


# -- in words -----------------------------------------------------------------------------------------------------


def met(fault, attempts) -> Met:
    edge = Named("flights → weather", (Path("flights-v1", WEATHER_SERVICE),))
    return InForce("a fault", edge, (fault,)).met(airport(), lambda _: attempts)


ON = ("flights-v1", WEATHER_SERVICE)


def test_what_was_met_is_told_in_the_fault_s_own_unit() -> None:
    told = met(Slicer("f", ON, 64), [WELL])
    assert str(told) == "met 1 of 1 attempts (100.0%) (crossed a proxy with the toxic slicer in force)"
    fault = Reset("f", ON, 1000)
    fault.cuts.append(1 * MS)
    assert str(met(fault, [WELL])) == "cut its connections once (0 of 1 attempts broke)"
    assert "no cut came while the 1 attempts" in met(Reset("f", ON, 1000), [WELL]).nothing
    assert "the traffic does not come this way" in met(Down("f", ON), []).nothing
    assert met(Down("f", ON), [WELL]).nothing.endswith("the fault met none of 1 attempts")


def test_bad_luck_is_told_from_a_fault_that_is_not_there() -> None:
    assert met(Errors("f", ON, 503, 0.01, 7), [WELL] * 50).may_come
    assert not met(Errors("f", ON, 503, 0.5, 7), [WELL] * 50).may_come
    assert met(Errors("f", ON, 503, 1.0, 7, path="/a"), [WELL] * 50).may_come
    assert met(Reset("f", ON, 1000), [WELL] * 50).may_come, "no cut was due yet"
    assert not met(Down("f", ON), [WELL]).may_come
