"""The tables in Locust's web UI, from a state of the tower."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chaosmesh.web.locust import tabs

STATE = json.loads((Path(__file__).resolve().parents[1] / "browser" / "states" / "airport.json").read_text())


def test_every_row_fits_its_columns() -> None:
    for key, _, columns, rows in tabs.TABS:
        found = rows(STATE)
        assert found, key
        assert all(set(row) <= set(columns) for row in found)
        assert rows({}) or key == "edges"
    assert [one["key"] for one in tabs.contents(STATE)] == [one["key"] for one in tabs.tabs()]
    assert [one["key"] for one in tabs.tables()] == ["edges", "faults", "claims"]


def test_an_edge_says_what_it_met() -> None:
    first = STATE["edges"][0]
    row = tabs.edges(STATE)[0]
    assert row["edge"] == first["id"].replace("->", " → ")
    assert row["rate"] == f"{first['rps']:.1f}"
    quiet = {**first, "success": None, "attempts": None, "p50_ms": None, "p99_ms": None, "faults": []}
    row = tabs.edges({"edges": [quiet]})[0]
    assert {row[one] for one in ("success", "attempts", "median", "tail", "faults")} == {"–"}


def test_a_split_shows_what_was_got_and_what_is_written() -> None:
    edge = {**STATE["edges"][0]}
    edge["targets"] = [
        {"node": "v1", "weight": 90, "share": 0.875, "n": 7},
        {"node": "v2", "weight": 10, "share": 0.125, "n": 1},
    ]
    assert tabs.edges({"edges": [edge]})[0]["split"] == "v1 87.5% / 90 % · v2 12.5% / 10 %"


def test_a_fault_says_its_dose_and_where_in_words() -> None:
    fault = {
        "label": "503",
        "on": {"edge": "a->b", "replica": None},
        "fields": {"status": 503, "grpc": None, "share": 0.3},
        "left_s": 118.7,
        "hit": None,
        "evidence": "no attempt yet",
    }
    row = tabs.faults({"faults": [fault]})[0]
    assert (row["on"], row["dose"], row["left"]) == ("a → b", "status 503, share 30%", "119 s")
    assert tabs.faults({})[0]["fault"] == "No fault is in force."


def test_a_summary_names_what_did_not_pass() -> None:
    claims: list[dict[str, Any]] = [
        {"verdict": "pass", "text": "one", "on": None},
        {"verdict": "fail", "text": "success at least 99 %", "on": "a->b"},
        {"verdict": "inconclusive", "text": "two", "on": None},
    ]
    told = "claims: 1 fail, 1 inconclusive, 1 pass (success at least 99 % at a → b: fail)"
    assert tabs.summary(claims) == told
    assert tabs.summary(claims[:1]) == "claims: 1 pass"
