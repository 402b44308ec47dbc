"""Evidence of claims: in order, in blocks, episode by episode."""

from __future__ import annotations

import random

import pytest

from chaosmesh.engine.tower.claims import written
from chaosmesh.engine.tower.counted import Counted, told
from chaosmesh.engine.tower.ordered import Latest, Ordered
from chaosmesh.errors import UsageError
from chaosmesh.judge import Counting, Evidence
from chaosmesh.load import Record, RequestSpec, Stream

S = 1_000_000_000
STREAM = Stream(3, "users", "http://127.0.0.1:1", "a", (RequestSpec(),), 10.0)


def record(seq: int, *, at_s: float | None = None, took_s: float = 0.01) -> Record:
    at = int((seq / 10 if at_s is None else at_s) * S) + S
    return Record(seq, 0, at, at, at + int(took_s * S), 200, 1)


def seqs(given: object) -> list[int | None]:
    return [None if one is None else one.seq for one in given]  # type: ignore[attr-defined]


def test_outcomes_come_in_the_order_of_their_times() -> None:
    ordered = Ordered(0, 10.0, Latest())
    assert seqs(ordered.add(STREAM, [record(1), record(2)])) == []
    assert seqs(ordered.add(STREAM, [record(0)])) == [0, 1, 2]


def test_what_has_not_ended_in_time_is_given_out_without_its_end() -> None:
    ordered = Ordered(0, 1.0, Latest())
    assert seqs(ordered.add(STREAM, [record(1), record(2)])) == []
    assert seqs(ordered.tick(int(2.15 * S))) == [None, 1, 2]
    assert seqs(ordered.add(STREAM, [record(0, took_s=9)])) == []


def test_an_episode_begins_with_its_own_requests() -> None:
    latest = Latest()
    latest.saw(STREAM, [record(seq) for seq in range(5)])
    ordered = Ordered(record(7).intended_ns, 10.0, latest)
    assert seqs(ordered.add(STREAM, [record(8), record(5), record(6)])) == []
    assert seqs(ordered.add(STREAM, [record(7)])) == [7, 8]


def test_the_end_of_a_stream_gives_out_what_waited_for_what_was_never_sent() -> None:
    ordered = Ordered(0, 10.0, Latest())
    assert seqs(ordered.add(STREAM, [record(2), record(4)])) == []
    assert seqs(ordered.end(STREAM.id)) == [2, 4]


def test_whatever_the_order_everything_is_given_out_once() -> None:
    rng = random.Random(5)
    for _ in range(50):
        ordered = Ordered(0, 100.0, Latest())
        sent = list(range(40))
        rng.shuffle(sent)
        found: list[int | None] = []
        while sent:
            found += seqs(ordered.add(STREAM, [record(sent.pop()) for _ in range(min(3, len(sent)))]))
        assert found == list(range(40))


@pytest.mark.parametrize("counting", [Counting(1, 0, ""), Counting(4, 2, "cuts")])
@pytest.mark.parametrize("high", [1.0, 5.0])
def test_counts_are_those_of_the_judge_and_can_be_told_again(counting: Counting, high: float) -> None:
    rng = random.Random(1)
    values = [float(rng.randint(0, 1) if high == 1 else rng.randint(1, 5)) for _ in range(97)]
    counted = Counted(counting, high)
    for value in values:
        counted.add(value)
    assert counted.evidence == counting.evidence(values, high=high)
    assert told(counted.as_json()) == counted.evidence
    assert isinstance(counted.evidence, Evidence)


def test_bounds_read_as_people_write_them() -> None:
    assert written("success", "99 %") == "at least 99 %"
    assert written("p99", "300ms") == "at most 300ms"
    assert written("attempts", 3) == "at most 3"
    assert written("status_503", "At least 1 %") == "At least 1 %"
    with pytest.raises(UsageError, match="is no bound"):
        written("success", " ")
