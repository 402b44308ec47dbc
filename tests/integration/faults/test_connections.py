"""Every fault on connections, through real Toxiproxy between real sidecars."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest

from chaosmesh.engine.cutting import GONE_DEADLINE
from chaosmesh.faults import (
    Bandwidth,
    Delay,
    Down,
    Errors,
    Fault,
    Latency,
    LimitData,
    Reset,
    Slicer,
    SlowClose,
    Timeout,
)
from chaosmesh.load import RequestSpec
from tests.integration.faults.bench import COLOR, LINE, Bench

pytestmark = pytest.mark.integration
POSTED = RequestSpec("POST", "/again", body=b"x" * 6000)
TCP = "front>cable.0:9000"


@pytest.fixture(autouse=True)
def as_before(bench: Bench):
    yield
    bench.run(bench.well())


@pytest.mark.parametrize("stream", ["downstream", "upstream"])
def test_latency_holds_back_every_attempt_either_way(bench: Bench, stream) -> None:
    dose, attempts = bench.run(bench.under(Latency("slow", COLOR, 80, 20, stream=stream)))
    assert (dose.hit, dose.attempts) == (60, 60)
    assert all(one.duration_ms > 59 for one in attempts)


def test_one_replica_alone_is_slow(bench: Bench) -> None:
    dose, attempts = bench.run(bench.under(Latency("slow", COLOR, 80, replica=1)))
    slow = [one for one in attempts if one.replica == 1]
    assert dose.attempts == dose.hit == len(slow) == 30
    assert min(one.duration_ms for one in slow) > 79
    assert min(one.duration_ms for one in attempts if one.replica == 0) < 60


class Held(asyncio.Protocol):
    """A client that closes its end as soon as the other does."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.received = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        assert data.startswith(b"HTTP/1.1 200")
        self.received.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set()


async def held(bench: Bench, replica: int) -> tuple[asyncio.Transport, Held]:
    """An open connection through a proxy of the edge."""
    host, _, port = (await bench.proxies())[f"front>blue.{replica}:8080"].listen.partition(":")
    transport, client = await asyncio.get_running_loop().create_connection(Held, host, int(port))
    return transport, client


def test_a_reset_cuts_what_is_open_once_a_period_and_new_connections_work(bench: Bench) -> None:
    fault = Reset("cut", COLOR, 200)

    async def test() -> None:
        clients = [await held(bench, 0) for _ in range(3)]
        begin = time.monotonic()
        await fault.apply(bench.site)
        gone = all(one.ended.is_set() for _, one in clients)
        # in force without the wait for sluggish clients having been given up
        assert gone or time.monotonic() - begin >= GONE_DEADLINE, (
            "when it is in force, everything before is gone"
        )
        await asyncio.wait_for(asyncio.gather(*(one.ended.wait() for _, one in clients)), 30)
        for again in (2, 3):
            _, client = await held(bench, 0)
            await asyncio.wait_for(client.ended.wait(), 30)
            assert len(fault.cuts) >= again - 1
        await fault.heal(bench.site)
        dose, attempts = await bench.under(fault, RequestSpec("GET", "/again"), count=100)
        assert dose.unit == "cut"
        assert 1 <= dose.hit < len(fault.cuts)
        assert not any("UF" in one.flags for one in attempts), "nobody is refused between two cuts"
        noted = [one.at_ns for one in bench.stack.ledger.faults if one.fault == "cut"]
        assert len(noted) >= dose.hit

    bench.inside(test)


def test_requests_on_their_way_break_when_a_reset_comes(bench: Bench) -> None:
    """Each of the connections is busy all the time, so that a cut finds something."""

    async def test() -> None:
        slow = Delay("held", COLOR, 150, 1.0, 7)
        await slow.apply(bench.site)
        try:
            dose, attempts = await bench.under(Reset("cut", COLOR, 200), count=100)
        finally:
            await slow.heal(bench.site)
        broken = [one for one in attempts if "UC" in one.flags]
        assert broken
        assert dose.evidence == f"{len(broken)} of 100 attempts broke"

    bench.inside(test)


def test_a_reset_of_one_replica_spares_the_other(bench: Bench) -> None:
    async def test() -> None:
        (_, first), (transport, second) = await held(bench, 0), await held(bench, 1)
        await bench.under(Reset("cut", COLOR, 200, replica=0))
        assert first.ended.is_set()
        assert not second.ended.is_set()
        transport.write(b"GET /ping HTTP/1.1\r\nhost: blue\r\n\r\n")
        await asyncio.wait_for(second.received.wait(), 30)
        transport.close()

    bench.inside(test)


def test_down_refuses_everything_and_on_one_replica_only_its_share(bench: Bench) -> None:
    dose, attempts = bench.run(bench.under(Down("down", COLOR)))
    assert (dose.hit, dose.attempts) == (60, 60)
    dose, attempts = bench.run(bench.under(Down("down", COLOR, replica=0)))
    assert dose.hit == dose.attempts == 30
    assert {one.status for one in attempts if one.replica == 1} == {200}


