"""The control tower's page as a whole: keyboard, a server that goes, many edges, long runs, many tabs, axe."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.airport import FLIGHTS, edge, loaded
from tests.browser.conftest import Axe, Opener
from tests.browser.standin_tower import StandinTower, busy
from tests.browser.world import World, crowd

pytestmark = pytest.mark.e2e


def test_everything_by_keyboard_alone(page: Page, tower: StandinTower) -> None:
    tower.change(busy)
    expect(edge(page)).to_have_attribute("data-tone", "warn")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "stop"
    page.locator("#listed").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.part") == FLIGHTS
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#inspector-title")).to_have_text("flights-v1 → weather")
    page.get_by_role("switch", name="nothing gets through").focus()
    page.keyboard.press("Space")
    expect(edge(page, "flights-v1->weather")).to_contain_text("2 faults")
    page.get_by_label("Bound, such as 99 % or 300ms").focus()
    page.keyboard.press("Alt+x")
    expect(page.get_by_role("alert")).to_contain_text("Stopped in 41 ms")


def test_a_tower_that_goes_and_comes_back_is_said(page: Page, tower: StandinTower) -> None:
    expect(edge(page)).to_be_visible()
    tower.stop()
    expect(page.locator("#link")).to_contain_text("does not answer")
    page.locator("#stop").click()
    expect(page.get_by_role("alert")).to_contain_text("Not stopped: the tower does not answer")
    tower.start()
    expect(page.locator("#link")).to_contain_text("The tower is back")
    tower.change(loaded)
    expect(edge(page)).to_have_attribute("data-tone", "ok")


def test_200_edges_have_a_list_that_finds_the_worst_first(opened: Opener) -> None:
    tower = StandinTower(crowd(200))
    tower.start()
    try:
        page = opened(tower.url)
        expect(page.locator(".rows li")).to_have_count(200)
        name = "service-0-3->service-1-3"
        tower.change(lambda world: world.strike("errors", {"edge": name}, {"share": 1.0}, 60))
        expect(page.locator(".rows li").first).to_contain_text("service-0-3 → service-1-3")
        page.get_by_label("Find an edge by name").fill("service-3-7")
        expect(page.locator(".find [role=status]")).to_have_text("4 of 200")
        page.locator(".rows button").first.click()
        expect(page.locator("#inspector-title")).to_contain_text("service-3-7")
        assert page.locator("#picture [tabindex='0']").count() == 1
    finally:
        tower.close()


def test_a_long_run_keeps_the_page_small(page: Page, tower: StandinTower) -> None:
    """20 minutes, 300 events and 60 faults: as many elements as the tower's own bounds allow, and no more with time."""

    def minutes(world: World) -> None:
        world.load = True
        for number in range(60):
            world.heal(world.strike("errors", {"edge": FLIGHTS}, {"share": 0.1}, 60).id)
            world.event("note", f"note {number}")
            world.second(20)

    tower.change(minutes)
    expect(page.locator(".timeline li").first).to_contain_text("note 59")
    page.get_by_label("How much is shown").select_option("1200")
    count = "() => document.querySelectorAll('*').length"
    page.wait_for_function("() => document.querySelectorAll('.chart .shade').length > 150")
    before = page.evaluate(count)
    for _ in range(3):
        tower.change(minutes)
    expect(page.locator(".timeline li")).to_have_count(200)
    after = page.evaluate(count)
    assert after < 3000
    assert after - before < 600, "only the timeline may grow, up to its 200 entries"


def test_ten_tabs_share_one_stream(tower: StandinTower, opened: Opener) -> None:
    """A browser opens six connections to a server at most; a stream each would block the seventh tab and every action."""
    first = opened(tower.url)
    tabs = [first, *(first.context.new_page() for _ in range(9))]
    for tab in tabs[1:]:
        tab.goto(tower.url)
    tower.change(loaded)
    for tab in tabs:
        tab.bring_to_front()
        expect(edge(tab)).to_have_attribute("data-tone", "ok")
    assert len(tower.streams) == 1
    tabs[9].locator("#stop").click()
    expect(tabs[9].get_by_role("alert")).to_contain_text("Stopped")


def test_nothing_is_asked_of_any_other_server(tower: StandinTower, opened: Opener) -> None:
    page = opened(None)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(tower.url)
    expect(edge(page)).to_be_visible()
    assert asked
    assert all(one.startswith(tower.url) for one in asked)


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
def test_axe_finds_nothing_serious(
    tower: StandinTower, opened: Opener, axe: Axe, look: dict[str, bool]
) -> None:
    tower.change(busy)
    page = opened(tower.url, reduced_motion="reduce", **look)
    expect(edge(page)).to_have_attribute("data-tone", "warn")
    expect(page.locator(".shade").first).to_be_attached()
    for summary in page.locator("#inspector summary").all():
        summary.click()
    for strength in page.locator(".strength").all()[:3]:
        strength.click()
    assert axe(page) == []
    page.locator("#stop").click()
    expect(page.get_by_role("alert")).to_contain_text("Stopped")
    page.get_by_role("button", name="Export as a test").click()
    assert axe(page) == []
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], "the page scrolls sideways"


def test_a_browser_without_shared_workers_has_a_stream_of_its_own(
    tower: StandinTower, opened: Opener
) -> None:
    page = opened(None)
    page.add_init_script("delete window.SharedWorker")
    page.goto(tower.url)
    tower.change(loaded)
    expect(edge(page)).to_have_attribute("data-tone", "ok")
    expect(page.locator(".chart .line[d]").first).to_be_attached()


def test_linked_weights_always_make_100(page: Page) -> None:
    """Every slider at every value, over weights that rounding is hard on."""
    sums = page.evaluate("""async () => {
        const { linked, whole } = await import("/static/weights.js");
        const starts = [[100], [50, 50], [1, 1, 1], [0, 0, 100], [33, 33, 34], [7, 13, 29, 51], [0, 0]];
        return starts.flatMap((start) => start.flatMap((_, index) =>
            Array.from({ length: 101 }, (_, value) => {
                const made = linked(whole(start), index, value);
                const kept = start.length === 1 || made[index] === value;
                return made.reduce((sum, one) => sum + one, 0) + (kept && Math.min(...made) >= 0 ? 0 : 1000);
            })));
    }""")
    assert set(sums) == {100}
