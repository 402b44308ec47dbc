"""What stops a run that gets out of hand: its rate before anything is sent, its length and its errors at once."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from chaosmesh.documents.scenario import Scenario, load_scenario
from chaosmesh.engine.limits import ErrorWatch, Guard, rate_of
from chaosmesh.errors import ExitCode, LimitExceededError
from chaosmesh.load import Record

MS = 1_000_000


def scenario(folder: Path, text: str) -> Scenario:
    (folder / "chaosmesh.yaml").write_text(text)
    return load_scenario(folder)


def record(seq: int, ok: bool = True, *, rate: float = 100.0, took_ms: int = 5) -> Record:
    begin = int(seq / rate * 1e9)
    return Record(seq, 0, begin, begin, begin + took_ms * MS, 200 if ok else 503, 0)


class Stream:
    """A stream that ends when it is told to."""

    def __init__(self, number: int) -> None:
        self.stream = SimpleNamespace(id=number)
        self.ended = False

    def stop(self) -> None:
        self.ended = True


def seen(limit: float, outcomes: list[bool]) -> int | None:
    """After how many requests it stops; None if it doesn't."""
    watch = ErrorWatch(limit)
    for seq, ok in enumerate(outcomes):
        if watch.add([record(seq, ok)]):
            return watch.n
    return None


def drawn(share: float, n: int, seed: int) -> list[bool]:
    draw = random.Random(seed)
    return [draw.random() >= share for _ in range(n)]


@pytest.mark.parametrize("limit", [0.05, 0.2, 0.5, 0.9])
def test_errors_at_the_limit_itself_never_stop_a_run(limit: float):
    assert not any(seen(limit, drawn(limit, 4_000, seed)) for seed in range(5))


@pytest.mark.parametrize(
    ("limit", "share", "most"), [(0.05, 0.2, 400), (0.2, 0.6, 150), (0.5, 1.0, 50), (0.5, 0.6, 4000)]
)
def test_errors_above_the_limit_stop_it_soon(limit: float, share: float, most: int):
    for seed in range(5):
        n = seen(limit, drawn(share, 6_000, seed))
        assert n is not None
        assert n <= most


def test_a_sudden_outage_is_seen_at_once_however_long_all_was_well():
    n = seen(0.5, [True] * 20_000 + [False] * 200)
    assert n is not None
    assert n <= 20_060


def test_no_error_at_all_allowed_and_all_of_them():
    assert seen(0.0, [True] * 50 + [False] + [True] * 200) == 51
    assert seen(1.0, [False] * 5_000) is None


def test_errors_that_are_quicker_than_good_answers_do_not_come_first():
    """30 % fail at once, the rest is answered after 400 ms: what has ended by then is errors alone."""
    watch, ended = ErrorWatch(0.5), []
    for seq in range(400):
        ok = seq % 10 >= 3
        ended.append(record(seq, ok, rate=400, took_ms=400 if ok else 1))
    for one in sorted(ended, key=lambda r: r.done_ns):
        assert not watch.add([one])


def test_a_rate_above_the_limit_is_refused_with_its_place(tmp_path: Path):
    guard = Guard(scenario(tmp_path, "limits:\n  rate: 100\n"))
    guard.admit(1, 60)
    with pytest.raises(LimitExceededError, match=r"chaosmesh.yaml:2:\d+ 110 requests a second") as error:
        guard.admit(2, 50)
    assert error.value.code is ExitCode.LIMIT
    guard.dismiss(1)
    guard.admit(2, 50)


def test_streams_that_have_ended_make_room(tmp_path: Path):
    guard = Guard(scenario(tmp_path, "limits: {rate: 100}"))
    stream = Stream(1)
    guard.admit(1, 100)
    guard.began(stream)
    with pytest.raises(LimitExceededError):
        guard.admit(2, 1)
    stream.stop()
    guard.admit(2, 100)


def test_a_usual_rate_keeps_to_the_limit_and_a_written_one_is_refused(tmp_path: Path):
    assert rate_of(scenario(tmp_path, "limits: {rate: 100}"), 250) == 100
    assert rate_of(scenario(tmp_path, "limits: {rate: 300}"), 250) == 250
    assert rate_of(scenario(tmp_path, "load: {rate: 400}"), 250) == 400
    with pytest.raises(LimitExceededError, match="400 requests a second"):
        rate_of(scenario(tmp_path, "load: {rate: 400}\nlimits: {rate: 100}"), 250)


def test_a_run_that_takes_too_long_is_stopped_once_it_has_cleaned_up(tmp_path: Path):
    guard = Guard(scenario(tmp_path, "limits: {duration: 20ms}"))
    stream, cleaned = Stream(1), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    async def run() -> None:
        guard.admit(1, 10)
        guard.began(stream)
        await guard.over(work())

    with pytest.raises(LimitExceededError, match=r"limits\.duration, 0\.02 s"):
        asyncio.run(run())
    assert cleaned
    assert stream.ended


def test_too_many_errors_stop_a_run_and_the_next_one_begins_anew(tmp_path: Path):
    guard = Guard(scenario(tmp_path, "limits: {errors: 0.5}"))
    results = []

    async def work(ok: bool) -> str:
        for seq in range(300):
            guard.saw([record(seq, ok)])
            await asyncio.sleep(0)
        return "done"

    async def runs() -> None:
        with pytest.raises(LimitExceededError, match=r"of \d+ requests failed, limits.errors is 50 %"):
            await guard.over(work(ok=False))
        results.append(await guard.over(work(ok=True)))

    asyncio.run(runs())
    assert results == ["done"]


def test_what_a_run_raises_itself_comes_through(tmp_path: Path):
    async def work() -> None:
        raise ValueError("its own")

    with pytest.raises(ValueError, match="its own"):
        asyncio.run(Guard(scenario(tmp_path, "limits: {duration: 5s}")).over(work()))
