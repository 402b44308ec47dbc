"""What was sent is told at once, by the second, also while nothing is answered."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from chaosmesh.load import LoadProcess, Record, RequestSpec
from chaosmesh.load.sends import Sent
from tests.integration.load_server import Bench, with_load

pytestmark = pytest.mark.integration

UNANSWERED = RequestSpec(path="/hang")
PATIENCE_S = 4.0


@pytest.mark.parametrize("workers", [1, 2])
def test_sends_are_told_long_before_the_requests_end(tmp_path: Path, workers: int) -> None:
    async def scenario(bench: Bench) -> None:
        records: list[Record] = []
        heard: list[int] = []  # when
        counted: Counter[int] = Counter()

        def hear(sent: Sent) -> None:
            heard.append(time.time_ns())
            for second, count in sent:
                counted[second] += count

        stream = bench.stream(UNANSWERED, rate=100, count=60, timeout=PATIENCE_S)
        report = await (await bench.load.begin(stream, records.extend, hear)).done()
        assert {one.error for one in records} == {"timeout"}
        assert counted == Counter(one.sent_ns // 10**9 for one in records)
        assert counted.total() == report.sent == 60
        assert heard[-1] < min(one.done_ns for one in records)

    with_load(tmp_path, scenario, LoadProcess(workers=workers))
