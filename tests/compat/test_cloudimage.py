"""Cloudimage: functions, regions, gravity, colours, formats, URLs and paths, information, errors."""

import pytest

from tests.compat.runner import Case, Reply, Service, clear, fact, has_alpha, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

L = "/v7/{origin}/L.jpg?"
S = "/v7/{origin}/S.jpg?"
A = "/v7/{origin}/A.png?"
WHITE = (255, 255, 255)
CHROME = {"Accept": "image/avif,image/webp,*/*"}


def is_not_red(reply: Reply) -> bool:
    """The pixel at 146, 50 is no pure red."""
    return not pixel(146, 50, RED)(reply)


CASES = [
    Case("both sides", f"{L}width=300&height=300", 200, "jpeg", (300, 300), [pixel(140, 140, RED)]),
    Case("bound", f"{L}width=300&height=300&func=bound", 200, "jpeg", (300, 200)),
    Case("boundmin", f"{L}width=300&height=300&func=boundmin", 200, "jpeg", (450, 300)),
    Case(
        "cover", f"{L}width=300&height=300&func=cover&force_format=webp", 200, "webp", (300, 300), [pixel(20, 130, RED)]
    ),
    Case("fit", f"{L}w=300&h=300&func=fit", 200, "jpeg", (300, 300), [pixel(150, 10, WHITE)]),
    Case("fit with a colour", f"{L}w=300&h=300&func=fit&bg_color=00f", 200, "jpeg", (300, 300), [pixel(150, 10, BLUE)]),
    Case(
        "fit with the image",
        f"{L}w=300&h=300&func=fit&bg_blur=1",
        200,
        "jpeg",
        (300, 300),
        [lambda reply: not pixel(20, 10, WHITE)(reply)],
    ),
    Case("faces", f"{L}w=300&h=300&func=face", 200, "jpeg", (300, 300)),
    Case("one side", f"{L}w=300", 200, "jpeg", (300, 200)),
    Case("pixels by name", f"{L}h=200px", 200, "jpeg", (300, 200)),
    Case("enlarges", f"{S}w=300", 200, "jpeg", (300, 240)),
    Case("not enlarged", f"{S}w=300&org_if_sml=1", 200, "jpeg", (100, 80)),
    Case("gravity", f"{L}w=200&h=300&gravity=west", 200, "jpeg", (200, 300), [pixel(190, 140, RED)]),
    Case("gravity at a point", f"{L}w=200&h=300&gravity=1190,10", 200, "jpeg", (200, 300), [pixel(10, 140, GREEN)]),
    Case(
        "region",
        f"{L}tl_px=500,300&br_px=800,500",
        200,
        "jpeg",
        (300, 200),
        [pixel(90, 90, RED), pixel(110, 110, YELLOW)],
    ),
    Case("region to the edge", f"{L}tl_px=700,500", 200, "jpeg", (500, 300), [pixel(5, 5, YELLOW)]),
    Case("ratio of a width", f"{L}w=300&ar=1:1", 200, "jpeg", (300, 300)),
    Case("ratio of the image", f"{L}ar=1:1", 200, "jpeg", (800, 800)),
    Case("device pixels", f"{L}w=150&dpr=2", 200, "jpeg", (300, 200)),
    Case("trim", "/v7/{origin}/T.png?trim=10&force_format=png", 200, "png", (260, 160)),
    Case("counter-clockwise", f"{L}r=90", 200, "jpeg", (800, 1200), [pixel(5, 5, GREEN)]),
    Case("any angle", "/v7/{origin}/Q.jpg?r=45&bg_color=blue", 200, "jpeg", (425, 425), [pixel(5, 5, BLUE)]),
    Case("mirrored", f"{L}flip=h", 200, "jpeg", (1200, 800), [pixel(5, 5, GREEN)]),
    Case("rounded", f"{L}w=300&radius=40&force_format=png", 200, "png", (300, 200), [has_alpha(), pixel(60, 60, RED)]),
    Case(
        "round",
        "/v7/{origin}/Q.jpg?radius=max&force_format=png",
        200,
        "png",
        (300, 300),
        [clear(20, 20), has_alpha()],
    ),
    Case("grey", f"{L}w=300&grey=1", 200, "jpeg", (300, 200), [is_grey()]),
    Case("blur", f"{L}w=300&blur=20", 200, "jpeg", (300, 200), [is_not_red]),
    Case(
        "bright",
        f"{L}w=300&bright=-128&force_format=png",
        200,
        "png",
        (300, 200),
        [lambda reply: not pixel(5, 5, RED)(reply)],
    ),
    Case("opacity", f"{L}w=300&opacity=0.5&force_format=png", 200, "png", (300, 200), [pixel(5, 5, (*RED, 128))]),
    Case(
        "background",
        f"{A}bg_color=0000ff&force_format=png",
        200,
        "png",
        (400, 300),
        [pixel(5, 5, BLUE), has_alpha(expected=False)],
    ),
    Case("by the client", f"{L}w=300", 200, "avif", (300, 200), headers=CHROME, answers={"Vary": "Accept"}),
    Case("as the original", f"{L}w=300&force_format=original", 200, "jpeg", (300, 200), headers=CHROME),
    Case("quality", f"{L}w=300&q=10", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("without a version", "/{origin}/L.jpg?w=300", 200, "jpeg", (300, 200)),
    Case("with a flag", "/v7/_sl_/{origin}/L.jpg?w=300", 200, "jpeg", (300, 200)),
    Case("a path of the source", "/v7/L.jpg?w=300&h=300", 200, "jpeg", (300, 200), mount="filerobot"),
    Case("turned by EXIF", "/v7/{origin}/E6.jpg?w=100", 200, "jpeg", (100, 150)),
    Case("information", f"{L}ci_info=1", 200, "json", checks=[fact("original", "w", equals=1200)]),
    Case("unknown and empty", f"{L}foo=1&h=&w=300&wat=1", 200, "jpeg", (300, 200)),
    Case("no number", f"{L}w=x", 400, body="w must be"),
    Case("no function", f"{L}w=3&func=x", 400, body="func must be"),
    Case("no region", f"{L}tl_px=5,5&br_px=5,9", 400, body="br_px"),
    Case("no image", "/v7/{origin}/none.jpg?w=3", 404),
    Case("another host", "/v7/https://example.com/a.jpg?w=3", 403),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("cloudimage", case)
