"""A ledger that requests leave, and the files that are whole all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chaosmesh.ledger import Ledger, passing
from chaosmesh.ledger.passing import LONGEST_S, PARTS, QUIET_S, Passing
from chaosmesh.load import request_id

from .handmade import ADDRESSES, FAILED, MS, T0, Try, call, door, record, row


class Clock:
    """Monotonic seconds by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(tmp_path: Path, clock: Clock) -> Passing:
    return Passing(ADDRESSES, tmp_path, clock)


def rows(seq: int):
    base = row(request_id=request_id(1, seq), call=f"c{seq}", start_ns=T0 + seq * 10 * MS)
    return [door(request_id(1, seq)), *call(FAILED, Try(), base=base)]


def whole(count: int) -> Ledger:
    one = Ledger(ADDRESSES)
    for seq in range(count):
        one.add_rows(rows(seq))
        one.add_records(1, [record(seq)])
    return one


def test_the_files_of_many_parts_are_those_of_one_ledger(book, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(passing, "PART_ROWS", 30)
    for seq in range(40):
        book.add_rows(rows(seq))
        book.add_records(1, [record(seq)])
        clock.now += 1
        asyncio.run(book.shed())
    assert len(list((tmp_path / PARTS).iterdir())) > 2
    book.write(tmp_path)
    assert Ledger.read(tmp_path) == whole(40)
    assert not (tmp_path / PARTS).exists()


def test_what_is_over_leaves_memory(book, clock, monkeypatch):
    monkeypatch.setattr(passing, "PART_ROWS", 1)
    for seq in range(100):
        book.add_rows(rows(seq))
        book.add_records(1, [record(seq)])
        clock.now += 1
        asyncio.run(book.shed())
    assert book.held <= QUIET_S + 1


def test_a_request_whose_end_is_not_known_waits_for_it(book, clock, tmp_path):
    book.add_records(1, [record(0)])
    book.add_rows(rows(7))
    clock.now += QUIET_S + 1
    asyncio.run(book.shed(everything=False))
    assert book.held == 2
    book.add_records(1, [record(7)])
    book.write(tmp_path)
    read = Ledger.read(tmp_path)
    assert [(one.seq, len(one.calls)) for one in read.requests()] == [(0, 0), (7, 1)]


def test_it_does_not_wait_for_ever(book, clock, monkeypatch):
    monkeypatch.setattr(passing, "PART_ROWS", 1)
    book.add_records(1, [record(0)])
    book.add_rows(rows(7))
    for _ in range(2):
        clock.now += LONGEST_S + 1
        asyncio.run(book.shed())
    assert book.held == 0


def test_rows_of_nobody_we_know_leave_without_a_record(book, clock, monkeypatch):
    monkeypatch.setattr(passing, "PART_ROWS", 1)
    book.add_rows([door("a-curl-by-hand"), row(request_id="", call="")])
    clock.now += QUIET_S + 1
    asyncio.run(book.shed())
    assert book.held == 0


def test_a_run_without_traffic_has_its_files_too(book, tmp_path):
    book.write(tmp_path)
    assert Ledger.read(tmp_path) == Ledger(ADDRESSES)


def test_rows_that_left_still_count_for_conservation(book, clock):
    book.add_rows(rows(0))
    asyncio.run(book.shed(everything=True))
    counters = {"front.0": {"cds_egress_m_color_http_8080": {"upstream_rq_total": 2}}}
    assert book.conservation(counters).ok
    counters["front.0"]["cds_egress_m_color_http_8080"]["upstream_rq_total"] = 3
    assert not book.conservation(counters).ok
