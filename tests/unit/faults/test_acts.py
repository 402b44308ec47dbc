"""Faults on what is no edge: their bounds, what they say of themselves, and their evidence."""

from __future__ import annotations

import asyncio
import os

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.faults import (
    Act,
    AddReplica,
    BadCertificate,
    BadPush,
    BusyNeighbour,
    ControlPlaneKilled,
    ControlPlaneStale,
    Crash,
    Evidence,
    Hang,
    Overload,
    Remove,
    Restart,
    Sick,
    SlowStart,
)

ONE = {"id": "f", "node": "n", "replica": 1}
ALL: list[Act] = [
    Crash(**ONE),
    Crash(**ONE, role="sidecar"),
    Hang(**ONE),
    Restart(**ONE),
    SlowStart(**ONE, after_s=2),
    Sick(**ONE),
    Overload(**ONE, capacity=40),
    Remove(**ONE),
    AddReplica(id="f", node="n"),
    BusyNeighbour(id="f", node="n"),
    BadCertificate(id="f", node="n", flaw="expired"),
    ControlPlaneKilled(id="f"),
    ControlPlaneStale(id="f"),
    BadPush(id="f"),
]


class Recorder:
    """A mesh that notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def __getattr__(self, name: str):
        async def act(*args, **_) -> None:
            self.done.append(name)
            for one in args:
                if isinstance(one, Evidence):
                    one.note("it", 1, name)

        return act


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: Overload(**ONE, capacity=0), "capacity must be above 0"),
        (lambda: Overload(**ONE, capacity=-3), "capacity must be above 0"),
        (lambda: Overload(**ONE, capacity=float("nan")), "capacity must be above 0"),
        (lambda: Overload(**ONE, capacity=1, queue=0), "queue must hold at least 1"),
        (lambda: SlowStart(**ONE, after_s=0), "must take some time"),
        (lambda: SlowStart(**ONE, after_s=601), "within 600 s"),
        (lambda: Restart(**ONE, after_s=-1), "within 600 s"),
        (lambda: BusyNeighbour(id="f", node="n", cores=0), "cores must be 1 to"),
        (lambda: BusyNeighbour(id="f", node="n", cores=(os.cpu_count() or 1) + 1), "cores must be 1 to"),
        (lambda: BadCertificate(id="f", node="n", flaw="revoked"), "none of its flaws"),  # type: ignore[arg-type]
    ],
)
def test_bounds_are_checked_before_anything_is_done(made, words) -> None:
    with pytest.raises(UsageError, match=words) as error:
        made()
    assert error.value.hint


@pytest.mark.parametrize("fault", ALL, ids=lambda one: f"{one.kind}-{dict(one.size)}")
def test_every_one_is_applied_seen_and_healed(fault: Act) -> None:
    site = Recorder()
    assert not fault.dose([]).delivered
    asyncio.run(fault.apply(site))
    asyncio.run(fault.heal(site))
    assert len(site.done) == 2
    dose = fault.dose([])
    assert (dose.hit, dose.unit, dose.planned) == (1, "act", 0.0)
    assert dose.evidence == f"it {site.done[0]}"
    assert fault.edge == ("", fault.node)


def test_a_replica_that_never_came_is_not_taken_out() -> None:
    site = Recorder()
    asyncio.run(AddReplica(id="f", node="n").heal(site))
    assert site.done == []


def test_the_size_says_which_replica_and_how_much() -> None:
    assert dict(Overload(**ONE, capacity=40, queue=9).size) == {"replica": 1, "capacity": 40, "queue": 9}
    assert dict(SlowStart(**ONE, after_s=2).size) == {"replica": 1, "after_s": 2}
    assert dict(BadPush(id="f").size) == {}


def test_later_evidence_of_a_subject_takes_the_place_of_the_earlier() -> None:
    seen = Evidence()
    seen.note("a", 0, "did nothing")
    seen.note("b", 2, "did it twice")
    seen.note("a", 3, "did it three times")
    assert (seen.times, str(seen)) == (5, "a did it three times; b did it twice")
