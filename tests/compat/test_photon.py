"""Photon, WordPress.com's files and Tachyon, case by case."""

from collections.abc import Mapping

import pytest

from tests.compat.runner import Case, Check, Service, frames, is_grey, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WEBP = {"Accept": "image/webp,*/*"}
WHOLE = (1200, 800)


def image(
    name: str,
    rest: str,
    size: tuple[int, int],
    *checks: Check,
    form: str = "jpeg",
    headers: Mapping[str, str] | None = None,
    differs_from: str = "",
) -> Case:
    """Return a case with an image of the origin."""
    other = f"/example.com/{differs_from}" if differs_from else ""
    return Case(name, f"/example.com/{rest}", 200, form, size, checks, headers=headers or {}, differs_from=other)


CASES = [
    Case("no argument: the size and its headers", "/example.com/L.jpg", 200, "jpeg", WHOLE, answers={
        "Cache-Control": "max-age=", "Link": 'L.jpg>; rel="canonical"', "X-Content-Type-Options": "nosniff",
        "Vary": "Accept"}),
    image("width alone keeps the shape", "L.jpg?w=300", (300, 200)),
    image("height alone keeps the shape", "L.jpg?h=300", (450, 300)),
    image("half a pixel of height is cut off", "P.jpg?w=333", (333, 499)),
    image("a fraction of the width is cut off", "B.jpg?h=320", (391, 320)),
    image("a small fraction of the height is dropped", "B.jpg?w=320", (320, 261)),
    image("width, then height: the smaller counts", "L.jpg?w=300&h=100", (150, 100)),
    image("height, then width: width does not enlarge", "L.jpg?h=100&w=300", (150, 100)),
    image("crop=1 fills the box from the centre", "L.jpg?w=300&h=300&crop=1", (300, 300), pixel(10, 10, RED), pixel(290, 10, GREEN)),
    image("crop=1 limits both sides to the original", "S.jpg?w=300&h=300&crop=1", (100, 80)),
    image("crop=1 limits one side to the original", "S.jpg?w=50&h=300&crop=1", (50, 80)),
    image("crop in percent", "L.jpg?crop=0,0,50,50", (600, 400), pixel(590, 390, RED)),
    image("crop in pixels", "L.jpg?crop=100px,100px,300px,200px", (300, 200), pixel(290, 190, RED)),
    image("crop in percent and pixels", "L.jpg?crop=0,25,100,400px", (1200, 400), pixel(10, 190, RED), pixel(10, 210, BLUE)),
    image("crop is cut at the edge", "L.jpg?crop=50,50,100,100", (600, 400), pixel(10, 10, YELLOW)),
    image("crop, then width", "L.jpg?crop=0,0,50,50&w=100", (100, 66), pixel(95, 60, RED)),
    image("width, then crop", "L.jpg?w=100&crop=0,0,50,50", (50, 33), pixel(45, 29, RED)),
    image("resize to both sides", "L.jpg?resize=300,200", (300, 200)),
    image("resize enlarges a small original", "S.jpg?resize=300,300", (300, 300)),
    image("resize enlarges to almost 2000 pixels", "S.jpg?resize=1900,1900", (1900, 1900)),
    image("resize beyond 2000 pixels is ignored", "S.jpg?resize=2500,300", (100, 80)),
    image("resize with one number is ignored", "L.jpg?resize=300", WHOLE),
    image("fit stays inside the box", "L.jpg?fit=300,300", (300, 200)),
    image("fit with an escaped comma", "L.jpg?fit=300%2C100", (150, 100)),
    image("fit rounds half a pixel up", "S.jpg?fit=300,50", (63, 50)),
    image("fit an upright original", "P.jpg?fit=333,333", (222, 333)),
    image("fit limited by the height alone", "L.jpg?fit=2000,500", (750, 500)),
    image("lb pads with a colour", "L.jpg?lb=300,300,ff0000", (300, 300), pixel(150, 10, RED)),
    image("lb leaves a small original as it is", "S.jpg?lb=300,300", (100, 80)),
    image("lb pads with black by default", "S.jpg?lb=300,50", (300, 50), pixel(5, 5, (0, 0, 0))),
    image("a width beyond 2000 pixels is ignored", "S.jpg?w=2500&upscale=1", (100, 80)),
    image("enlarged", "S.jpg?w=300&upscale=1", (300, 240)),
    image("zoom=2 doubles the width", "L.jpg?w=300&zoom=2", (600, 400)),
    image("zoom with a fraction", "L.jpg?w=300&zoom=1.5", (450, 300)),
    image("zoom does not go beyond the original", "L.jpg?w=300&zoom=12", WHOLE),
    image("zoom does not enlarge a small original", "S.jpg?w=80&zoom=2", (100, 80)),
    image("zoom=2 doubles a resize", "L.jpg?resize=300,200&zoom=2", (600, 400)),
    image("zoom of a fit is reduced in steps", "L.jpg?fit=300,300&zoom=3.2", (780, 520)),
    image("a width below 3 is ignored", "L.jpg?w=2", WHOLE),
    image("an invalid width is ignored", "L.jpg?w=abc", WHOLE),
    image("the last of two widths counts", "L.jpg?w=300&w=400", (400, 266)),
    Case("WebP by Accept with a width", "/example.com/L.jpg?w=300", 200, "webp", (300, 200), headers=WEBP, answers={"Vary": "Accept"}),
    image("WebP by Accept without arguments", "L.jpg", WHOLE, form="webp", headers=WEBP),
    image("WebP by Accept from a PNG", "W.png?w=100", (100, 50), form="webp", headers=WEBP),
    image("webp=1 gives WebP without Accept", "L.jpg?w=300&webp=1", (300, 200), form="webp"),
    Case("an animation stays a GIF", "/example.com/G.gif?w=60", 200, "gif", (60, 45), [frames(3)], headers=WEBP, answers={"Vary": None}),
    image("the EXIF orientation is not applied", "E6.jpg?w=100", (100, 66)),
    image("filter=grayscale removes all colour", "L.jpg?w=300&filter=grayscale", (300, 200), is_grey()),
    image("filters in order", "L.jpg?w=300&filter=grayscale,negate&brightness=-50", (300, 200), is_grey(),
          pixel(10, 10, (78, 78, 78))),
    image("meanremoval", "S.jpg?w=50&filter=meanremoval", (50, 40), differs_from="S.jpg?w=50"),
    image("emboss", "L.jpg?w=300&filter=emboss", (300, 200), pixel(5, 5, (127, 127, 127))),
    image("smooth", "S.jpg?w=50&smooth=2", (50, 40), differs_from="S.jpg?w=50"),
    image("contrast above zero moves colours towards grey", "L.jpg?w=300&contrast=50", (300, 200),
          differs_from="L.jpg?w=300"),
    image("darker", "L.jpg?w=300&brightness=-127", (300, 200), pixel(10, 10, (128, 0, 0))),
    Case("an SVG is rejected in HTML", "/example.com/V.svg?w=100", 400, answers={"Content-Type": "text/html"}, body="Error 0004"),
    image("a WebP", "X.webp?w=100", (100, 75), form="webp"),
    Case("a damaged original is rejected", "/example.com/bad.jpg?w=100", 400, body="Error 0004. Unable to load the image."),
    Case("not there", "/example.com/nope.jpg?w=100", 404, body="remote data could not be fetched"),
    Case("a port", "/example.com:80/L.jpg?w=100", 400, body="Sorry, the parameters you provided were not valid"),
    Case("a file of a site", "/L.jpg?w=300", 200, "jpeg", (300, 200), mount="wordpress-files"),
    Case("Tachyon", "/L.jpg?resize=300,300&crop_strategy=smart", 200, "jpeg", (300, 300), mount="tachyon",
         differs_from="/L.jpg?resize=300,300"),
    Case("Tachyon does not enlarge", "/S.jpg?resize=300,300", 200, "jpeg", (100, 80), mount="tachyon"),
    Case("Tachyon's zoom", "/L.jpg?w=300&zoom=2", 200, "jpeg", (600, 400), mount="tachyon"),
    Case("Tachyon's gravity", "/L.jpg?w=300&h=300&crop=1&gravity=northwest", 200, "jpeg", (300, 300),
         [pixel(200, 5, RED)], mount="tachyon"),
    Case("Tachyon turns", "/E6.jpg?w=100", 200, "jpeg", (100, 150), mount="tachyon"),
    Case("by POST", "/example.com/L.jpg?w=300", 200, "jpeg", (300, 200), method="POST"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("photon", case)


def test_a_lower_quality_is_smaller(service: Service) -> None:
    """Quality 10 is allowed, and makes fewer bytes than the default."""
    low, high = (
        len(service.request("photon", f"/example.com/L.jpg?w=300{quality}").body) for quality in ("&quality=10", "")
    )
    assert low < high
