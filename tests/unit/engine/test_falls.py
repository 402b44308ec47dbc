"""What ended by itself, and whether that is a reason to doubt what was measured."""

from __future__ import annotations

import signal

import pytest

from chaosmesh.engine.falls import Fall, Falls
from chaosmesh.mesh import Replica
from chaosmesh.runtime.parts import Part

SIDECAR = Part("sidecar", Replica("front", 0, "127.1.1.1", "127.1.2.1"))
OWN = Part("app", SIDECAR.replica)


class World:
    """`leases` hold faults; `heard` is what was told."""

    def __init__(self) -> None:
        self.leases: set[str] = set()
        self.heard: list[Fall] = []
        self.falls = Falls(lambda part: part.role == "sidecar", lambda: self.leases, self.heard.append)

    def problem(self, begin: float, *, down: bool = True) -> str | None:
        return self.falls.problem(begin, lambda _: down)


def test_a_sidecar_that_crashed_is_told_and_makes_what_is_measured_worthless() -> None:
    world = World()
    assert world.problem(0) is None
    world.falls.heard(SIDECAR, -signal.SIGSEGV, meant=False)
    text = "sidecar-front.0 ended by itself, signal 11 (SIGSEGV) (logs/sidecar-front.0.log in the run folder)"
    assert (str(world.heard[0]), world.problem(0)) == (text, text)


def test_its_cause_is_told_where_its_log_tells_one() -> None:
    told: list[Fall] = []
    why = {SIDECAR: "it had no file descriptor left"}
    falls = Falls(lambda part: part.role == "sidecar", set, told.append, why=lambda part: why[part])
    falls.heard(SIDECAR, -signal.SIGABRT, meant=False)
    falls.heard(OWN, 1, meant=False)  # its log is its owner's
    assert str(told[0]) == (
        "sidecar-front.0 ended by itself, signal 6 (SIGABRT): it had no file descriptor left "
        "(logs/sidecar-front.0.log in the run folder)"
    )


def test_it_does_until_it_is_started_again() -> None:
    world = World()
    world.falls.heard(SIDECAR, 1, meant=False)
    later = world.heard[0].at + 1
    assert "status 1" in str(world.problem(later, down=True))
    assert world.problem(later, down=False) is None


def test_the_users_own_program_is_told_and_judged() -> None:
    world = World()
    world.falls.heard(OWN, 3, meant=False)
    assert [one.part for one in world.heard] == [OWN]
    assert world.problem(0) is None


@pytest.mark.parametrize(
    ("status", "meant", "lease", "told"),
    [
        (-9, True, False, 0),
        (-9, False, True, 0),
        (-9, False, False, 1),
        (-11, False, True, 1),
    ],
)
def test_what_a_fault_ended_is_no_fall(status: int, meant: bool, lease: bool, told: int) -> None:
    world = World()
    world.leases = {"memory"} if lease else set()
    world.falls.heard(SIDECAR, status, meant=meant)
    assert len(world.heard) == told
