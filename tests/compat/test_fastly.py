"""Fastly's Image Optimizer and Contentstack: sizes, regions, canvas, orientation, output and errors."""

import pytest

from tests.compat.runner import Case, Service, cut_border, distorted_border, frames, is_grey, pixel, smaller_than
from tests.compat.sources import BLACK, BLUE, GREEN, RED, WHITE, YELLOW

WEBP = {"Accept": "image/webp,*/*"}
CHROME = {"Accept": "image/avif,image/webp,*/*"}
AT_A_POINT = [pixel(95, 95, RED), pixel(105, 95, GREEN), pixel(95, 105, BLUE)]
CENTRE = [pixel(290, 190, RED), pixel(310, 190, GREEN), pixel(290, 210, BLUE)]

CASES = [
    Case("width alone keeps the shape", "/L.jpg?width=300", 200, "jpeg", (300, 200), answers={"Fastly-Stats": "io=1"}),
    Case("height alone keeps the shape", "/L.jpg?height=300", 200, "jpeg", (450, 300)),
    Case("a width as a share", "/L.jpg?width=0.5", 200, "jpeg", (600, 400)),
    Case("a width in escaped percent", "/L.jpg?width=50%25", 200, "jpeg", (600, 400)),
    Case(
        "both sides in percent with crop",
        "/T.png?width=50p&height=25p&fit=crop",
        200,
        "png",
        (150, 50),
        [pixel(3, 25, WHITE), pixel(75, 2, BLACK)],
    ),
    Case("bounds keeps the shape within both sides", "/L.jpg?width=300&height=300&fit=bounds", 200, "jpeg", (300, 200)),
    Case("cover", "/L.jpg?width=300&height=300&fit=cover", 200, "jpeg", (450, 300)),
    Case(
        "crop fills both sides from the centre",
        "/T.png?width=100&height=100&fit=crop",
        200,
        "png",
        (100, 100),
        cut_border(),
    ),
    Case(
        "both sides without fit distort",
        "/T.png?width=100&height=100",
        200,
        "png",
        (100, 100),
        distorted_border(),
    ),
    Case("crop with one side cuts nothing", "/L.jpg?width=300&fit=crop", 200, "jpeg", (300, 200)),
    Case("enable=upscale enlarges a small image", "/S.jpg?width=300&enable=upscale", 200, "jpeg", (300, 240)),
    Case("Contentstack enlarges", "/S.jpg?width=300", 200, "jpeg", (300, 240), mount="contentstack"),
    Case(
        "disable=upscale keeps Contentstack from enlarging",
        "/S.jpg?width=300&disable=upscale",
        200,
        "jpeg",
        (100, 80),
        mount="contentstack",
    ),
    Case("bounds does not enlarge", "/S.jpg?width=300&height=300&fit=bounds", 200, "jpeg", (100, 80)),
    Case("a crop by aspect ratio is central", "/L.jpg?crop=1:1", 200, "jpeg", (800, 800)),
    Case("a crop by aspect ratio, then a width", "/L.jpg?crop=16:9&width=400", 200, "jpeg", (400, 225)),
    Case("a crop at a point", "/L.jpg?crop=300,200,x500,y300", 200, "jpeg", (300, 200), AT_A_POINT),
    Case("a crop in shares is central", "/L.jpg?crop=0.5,0.5", 200, "jpeg", (600, 400), CENTRE),
    Case("offset 0 crops the left", "/L.jpg?crop=1:1,offset-x0", 200, "jpeg", (800, 800), [pixel(500, 10, RED)]),
    Case("offset 100 crops the right", "/L.jpg?crop=1:1,offset-x100", 200, "jpeg", (800, 800), [pixel(300, 10, GREEN)]),
    Case(
        "smart",
        "/L.jpg?crop=1:1,smart&width=100",
        200,
        "jpeg",
        (100, 100),
        differs_from="/L.jpg?crop=1:1&width=100",
    ),
    Case("a safe crop is cut at the edge", "/L.jpg?crop=1000,1000,x400,y0,safe", 200, "jpeg", (800, 800)),
    Case("a crop beyond the edge is refused", "/L.jpg?crop=1000,1000,x400,y0", 400),
    Case(
        "two regions",
        "/L.jpg?precrop=600,400,x600,y400&crop=100,100",
        200,
        "jpeg",
        (100, 100),
        [pixel(5, 5, YELLOW)],
    ),
    Case(
        "trim takes pixels off each edge",
        "/L.jpg?trim=10,20,30,40",
        200,
        "jpeg",
        (1140, 760),
        [pixel(554, 384, RED), pixel(566, 384, GREEN), pixel(554, 396, BLUE)],
    ),
    Case("trim-color removes a white border", "/T.png?trim-color=white", 200, "png", (260, 160)),
    Case("pad adds a border", "/L.jpg?pad=10,20,30,40&bg-color=ff0000", 200, "jpeg", (1260, 840), [pixel(5, 5, RED)]),
    Case("pad in percent of each side", "/L.jpg?pad=25p", 200, "jpeg", (1800, 1200)),
    Case("a smaller canvas cuts the edges", "/L.jpg?canvas=600,400", 200, "jpeg", (600, 400), CENTRE),
    Case("a canvas by ratio", "/L.jpg?canvas=1:1&bg-color=f00", 200, "jpeg", (1200, 1200), [pixel(900, 50, RED)]),
    Case(
        "placed on a canvas",
        "/S.jpg?canvas=300,200,x10,y20&bg-color=0,0,255&format=png",
        200,
        "png",
        (300, 200),
        [pixel(5, 5, BLUE), pixel(12, 22, RED), pixel(108, 98, YELLOW)],
    ),
    Case("orient by letter turns right", "/L.jpg?orient=r", 200, "jpeg", (800, 1200), [pixel(0, 0, BLUE)]),
    Case("orient by number turns half around", "/L.jpg?orient=3", 200, "jpeg", (1200, 800), [pixel(0, 0, YELLOW)]),
    Case("EXIF orientation is applied", "/E6.jpg?width=100", 200, "jpeg", (100, 150)),
    Case("orient replaces the EXIF orientation", "/E6.jpg?width=100&orient=1", 200, "jpeg", (100, 67)),
    Case(
        "pjpg is a progressive JPEG",
        "/L.jpg?width=300&format=pjpg",
        200,
        "jpeg",
        (300, 200),
        [lambda reply: bool(reply.image.info.get("progressive"))],
    ),
    Case(
        "png8 is a PNG with a palette",
        "/A.png?width=100&format=png8",
        200,
        "png",
        (100, 75),
        [lambda reply: reply.image.mode == "P"],
    ),
    Case(
        "auto gives WebP where it is accepted",
        "/L.jpg?width=300&auto=webp",
        200,
        "webp",
        (300, 200),
        headers=WEBP,
        answers={"Vary": "Accept"},
    ),
    Case("auto as format gives AVIF", "/L.jpg?width=300&format=auto", 200, "avif", (300, 200), headers=CHROME),
    Case("auto goes before the format", "/L.jpg?width=300&auto=webp&format=png", 200, "webp", (300, 200), headers=WEBP),
    Case("else that format", "/L.jpg?width=300&auto=webp&format=png", 200, "png", (300, 200)),
    Case("quality 10 makes few bytes", "/L.jpg?width=300&quality=10", 200, "jpeg", (300, 200), [smaller_than(2_500)]),
    Case("no saturation leaves grey", "/L.jpg?width=300&saturation=-100", 200, "jpeg", (300, 200), [is_grey()]),
    Case(
        "blur softens the edges of colours",
        "/L.jpg?width=300&blur=5",
        200,
        "jpeg",
        (300, 200),
        [pixel(5, 5, RED)],
        differs_from="/L.jpg?width=300",
    ),
    Case("a single frame of an animated GIF", "/G.gif?frame=1&width=60", 200, "gif", (60, 45), [frames(1)]),
    Case("an unknown parameter is ignored", "/L.jpg?foo=bar", 200, "jpeg", (1200, 800)),
    Case("a missing original is not found", "/nope.jpg?width=300", 404),
    Case("no number", "/L.jpg?width=abc", 400, answers={"Fastly-IO-Error": "width must be"}),
    Case("ignored", "/L.jpg?width=abc&height=200", 200, "jpeg", (300, 200), mount="fastly-vcl"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("fastly", case)
