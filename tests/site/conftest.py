"""The built site, and a browser to look at it: ``make docs-site`` builds it before these tests run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.servers.chromium import open_browser

SITE = Path(__file__).parents[2] / "build" / "site"
STEP_MS = 60_000

expect.set_options(timeout=STEP_MS)


@pytest.fixture(scope="session")
def site() -> Path:
    assert (SITE / "index.html").is_file(), "run `make docs-site`"
    return SITE


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1_280, "height": 900})
    context.set_default_timeout(STEP_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
