"""The page and the run folder tell the same numbers; and what was done in the page runs as a test, to the same end."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from chaosmesh.engine.accounts import conserved
from chaosmesh.engine.tower.seconds import WINDOW_S
from chaosmesh.ledger import Ledger, passing
from tests.integration.tower.stage import claim, edge, route, staged

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

FRONT, WEATHER = "departures->flights", "flights-v1->weather"
NO_RETRY = {
    "maxRetries": 0,
    "perRetryTimeout": {"unit": "s", "value": 1},
    "httpRetryEvents": ["server-error"],
}


async def test_numbers_of_the_page_are_those_of_the_run_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "PART_ROWS", 500)
    async with staged(tmp_path) as stage:
        await stage.begin()
        await stage.act(
            "/api/faults",
            {"kind": "errors", "on": {"edge": WEATHER}, "fields": {"status": 503, "share": 0.4}},
        )
        await stage.until("evidence", lambda s: claim(s, "success")["n"] > 300)
        assert stage.load is not None
        stage.load.stop()
        report = await stage.load.done()
        await stage.tower.faults.heal_all()
        assert (await conserved(stage.stack)).ok
        settled = time.time() * 1000
        state = await stage.until("every row", lambda s: s["at_ms"] > settled and _whole(s, report.sent))
        folder = stage.stack.folder.path
    requests, rows = (pq.read_table(folder / name) for name in ("requests.parquet", "attempts.parquet"))
    assert state["load"]["total"]["sent"] == len(requests) == report.sent
    assert sum(state["history"]["done"]) == len(requests)
    assert sum(state["history"]["failed"]) == pc.sum(pc.invert(requests["ok"])).as_py()
    for one in state["edges"]:
        mine = rows.filter(pc.equal(rows["edge"], f"{one['client']}>{one['service']}"))
        mine = mine.filter(pc.equal(mine["side"], "egress"))
        attempts = pc.sum(mine["attempt_row"]).as_py()
        assert one["total"] == {
            "calls": len(mine) - attempts,
            "ok": len(mine.filter(pc.and_(pc.invert(mine["attempt_row"]), pc.less(mine["status"], 500)))),
            "attempts": attempts,
        }
    ends = [(one["done_ns"] // 10**9, one["latency_ms"]) for one in requests.to_pylist()]
    last = _busy_window(state)
    inside = sorted(ms for second, ms in ends if second == last)
    at = state["history"]["t"].index(last)
    assert state["history"]["done"][at] == len(inside)
    for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        exact = inside[max(0, math.ceil(share * len(inside)) - 1)]
        assert state["history"][name][at] == pytest.approx(exact, abs=0.01)
    ledger = Ledger.read(folder)
    assert len(ledger.requests()) == report.sent
    assert not (folder / passing.PARTS).exists()
    told = json.loads((folder / "run.json").read_text())
    assert told["schema"] == "chaosmesh.up/1"
    assert told["episodes"][0]["faults"] == [] or told["episodes"][0]["faults"][0]["kind"] == "errors"
    lines = [json.loads(line) for line in (folder / "events.ndjson").read_text().splitlines()]
    assert {"fault", "heal", "note"} <= {one["event"] for one in lines}


async def test_requests_that_nobody_answers_count_as_sent(tmp_path: Path) -> None:
    begin = int(time.time())
    async with staged(tmp_path) as stage:
        await stage.begin()
        await stage.until("answers", lambda s: s["load"]["done_rps"] > 0)
        hang = {"kind": "hang", "on": {"node": "departures", "replica": 0}, "fields": {}}
        await stage.act("/api/faults", hang)
        state = await stage.until("ten seconds without an answer", lambda s: not s["load"]["done_rps"])
        assert state["load"]["sent_rps"] > 0
        total = state["load"]["total"]
        assert total["sent"] > total["ok"] + total["failed"]
        await stage.quiet()
        folder = stage.stack.folder.path
        sent = stage.tower.seen.sent
        seconds = {at: one.sent for at, one in stage.tower.seen.entry.of(begin, int(time.time()) + 1) if one}
    at = Counter(one // 10**9 for one in pq.read_table(folder / "requests.parquet")["sent_ns"].to_pylist())
    assert (at.total(), at) == (sent, Counter(seconds))


async def test_what_was_done_runs_as_an_experiment_to_the_same_end(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        for one in (await stage.state())["claims"]:
            if not one["text"].startswith("success"):
                await stage.act("/api/claims", {"remove": one["id"]})
        state = await stage.state()
        weather, flights = route(state, "weather-route"), route(state, "flights-route")
        for each in (weather, flights):
            await stage.act("/api/routes", {"id": each["id"], "hash": each["hash"], "retry": NO_RETRY})
        fault = {"kind": "errors", "on": {"edge": WEATHER}, "fields": {"status": 503, "share": 0.5}}
        await stage.act("/api/faults", fault)
        await stage.begin()
        await stage.until(
            "evidence", lambda s: claim(s, "success")["n"] and claim(s, "success")["high"] < 0.99
        )
        made = await stage.act("/api/export")
    file = tmp_path / made["name"]
    file.write_text(made["text"])
    compile(made["text"], made["name"], "exec")
    assert ".errors(503, share=0.5)" in made["text"]
    ran = subprocess.run(  # noqa: ASYNC221 - nothing else goes on here
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "CI": "true"},
        check=False,
    )
    assert "success at least 99 %" in ran.stdout, ran.stdout + ran.stderr
    unfit = any(word in ran.stdout for word in ("starved", "crowded", "the generator"))
    assert "1 failed" in ran.stdout or ("1 error" in ran.stdout and unfit), ran.stdout + ran.stderr


def _whole(state: object, sent: int) -> bool:
    """Whether every request has ended, also by the history of whole seconds, and has its call on the first edge."""
    total = state["load"]["total"]["sent"]  # type: ignore[index]
    done = sum(state["history"]["done"])  # type: ignore[index]
    return total == done == sent and edge(state, FRONT)["total"]["calls"] == sent  # type: ignore[arg-type]


def _busy_window(state: object) -> int:
    """A second in the middle of the load."""
    history = state["history"]  # type: ignore[index]
    busy = [t for t, done in zip(history["t"], history["done"], strict=True) if done > WINDOW_S]
    return busy[len(busy) // 2]
