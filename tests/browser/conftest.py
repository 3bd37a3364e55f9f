"""One Chromium for the tests of a process, and a fresh context, without cookies or cache, for each of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.servers.chromium import open_browser

STEP_MS = 60_000
"""How long a page may take for one step, on a machine that does other things too."""

expect.set_options(timeout=STEP_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1_200, "height": 900})
    context.set_default_timeout(STEP_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
