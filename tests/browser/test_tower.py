"""The control tower's page, widget by widget, against a stand-in that tells of a scripted airport."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.airport import FLIGHTS, ROUTE, edge, loaded
from tests.browser.standin_tower import StandinTower, busy
from tests.browser.world import World

pytestmark = pytest.mark.e2e


def test_an_idle_mesh_says_so_and_load_turns_its_edges_well(page: Page, tower: StandinTower) -> None:
    expect(edge(page)).to_have_attribute("data-tone", "idle")
    expect(page.locator("#load")).to_contain_text("none")
    expect(page.locator("#locust")).to_have_attribute("href", "http://127.0.0.1:8089")
    tower.change(loaded)
    expect(edge(page)).to_have_attribute("data-tone", "ok")
    expect(edge(page)).to_contain_text("100 %")
    expect(page.locator("#load")).to_contain_text("250 users")
    expect(page.locator("#inspector [data-figure=rps]")).to_have_text("250/s")


def test_a_late_generator_is_said_and_the_emergency_stop_stays_in_its_place(
    page: Page, tower: StandinTower
) -> None:
    def late(world: World) -> None:
        loaded(world)
        world.late = "the generator sent 1.0 % of the requests more than 50.0 ms late"

    tower.change(loaded)
    expect(page.locator("#load")).to_contain_text("250 users")
    before = page.locator("#stop").bounding_box()
    tower.change(late)
    expect(page.locator("#load")).to_contain_text("250 users, late")
    expect(page.locator("#load dd").first).to_have_attribute("title", re.compile("more than 50.0 ms late"))
    assert page.locator("#stop").bounding_box() == before


def test_a_fault_is_flipped_with_its_strength_and_the_edge_turns(page: Page, tower: StandinTower) -> None:
    tower.change(loaded)
    part = page.get_by_label("Faults on this edge", exact=True)
    row = part.locator("li", has_text="answers with an error")
    row.get_by_role("button", name="503").click()
    row.get_by_label("share of the attempts").fill("80")
    part.get_by_label("How long a fault lasts").select_option("120")
    row.get_by_role("switch").click()
    expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    expect(edge(page)).to_have_attribute("data-tone", "bad")
    expect(edge(page)).to_contain_text("errors 80 %")
    expect(row).to_contain_text("heals itself in 1 min 36 s")
    asked = {"kind": "errors", "on": {"edge": FLIGHTS}, "fields": {"status": 503, "share": 0.8}, "ttl_s": 120}
    assert tower.taken[-1] == ("POST /api/faults", asked)


def test_a_fault_in_force_is_changed_renewed_and_healed(page: Page, tower: StandinTower) -> None:
    tower.change(busy)
    row = page.get_by_label("Faults on this edge", exact=True).locator("li", has_text="answers with an error")
    expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    row.get_by_role("button", name="30 %").click()
    row.get_by_label("share of the attempts").fill("55")
    row.get_by_label("share of the attempts").press("Enter")
    expect(edge(page)).to_contain_text("errors 55 %")
    row.get_by_role("button", name="Renew").click()
    expect(row).to_contain_text("heals itself in 1 min")
    row.get_by_role("switch").click()
    expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    expect(edge(page)).to_have_attribute("data-tone", "ok")
    expect(page.locator("#timeline li").first.locator(".icon-heal")).to_have_count(1)


def test_one_weight_moves_the_others_and_the_split_follows(page: Page, tower: StandinTower) -> None:
    tower.change(loaded)
    slider = page.get_by_label("Weight of flights-v2 in per cent")
    slider.focus()
    slider.fill("40")
    expect(page.get_by_label("Weight of flights-v1, typed")).to_have_value("60")
    expect(page.locator(".weights")).to_contain_text("seen 40.0 %")
    expect(page.locator(".mesh .share").nth(1)).to_have_text("40 %")
    expect(page.get_by_label("Route flights-route")).to_contain_text("in force after 7.8 ms")
    assert tower.taken[-1][1]["weights"] == {"flights-v1": 60, "flights-v2": 40}


def test_a_route_that_has_changed_meanwhile_is_said_and_shown(page: Page, tower: StandinTower) -> None:
    """The answer 409 tells what to do; the sliders show what is in force."""
    expect(page.get_by_label("Weight of flights-v2, typed")).to_have_value("10")
    tower.world.routes[ROUTE] |= {"hash": "other", "targets": {"flights-v1": 75.0, "flights-v2": 25.0}}
    page.evaluate("() => { const at = document.querySelectorAll('.weight input[type=range]')[1];"
                  " at.value = 50; at.dispatchEvent(new Event('change')); }")  # fmt: skip
    expect(page.get_by_label("Route flights-route")).to_contain_text("changed meanwhile")
    expect(page.get_by_label("Weight of flights-v2, typed")).to_have_value("25")


def test_retry_timeout_and_breaker_are_edited_in_place(page: Page, tower: StandinTower) -> None:
    retry = page.get_by_role("form", name="Retry")
    retry.get_by_label("at most").fill("4")
    retry.get_by_label("gateway-error").check()
    page.get_by_role("button", name="Put in force: Retry").click()
    expect(page.get_by_label("Route flights-route")).to_contain_text("in force after")
    assert tower.world.routes[ROUTE]["retry"] == {
        "maxRetries": 4,
        "perRetryTimeout": {"unit": "ms", "value": 250},
        "httpRetryEvents": ["server-error", "gateway-error"],
    }
    retry.get_by_label("at most").fill("4000")
    page.get_by_role("button", name="Put in force: Retry").click()
    expect(page.get_by_label("Route flights-route")).to_contain_text("maxRetries is too large")
    expect(page.get_by_label("Route flights-route")).to_contain_text("flights-route.json:9 · at most 100")
    expect(retry.get_by_label("at most")).to_have_value("4")
    page.get_by_role("form", name="Timeout").get_by_label("a request").fill("300")
    page.get_by_role("button", name="Put in force: Timeout").click()
    expect(page.get_by_role("button", name="Put in force: Timeout")).to_be_hidden()
    retry.get_by_role("switch").click()
    expect(retry.get_by_label("at most")).to_be_hidden()
    edge(page, "flights-v1->weather").click()
    page.locator("summary", has_text="Breaker of weather").click()
    page.get_by_role("form", name="Breaker").get_by_label("at most").first.fill("7")
    page.get_by_role("button", name="Put in force: Breaker").click()
    expect(page.get_by_label("Breaker of weather")).to_contain_text("in force after 6.1 ms")
    assert tower.world.breakers["virtualNode/weather"]["http"] == {
        "maxConnections": 7,
        "maxPendingRequests": 10,
    }
    route = tower.world.routes[ROUTE]
    assert (route["timeout"], route["retry"]) == ({"perRequest": {"unit": "ms", "value": 300}}, None)


def test_an_expectation_is_added_turns_and_is_told_aloud(page: Page, tower: StandinTower) -> None:
    tower.change(loaded)
    page.get_by_label("Bound, such as 99 % or 300ms").fill("95 %")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#verdict")).to_have_text("the expectation holds")
    tower.change(lambda world: world.routes[ROUTE].update(retry=None))
    tower.change(lambda world: world.strike("errors", {"edge": FLIGHTS}, {"share": 0.5}, 60))
    expect(page.locator("#verdict")).to_have_text("1 of 1 broken")
    expect(page.locator("#said")).to_have_text("Expectations: 1 of 1 broken")
    expect(page.locator(".claim")).to_contain_text("50.0% of 2,500 requests")
    expect(page.locator(".claim .band")).to_have_attribute("d", re.compile("^M.+Z$"))
    page.get_by_role("button", name="Remove: success").click()
    expect(page.locator(".claim")).to_have_count(0)


def test_emergency_stop_by_one_click_says_what_it_healed(page: Page, tower: StandinTower) -> None:
    tower.change(busy)
    expect(edge(page)).to_have_attribute("data-tone", "warn")
    page.locator("#stop").click()
    expect(page.get_by_role("alert")).to_contain_text("Stopped in 41 ms")
    expect(page.get_by_role("alert")).to_contain_text("errors(503, share=0.3), errors(503, share=0.12)")
    expect(edge(page)).to_have_attribute("data-tone", "idle")
    assert (tower.world.faults, tower.world.load) == ({}, False)


def test_faults_are_shaded_in_every_chart_and_the_cursor_tells_values(
    page: Page, tower: StandinTower
) -> None:
    tower.change(busy)
    for chart in page.locator(".chart").all():
        expect(chart.locator(".shade")).to_have_count(2)
    cursor = page.get_by_label("Look at")
    expect(page.locator(".keys").first).to_contain_text("p99")
    cursor.focus()
    cursor.press("Home")
    expect(page.locator(".scrub output")).not_to_have_text("now")
    expect(page.locator(".chart .cursor[d]")).to_have_count(3)
    cursor.press("End")
    expect(page.locator(".scrub output")).to_have_text("now")


def test_a_workload_shows_its_replicas_and_takes_faults(page: Page, tower: StandinTower) -> None:
    page.locator('[data-part="weather"]').click()
    expect(page.locator("#inspector-title")).to_have_text("weather")
    expect(page.locator("#inspector tbody tr")).to_have_count(2)
    page.get_by_label("Where: Faults on a replica").select_option(label="weather 1")
    page.get_by_role("switch", name="crashes").click()
    expect(page.get_by_role("switch", name="crashes")).to_have_attribute("aria-checked", "true")
    assert tower.taken[-1][1]["on"] == {"node": "weather", "replica": 1}


def test_the_whole_mesh_shows_canary_and_control_plane(page: Page, tower: StandinTower) -> None:
    tower.change(lambda world: setattr(world, "canary", True))
    page.get_by_role("button", name="Whole mesh").click()
    expect(page.locator("#inspector")).to_contain_text("Run folder")
    page.get_by_label("Canary", exact=True).get_by_role("button", name="Start").click()
    expect(page.locator("#timeline")).to_contain_text("canary: start")
    page.get_by_label("Faults on the control plane").get_by_role("switch", name="is gone").click()
    expect(page.get_by_role("switch", name="is gone")).to_have_attribute("aria-checked", "true")


def test_what_was_done_is_exported(page: Page, tower: StandinTower) -> None:
    page.get_by_role("button", name="Export as a test").click()
    expect(page.get_by_role("dialog")).to_contain_text("def test_airport(mesh)")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "test_airport.py"
