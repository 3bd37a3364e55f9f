"""Chromium for the tests of sample apps, and a page for each of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.servers.chromium import open_browser

STEP_MS = 60_000
"""How long a page may take for one step, on a machine that does other things too."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a screen with two device pixels per CSS pixel."""
    context = browser.new_context(viewport={"width": 1_200, "height": 900}, device_scale_factor=2)
    context.set_default_timeout(STEP_MS)
    yield context.new_page()
    context.close()
