"""What the tests of the tower's page share."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from tests.browser.world import World

FLIGHTS = "departures->flights"
ROUTE = "virtualRouter/flights/route/flights-route"


def edge(page: Page, name: str = FLIGHTS) -> Locator:
    """The label of an edge in the picture."""
    return page.locator(f'[data-part="{name}"]')


def loaded(world: World) -> None:
    """Half a minute of load."""
    world.load, world.users = True, 250
    world.second(30)
