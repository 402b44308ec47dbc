"""Locust's own web UI of `chaosmesh up --ui` in Chromium: its form starts a test, its tabs show the mesh."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.e2e.command import AIRPORT
from tests.e2e.test_up import up

pytestmark = pytest.mark.e2e
PATIENCE_MS = 60_000


def test_a_test_started_in_the_form_shows_in_the_tabs_and_obeys_the_tower(
    opened: Opener, tmp_path: Path
) -> None:
    with up(AIRPORT, "--ui", runs=tmp_path) as mesh:
        page = opened(mesh.line["ui"])
        page.set_default_timeout(PATIENCE_MS)
        begin(page, host="http://192.0.2.1")
        expect(page.get_by_role("alert")).to_contain_text("is not an entry of the mesh", timeout=PATIENCE_MS)
        begin(page, host=mesh.line["entry"]["departures"])
        page.get_by_role("tab", name="Edges").click()
        row = page.get_by_role("row").filter(has_text="departures → flights")
        expect(row.locator("td").nth(2)).to_have_text("100.0%", timeout=PATIENCE_MS)
        shot(page, "edges")

        fault = {"kind": "errors", "on": {"edge": edge_of(mesh.line["tower"])}, "fields": {}, "ttl_s": 120}
        act(mesh.line["tower"], "/api/faults", fault)
        page.get_by_role("tab", name="Faults").click()
        expect(page.get_by_role("row").nth(1)).to_contain_text("flights", timeout=PATIENCE_MS)
        shot(page, "faults")
        page.get_by_role("tab", name="Claims").click()
        expect(page.get_by_role("columnheader", name="Verdict")).to_be_visible()
        shot(page, "claims")

        act(mesh.line["tower"], "/api/stop", {})
        expect(page.get_by_text("STOPPED")).to_be_visible(timeout=PATIENCE_MS)
        mesh.hears("load has ended")


def test_the_button_leads_to_the_tower(opened: Opener, tmp_path: Path) -> None:
    with up(AIRPORT, "--ui", runs=tmp_path) as mesh:
        for dark, phone in ((False, False), (True, True)):
            page = opened(mesh.line["ui"], dark=dark, phone=phone)
            link = page.get_by_role("link", name="Control tower of the mesh")
            shot(page, f"form-{dark}")
            with page.context.expect_page() as told:
                link.click()
            told.value.wait_for_url(f"{mesh.line['tower']}/")


def begin(page: Page, host: str) -> None:
    page.locator('input[name="host"]').fill(host)
    page.locator('input[name="userCount"]').fill("20")
    page.locator('input[name="spawnRate"]').fill("20")
    page.get_by_role("button", name="Start").click()


def edge_of(tower: str) -> str:
    with urllib.request.urlopen(f"{tower}/api/state", timeout=30) as answer:
        edges = json.load(answer)["edges"]
    found: str = next(one["id"] for one in edges if one["client"] == "departures")
    return found


def act(tower: str, path: str, body: Any) -> Any:
    request = urllib.request.Request(
        tower + path, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def shot(page: Page, name: str) -> None:
    """Kept to be looked at where CHAOSMESH_SHOTS names a folder."""
    if folder := os.environ.get("CHAOSMESH_SHOTS"):
        page.screenshot(path=f"{folder}/locust-{name}.png")
