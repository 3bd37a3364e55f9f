"""Storyblok URLs, as its documentation and the URL makers of two libraries have them."""

import pytest

from tests.compat.runner import Case, Service, frames, is_grey, pixel
from tests.compat.sources import BLUE, RED
from tests.compat.test_thumbor import uniform

CASES = [
    Case("both sides fill the box", "/L.jpg/m/300x300", format="jpeg", size=(300, 300)),
    Case("width alone keeps the shape", "/L.jpg/m/300x0", format="jpeg", size=(300, 200)),
    Case("smart, with a format filter", "/L.jpg/m/300x300/smart/filters:format(webp)", format="webp", size=(300, 300)),
    Case(
        "a crop in pixels without a size",
        "/L.jpg/m/100x100:400x300/0x0",
        format="jpeg",
        size=(300, 200),
        checks=[uniform(RED)],
    ),
    Case("no options", "/L.jpg/m/", size=(1200, 800), format="jpeg"),
    Case("no options, no slash", "/L.jpg/m", size=(1200, 800), format="jpeg"),
    Case("the original", "/L.jpg", size=(1200, 800), format="jpeg"),
    Case("WebP by Accept", "/L.jpg/m/30x20", headers={"Accept": "image/webp"}, format="webp"),
    Case("EXIF applied", "/E6.jpg/m/100x0", size=(100, 150)),
    Case("filters alone", "/L.jpg/m/filters:grayscale():quality(60)", checks=[is_grey()]),
    Case("a slash at the end", "/L.jpg/m/300x300/", size=(300, 300)),
    Case("filled", "/S.jpg/m/fit-in/200x200/filters:fill(0000ff)", checks=[pixel(5, 5, BLUE)]),
    Case("an animation", "/G.gif/m/60x0", format="gif", checks=[frames(3)]),
    Case("missing", "/nope.jpg/m/60x0", status=404),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("storyblok", case)
