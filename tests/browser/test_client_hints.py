"""A real page in Chromium whose images are as wide as it shows them: client hints from the browser to the result.

The page and the images have origins of their own, as a site and its image server do.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.servers.chromium import open_browser
from tests.servers.pixmill import Pixmill
from tests.servers.site import Site

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
HINTS = ("dpr", "width", "viewport-width")
SIZES_JS = "Array.from(document.images, image => image.complete ? image.naturalWidth : -1)"


@pytest.fixture(scope="module")
def images() -> Iterator[Pixmill]:
    settings: dict[str, Any] = {"client_hints": "true", "client_hint_widths": "100,200,400,800,1600"}
    with Pixmill(images=str(PHOTOS), workers=1, cache="memory://", **settings) as server:
        yield server


def shown(site: Site, dpr: float, viewport: int, headers: dict[str, str] | None = None) -> list[int]:
    """The natural widths of the images of a page. Playwright's event loop has a thread of its own."""

    def look() -> list[int]:
        with open_browser() as browser:
            context = browser.new_context(
                device_scale_factor=dpr,
                viewport={"width": viewport, "height": 600},
                extra_http_headers=headers or {},
            )
            page = context.new_page()
            page.goto(site.url, wait_until="load")
            widths = page.evaluate(SIZES_JS)
            context.close()
            return [int(width) for width in widths]

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(look).result()


def image(server: Pixmill, query: str, attributes: str = "") -> str:
    """Return an image element. A page loads a URL once, so that each needs a URL of its own: see ``tags``."""
    return f'<img src="{server.url}/resize?url=sunset.jpg&format=jpeg&{query}" {attributes}>'


def delegated_by_header(server: Pixmill, body: str) -> Site:
    policy = ", ".join(f'ch-{hint}=(self "{server.url}")' for hint in HINTS)
    accept = ", ".join(f"Sec-CH-{hint}" for hint in HINTS)
    return Site(f"<!doctype html>{body}", {"Accept-CH": accept, "Permissions-Policy": policy})


def delegated_by_page(server: Pixmill, body: str) -> Site:
    content = "; ".join(f"sec-ch-{hint} {server.url}" for hint in HINTS)
    return Site(f'<!doctype html><meta http-equiv="Delegate-CH" content="{content}">{body}', {})


@pytest.mark.parametrize("delegated", [delegated_by_header, delegated_by_page])
def test_an_image_is_as_wide_as_the_page_shows_it(images: Pixmill, delegated: Callable[[Pixmill, str], Site]) -> None:
    body = (
        image(images, "width=auto", 'sizes="150px"')
        + image(images, "width=auto&dpr=auto", 'sizes="150px"')
        + image(images, "width=auto&tags=half", 'sizes="50vw"')
        + image(images, "width=auto&height=90&fit=cover")
        + image(images, "width=60&dpr=auto")
    )
    with delegated(images, body) as site:
        assert shown(site, dpr=2, viewport=700) == [400, 400, 800, 1600, 120]
        assert shown(site, dpr=1, viewport=700) == [200, 200, 400, 800, 60]
        assert shown(site, 2, 700, {"Save-Data": "on"}) == [200, 200, 400, 800, 60]


def test_without_delegation_an_image_of_another_origin_has_no_hints(images: Pixmill) -> None:
    body = image(images, "width=auto&height=90&fit=cover") + image(images, "width=60&dpr=auto")
    with Site(f"<!doctype html>{body}", {"Accept-CH": "Sec-CH-DPR, Sec-CH-Width"}) as site:
        assert shown(site, dpr=2, viewport=700)[1] == 60
