"""Passengers in Locust's own web UI: real master, real workers, records at our door."""

from __future__ import annotations

import asyncio
import os
import signal
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.load import StreamReport, request_id
from tests.integration.locust.yard import Yard, with_yard

pytestmark = pytest.mark.integration


def test_two_workers_send_for_all_passengers_and_every_count_is_the_same(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        assert (await yard.swarm(20, requests_per_user=5))["success"]
        await yard.until("two streams send", lambda: sum(map(len, yard.records.values())) >= 300)
        assert sorted(yard.users.values()) == [(10, 50.0), (10, 50.0)]
        await yard.stop()
        reports = list(yard.ends.values())
        assert [type(one) for one in reports] == [StreamReport, StreamReport]
        records = {number: len(found) for number, found in yard.records.items()}
        assert {number: one.sent for number, one in yard.ends.items()} == records == yard.sent
        stats = await yard.ask("/stats/requests")
        total = stats["stats"][-1]
        assert total["num_requests"] == sum(records.values()) == len(yard.seen.ids)
        wanted = {request_id(number, seq) for number, count in records.items() for seq in range(count)}
        assert set(yard.seen.ids) == wanted
        assert total["num_failures"] == 0
        assert {one["name"] for one in stats["stats"]} == {"/", "/large?a=b", "Aggregated"}
        assert all(one.lag_ms >= 0 for found in yard.records.values() for one in found)

    with_yard(tmp_path, scenario, workers=2)


def test_what_can_not_be_is_refused_in_words(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        yard.most = 50
        elsewhere = await yard.swarm(1, host="http://example.com")
        assert not elsewhere["success"]
        assert "not the mesh's entry" in elsewhere["message"]
        fast = await yard.swarm(51)
        assert (fast["success"], fast["message"]) == (False, "limits.rate is 50")
        odd = await yard.swarm(1, requests_per_user=0)
        assert "must be above 0" in odd["message"]
        assert not yard.openings
        assert yard.seen.ids == []

    with_yard(tmp_path, scenario)


def test_pages_of_other_sites_are_turned_away(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        for headers in ({"Origin": "http://example.com"}, {"Host": "example.com"}):
            request = urllib.request.Request(f"{yard.locusts.url}/swarm", b"user_count=1", headers)
            with pytest.raises(urllib.error.HTTPError) as caught:
                await asyncio.to_thread(urllib.request.urlopen, request)
            assert caught.value.code == 403
        own = urllib.request.Request(yard.locusts.url, headers={"Origin": yard.locusts.url})
        assert (await asyncio.to_thread(urllib.request.urlopen, own)).status == 200

    with_yard(tmp_path, scenario)


def test_an_emergency_stop_ends_the_test_everywhere(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        for round_ in (1, 2):
            await yard.swarm(10, requests_per_user=10)
            await yard.until("it sends", lambda n=2 * round_: yard.records.get(n))
            yard.door.stop_all("emergency stop")
            await yard.until("all have ended", lambda n=2 * round_: len(yard.ends) == n)
            sent = len(yard.seen.ids)
            while (await yard.ask("/stats/requests"))["state"] != "stopped":
                pass
            assert len(yard.seen.ids) == sent
        assert "the test is stopped: emergency stop" in yard.log()

    with_yard(tmp_path, scenario, workers=2)


def test_a_worker_that_dies_ends_its_stream_as_an_error(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        await yard.swarm(10, requests_per_user=10)
        await yard.until("both send", lambda: len([1 for one in yard.records.values() if one]) == 2)
        victim = yard.openings[0].pid
        os.kill(victim, signal.SIGKILL)
        await yard.until("it is noticed", lambda: 1 in yard.ends and yard.lost)
        error = yard.ends[1]
        assert isinstance(error, EnvironmentFailedError)
        assert f"pid {victim}" in error.message
        assert f"pid {victim}" in yard.lost[0]
        await yard.stop()
        assert isinstance(yard.ends[2], StreamReport)

    with_yard(tmp_path, scenario, workers=2)


def test_the_rate_follows_the_users_up_and_down(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        await yard.swarm(4, requests_per_user=10)
        await yard.until("four", lambda: yard.users.get(1) == (4, 40.0))
        await yard.swarm(40, requests_per_user=10)
        await yard.until("forty", lambda: yard.users.get(1) == (40, 400.0))
        await yard.swarm(2, requests_per_user=10)
        await yard.until("two", lambda: yard.users.get(1) == (2, 20.0))
        before = len(yard.records[1])
        await yard.until("it goes on", lambda: len(yard.records[1]) > before + 40)
        await yard.stop()
        assert len(yard.openings) == 1
        assert Counter(yard.seen.ids).most_common(1)[0][1] == 1

    with_yard(tmp_path, scenario)
