"""The page of a run with 100,000 requests: how large it is, what making it costs, and how soon a browser has it."""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.row import Row
from chaosmesh.errors import Where
from chaosmesh.report.book import read
from chaosmesh.report.html import MAX_BYTES, render
from tests import runfolders
from tests.unit.report import samples

REQUESTS = 100_000
RULES = 400
EDGES = 20
OPEN_S = 2.0
MAKE_S = 5.0  # seconds of CPU
RUNS = 5
EMPTY = "<!doctype html><title>empty</title><p>empty"


def run() -> list[Row]:
    """Made once, opened five times; the floor is a page that says one word."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "run")
        _folder(folder)
        before = time.process_time()
        text = render(read(folder))
        made = time.process_time() - before
        page, empty = Path(name, "report.html"), Path(name, "empty.html")
        page.write_text(text)
        empty.write_text(EMPTY)
        size = len(text.encode())
        (opened, cpu), (floor, _) = _opened([page, empty])
    what = f"page of {REQUESTS:,} requests"
    return [
        Row(
            f"{what}: open",
            f"{opened:.2f} s ({cpu:.2f} s of CPU)",
            f"{OPEN_S:g} s",
            f"empty page {floor:.2f} s",
            opened / OPEN_S,
        ),
        Row(f"{what}: size", f"{size / 1e6:.2f} MB", f"{MAX_BYTES / 1e6:g} MB", "", size / MAX_BYTES),
        Row(f"{what}: made", f"{made:.2f} s of CPU", f"{MAKE_S:g} s", "", made / MAKE_S),
    ]


def _folder(folder: Path) -> None:
    checks = tuple(
        samples.check(
            f"match.headers.h{n}",
            parent=f"virtualNode/node-{n % 40}",
            where=Where("mesh.json", 4 * n + 1),
        )
        for n in range(RULES)
    )
    cells = tuple(
        dataclasses.replace(samples.cell((f"client-{n}", f"service-{n}"), dose), streams=(7,))
        for n in range(EDGES)
        for dose in (samples.ERRORS, samples.LATENCY, samples.DOWN)
    )
    document = "\n".join(f'  {{"name": "x-header-{n}", "match": "exact"}},' for n in range(4 * RULES))
    runfolders.verified(folder, samples.result(checks=checks, matrix=cells), {"mesh.json": document})
    runfolders.ledger(folder, REQUESTS, fault=(REQUESTS // 3, REQUESTS // 2))


def _opened(pages: list[Path]) -> list[tuple[float, float]]:
    """Medians of seconds until each page is loaded and laid out, and of the CPU time of its main thread; in a context of
    its own each time."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        found = [[_once(browser, one) for _ in range(RUNS)] for one in pages]
        browser.close()
    return [(statistics.median(a for a, _ in one), statistics.median(b for _, b in one)) for one in found]


def _once(browser: Browser, path: Path) -> tuple[float, float]:
    context = browser.new_context(offline=True)
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    protocol.send("Performance.enable", {"timeDomain": "threadTicks"})
    begin = time.monotonic()
    page.goto(path.as_uri())
    page.evaluate("new Promise(done => requestAnimationFrame(() => done(document.body.scrollHeight)))")
    took = time.monotonic() - begin
    metrics = {one["name"]: one["value"] for one in protocol.send("Performance.getMetrics")["metrics"]}
    context.close()
    return took, metrics["TaskDuration"]
