"""Which containers are heard to end: those that nobody ended in order, and as a process would tell it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from chaosmesh.runtime.docker.events import Ends
from chaosmesh.runtime.docker.labels import PART


class Stream:
    """What the engine tells, and how that ends."""

    def __init__(self, told: list[Any], end: Exception | None = None) -> None:
        self.told, self.end, self.closed = told, end, False

    def __iter__(self) -> Iterator[Any]:
        yield from self.told
        if self.end:
            raise self.end

    def close(self) -> None:
        self.closed = True


def died(part: str, code: str, number: str = "c1") -> dict[str, Any]:
    return {"Actor": {"ID": number, "Attributes": {PART: part, "exitCode": code}}}


def heard(stream: Stream, dismissed: tuple[str, ...] = ()) -> tuple[list[tuple[str, int]], list[str]]:
    ends: list[tuple[str, int]] = []
    lost: list[str] = []

    async def body() -> None:
        client = SimpleNamespace(events=lambda **_: stream)
        done = asyncio.Event()

        def gone(why: str) -> None:
            lost.append(why)
            done.set()

        one = Ends(client, "r1", lambda *end: ends.append(end), gone, meant=dismissed.__contains__)  # type: ignore[arg-type]
        await asyncio.wait_for(done.wait(), 10)
        one.close()

    asyncio.run(body())
    return ends, lost


def test_a_status_is_told_as_of_a_process() -> None:
    ends, _ = heard(Stream([died("app-a.0", "0"), died("app-b.0", "3"), died("app-c.0", "137")]))
    assert ends == [("app-a.0", 0), ("app-b.0", 3), ("app-c.0", -9)]


def test_what_was_ended_in_order_is_not_told_even_if_its_part_is_another_container_now() -> None:
    ends, _ = heard(Stream([died("app-a.0", "143", "old"), died("app-a.0", "1", "new")]), ("old",))
    assert ends == [("app-a.0", 1)]


def test_an_engine_that_stops_telling_is_lost() -> None:
    assert heard(Stream([]))[1] == ["the Docker engine closed its stream of events"]
    assert heard(Stream([], OSError("reset")))[1] == ["the Docker engine went away: reset"]
