"""The whole way in a real browser on a real mesh: `chaosmesh up fixtures/airport --ui`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.e2e.command import AIRPORT, ROOT
from tests.e2e.test_up import Up, up

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
EDGE = '[data-part="departures->flights"]'
LONG_MS = 120_000
"""For what a mesh and its load must first do."""
TRIES = 4
ERRORS = "answers with an error"
HOST = "can't be judged"


def state(mesh: Up) -> dict[str, Any]:
    """What the tower tells at this moment, without any page."""
    with urllib.request.urlopen(f"{mesh.line['tower']}/api/state", timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def judged(page: Page, words: str, verdict: str) -> bool:
    """Waits until an expectation is judged, and says whether it could be: on a host without time to spare it can't, and is
    judged anew a few times."""
    claim = page.locator(".claim", has_text=words)
    for _ in range(TRIES):
        expect(claim.locator("strong")).to_have_text(re.compile(f"{verdict}|{HOST}"), timeout=LONG_MS)
        if claim.locator("strong").text_content() == verdict:
            return True
        page.get_by_role("button", name="Judge anew from now").click()
        expect(claim.locator("strong")).not_to_have_text(HOST, timeout=LONG_MS)
    return False


def test_from_load_to_a_test_that_says_the_same(opened: Opener, tmp_path: Path) -> None:
    with up(AIRPORT, "--ui", runs=tmp_path / "runs") as mesh:
        locust = opened(mesh.line["ui"])
        page = opened(mesh.line["tower"])
        load_begins(locust, page)
        a_fault_turns_the_edge(page)
        a_slider_moves_the_split(page, mesh)
        able = without_retries_it_is_broken(page)
        everything_is_healed(locust, page, mesh)
        name, text = exported(page)
        folder, total = Path(state(mesh)["folder"]), page.locator("#load [data-figure=total]").text_content()
    assert total == f"{pq.read_metadata(folder / 'requests.parquet').num_rows:,}", (
        "page and run folder differ"
    )
    if not able:
        pytest.skip(f"the host was too busy in each of {TRIES} tries to judge anything")
    said_the_same(tmp_path / name, text)


def load_begins(locust: Page, page: Page) -> None:
    """Sixty passengers, by Locust's own form."""
    locust.get_by_label("Number of users").fill("60")
    locust.get_by_label("Ramp up").fill("60")
    locust.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#load")).to_contain_text("60 users", timeout=LONG_MS)
    expect(page.locator(EDGE)).not_to_have_attribute("data-tone", "idle", timeout=LONG_MS)
    expect(page.locator("#inspector-title")).to_have_text("departures → flights")


def a_fault_turns_the_edge(page: Page) -> None:
    """Retries make up for most errors, so that the edge is weak; on a host without time it may even fail."""
    faults = page.get_by_label("Faults on this edge", exact=True)
    faults.get_by_label("How long a fault lasts").select_option("600")
    faults.get_by_role("switch", name=ERRORS).click()
    expect(page.locator(EDGE)).to_contain_text("errors 30 %", timeout=LONG_MS)
    expect(page.locator(EDGE)).to_have_attribute("data-tone", re.compile("warn|bad"), timeout=LONG_MS)
    expect(faults.locator("li", has_text=ERRORS)).to_contain_text(re.compile(r"hit \d"), timeout=LONG_MS)


def a_slider_moves_the_split(page: Page, mesh: Up) -> None:
    """From 20 % to 60 %: in force at once, and seen in the calls of the last seconds."""
    route = page.get_by_label("Route flights-route")
    page.get_by_label("Weight of flights-v2 in per cent").fill("60")
    expect(route).to_contain_text("in force after", timeout=LONG_MS)
    seen = route.locator(".weight", has_text="flights-v2").locator(".seen")
    expect(seen).to_have_text(re.compile(r"seen (4[5-9]|[56]\d|7[0-5])\."), timeout=LONG_MS)
    targets = next(one["targets"] for one in state(mesh)["routes"] if one["route"] == "flights-route")
    assert {one["node"]: one["weight"] for one in targets} == {"flights-v1": 40, "flights-v2": 60}


def without_retries_it_is_broken(page: Page) -> bool:
    """Whether the host let that be judged."""
    retry = page.get_by_label("Route flights-route").get_by_role("form", name="Retry")
    retry.get_by_role("switch").click()
    expect(page.locator(EDGE)).to_have_attribute("data-tone", "bad", timeout=LONG_MS)
    able = judged(page, "success", "broken")
    if able:
        expect(page.locator("#verdict")).to_contain_text("broken")
    return able


def everything_is_healed(locust: Page, page: Page, mesh: Up) -> None:
    """By the key; the tower and Locust say so too."""
    page.keyboard.press("Alt+x")
    expect(page.get_by_role("alert")).to_contain_text("Stopped in", timeout=LONG_MS)
    expect(page.get_by_role("alert")).to_contain_text("healed: 503 30 %")
    expect(page.get_by_role("switch", name=ERRORS)).to_have_attribute("aria-checked", "false")
    expect(page.locator("#load")).to_contain_text("none", timeout=LONG_MS)
    expect(page.locator(EDGE)).to_have_attribute("data-tone", "idle", timeout=LONG_MS)
    after = state(mesh)
    assert (after["faults"], after["load"]["running"]) == ([], False)
    expect(locust.get_by_text("STOPPED")).to_be_visible(timeout=LONG_MS)


def exported(page: Page) -> tuple[str, str]:
    """Name and text of what was done."""
    page.get_by_role("button", name="Export as a test").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    return download.value.suggested_filename, Path(download.value.path()).read_text()


def said_the_same(file: Path, text: str) -> None:
    """The exported tests, run by pytest: what the page called broken fails there."""
    file.write_text(text)
    ran = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "errors", file),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 1, f"{text}\n{ran.stdout}\n{ran.stderr}"
    assert "success" in ran.stdout, ran.stdout
