"""Spans while a run goes on, and their table afterwards."""

from __future__ import annotations

import threading

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.ledger import Ledger
from chaosmesh.ledger.span_table import TRACES
from chaosmesh.ledger.spans import Spans
from tests.unit.envoy.test_spans import OWN, export, segment

from .handmade import Try, call, ledger


def filled() -> Spans:
    spans = Spans()
    for number in range(3):
        tags = {**OWN, "chaosmesh.request_id": f"r-{number}"}
        both = [{"kind": 3, "start_time_unix_nano": 20}, {"kind": 2, "start_time_unix_nano": 10}]
        spans.add("otel", "front.0", export(*both, **tags))
    spans.add("xray", "", segment())
    return spans


def test_spans_are_found_by_request_in_the_order_of_their_begin():
    spans = filled()
    assert [one.kind for one in spans.of("r-2")] == ["call", "attempt"]
    assert len(spans.of("r-1")) == 3  # one of them came as a segment
    assert spans.of("r-9") == []
    assert len(list(spans)) == 7


def test_no_tracer_no_spans():
    spans = Spans()
    assert not spans
    assert (list(spans), spans.of("r-1"), spans.came("front.0", "r-1")) == ([], [], False)


def test_what_came_is_known_before_it_is_read():
    spans = filled()
    assert spans.came("front.0", "r-2")
    assert not spans.came("other.0", "r-2")
    assert not spans.came("front.0", "r-7")
    only_segment = Spans()
    only_segment.add("xray", "", segment())
    assert only_segment.came("front.0", "r-1")
    assert not only_segment.came("back.0", "r-1")


def test_what_cannot_be_read_is_counted_and_hurts_nothing():
    spans = filled()
    spans.add("otel", "front.0", b"\xff\xff r-2")
    spans.add("xray", "", b"nonsense r-2")
    assert len(spans.of("r-2")) == 2
    assert spans.malformed == 2


def test_another_thread_may_wait_for_them():
    spans = Spans()
    adding = threading.Timer(0.05, lambda: spans.add("xray", "", segment()))
    adding.start()
    assert spans.until(lambda: bool(spans.of("r-1")), 20)
    assert not spans.until(lambda: bool(spans.of("r-9")), 0.01)
    adding.join()


def test_more_than_fits_into_memory_is_kept(monkeypatch):
    monkeypatch.setattr("chaosmesh.ledger.spans.IN_MEMORY", 1000)
    spans = Spans()
    for number in range(200):
        spans.add("xray", "", segment(annotations={**OWN, "chaosmesh.request_id": f"r-{number}"}))
    assert [one.request_id for one in spans.of("r-150")] == ["r-150"]
    assert len(list(spans)) == 200
    spans.close()
    assert not spans


def test_a_run_folder_has_their_table_and_gives_them_back(tmp_path, monkeypatch):
    monkeypatch.setattr("chaosmesh.ledger.span_table.ROWS", 2)
    one = ledger(*call(Try()))
    one.spans = filled()
    one.write(tmp_path)
    again = Ledger.read(tmp_path)
    assert again == one
    assert sorted(map(repr, again.spans)) == sorted(map(repr, one.spans))
    assert again.spans.of("r-2") == one.spans.of("r-2")
    assert again.spans


def test_without_a_tracer_there_is_no_table(tmp_path):
    ledger(*call(Try())).write(tmp_path)
    assert not (tmp_path / TRACES).exists()
    again = Ledger.read(tmp_path)
    assert not again.spans
    assert (list(again.spans), again.spans.of("r-1")) == ([], [])


def test_a_damaged_table_says_which(tmp_path):
    ledger(*call(Try())).write(tmp_path)
    (tmp_path / TRACES).write_bytes(b"nonsense")
    with pytest.raises(UsageError, match=TRACES):
        Ledger.read(tmp_path).spans.of("r-1")
