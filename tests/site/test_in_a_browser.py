"""The site works when it is opened as files, without a server and without a network: search, and both colour schemes."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

WIDTHS = (390, 1_200, 2_560)
PAGES = ("index.html", "parameters.html", "settings.html", "dialects/imgproxy.html")


OPEN_SHADOW_ROOTS = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) { return attach.call(this, { ...options, mode: "open" }); };
"""
"""The results of a search are in a closed shadow root, into which a test cannot look."""


def test_the_search_finds_a_page_without_a_server(page: Page, site: Path) -> None:
    page.add_init_script(OPEN_SHADOW_ROOTS)
    page.goto((site / "index.html").as_uri())
    page.get_by_role("button", name="Search").first.click()
    page.locator("input:visible").first.fill("surrogate keys")
    page.locator("a[href*='purging.html']", has_text="surrogate keys").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Purging")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_fit_their_window_load_only_files_and_follow_the_colour_scheme(
    browser: Browser, site: Path, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    for name in PAGES:
        page.goto((site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        dark = page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).every(v => v < 64)"
        )
        assert dark is (scheme == "dark")
    context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
