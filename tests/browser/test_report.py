"""A run's page in a real Chromium, from disk and without network; the page of a real verification, and of made-up runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from benchmarks.nightlies import nights
from chaosmesh.engine.history import trends
from chaosmesh.report import compare_page, history_page
from chaosmesh.report.html import write_report
from tests import runfolders
from tests.browser.conftest import PATIENCE_MS, Axe, Opener
from tests.e2e.command import AIRPORT, chaosmesh
from tests.unit.compare.test_compare import cell, check, compared
from tests.unit.history.test_history import FALL
from tests.unit.report.test_book import CANARY, experiment

pytestmark = pytest.mark.e2e
expect.set_options(timeout=PATIENCE_MS)

LOOKS = [{}, {"dark": True}, {"phone": True}, {"phone": True, "dark": True}]
KINDS = ["verify", "experiment", "canary", "history", "compare"]
ONLY = ("*weather-route*", "*departures*flights*errors*")


@dataclass(frozen=True)
class Verified:
    """A verification that has ended: its folder, its page, and its document."""

    folder: Path
    page: Path
    document: dict[str, Any]


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Verified:
    """The airport, a few rules and one edge of it. What the verdicts are does not matter here: a busy host may leave them open."""
    runs = tmp_path_factory.mktemp("runs")
    chosen = [arg for one in ONLY for arg in ("--only", one)]
    ended = chaosmesh("verify", AIRPORT, "--runs", runs, *chosen, within=400)
    assert ended.code in (0, 3), ended
    folder = (runs / "airport" / "latest").resolve()
    return Verified(folder, folder / "report.html", json.loads((folder / "run.json").read_text()))


@pytest.fixture(scope="module")
def pages(verified: Verified, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page for each kind of run, of a month of nights with a regression, and of a change that made edges worse."""
    made = {"verify": verified.page}
    for kind, document in (("experiment", experiment()), ("canary", CANARY)):
        folder = runfolders.finished(
            tmp_path_factory.mktemp(kind) / "run", document, {"a.yaml": "a: 1\nb: 2"}
        )
        runfolders.ledger(folder, 2_000, fault=(500, 1_000))
        made[kind] = write_report(folder)
    month = trends("nights", nights(3, items=6, regression=FALL))
    changed = compared(
        [
            cell("lost", 1100, 1100),
            cell("won", 100, 300, "weak"),
            check("rule", "pass"),
            check("old", "pass"),
        ],
        [
            cell("lost", 150, 213, "weak"),
            cell("won", 1100, 1100),
            check("rule", "fail"),
            check("fresh", "pass"),
        ],
    )
    for kind, text in (("history", history_page.render(month)), ("compare", compare_page.render(changed))):
        made[kind] = tmp_path_factory.mktemp(kind) / "page.html"
        made[kind].write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def alone(opened: Opener) -> Callable[..., tuple[Page, list[str]]]:
    """Opens a file without network, everything unfolded; with it the addresses that were asked for."""

    def open_(path: Path, **look: Any) -> tuple[Page, list[str]]:
        page = opened(None, offline=True, **look)
        asked: list[str] = []

        def only_the_file(route: Route) -> None:
            asked.append(route.request.url)
            if route.request.url == path.as_uri():
                route.continue_()
            else:
                route.abort()

        page.route("**/*", only_the_file)
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        return page, asked

    return open_


@pytest.mark.parametrize("kind", KINDS)
def test_no_request_leaves_the_file(kind: str, pages: dict[str, Path], alone: Any) -> None:
    page, asked = alone(pages[kind])
    expect(page.locator("h1")).to_be_visible()
    assert page.locator("main section").first.evaluate("one => getComputedStyle(one).borderRadius") != "0px"
    assert asked == [pages[kind].as_uri()]


