"""Errors in Chromium: an image element shows one that says what is wrong, the address bar a page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.servers.pixmill import Pixmill

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
LOADED_JS = """source => new Promise(resolve => {
    const image = new Image();
    image.onload = () => resolve(['load', image.naturalWidth, image.naturalHeight]);
    image.onerror = () => resolve(['error', image.naturalWidth, image.naturalHeight]);
    image.src = source;
    document.body.append(image);
})"""
FILLED_JS = """source => new Promise(resolve => {
    const image = new Image();
    image.crossOrigin = 'anonymous';
    image.onload = () => {
        const canvas = document.createElement('canvas');
        canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
        const colours = new Set();
        for (let at = 0; at < pixels.length; at += 4) colours.add(pixels.slice(at, at + 3).join());
        resolve(colours.size);
    };
    image.onerror = () => resolve(0);
    image.src = source;
})"""


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(images=str(PHOTOS), workers=1, cache="memory://", error_images="development") as server:
        yield server


@pytest.mark.parametrize(("width", "height"), [(16, 16), (120, 80), (800, 500)])
def test_an_image_element_shows_the_error_at_its_size(server: Pixmill, page: Page, width: int, height: int) -> None:
    page.goto(f"{server.url}/health/live")
    target = f"{server.url}/resize?url=missing.jpg&width={width}&height={height}"
    with page.expect_response(lambda response: "missing.jpg" in response.url) as answer:
        assert page.evaluate(LOADED_JS, target) == ["load", width, height]
    assert answer.value.status == 404
    assert answer.value.headers["content-type"] == "image/svg+xml"
    assert page.evaluate(FILLED_JS, target) > 5, "letters are drawn on it"


def test_without_the_setting_an_image_element_fails(page: Page) -> None:
    with Pixmill(images=str(PHOTOS), workers=1, cache="memory://") as server:
        page.goto(f"{server.url}/health/live")
        assert page.evaluate(LOADED_JS, f"{server.url}/resize?url=missing.jpg&width=30")[0] == "error"


def test_a_script_gets_the_document(server: Pixmill, page: Page) -> None:
    page.goto(f"{server.url}/health/live")
    read = "async target => (await (await fetch(target)).json()).code"
    assert page.evaluate(read, f"{server.url}/resize?url=missing.jpg") == "source_not_found"


@pytest.mark.parametrize("width", [390, 1_200, 2_560])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_address_bar_shows_a_page(server: Pixmill, browser: Browser, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 700}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    answer = page.goto(f"{server.url}/resize?url=sunset.jpg&w=%3Cb%3Ewide&tags={'long' * 30}")
    assert answer is not None
    assert answer.status == 400
    expect(page.locator("h1")).to_have_text("Invalid parameter value")
    expect(page.locator("mark")).to_have_text("w=<b>wide")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is cut off"
    background = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0] | 0")
    assert (background < 60) if scheme == "dark" else (background > 200)
    assert problems == []
    context.close()
