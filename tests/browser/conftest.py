"""One Chromium for the tests of a process, and a fresh context, without cookies or cache, for each of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.servers.chromium import Chromium

STEP_MS = 60_000
"""How long a page may take for one step, on a machine that does other things too."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with Chromium() as chromium, sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(chromium.endpoint)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1_200, "height": 900})
    context.set_default_timeout(STEP_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