def test_its_policy_refuses_what_would_be_put_in(pages: dict[str, Path], chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto(pages["verify"].as_uri())
    refused = page.evaluate(
        """() => new Promise(told => {
            document.addEventListener('securitypolicyviolation', event => told(event.effectiveDirective));
            document.body.append(Object.assign(new Image(), {src: 'file:///x.png'}));
        })"""
    )
    page.close()
    assert refused == "img-src"


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(look) or "light")
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_serious_is_in_the_way_of_anybody(
    kind: str, look: dict[str, bool], pages: dict[str, Path], alone: Any, axe: Axe
) -> None:
    page, _ = alone(pages[kind], **look)
    assert axe(page) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_shows_it_without_scrolling_sideways(kind: str, pages: dict[str, Path], alone: Any) -> None:
    page, _ = alone(pages[kind], phone=True)
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window


def test_its_numbers_are_those_of_the_run(verified: Verified, alone: Any) -> None:
    page, _ = alone(verified.page)
    document = verified.document
    passed = document["summary"]["pass"]
    expect(page.locator(".facts")).to_contain_text(f"{passed} of {len(document['checks'])}")
    [cell] = document["matrix"]
    success = cell["success"]
    row = page.locator("#matrix table.intervals tbody tr")
    expect(row).to_contain_text(f"{success['k']:,} of {success['n']:,}")
    chosen = ", ".join(map(str, cell["streams"]))
    table = verified.folder / "requests.parquet"
    [(sent, ok)] = (
        duckdb.connect()
        .execute(f"select count(*), count_if(ok) from '{table}' where stream in ({chosen})")
        .fetchall()
    )
    expect(page.locator("#time")).to_contain_text(f"{sent:,} requests")
    shown = page.locator("#time figure").nth(1).locator("tbody td:first-of-type").all_inner_texts()
    assert sum(int(one.replace(",", "")) for one in shown) == ok
    calls = page.locator("#edges table tbody tr", has_text="departures → flights").locator("td").first
    attempts = verified.folder / "attempts.parquet"
    [(made,)] = (
        duckdb.connect()
        .execute(
            f"select count(*) from '{attempts}' where stream in ({chosen}) and side = 'egress' and not attempt_row"
            " and edge like 'departures>flights%'"
        )
        .fetchall()
    )
    expect(calls).to_have_text(f"{made:,}")


def test_every_rule_stands_beside_its_line(verified: Verified, alone: Any) -> None:
    page, _ = alone(verified.page)
    marked = page.locator("#policy .hit")
    assert marked.count() == len(
        {(one["resource"]["file"], one["resource"]["line"]) for one in verified.document["checks"]}
    )
    retries = next(one for one in verified.document["checks"] if one["id"].endswith("retryPolicy.maxRetries"))
    line = page.locator("#policy .hit", has_text="retryPolicy.maxRetries")
    expect(line.locator(".no")).to_have_text(str(retries["resource"]["line"]))
    expect(line.locator(".tag").first).to_have_text(retries["verdict"])
    expect(line.locator(".code")).to_contain_text("maxRetries")


def test_the_topology_and_the_waterfalls_are_there(verified: Verified, alone: Any) -> None:
    page, _ = alone(verified.page)
    for name in ("departures", "flights-v1", "flights-v2", "weather"):
        expect(page.locator("#topology .box-name", has_text=re.compile(f"^{name}$"))).to_be_visible()
    first = page.locator("#requests details").first
    expect(first.locator("tbody tr").first).to_contain_text("user")
    assert first.locator("rect").count() >= 4


def test_it_can_be_read_with_the_keyboard_alone(pages: dict[str, Path], opened: Opener) -> None:
    page = opened(pages["verify"].as_uri())
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    summary = page.locator("#matrix summary").first
    summary.focus()
    page.keyboard.press("Enter")
    region = page.locator("#matrix details [role=region]").first
    expect(region).to_be_visible()
    region.focus()
    expect(region).to_be_focused()


def test_a_link_of_the_contents_leads_to_its_section(pages: dict[str, Path], opened: Opener) -> None:
    page = opened(pages["verify"].as_uri())
    page.get_by_role("link", name="Load over time").click()
    expect(page.get_by_role("heading", name="Load over time")).to_be_in_viewport()


def test_on_paper_the_contents_are_left_out(pages: dict[str, Path], opened: Opener) -> None:
    page = opened(pages["verify"].as_uri())
    page.emulate_media(media="print")
    expect(page.locator(".contents")).to_be_hidden()
    expect(page.locator("#findings")).to_be_visible()
