"""The ledger on the logs of real sidecars."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from chaosmesh.envoy import is_victim
from chaosmesh.ledger import Cause, Ledger
from chaosmesh.mesh import RequestFault

from ..live import live
from .world import NARROW, Apps, book, drive, mesh, settled, topology

pytestmark = pytest.mark.integration
FAULTS = (
    RequestFault("f-mid", "front", "mid.local", 0.3, 7, status=503),
    RequestFault("f-leaf", "mid", "leaf.local", 0.3, 7, status=503),
)


def test_every_attempt_of_a_retried_chain_is_told(tmp_path: Path):
    async def run() -> None:
        apps = Apps()
        async with live(mesh(), topology, apps, faults=FAULTS) as world:
            apps.live = world
            ledger = book(world)
            records = await drive(world, 5, "/only/mid", 400)
            ledger.add_records(5, records)
            await settled(world, ledger, 5)
            _judge(ledger, apps)
            ledger.write(tmp_path)
            assert Ledger.read(tmp_path) == ledger

    asyncio.run(run())


def _judge(ledger: Ledger, apps: Apps) -> None:
    assert ledger.unmatched() == []
    requests = ledger.requests(5)
    assert len(requests) == 400
    for fault in FAULTS:
        for call in ledger.calls(5, fault.client, fault.service):
            for one in call.attempts:
                edge = f"{fault.client}>{fault.service}"
                hit = is_victim(0.3, 7, call.request_id, call.lineage, edge, one.number)
                assert one.matched
                assert one.victim == (fault.id if hit else "")
                assert (one.replica in (0, 1), one.upstream != "") == (True, True)
        dose = ledger.dose(fault.id, fault.client, fault.service, 5)
        assert dose.unreached == 0
        assert 0.2 < dose.share < 0.4
    for edge, node in ((("front", "mid.local"), "mid"), (("mid", "leaf.local"), "leaf")):
        calls = ledger.calls(5, *edge)
        attempts = ledger.amplification(*edge, 5)
        victims = ledger.dose(FAULTS[node == "leaf"].id, *edge, 5).victims
        assert attempts.part - victims == apps.seen[node]
        assert len(calls) == (400 if node == "mid" else apps.seen["mid"])
        assert ledger.split(*edge, 5) == {node: len(calls)}
        assert len(ledger.route_hashes(*edge, 0, 5)) == 1
    failed = [one for one in requests if not one.ok]
    assert all(one.cause and one.cause.kind == "fault" for one in failed)
    assert sum(ledger.causes(5).values()) == len(failed)


def test_calls_that_reach_nobody_are_told_and_conserved():
    async def run() -> None:
        apps = Apps()
        async with live(mesh(), topology, apps) as world:
            apps.live = world
            ledger = book(world)
            for stream, path, at_once in (
                (1, "/only/refusing", 4),
                (2, "/only/gone", 4),
                (3, "/other/mid", 4),
                (4, "/only/tight", 8),
            ):
                ledger.add_records(stream, await drive(world, stream, path, 24, at_once))
            for stream in (1, 2, 3, 4):
                await settled(world, ledger, stream)
            assert ledger.unmatched() == []
            _failures(ledger)

    asyncio.run(run())


def _failures(ledger: Ledger) -> None:
    refused = ledger.calls(1)
    assert {len(call.attempts) for call in refused} == {3}
    assert {(one.server, one.replica, one.flags) for call in refused for one in call.attempts} == {
        ("refusing", 0, ("UF",))
    }
    assert ledger.causes(1) == {Cause("flag", "UF", "front>refusing.local"): 24}
    assert {(call.attempts, call.flags) for call in ledger.calls(2)} == {((), ("UH",))}
    assert ledger.causes(2) == {Cause("flag", "UH", "front>gone.local"): 24}
    assert {(call.service, call.status, call.attempts, call.flags) for call in ledger.calls(3)} == {
        ("mid.local", 404, (), ("NR",))
    }
    tight = ledger.calls(4)
    assert len(tight) == 24
    overflown = [one for call in tight for one in call.attempts if "UO" in one.server_flags]
    assert overflown
    assert set(ledger.causes(4)) == {Cause("flag", "UO", "tight")}


def test_attempts_that_the_callers_breaker_stops_are_told_and_conserved():
    async def run() -> None:
        apps = Apps()
        async with live(mesh(NARROW), topology, apps) as world:
            apps.live = world
            ledger = book(world)
            ledger.add_records(4, await drive(world, 4, "/only/tight", 40))
            await settled(world, ledger, 4)
            overflown = [one for call in ledger.calls(4) for one in call.attempts if "UO" in one.flags]
            assert overflown
            assert {(one.replica, one.matched) for one in overflown} == {(None, False)}
            assert set(ledger.causes(4)) == {Cause("flag", "UO", "front>tight.local")}

    asyncio.run(run())


def test_a_killed_sidecar_loses_rows_and_it_is_said():
    async def run() -> None:
        apps = Apps()
        async with live(mesh(), topology, apps) as world:
            apps.live = world
            ledger = book(world)
            ledger.add_records(6, await drive(world, 6, "/only/mid", 50))
            await settled(world, ledger, 6)
            await world.kill("mid.0")
            died = time.time_ns()
            # The rows that front's death would have taken along: here they are left out by hand.
            front = [row for row in ledger.rows if row.sidecar == "front.0"]
            poorer = book(world)
            poorer.add_rows(row for row in ledger.rows if row.sidecar != "front.0")
            assert not poorer.complete(6).ok
            poorer.sidecar_killed("front.0", died)
            poorer.sidecar_killed("mid.0", died)
            assert poorer.complete(6).ok
            assert poorer.lost() == len([row for row in front if row.attempt_row])

    asyncio.run(run())
