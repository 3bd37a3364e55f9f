"""Bunny's Optimizer: crops, sizes, rotation after the resize, colours, output, classes, tokens and errors."""

import pytest

from tests.compat.runner import Case, Reply, Service, frames, is_grey, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WEBP = {"Accept": "image/webp,*/*"}
CENTRE = [pixel(140, 90, RED), pixel(160, 90, GREEN), pixel(140, 110, BLUE)]


def red_is_green(reply: Reply) -> bool:
    """Red has become green."""
    colour = reply.image.convert("RGB").getpixel((5, 5))
    assert isinstance(colour, tuple)
    return colour[1] > max(colour[0], colour[2])


CASES = [
    Case("width alone keeps the shape", "/L.jpg?width=300", 200, "jpeg", (300, 200)),
    Case("height alone keeps the shape", "/L.jpg?height=300", 200, "jpeg", (450, 300)),
    Case("both sides keep the shape", "/L.jpg?width=300&height=300", 200, "jpeg", (300, 200)),
    Case("never larger", "/S.jpg?width=300", 200, "jpeg", (100, 80)),
    Case("upscaling enlarges a small image", "/S.jpg?width=300&upscaling=resampling", 200, "jpeg", (300, 240)),
    Case("a height that is rounded", "/B.jpg?width=320", 200, "jpeg", (320, 261)),
    Case(
        "an aspect ratio alone cuts the centre",
        "/L.jpg?aspect_ratio=1:1",
        200,
        "jpeg",
        (800, 800),
        [pixel(390, 390, RED), pixel(410, 390, GREEN)],
    ),
    Case("an aspect ratio with a height", "/P.jpg?aspect_ratio=1:1&height=400", 200, "jpeg", (400, 400)),
    Case("an aspect ratio with a width", "/P.jpg?aspect_ratio=4:3&width=300", 200, "jpeg", (300, 225)),
    Case("a crop at a point", "/L.jpg?crop=300,200,100,100", 200, "jpeg", (300, 200), [pixel(5, 5, RED)]),
    Case("a crop without a point is central", "/L.jpg?crop=300,200", 200, "jpeg", (300, 200), CENTRE),
    Case(
        "a crop in the northwest",
        "/L.jpg?crop=300,200&crop_gravity=northwest",
        200,
        "jpeg",
        (300, 200),
        [pixel(299, 199, RED)],
    ),
    Case("a crop in the east", "/L.jpg?crop=300,200&crop_gravity=east", 200, "jpeg", (300, 200), [pixel(0, 0, GREEN)]),
    Case(
        "a focus in the corner stays inside",
        "/L.jpg?focus_crop=300,200,0,0",
        200,
        "jpeg",
        (300, 200),
        [pixel(299, 199, RED)],
    ),
    Case("a share", "/L.jpg?focus_crop=300,200,0.5,0.5", 200, "jpeg", (300, 200), CENTRE),
    Case(
        "a crop in the southeast",
        "/L.jpg?crop=300,200&crop_gravity=southeast",
        200,
        "jpeg",
        (300, 200),
        [pixel(0, 0, YELLOW)],
    ),
    Case(
        "a focus in pixels, then a width",
        "/L.jpg?focus_crop=400,400,600,400&width=100&format=png",
        200,
        "png",
        (100, 100),
        [pixel(40, 40, RED), pixel(60, 40, GREEN), pixel(40, 60, BLUE)],
    ),
    Case("a crop beyond the edge is cut", "/L.jpg?crop=2000,2000,600,400", 200, "jpeg", (600, 400)),
    Case("a tall aspect ratio alone cuts the width", "/P.jpg?aspect_ratio=9:16", 200, "jpeg", (506, 900)),
    Case("a class replaces the height", "/P.jpg?height=400&class=thumb", 200, "jpeg", (150, 225)),
    Case("flip mirrors top to bottom", "/L.jpg?flip=true", 200, "jpeg", (1200, 800), [pixel(0, 0, BLUE)]),
    Case("flop mirrors left to right", "/L.jpg?flop=true", 200, "jpeg", (1200, 800), [pixel(0, 0, GREEN)]),
    Case("rotate turns clockwise", "/L.jpg?rotate=90", 200, "jpeg", (800, 1200), [pixel(0, 0, BLUE)]),
    Case("rotate comes after the width", "/L.jpg?width=300&rotate=90", 200, "jpeg", (200, 300), [pixel(0, 0, BLUE)]),
    Case("a format of WebP", "/L.jpg?width=300&format=webp", 200, "webp", (300, 200)),
    Case("a format of PNG", "/L.jpg?width=300&format=png", 200, "png", (300, 200)),
    Case(
        "WebP for clients that accept it",
        "/L.jpg?width=300",
        200,
        "webp",
        (300, 200),
        headers=WEBP,
        answers={"Vary": "Accept"},
    ),
    Case("no WebP for clients without it", "/L.jpg?width=300", 200, "jpeg", (300, 200), headers={"Accept": "*/*"}),
    Case("no saturation leaves grey", "/L.jpg?width=300&saturation=-100", 200, "jpeg", (300, 200), [is_grey()]),
    Case(
        "sepia of 80 leaves a fifth of the colours",
        "/L.jpg?width=300&sepia=80",
        200,
        "jpeg",
        (300, 200),
        [pixel(5, 5, (131, 71, 55)), pixel(5, 190, (39, 34, 77))],
    ),
    Case(
        "blur softens the edges of colours",
        "/L.jpg?width=300&blur=10",
        200,
        "jpeg",
        (300, 200),
        [pixel(5, 5, RED)],
        differs_from="/L.jpg?width=300",
    ),
    Case("a hue turns red into green", "/L.jpg?width=300&hue=33", 200, "jpeg", (300, 200), [red_is_green]),
    Case("a tint", "/L.jpg?width=300&tint=00ff00", 200, "jpeg", (300, 200), [pixel(5, 5, (0, 0, 0))]),
    Case("an animated GIF keeps its frames", "/G.gif?width=60", 200, "gif", (60, 45), [frames(3)]),
    Case("EXIF orientation is applied", "/E6.jpg?width=100", 200, "jpeg", (100, 150)),
    Case("a class sets the width", "/L.jpg?class=thumb", 200, "jpeg", (150, 100)),
    Case("forced classes refuse a plain width", "/L.jpg?width=300", 403, mount="bunny-classes"),
    Case("a class that is forced", "/L.jpg?class=thumb", 200, "jpeg", (150, 100), mount="bunny-classes"),
    Case(
        "a bad width is reported and ignored",
        "/L.jpg?width=abc",
        200,
        "jpeg",
        (1200, 800),
        answers={"X-BO-Processing-Error": "width must be"},
    ),
    Case("a missing original is not found", "/nope.jpg?width=300", 404),
    Case("no token", "/L.jpg?width=300", 403, mount="bunny-tokens"),
    Case("as unpic asks", "/L.jpg?width=800&aspect_ratio=800:600", 200, "jpeg", (800, 600)),
    Case("unknown ones", "/L.jpg?width=300&foo=1", 200, "jpeg", (300, 200)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("bunny", case)
