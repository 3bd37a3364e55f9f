"""Fastly's Image Optimizer and Contentstack: sizes, regions, canvas, orientation, output and errors."""

import pytest

from tests.compat.runner import Case, Service, frames, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WEBP = {"Accept": "image/webp,*/*"}
CHROME = {"Accept": "image/avif,image/webp,*/*"}
CENTRE = [pixel(290, 190, RED), pixel(310, 190, GREEN), pixel(290, 210, BLUE)]

CASES = [
    Case("FA-01", "/L.jpg?width=300", 200, "jpeg", (300, 200), answers={"Fastly-Stats": "io=1"}),
    Case("FA-02", "/L.jpg?height=300", 200, "jpeg", (450, 300)),
    Case("FA-03", "/L.jpg?width=0.5", 200, "jpeg", (600, 400)),
    Case("FA-05", "/L.jpg?width=50%25", 200, "jpeg", (600, 400)),
    Case("FA-06", "/L.jpg?width=50p&height=25p&fit=crop", 200, "jpeg", (600, 200)),
    Case("FA-07", "/L.jpg?width=300&height=300&fit=bounds", 200, "jpeg", (300, 200)),
    Case("cover", "/L.jpg?width=300&height=300&fit=cover", 200, "jpeg", (450, 300)),
    Case("FA-09", "/L.jpg?width=300&height=300&fit=crop", 200, "jpeg", (300, 300), [pixel(140, 140, RED)]),
    Case("FA-10", "/L.jpg?width=300&height=300", 200, "jpeg", (300, 300)),
    Case("FA-11", "/L.jpg?width=300&fit=crop", 200, "jpeg", (300, 200)),
    Case("FA-13", "/S.jpg?width=300&enable=upscale", 200, "jpeg", (300, 240)),
    Case("Contentstack enlarges", "/S.jpg?width=300", 200, "jpeg", (300, 240), mount="contentstack"),
    Case("FA-14", "/S.jpg?width=300&disable=upscale", 200, "jpeg", (100, 80), mount="contentstack"),
    Case("FA-15", "/S.jpg?width=300&height=300&fit=bounds", 200, "jpeg", (100, 80)),
    Case("FA-17", "/L.jpg?crop=1:1", 200, "jpeg", (800, 800)),
    Case("FA-18", "/L.jpg?crop=16:9&width=400", 200, "jpeg", (400, 225)),
    Case("FA-19", "/L.jpg?crop=300,200,x100,y100", 200, "jpeg", (300, 200), [pixel(290, 190, RED)]),
    Case("FA-21", "/L.jpg?crop=0.5,0.5", 200, "jpeg", (600, 400), CENTRE),
    Case("FA-22", "/L.jpg?crop=1:1,offset-x0", 200, "jpeg", (800, 800), [pixel(500, 10, RED)]),
    Case("FA-23", "/L.jpg?crop=1:1,offset-x100", 200, "jpeg", (800, 800), [pixel(300, 10, GREEN)]),
    Case("smart", "/L.jpg?crop=1:1,smart&width=100", 200, "jpeg", (100, 100)),
    Case("FA-25", "/L.jpg?crop=1000,1000,x400,y0,safe", 200, "jpeg", (800, 800)),
    Case("FA-26", "/L.jpg?crop=1000,1000,x400,y0", 400),
    Case("two regions", "/L.jpg?precrop=0.5,0.5,x0,y0&crop=100,100", 200, "jpeg", (100, 100), [pixel(0, 0, RED)]),
    Case("FA-27", "/L.jpg?trim=10,20,30,40", 200, "jpeg", (1140, 760)),
    Case("FA-29", "/T.png?trim-color=white", 200, "png", (260, 160)),
    Case("FA-30", "/L.jpg?pad=10,20,30,40&bg-color=ff0000", 200, "jpeg", (1260, 840), [pixel(5, 5, RED)]),
    Case("FA-31", "/L.jpg?pad=25p", 200, "jpeg", (1800, 1200)),
    Case("FA-33", "/L.jpg?canvas=600,400", 200, "jpeg", (600, 400), CENTRE),
    Case("FA-34", "/L.jpg?canvas=1:1&bg-color=f00", 200, "jpeg", (1200, 1200), [pixel(900, 50, RED)]),
    Case(
        "placed on a canvas",
        "/S.jpg?canvas=300,200,x10,y20&bg-color=0,0,255&format=png",
        200,
        "png",
        (300, 200),
        [pixel(5, 5, BLUE), pixel(12, 22, RED), pixel(108, 98, YELLOW)],
    ),
    Case("FA-35", "/L.jpg?orient=r", 200, "jpeg", (800, 1200), [pixel(0, 0, BLUE)]),
    Case("FA-37", "/L.jpg?orient=3", 200, "jpeg", (1200, 800), [pixel(0, 0, YELLOW)]),
    Case("FA-38", "/E6.jpg?width=100", 200, "jpeg", (100, 150)),
    Case("FA-39", "/E6.jpg?width=100&orient=1", 200, "jpeg", (100, 67)),
    Case(
        "FA-41",
        "/L.jpg?width=300&format=pjpg",
        200,
        "jpeg",
        (300, 200),
        [lambda reply: bool(reply.image.info.get("progressive"))],
    ),
    Case("FA-42", "/A.png?width=100&format=png8", 200, "png", (100, 75), [lambda reply: reply.image.mode == "P"]),
    Case("FA-43", "/L.jpg?width=300&auto=webp", 200, "webp", (300, 200), headers=WEBP, answers={"Vary": "Accept"}),
    Case("FA-45", "/L.jpg?width=300&format=auto", 200, "avif", (300, 200), headers=CHROME),
    Case("FA-46", "/L.jpg?width=300&auto=webp&format=png", 200, "webp", (300, 200), headers=WEBP),
    Case("else that format", "/L.jpg?width=300&auto=webp&format=png", 200, "png", (300, 200)),
    Case("FA-47", "/L.jpg?width=300&quality=10", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("FA-49", "/L.jpg?width=300&saturation=-100", 200, "jpeg", (300, 200), [is_grey()]),
    Case("FA-50", "/L.jpg?width=300&blur=5", 200, "jpeg", (300, 200)),
    Case("FA-51", "/G.gif?frame=1&width=60", 200, "gif", (60, 45), [frames(1)]),
    Case("FA-53", "/L.jpg?foo=bar", 200, "jpeg", (1200, 800)),
    Case("FA-54", "/nope.jpg?width=300", 404),
    Case("no number", "/L.jpg?width=abc", 400, answers={"Fastly-IO-Error": "width must be"}),
    Case("ignored", "/L.jpg?width=abc&height=200", 200, "jpeg", (300, 200), mount="fastly-vcl"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("fastly", case)