def test_bandwidth_makes_a_body_take_its_time(bench: Bench) -> None:
    fault = Bandwidth("thin", COLOR, 64, stream="upstream")
    dose, attempts = bench.run(bench.under(fault, POSTED, count=20, rate=40))
    assert dose.hit == dose.attempts == 20
    assert "with the toxic bandwidth in force" in dose.evidence
    assert min(one.duration_ms for one in attempts) >= 1000 * 6000 / 64_000 * 0.9


def test_slices_of_an_answer_come_one_after_the_other(bench: Bench) -> None:
    fault = Slicer("cut up", COLOR, 40, 0, 20_000)
    dose, attempts = bench.run(bench.under(fault, count=20, rate=40))
    assert dose.hit == 20
    assert "slicer in force" in dose.evidence
    assert min(one.duration_ms for one in attempts) >= 80


def test_a_connection_closes_late(bench: Bench) -> None:
    async def test() -> None:
        host, _, port = (await bench.proxies())["front>blue.0:8080"].listen.partition(":")

        async def seconds_to_the_end() -> float:
            reader, writer = await asyncio.open_connection(host, int(port))
            begin = time.monotonic()  # before anything is asked: the answer may be told of late, too
            writer.write(b"GET /ping HTTP/1.1\r\nhost: blue\r\nconnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
            writer.close()
            return time.monotonic() - begin

        fault = SlowClose("late", COLOR, 300)
        await fault.apply(bench.site)
        try:
            assert await seconds_to_the_end() >= 0.3
        finally:
            await fault.heal(bench.site)
        dose, _ = await bench.under(SlowClose("late", COLOR, 300))
        assert dose.hit == 60
        assert "slow_close in force" in dose.evidence

    bench.inside(test)


def test_nothing_comes_through_until_it_is_healed_or_the_connection_ends(bench: Bench) -> None:
    brief = RequestSpec("GET", "/brief")
    dose, attempts = bench.run(bench.under(Timeout("silent", COLOR), brief, count=20))
    assert dose.hit == dose.attempts == 20
    assert {one.status for one in attempts} == {0}, "the route's own bound ends them"
    dose, attempts = bench.run(bench.under(Timeout("ends", COLOR, 100), count=20))
    assert dose.hit == dose.attempts == 20
    assert all("UC" in one.flags for one in attempts)


def test_a_connection_that_carried_its_data_ends(bench: Bench) -> None:
    dose, attempts = bench.run(bench.under(LimitData("little", COLOR, 1000)))
    assert 0 < dose.hit < dose.attempts == 60
    assert {one.status for one in attempts if not one.flags} == {200}


def test_a_tcp_edge_is_slow_and_cut_too(bench: Bench) -> None:
    dose, attempts = bench.run(bench.under(Latency("slow", LINE, 80), count=10, rate=20, entry=True))
    assert dose.hit == dose.attempts == 10
    assert all(one.duration_ms > 79 for one in attempts)
    dose, _ = bench.run(bench.under(Down("down", LINE), count=10, rate=20, entry=True))
    assert dose.hit == dose.attempts == 10


FAULTS = (
    Latency("n-latency", COLOR, 5),
    Down("n-down", COLOR, replica=0),
    Reset("n-reset", COLOR, 100),
    Slicer("n-slicer", COLOR, 100),
    Timeout("n-timeout", COLOR, stream="upstream"),
    Errors("n-errors", COLOR, 503, 0.3, 7),
)


@pytest.mark.parametrize("turn", range(4))
def test_several_faults_at_once_heal_in_any_order(bench: Bench, turn: int) -> None:
    order = next(itertools.islice(itertools.permutations(FAULTS), turn * 211, None))

    async def test() -> None:
        for fault in FAULTS:
            await fault.apply(bench.site)
        state = (await bench.proxies())["front>blue.1:8080"]
        assert {"n-latency", "n-slicer", "n-timeout"} <= {one.name for one in state.toxics}
        for healed, fault in enumerate(order, 1):
            await fault.heal(bench.site)
            left = {one.id for one in order[healed:]}
            await _only(bench, left)

    bench.inside(test)


async def _only(bench: Bench, left: set[str]) -> None:
    """Exactly those are in force, whatever was healed before."""
    state = await bench.proxies()
    for index in (0, 1):
        proxy = state[f"front>blue.{index}:8080"]
        toxics = {one.name for one in proxy.toxics} - {"cut"}
        assert toxics == left & {"n-latency", "n-slicer", "n-timeout"}
        assert proxy.enabled == (index == 1 or "n-down" not in left)
    assert {one.id for one in bench.stack.site.request_faults} == left & {"n-errors"}
    assert state[TCP].enabled
    assert not state[TCP].toxics


def test_a_fault_may_be_put_in_force_again(bench: Bench) -> None:
    fault: Fault = Latency("again", COLOR, 50)
    for _ in range(2):
        dose, _ = bench.run(bench.under(fault, count=10))
        assert dose.hit == 10
        bench.run(bench.well())
