"""A real Chromium, pages in light, dark and phone width, and axe."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.standin_tower import StandinTower
from tests.browser.world import airport

HERE = Path(__file__).resolve().parent
AXE = HERE / "node_modules/axe-core/axe.min.js"
GRAVE = {"serious", "critical"}
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 960}
PATIENCE_MS = 20_000
"""How long a page may take to show what is waited for: generous, since the host may be busy."""
expect.set_options(timeout=PATIENCE_MS)

Axe = Callable[[Page], list[str]]
Opener = Callable[..., Page]


def missing(what: str, command: str) -> None:
    """Skips here, and fails in CI: a check that skips itself is a hole."""
    text = f"{what} is missing; get it with: {command}"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests here; each test has contexts of its own. It ends with this folder, since its loop would
    be in the way of tests that are coroutines."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("Chromium", "apt-get install chromium (or CHROMIUM=/path/to/it)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opener]:
    """`opened(url, dark=False, phone=False)`: a page in a fresh context; an error in its console fails the test."""
    contexts = []
    faults: list[str] = []

    def open_(url: str | None, *, dark: bool = False, phone: bool = False, **more: Any) -> Page:
        context = chromium.new_context(
            viewport=PHONE if phone else DESK, color_scheme="dark" if dark else "light", **more
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if _grave(said) else None)
        if url is not None:
            page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)


def _grave(said: Any) -> bool:
    """Errors of scripts and of the content policy; a server that is away, or refuses, is no fault of the page."""
    return said.type == "error" and "Failed to load resource" not in said.text


@pytest.fixture
def axe() -> Axe:
    """`axe(page)`: serious and critical violations, as `rule: what (where)`."""
    if not AXE.is_file():
        missing("axe-core", "npm ci --prefix tests/browser")
    source = AXE.read_text()

    def check(page: Page) -> list[str]:
        page.evaluate(source)  # not a <script>: the page's own policy would refuse that
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['help']} ({', '.join(str(node['target']) for node in one['nodes'][:5])})"
            for one in found["violations"]
            if one["impact"] in GRAVE
        ]

    return check


@pytest.fixture
def tower() -> Iterator[StandinTower]:
    """A stand-in tower of an airport without load."""
    served = StandinTower(airport())
    served.start()
    yield served
    served.close()


@pytest.fixture
def page(tower: StandinTower, opened: Opener) -> Page:
    """The tower's page."""
    return opened(tower.url)
