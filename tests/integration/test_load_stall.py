"""Open loop: a server that stops is felt by every request that was due, and arrivals are spread."""

from __future__ import annotations

import asyncio
import statistics
from itertools import pairwise

import pytest

from benchmarks.stall import observe
from benchmarks.target import clocked, generator
from chaosmesh.load import Record, RequestSpec, Stream

pytestmark = pytest.mark.integration


def test_a_stall_is_felt_by_every_request_that_was_due() -> None:
    report, records, answers = asyncio.run(asyncio.wait_for(observe(rate=200, seconds=3.0), 60))
    assert (report.planned, report.sent, len(records)) == (600, 600, 600)
    by_time = sorted(answers.values())
    stalled_until = max(pairwise(by_time), key=lambda pair: pair[1] - pair[0])[1]
    for one in records:
        # One clock for both, but the generator counts on from its reading at the start.
        assert one.done_ns >= answers[one.seq] - 5_000_000
    waited = [one for one in records if one.intended_ns < stalled_until <= one.done_ns]
    assert len(waited) >= 0.9 * 200 * 0.99
    assert max(one.latency_ms for one in waited) >= 900
    if report.late() is None:
        assert statistics.median((one.done_ns - answers[one.seq]) / 1e6 for one in records) <= 20


def test_arrivals_are_spread_over_time() -> None:
    async def main() -> None:
        async with generator() as (load, folder), clocked(folder) as target:
            stream = Stream(1, "even", target.url, "bench", (RequestSpec(),), 200, count=400)
            records: list[Record] = []
            report = await (await load.begin(stream, records.extend)).done()
            times = sorted(arrival for arrival, _ in (await target.log()).values())
        assert len(times) == 400
        if report.lag_p99_ms <= 1:  # else the machine was too busy to say anything about arrivals
            # 20 users in step would send bursts with gaps near 0; an even stream has gaps of 5 ms.
            assert statistics.median(after - before for before, after in pairwise(times)) >= 1_000_000

    asyncio.run(asyncio.wait_for(main(), 60))
