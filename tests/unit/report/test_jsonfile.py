"""`--json` and `events.ndjson`."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.report.consumer import Consumers
from chaosmesh.report.jsonfile import JsonFile
from chaosmesh.report.ndjson import EventsFile
from tests.unit.report import samples


def feed(consumer: Any, outcome: Any = None) -> None:
    for event in samples.events(outcome):
        consumer(event)
    consumer.close()


def test_the_file_holds_the_documented_form(tmp_path: Path) -> None:
    target = tmp_path / "new" / "verify.json"
    feed(JsonFile(target, io.StringIO()))
    document = json.loads(target.read_text("utf-8"))
    assert document["schema"] == "chaosmesh.verify/1"
    assert document["summary"] == samples.result().summary()
    assert document["matrix"][0]["edge"] == ["departures", "flights.airport.local"]
    assert [p.name for p in target.parent.iterdir()] == ["verify.json"]


def test_a_dash_means_stdout_and_nothing_else_is_there() -> None:
    out = io.StringIO()
    feed(JsonFile("-", out))
    assert json.loads(out.getvalue())["mesh"] == "airport"


def test_stdout_in_ascii_holds_the_same_document() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    feed(JsonFile("-", out), samples.result(mesh="flughäfen → \ud800"))
    assert json.loads(raw.getvalue())["mesh"] == "flughäfen → ?"


def test_numbers_that_json_lacks_become_null(tmp_path: Path) -> None:
    cell = dataclasses.replace(samples.MATRIX[0], p99_ms=math.inf, amplification=math.nan)
    target = tmp_path / "verify.json"
    feed(JsonFile(target, io.StringIO()), samples.result(matrix=(cell,)))
    entry = json.loads(target.read_text("utf-8"))["matrix"][0]
    assert entry["p99_ms"] is None
    assert entry["amplification"] is None


def test_an_unfinished_run_leaves_no_older_result(tmp_path: Path) -> None:
    target = tmp_path / "verify.json"
    target.write_text("{}", "utf-8")
    JsonFile(target, io.StringIO()).close()
    assert not target.exists()


def test_every_event_is_a_line_that_can_be_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "run" / "events.ndjson"
    consumer = EventsFile(path)
    told = list(samples.events(samples.result(mesh="line\u2028end\n")))
    for number, event in enumerate(told, 1):
        consumer(event)
        lines = path.read_text("utf-8").splitlines()
        assert len(lines) == number
        assert json.loads(lines[-1])["event"] == type(event).__name__
    consumer.close()


def test_one_consumer_that_fails_does_not_silence_the_others() -> None:
    class Broken:
        def __call__(self, event: object) -> None:
            raise OSError("disk full")

        def close(self) -> None:
            raise OSError("still full")

    out = io.StringIO()
    both = Consumers([Broken(), JsonFile("-", out)])
    for event in samples.events():
        with pytest.raises(OSError, match="disk full"):
            both(event)
    with pytest.raises(OSError, match="still full"):
        both.close()
    assert out.getvalue()


def test_all_failures_are_told() -> None:
    class Broken:
        def __call__(self, event: object) -> None:
            raise OSError("disk full")

        def close(self) -> None:
            """Nothing to close."""

    with pytest.raises(ExceptionGroup) as caught:
        Consumers([Broken(), Broken()])(next(samples.events()))
    assert len(caught.value.exceptions) == 2
