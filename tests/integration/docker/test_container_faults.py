"""Faults that only containers have, on real ones: what they do, what shows it, and that nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from docker import DockerClient

from chaosmesh.engine.host import Watch
from chaosmesh.errors import UsageError
from chaosmesh.faults import CpuLimit, Crash, DiskFull, DnsFailure, Hang, MemoryLimit, Partition, Restart
from chaosmesh.ledger import Call
from chaosmesh.runtime.docker import leftovers
from tests.integration.docker.worlds import TRY_S, Boxes, boxes

pytestmark = pytest.mark.integration
ONE: dict[str, Any] = {"id": "f", "node": "blue", "replica": 1}
MIB = 2**20
TRIES = 3


@pytest.fixture(scope="module")
def mesh(
    tmp_path_factory: pytest.TempPathFactory, docker_engine: DockerClient, docker_images: dict[str, str]
) -> Iterator[Boxes]:
    with boxes(tmp_path_factory.mktemp("runs"), docker_images["standin"]) as made:
        run = made.stack.run
        yield made
    assert [one.name for one in leftovers.of(docker_engine, run)] == []


def who(calls) -> set[int | None]:
    return {one.replica for call in calls for one in call.attempts if one.status == 200}


def statuses(calls) -> set[int]:
    return {one.status for one in calls}


def told(mesh: Boxes, part: str, *words: str) -> str:
    """What a command says in a container of the replica under the fault."""
    code, output = mesh.stack.runtime._containers.run_inside(f"{part}-blue.1", list(words), user="0")
    assert code == 0, output
    return output


def as_it_is(mesh: Boxes) -> list[str]:
    """Everything of the pod that a partition or a failure of names may touch."""
    commands = (
        "iptables-save",
        "ip -br address",
        "ip route show table local",
        "cat /etc/hosts /etc/resolv.conf",
    )
    texts = [told(mesh, "holder", *one.split()) for one in commands]
    rules = [line.partition(" [")[0] for line in texts[0].splitlines() if not line.startswith("#")]
    return [*rules, *texts[1:]]


@pytest.mark.parametrize("role", ["app", "sidecar"])
def test_a_crash_works_on_containers(mesh: Boxes, role) -> None:
    fault = Crash(**ONE, role=role)
    calls = mesh.under(fault, lambda: mesh.asked("/"), seen=f"{role}-blue.1 ended")
    assert (statuses(calls), who(calls)) == ({200}, {0})


@pytest.mark.parametrize("role", ["app", "sidecar"])
def test_a_hang_works_on_containers(mesh: Boxes, role) -> None:
    fault = Hang(**ONE, role=role)
    calls = mesh.under(fault, lambda: mesh.asked("/"), seen=f"{role}-blue.1 is stopped")
    assert (statuses(calls), who(calls)) == ({200}, {0})


def test_a_restart_works_on_containers(mesh: Boxes) -> None:
    mesh.under(Restart(**ONE))
    assert who(mesh.call(mesh.asked("/"))) == {0, 1}


def test_a_partition_loses_everything_and_leaves_no_trace(mesh: Boxes) -> None:
    before, fault = as_it_is(mesh), Partition(**ONE)
    calls = mesh.under(fault, lambda: mesh.asked("/"), seen="blue.1 is cut off")
    assert (statuses(calls), who(calls)) == ({200}, {0})
    lost = [one for call in calls for one in call.attempts if one.replica == 1]
    assert lost, "nobody tried the replica that was cut off"
    assert all(one.duration_ms >= TRY_S * 1000 - 10 for one in lost), (
        "a lost packet is not answered: callers wait"
    )
    assert fault.dose([]).hit == 1
    assert "packets from and to its pod were lost" in fault.dose([]).evidence
    assert as_it_is(mesh) == before
    assert who(mesh.call(mesh.asked("/"))) == {0, 1}


def test_what_hung_in_a_partition_is_over_with_it(mesh: Boxes) -> None:
    """No call after it waits for what was lost, and none meets the end of a connection that was cut."""

    async def afterwards() -> tuple[list[Call], str | None]:
        watch = await Watch.start(mesh.stack.keeper)
        return await mesh.asked("/"), await watch.starved()

    for _ in range(TRIES):  # where the host starves a call waits all the same
        mesh.under(Partition(**ONE), lambda: mesh.asked("/", count=120))
        calls, starved = mesh.call(afterwards())
        seen = [one.status for call in calls for one in call.attempts]
        if seen == [200] * 20 or starved is None:
            break
    assert seen == [200] * 20
    assert who(calls) == {0, 1}


def test_without_names_a_program_is_refused_and_learns_them_again(mesh: Boxes) -> None:
    before, fault = as_it_is(mesh), DnsFailure(**ONE)
    assert who(mesh.call(mesh.asked("/ask"))) == {0, 1}
    calls = mesh.under(fault, lambda: mesh.asked("/ask"), seen="blue.1 does not know")
    assert (statuses(calls), who(calls)) == ({200}, {0})
    assert fault.dose([]).hit == 1
    assert "questions for a name" in fault.dose([]).evidence
    assert as_it_is(mesh) == before
    assert who(mesh.call(mesh.asked("/ask"))) == {0, 1}


def test_a_share_of_a_core_makes_it_wait(mesh: Boxes) -> None:
    fault = CpuLimit(**ONE, share=0.05)
    calls = mesh.under(fault, lambda: mesh.asked("/burn"), seen="app-blue.1 is limited")
    slowest = max(one.duration_ms for call in calls for one in call.attempts if one.replica == 1)
    assert slowest >= 90, "20 ms of work at a twentieth of a core"
    assert fault.dose([]).hit == 1
    assert "had to wait for its share of a core" in fault.dose([]).evidence


def test_a_sidecar_can_be_slowed_too(mesh: Boxes) -> None:
    fault = CpuLimit(**ONE, share=0.01, role="sidecar")
    mesh.under(fault, lambda: mesh.asked("/"), seen="sidecar-blue.1 is limited")
    assert who(mesh.call(mesh.asked("/"))) == {0, 1}


def test_who_needs_more_memory_is_killed_and_comes_back(mesh: Boxes) -> None:
    fault = MemoryLimit(**ONE, bytes=64 * MIB)
    calls = mesh.under(fault, lambda: mesh.asked("/eat", count=30), seen="app-blue.1 ended")
    assert statuses(calls) == {200}
    assert "was killed by the kernel: it needed more than 64 MiB" in fault.dose([]).evidence
    assert who(mesh.call(mesh.asked("/"))) == {0, 1}


def test_memory_that_is_in_use_is_not_taken_away(mesh: Boxes) -> None:
    mesh.call(mesh.asked("/eat", count=8))
    with pytest.raises(UsageError, match="takes no limit below that"):
        mesh.under(MemoryLimit(**ONE, bytes=6 * MIB))
    assert mesh.call(mesh.sweep.remaining()) == []


def test_a_full_disk_takes_nothing_more_and_has_its_room_again(mesh: Boxes) -> None:
    fault = DiskFull(**ONE, path="/data")
    calls = mesh.under(fault, lambda: mesh.asked("/write"), seen="/data of app-blue.1 is full")
    assert (statuses(calls), who(calls)) == ({200}, {0})
    assert "has 0 bytes of room in /data" in fault.dose([]).evidence
    assert told(mesh, "app", "ls", "-A", "/data").split() in ([], ["notes"])
    assert who(mesh.call(mesh.asked("/write"))) == {0, 1}


FAULTS = {
    "partition": {},
    "dns": {},
    "cpu": {"share": 0.5},
    "memory": {"bytes": 900 * MIB},
    "disk_full": {"path": "/data"},
}


@pytest.mark.parametrize(("kind", "values"), FAULTS.items(), ids=FAULTS)
def test_the_keeper_can_heal_it_alone(mesh: Boxes, kind, values) -> None:
    """By the requests of its lease, without the process that made it."""

    async def main() -> None:
        runtime = mesh.stack.runtime
        replica = mesh.stack.topology.replicas_of("blue")[1]
        ailing = await runtime.ailing(replica, "app", kind, values)
        await ailing.begin()
        assert await runtime.unwell() != []
        assert [one.request() for one in ailing.heals] == [""] * len(ailing.heals)
        await healed(mesh)
        assert [one.request() for one in ailing.heals] == [""] * len(ailing.heals), (
            "a second time does no harm"
        )
        await ailing.end()
        assert await mesh.sweep.remaining() == []

    mesh.call(main())


def test_a_lease_that_nobody_renews_is_healed_by_the_keeper(mesh: Boxes) -> None:
    async def main() -> None:
        replica = mesh.stack.topology.replicas_of("blue")[1]
        ailing = await mesh.stack.runtime.ailing(replica, "app", "partition", {})
        await mesh.stack.keeper.lease("forgotten", ailing.heals, 1000)
        await ailing.begin()
        await mesh.stack.keeper.lease("forgotten", ailing.heals, 0.3)
        await healed(mesh)
        await ailing.end()

    mesh.call(main())


async def healed(mesh: Boxes) -> None:
    from chaosmesh.runtime import probe

    async def look() -> str:
        # a helper that has ended is removed by who made it
        return "; ".join(one for one in await mesh.stack.runtime.unwell() if "is full" not in one)

    await probe.until("healed", look, within=60)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (DiskFull(**ONE, path="/nowhere"), "no volume of blue.1 with a size of its own; these are: /data"),
        (DiskFull(id="f", node="front", replica=0, path="/data"), "no volume of front.0"),
        (DnsFailure(id="f", node="front", replica=0), "is a stand-in"),
    ],
)
def test_what_can_not_be_done_is_said_and_nothing_is_done(mesh: Boxes, fault, words) -> None:
    with pytest.raises(UsageError, match=words) as error:
        mesh.under(fault)
    assert error.value.hint
    assert mesh.call(mesh.sweep.remaining()) == []


def test_two_of_a_kind_on_one_replica_are_refused(mesh: Boxes) -> None:
    async def main() -> None:
        first, second = CpuLimit(**ONE, share=0.5), CpuLimit(**{**ONE, "id": "g"}, share=0.2)
        site = mesh.stack.site
        await first.apply(site)
        with pytest.raises(UsageError, match="under such a fault already"):
            await second.apply(site)
        await first.heal(site)
        assert await mesh.sweep.remaining() == []

    mesh.call(main())
