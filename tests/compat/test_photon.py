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
) -> Case:
    """Return a case with an image of the origin."""
    return Case(name, f"/example.com/{rest}", 200, form, size, checks, headers=headers or {})  # fmt: skip


CASES = [
    Case("PH-01", "/example.com/L.jpg", 200, "jpeg", WHOLE, answers={
        "Cache-Control": "max-age=", "Link": 'L.jpg>; rel="canonical"', "X-Content-Type-Options": "nosniff",
        "Vary": "Accept"}),
    image("PH-02", "L.jpg?w=300", (300, 200)),
    image("PH-03", "L.jpg?h=300", (450, 300)),
    image("PH-05", "P.jpg?w=333", (333, 499)),
    image("PH-06", "B.jpg?h=320", (391, 320)),
    image("PH-07", "B.jpg?w=320", (320, 261)),
    image("PH-09", "L.jpg?w=300&h=100", (150, 100)),
    image("PH-10", "L.jpg?h=100&w=300", (150, 100)),
    image("PH-11", "L.jpg?w=300&h=300&crop=1", (300, 300), pixel(10, 10, RED), pixel(290, 10, GREEN)),
    image("PH-13", "S.jpg?w=300&h=300&crop=1", (100, 80)),
    image("PH-14", "S.jpg?w=50&h=300&crop=1", (50, 80)),
    image("PH-15", "L.jpg?crop=0,0,50,50", (600, 400)),
    image("PH-17", "L.jpg?crop=100px,100px,300px,200px", (300, 200)),
    image("PH-18", "L.jpg?crop=0,25,100,400px", (1200, 400), pixel(10, 190, RED), pixel(10, 210, BLUE)),
    image("PH-19", "L.jpg?crop=50,50,100,100", (600, 400), pixel(10, 10, YELLOW)),
    image("PH-21", "L.jpg?crop=0,0,50,50&w=100", (100, 66)),
    image("PH-22", "L.jpg?w=100&crop=0,0,50,50", (50, 33)),
    image("PH-23", "L.jpg?resize=300,200", (300, 200)),
    image("PH-25", "S.jpg?resize=300,300", (300, 300)),
    image("PH-26", "S.jpg?resize=1900,1900", (1900, 1900)),
    image("PH-27", "S.jpg?resize=2500,300", (100, 80)),
    image("PH-29", "L.jpg?resize=300", WHOLE),
    image("PH-30", "L.jpg?fit=300,300", (300, 200)),
    image("PH-31", "L.jpg?fit=300%2C100", (150, 100)),
    image("PH-33", "S.jpg?fit=300,50", (63, 50)),
    image("PH-34", "P.jpg?fit=333,333", (222, 333)),
    image("PH-35", "L.jpg?fit=2000,500", (750, 500)),
    image("PH-37", "L.jpg?lb=300,300,ff0000", (300, 300), pixel(150, 10, RED)),
    image("PH-38", "S.jpg?lb=300,300", (100, 80)),
    image("PH-39", "S.jpg?lb=300,50", (300, 50), pixel(5, 5, (0, 0, 0))),
    image("PH-41", "S.jpg?w=2500&upscale=1", (100, 80)),
    image("enlarged", "S.jpg?w=300&upscale=1", (300, 240)),
    image("PH-42", "L.jpg?w=300&zoom=2", (600, 400)),
    image("PH-43", "L.jpg?w=300&zoom=1.5", (450, 300)),
    image("PH-45", "L.jpg?w=300&zoom=12", WHOLE),
    image("PH-46", "S.jpg?w=80&zoom=2", (100, 80)),
    image("PH-47", "L.jpg?resize=300,200&zoom=2", (600, 400)),
    image("PH-49", "L.jpg?fit=300,300&zoom=3.2", (780, 520)),
    image("PH-50", "L.jpg?w=2", WHOLE),
    image("PH-51", "L.jpg?w=abc", WHOLE),
    image("PH-53", "L.jpg?w=300&w=400", (400, 266)),
    Case("PH-54", "/example.com/L.jpg?w=300", 200, "webp", (300, 200), headers=WEBP, answers={"Vary": "Accept"}),
    image("PH-55", "L.jpg", WHOLE, form="webp", headers=WEBP),
    image("PH-57", "W.png?w=100", (100, 50), form="webp", headers=WEBP),
    image("PH-58", "L.jpg?w=300&webp=1", (300, 200), form="webp"),
    Case("PH-59", "/example.com/G.gif?w=60", 200, "gif", (60, 45), [frames(3)], headers=WEBP, answers={"Vary": None}),
    image("PH-61", "E6.jpg?w=100", (100, 66)),
    image("PH-62", "L.jpg?w=300&filter=grayscale", (300, 200), is_grey()),
    image("filters in order", "L.jpg?w=300&filter=negate,meanremoval,emboss&brightness=10&contrast=-5&smooth=2", (300, 200)),
    image("darker", "L.jpg?w=300&brightness=-127", (300, 200), pixel(10, 10, (128, 0, 0))),
    Case("PH-65", "/example.com/V.svg?w=100", 400, answers={"Content-Type": "text/html"}, body="Error 0004"),
    image("a WebP", "X.webp?w=100", (100, 75), form="webp"),
    Case("PH-67", "/example.com/bad.jpg?w=100", 400, body="Error 0004. Unable to load the image."),
    Case("not there", "/example.com/nope.jpg?w=100", 404, body="remote data could not be fetched"),
    Case("a port", "/example.com:80/L.jpg?w=100", 400, body="Sorry, the parameters you provided were not valid"),
    Case("a file of a site", "/L.jpg?w=300", 200, "jpeg", (300, 200), mount="wordpress-files"),
    Case("Tachyon", "/L.jpg?resize=300,300&crop_strategy=smart", 200, "jpeg", (300, 300), mount="tachyon"),
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
    """PH-63."""
    low, high = (
        len(service.request("photon", f"/example.com/L.jpg?w=300{quality}").body) for quality in ("&quality=10", "")
    )
    assert low < high
