"""The whole way in a real browser on a real mesh: `chaosmesh up fixtures/airport --ui`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
HOST = "can't be judged"


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(AIRPORT, "--ui", runs=tmp_path_factory.mktemp("runs")) as running:
        yield running


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


def test_from_load_to_a_test_that_says_the_same(mesh: Up, opened: Opener, tmp_path: Path) -> None:
    locust = opened(mesh.line["ui"])
    locust.get_by_label("Number of users").fill("60")
    locust.get_by_label("Ramp up").fill("60")
    locust.get_by_role("button", name="Start", exact=True).click()

    page = opened(mesh.line["tower"])
    expect(page.locator("#load")).to_contain_text("60 users", timeout=LONG_MS)
    expect(page.locator(EDGE)).not_to_have_attribute("data-tone", "idle", timeout=LONG_MS)
    expect(page.locator("#inspector-title")).to_have_text("departures → flights")

    faults = page.get_by_label("Faults on this edge", exact=True)
    row = faults.locator("li", has_text="answers with an error")
    faults.get_by_label("How long a fault lasts").select_option("600")
    row.get_by_role("switch").click()
    expect(page.locator(EDGE)).to_contain_text("errors 30 %", timeout=LONG_MS)
    expect(page.locator(EDGE)).to_have_attribute("data-tone", "warn", timeout=LONG_MS)
    expect(row).to_contain_text(re.compile(r"hit \d"), timeout=LONG_MS)

    page.get_by_label("Weight of flights-v2 in per cent").fill("60")
    expect(page.get_by_label("Route flights-route")).to_contain_text("in force after", timeout=LONG_MS)
    seen = page.get_by_label("Route flights-route").locator(".weight", has_text="flights-v2").locator(".seen")
    expect(seen).to_have_text(re.compile(r"seen (4[5-9]|[56]\d|7[0-5])\."), timeout=LONG_MS)
    weights = {one["id"].rpartition("/")[2]: one["targets"] for one in state(mesh)["routes"]}["flights-route"]
    assert {one["node"]: one["weight"] for one in weights} == {"flights-v1": 40, "flights-v2": 60}

    retry = page.get_by_label("Route flights-route").get_by_role("form", name="Retry")
    retry.get_by_role("switch").click()
    expect(page.locator(EDGE)).to_have_attribute("data-tone", "bad", timeout=LONG_MS)
    able = judged(page, "success", "broken")
    if able:
        expect(page.locator("#verdict")).to_contain_text("broken")

    page.keyboard.press("Alt+x")
    expect(page.get_by_role("alert")).to_contain_text("Stopped in", timeout=LONG_MS)
    expect(page.get_by_role("alert")).to_contain_text("healed: 503 30 %")
    expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "false", timeout=LONG_MS)
    expect(page.locator("#load")).to_contain_text("none", timeout=LONG_MS)
    expect(page.locator(EDGE)).to_have_attribute("data-tone", "idle", timeout=LONG_MS)
    after = state(mesh)
    assert (after["faults"], after["load"]["running"]) == ([], False)
    expect(locust.get_by_text("STOPPED")).to_be_visible(timeout=LONG_MS)

    page.get_by_role("button", name="Export as a test").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    if not able:
        pytest.skip(f"the host was too busy in each of {TRIES} tries to judge anything")
    said_the_same(Path(download.value.path()).read_text(), download.value.suggested_filename, tmp_path)


def said_the_same(text: str, name: str, folder: Path) -> None:
    """The exported tests, run by pytest: what the page called broken fails there."""
    (folder / name).write_text(text)
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-k",
            "changed or errors",
            "-p",
            "no:cacheprovider",
            folder / name,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 1, f"{text}\n{ran.stdout}\n{ran.stderr}"
    assert "success" in ran.stdout, ran.stdout
