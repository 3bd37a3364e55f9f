"""ImageEngine: methods, regions, rotation, client hints, formats, directives in the path, errors."""

import pytest

from tests.compat.runner import Case, Reply, Service, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

D = "?imgeng=/"
WHITE = (255, 255, 255)
CHROME = {"Accept": "image/avif,image/webp,*/*"}


def is_sharper(reply: Reply) -> bool:
    """There is a brighter edge than in the original: white beside green."""
    red, green, blue = (reply.image.convert("RGB").getpixel((x, 100)) for x in (148, 149, 152))
    return (red, green, blue) != (RED, RED, GREEN)


CASES = [
    Case("cropbox", f"/L.jpg{D}w_300/h_300/m_cropbox/f_png", 200, "png", (300, 300), [pixel(140, 140, RED)]),
    Case("cropbox at an edge", f"/L.jpg{D}w_200/h_300/m_cropbox,left", 200, "jpeg", (200, 300), [pixel(190, 140, RED)]),
    Case("box", f"/L.jpg{D}w_300/h_300/m_box", 200, "jpeg", (300, 200)),
    Case("without a method", f"/L.jpg{D}w_300/h_300", 200, "jpeg", (300, 200)),
    Case("letterbox", f"/L.jpg{D}w_300/h_300/m_letterbox", 200, "jpeg", (300, 300), [pixel(150, 10, WHITE)]),
    Case(
        "its colour",
        f"/L.jpg{D}w_300/h_300/m_letterbox",
        200,
        "jpeg",
        (300, 300),
        [pixel(150, 10, RED)],
        mount="imageengine-red",
    ),
    Case("outside", f"/L.jpg{D}w_300/h_300/m_outside", 200, "jpeg", (450, 300)),
    Case(
        "stretch",
        f"/L.jpg{D}w_300/h_300/m_stretch",
        200,
        "jpeg",
        (300, 300),
        [pixel(20, 130, RED), pixel(20, 170, BLUE)],
    ),
    Case("not enlarged", f"/S.jpg{D}w_300", 200, "jpeg", (100, 80)),
    Case("height", f"/L.jpg{D}h_200", 200, "jpeg", (300, 200)),
    Case("region", f"/L.jpg{D}cr_300,200,700,500", 200, "jpeg", (300, 200), [pixel(5, 5, YELLOW)]),
    Case("region before the size", f"/L.jpg{D}w_150/cr_300,200,500,300", 200, "jpeg", (150, 100), [pixel(45, 45, RED)]),
    Case("rotation after the size", f"/L.jpg{D}r_90/w_300", 200, "jpeg", (200, 300), [pixel(5, 5, BLUE)]),
    Case("any angle", f"/Q.jpg{D}r_-45", 200, "jpeg", (425, 425), [pixel(5, 5, WHITE)]),
    Case("sharpness", f"/L.jpg{D}w_300/s_100", 200, "jpeg", (300, 200), [is_sharper]),
    Case("compression", f"/L.jpg{D}w_300/cmpr_90", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("format", f"/L.jpg{D}w_300/f_webp", 200, "webp", (300, 200)),
    Case("by the client", f"/L.jpg{D}w_300", 200, "avif", (300, 200), headers=CHROME, answers={"Vary": "Accept"}),
    Case("fixed format", f"/L.jpg{D}w_300/f_png", 200, "png", (300, 200), headers=CHROME),
    Case("the original as it is", f"/L.jpg{D}w_300/pass_true", 200, "jpeg", (1200, 800), headers=CHROME),
    Case("device pixels", f"/L.jpg{D}w_150/dpr_2", 200, "jpeg", (300, 200)),
    Case("without a hint", f"/L.jpg{D}w_auto,300", 200, "jpeg", (300, 200)),
    Case("percent without a hint", f"/L.jpg{D}pc_50,300", 200, "jpeg", (300, 200)),
    Case(
        "width before percent",
        f"/L.jpg{D}w_100/pc_50",
        200,
        "jpeg",
        (100, 67),
        headers={"Sec-CH-Viewport-Width": "640"},
    ),
    Case("turned by EXIF", f"/E6.jpg{D}w_100", 200, "jpeg", (100, 150)),
    Case("in the path", "/w_300/h_300/m_cropbox/{origin}/L.jpg", 200, "jpeg", (300, 300)),
    Case("another host", "/w_300/https://example.com/L.jpg", 403),
    Case("unknown", f"/L.jpg{D}zz_3/w_300/", 200, "jpeg", (300, 200)),
    Case("last counts", f"/L.jpg{D}w_3/w_300", 200, "jpeg", (300, 200)),
    Case("escaped", "/L.jpg?imgeng=%2Fw_300%2Fh_300%2Fm_cropbox", 200, "jpeg", (300, 300)),
    Case("not valid", f"/L.jpg{D}w_0", 400, body="w must be"),
    Case("no such method", f"/L.jpg{D}w_3/h_3/m_x", 400, body="m must be"),
    Case("no image", f"/none.jpg{D}w_3", 404),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("imageengine", case)
