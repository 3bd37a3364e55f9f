"""Shopify: sizes, crops, padding, suffixes of file names, output and errors."""

import pytest

from tests.compat.runner import Case, Reply, Service, frames, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WEBP = {"Accept": "image/webp,*/*"}
CHROME = {"Accept": "image/avif,image/webp,*/*"}


def is_progressive(reply: Reply) -> bool:
    """It is progressive."""
    return bool(reply.image.info.get("progressive"))


def is_baseline(reply: Reply) -> bool:
    """It is not progressive."""
    return not reply.image.info.get("progressive")


CASES = [
    Case("width", "/L.jpg?width=300", 200, "jpeg", (300, 200), [pixel(140, 90, RED), is_baseline]),
    Case("version", "/L.jpg?v=1&width=300", 200, "jpeg", (300, 200)),
    Case("height", "/L.jpg?height=300", 200, "jpeg", (450, 300)),
    Case("both sides", "/L.jpg?width=300&height=300", 200, "jpeg", (300, 200)),
    Case("fit is ignored", "/L.jpg?width=200&height=200&fit=cover", 200, "jpeg", (200, 133)),
    Case("crop", "/L.jpg?width=300&height=300&crop=center", 200, "jpeg", (300, 300),
         [pixel(140, 140, RED), pixel(160, 140, GREEN)]),
    Case("crop left", "/L.jpg?width=300&height=300&crop=left", 200, "jpeg", (300, 300), [pixel(200, 10, RED)]),
    Case("crop right", "/L.jpg?width=300&height=300&crop=right", 200, "jpeg", (300, 300), [pixel(100, 10, GREEN)]),
    Case("crop top", "/P.jpg?width=300&height=300&crop=top", 200, "jpeg", (300, 300), [pixel(10, 200, RED)]),
    Case("crop bottom", "/P.jpg?width=300&height=300&crop=bottom", 200, "jpeg", (300, 300), [pixel(10, 100, BLUE)]),
    Case("crop with one side", "/L.jpg?width=300&crop=center", 200, "jpeg", (300, 200)),
    Case("region", "/L.jpg?crop=region&crop_left=100&crop_top=100&crop_width=300&crop_height=200&width=150", 200,
         "jpeg", (150, 100), [pixel(140, 90, RED)]),
    Case("region to the edge", "/L.jpg?crop=region&crop_left=600&crop_top=400&width=150", 200, "jpeg", (150, 100),
         [pixel(5, 5, YELLOW)]),
    Case("region and both sides", "/L.jpg?crop=region&crop_left=600&crop_width=300&crop_height=300&width=90&height=60",
         200, "jpeg", (60, 60), [pixel(5, 5, GREEN)]),
    Case("padding", "/L.jpg?width=300&height=300&pad_color=ff0000", 200, "jpeg", (300, 300),
         [pixel(150, 10, RED), pixel(160, 60, GREEN)]),
    Case("padding of a small image", "/S.jpg?width=300&height=300&pad_color=00f&format=png", 200, "png", (300, 300),
         [pixel(95, 150, BLUE), pixel(105, 115, RED), pixel(200, 150, BLUE)]),
    Case("padding with crop", "/S.jpg?width=300&height=60&crop=top&pad_color=ff0", 200, "jpeg", (300, 60),
         [pixel(150, 5, YELLOW), pixel(140, 30, RED), pixel(160, 30, GREEN)]),
    Case("padding with one side", "/L.jpg?width=300&pad_color=f00", 200, "jpeg", (300, 200)),
    Case("never larger", "/S.jpg?width=300", 200, "jpeg", (100, 80)),
    Case("crop, never larger", "/S.jpg?width=300&height=300&crop=center", 200, "jpeg", (80, 80)),
    Case("WebP", "/L.jpg?width=300&format=webp", 200, "webp", (300, 200)),
    Case("progressive", "/L.jpg?width=300&format=pjpg", 200, "jpeg", (300, 200), [is_progressive]),
    Case("transparent as JPEG", "/A.png?width=200&format=jpg", 200, "jpeg", (200, 150), [pixel(5, 5, (255, 255, 255))]),
    Case("WebP by Accept", "/L.jpg?width=300", 200, "webp", (300, 200), headers=WEBP, answers={"Vary": "Accept"}),
    Case("AVIF by Accept", "/L.jpg?width=300", 200, "avif", (300, 200), headers=CHROME, answers={"Vary": "Accept"}),
    Case("a format is literal", "/L.jpg?width=300&format=jpg", 200, "jpeg", (300, 200), headers=CHROME),
    Case("by no Accept", "/A.png?width=300", 200, "png", (300, 225), [pixel(5, 5, (0, 0, 0, 0))]),
    Case("quality", "/L.jpg?width=300&quality=10", 200, "jpeg", (300, 200), [smaller_than(3_000)]),
    Case("suffix: height", "/L_x300.jpg", 200, "jpeg", (450, 300)),
    Case("suffix: width", "/L_300x.jpg", 200, "jpeg", (300, 200)),
    Case("suffix: both sides", "/L_300x300.jpg", 200, "jpeg", (300, 200)),
    Case("suffix: crop", "/L_300x300_crop_center.jpg", 200, "jpeg", (300, 300), [pixel(140, 140, RED)]),
    Case("suffix: crop left", "/L_300x300_crop_left.jpg", 200, "jpeg", (300, 300), [pixel(200, 10, RED)]),
    Case("suffix: crop, shorter", "/L_300x300_left.jpg", 200, "jpeg", (300, 300), [pixel(200, 10, RED)]),
    Case("suffix: scale", "/L_150x@2x.jpg", 200, "jpeg", (300, 200)),
    Case("suffix: all", "/L_100x100_crop_right@3x.progressive.jpg", 200, "jpeg", (300, 300),
         [is_progressive, pixel(100, 10, GREEN)]),
    Case("suffix: progressive", "/L_300x.progressive.jpg", 200, "jpeg", (300, 200), [is_progressive]),
    Case("suffix: progressive, whatever Accept", "/L_300x.progressive.jpg", 200, "jpeg", (300, 200), headers=CHROME),
    Case("suffix: converts", "/W_100x.png.jpg", 200, "jpeg", (100, 50), headers=WEBP),
    Case("suffix: icon", "/L_icon.jpg", 200, "jpeg", (32, 21)),
    Case("suffix: thumb", "/L_thumb.jpg", 200, "jpeg", (50, 33)),
    Case("suffix: small", "/L_small.jpg", 200, "jpeg", (100, 67)),
    Case("suffix: compact", "/L_compact.jpg", 200, "jpeg", (160, 107)),
    Case("suffix: medium", "/L_medium.jpg", 200, "jpeg", (240, 160)),
    Case("suffix: large", "/L_large.jpg", 200, "jpeg", (480, 320)),
    Case("suffix: grande", "/L_grande.jpg", 200, "jpeg", (600, 400)),
    Case("suffix: larger", "/L_2048x2048.jpg", 200, "jpeg", (1200, 800)),
    Case("suffix: master", "/L_master.jpg", 200, "jpeg", (1200, 800)),
    Case("suffix and parameters", "/L_300x300_crop_left.jpg?v=1&width=100&height=100", 200, "jpeg", (100, 100),
         [pixel(70, 5, RED)]),
    Case("suffix in an escaped name", "/L_150x%402x.jpg", 200, "jpeg", (300, 200)),
    Case("no suffix by option", "/L_150x.jpg", 404, mount="shopify-names"),
    Case("no Accept by option", "/L.jpg?width=150", 200, "jpeg", (150, 100), headers=CHROME, mount="shopify-names"),
    Case("animation", "/G.gif?width=60", 200, "gif", (60, 45), [frames(3)]),
    Case("turned", "/E6.jpg?width=100", 200, "jpeg", (100, 150)),
    Case("no such file", "/nope.jpg?width=300", 404),
    Case("no such file of a suffix", "/nope_300x.jpg", 404),
    Case("too wide", "/L.jpg?width=5761", 400, body="width must be"),
    Case("no number", "/L.jpg?width=abc", 400, body="width must be"),
    Case("region outside", "/L.jpg?crop=region&crop_left=5000&width=10", (400, 422)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("shopify", case)
