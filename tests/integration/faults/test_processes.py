"""Faults on processes, on replicas and on what they may do, on real sidecars; each is healed and proved to be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.faults import (
    Act,
    AddReplica,
    BusyNeighbour,
    Crash,
    Hang,
    Overload,
    Remove,
    Restart,
    Sick,
    SlowStart,
)
from chaosmesh.ledger import Attempt
from chaosmesh.runtime import procs
from tests.integration.faults.world import World, until, world
from tests.integration.runtime import outside

pytestmark = pytest.mark.integration
TRIES = 3
ONE = {"id": "f", "node": "blue", "replica": 1}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("runs")) as made:
        yield made


def replicas(calls) -> set[int]:
    return {one.replica for call in calls for one in call.attempts if one.status == 200}


def last_statuses(calls) -> set[int]:
    return {one.status for one in calls}


@pytest.mark.parametrize("role", ["app", "sidecar"])
def test_a_crash_leaves_the_other_replica_and_healing_brings_it_back(mesh: World, role) -> None:
    fault = Crash(**ONE, role=role)
    calls = mesh.under(fault, mesh.calls, seen=f"{role}-blue.1 ended")
    assert (last_statuses(calls), replicas(calls)) == ({200}, {0})
    assert fault.dose([]).hit == 1
    assert "signal 9" in fault.dose([]).evidence
    assert ("blue.1" in mesh.stack.ledger.killed) == (role == "sidecar")
    mesh.call(both_answer(mesh))


@pytest.mark.parametrize("role", ["app", "sidecar"])
def test_what_hangs_is_given_up_and_healing_cuts_what_hung(mesh: World, role) -> None:
    async def hung() -> None:
        pid = mesh.stack.runtime.pid(blue(mesh, 1), role)
        assert procs.state(pid) == "T"
        if role == "sidecar":
            await mesh.stack.push()  # nobody waits for a sidecar that a fault keeps from answering

    fault = Hang(**ONE, role=role)
    mesh.under(fault, hung, seen=f"{role}-blue.1 is stopped")
    assert "state T" in fault.dose([]).evidence
    mesh.call(both_answer(mesh))


def test_a_call_that_hung_does_not_get_its_answer_late(mesh: World) -> None:
    """Once a health check has failed nobody is sent there any more: on a busy host that may be before the first call."""

    async def attempts() -> list[Attempt]:
        calls = await mesh.calls(30)
        return [one for call in calls for one in call.attempts if one.replica == 1]

    for _ in range(TRIES):
        met = mesh.under(Hang(**ONE), attempts, seen="is stopped")
        mesh.call(both_answer(mesh))
        if met:
            break
    assert "UT" in {flag for one in met for flag in one.flags}


def test_a_restart_comes_back_by_itself(mesh: World) -> None:
    fault = Restart(**ONE)
    before = mesh.stack.runtime.pid(blue(mesh, 1))

    async def back() -> None:
        await until(lambda: "served again" in str(fault.evidence))
        assert mesh.stack.runtime.pid(blue(mesh, 1)) != before

    mesh.under(fault, back)
    assert fault.dose([]).hit == 1


def test_a_slow_start_takes_its_time_and_healing_takes_it_away(mesh: World) -> None:
    quick, slow = SlowStart(**ONE, after_s=0.3), SlowStart(**ONE, after_s=600)

    async def away() -> None:
        await until(lambda: "served again" in str(quick.evidence))

    mesh.under(quick, away)
    assert float(str(quick.evidence).split("served again ")[1].split()[0]) >= 0.3
    mesh.under(slow, mesh.calls, seen="app-blue.1 ended")
    assert "served again" in str(slow.evidence)


def test_a_replica_leaves_without_a_failed_call_and_comes_back(mesh: World) -> None:
    fault = Remove(id="f", node="blue", replica=0)
    before = set(mesh.stack.pids())
    calls = mesh.under(fault, mesh.calls, seen="replica blue.0 is missing")
    assert (last_statuses(calls), replicas(calls)) == ({200}, {1})
    assert "1 replica of blue" in str(fault.evidence)
    assert len(set(mesh.stack.pids()) & before) == len(before) - 2
    mesh.call(both_answer(mesh))


def test_the_last_replica_and_the_door_stay(mesh: World) -> None:
    with pytest.raises(UsageError, match="last replica of front"):
        mesh.under(Remove(id="f", node="front", replica=0))
    assert mesh.call(mesh.sweep.remaining()) == []


def test_a_replica_more_is_called_and_goes_again(mesh: World) -> None:
    async def third() -> None:
        seen: set[int] = set()
        async with asyncio.timeout(60):
            while seen != {0, 1, 2}:
                seen |= replicas(await mesh.calls())

    for _ in range(2):
        mesh.under(AddReplica(id="f", node="blue"), third, seen="replica blue.2 was not there before")
    assert len(mesh.stack.topology.replicas_of("blue")) == 2


def test_a_sick_replica_is_left_alone(mesh: World) -> None:
    fault = Sick(**ONE)

    async def alone() -> None:
        await until(lambda: fault.evidence.times > 0)
        async with asyncio.timeout(60):
            while replicas(await mesh.calls()) != {0}:
                continue

    mesh.under(fault, alone, seen="blue.1: healthy is False, it was True")
    assert "health checks failed" in str(fault.evidence)


def test_an_overload_makes_requests_wait(mesh: World) -> None:
    mesh.call(both_answer(mesh))
    fault = Overload(**ONE, capacity=10)

    async def slow() -> float:
        calls = await mesh.calls(40)
        await until(lambda: fault.evidence.times > 0)
        return max(one.duration_ms for one in calls)

    # about 20 requests in 0.4 s, of which 4 are served
    assert mesh.under(fault, slow, seen="blue.1: capacity is 10, it was None") > 200


def test_over_its_queue_a_stand_in_answers_503(mesh: World) -> None:
    mesh.call(both_answer(mesh))
    fault = Overload(**ONE, capacity=1, queue=1)

    async def refused() -> set[int]:
        calls = await mesh.calls(20)
        return {a.status for one in calls for a in one.attempts if a.replica == 1}

    assert 503 in mesh.under(fault, refused, seen="blue.1: queue is 1")
    assert fault.dose([]).hit > 0


def test_a_program_that_is_no_stand_in_can_not_be_overloaded(mesh: World) -> None:
    gone = Overload(id="f", node="blue", replica=7, capacity=1)
    with pytest.raises(UsageError, match=r"no replica blue\.7"):
        mesh.under(gone)
    assert mesh.call(mesh.sweep.remaining()) == []


def test_a_busy_neighbour_burns_and_is_ended(mesh: World) -> None:
    fault = BusyNeighbour(id="f", node="blue", cores=1)

    async def burning() -> list[int]:
        await until(lambda: fault.evidence.times > 0)
        return [pid for pid in outside.pids(mesh.stack.run) if "neighbour" in command(pid)]

    (pid,) = mesh.under(fault, burning, seen="busy neighbour")
    assert pid not in outside.pids(mesh.stack.run)


def test_faults_nest_and_the_inner_one_leaves_the_outer_one(mesh: World) -> None:
    inner = Overload(id="g", node="blue", replica=1, capacity=5)

    async def both() -> None:
        await inner.apply(mesh.stack.site)
        await inner.heal(mesh.stack.site)
        told = await mesh.stack.runtime.told(blue(mesh, 1))
        assert told["capacity"] == 50

    mesh.under(Overload(**ONE, capacity=50), both, seen="capacity is 50")


def test_every_act_is_told_by_its_node_and_replica() -> None:
    fault: Act = Crash(**ONE)
    assert (fault.edge, dict(fault.size)) == (("", "blue"), {"replica": 1, "process": "app"})


def blue(mesh: World, index: int):
    return mesh.stack.topology.replicas_of("blue")[index]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # it has just ended
        return ""


async def both_answer(mesh: World) -> None:
    """Who was left alone is called again after a health check that went well."""
    seen: set[int] = set()
    async with asyncio.timeout(60):
        while seen != {0, 1}:
            seen |= replicas(await mesh.calls())
