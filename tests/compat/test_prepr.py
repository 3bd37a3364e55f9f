"""Prepr: sides, cuts, fits, formats, names and errors."""

import pytest

from tests.compat.runner import Case, Service, cut_border, distorted_border, frames, has_alpha, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, WHITE, YELLOW

CASES = [
    Case("width", "/w_300/L.jpg", 200, "jpeg", (300, 200)),
    Case("height", "/h_300/L.jpg", 200, "jpeg", (450, 300)),
    Case("no options", "/L.jpg", 200, "jpeg", (1200, 800)),
    Case("both sides cut", "/w_100,h_100/T.png", 200, "png", (100, 100), cut_border()),
    Case("crop", "/w_100,h_100,fit_crop/T.png", 200, "png", (100, 100), cut_border()),
    Case("contain", "/w_300,h_300,fit_contain,format_jpg/L.jpg", 200, "jpeg", (300, 200)),
    Case("fill", "/w_100,h_100,fit_fill/T.png", 200, "png", (100, 100), distorted_border()),
    Case("east", "/w_300,h_300,c_east/L.jpg", 200, "jpeg", (300, 300), [pixel(100, 10, GREEN), pixel(100, 290, YELLOW)]),
    Case("southwest", "/w_300,h_300,c_southwest/P.jpg", 200, "jpeg", (300, 300), [pixel(10, 100, BLUE)]),
    Case("not enlarged", "/w_300/S.jpg", 200, "jpeg", (100, 80)),
    Case("a cut that is not enlarged", "/w_300,h_300/S.jpg", 200, "jpeg", (80, 80)),
    Case("PNG", "/w_300,format_png/L.jpg", 200, "png", (300, 200)),
    Case("WebP", "/w_300,format_webp/L.jpg", 200, "webp", (300, 200)),
    Case("quality", "/w_300,q_5/L.jpg", 200, "jpeg", (300, 200), [smaller_than(3_000)]),
    Case("unknown options", "/w_300,zz_1,crop/L.jpg", 200, "jpeg", (300, 200)),
    Case("escaped options", "/w_300%2Ch_200/L.jpg", 200, "jpeg", (300, 200)),
    Case("animation", "/w_60/G.gif", 200, "gif", (60, 45), [frames(3)]),
    Case("turned by EXIF", "/w_100/E6.jpg", 200, "jpeg", (100, 150), [pixel(10, 10, BLUE)]),
    Case("transparent", "/w_200/A.png", 200, "png", (200, 150), [has_alpha()]),
    Case("transparent as JPEG", "/w_200,format_jpg/A.png", 200, "jpeg", (200, 150), [pixel(5, 5, WHITE)]),
    Case("a folder is no option", "/my_folder/L.jpg", 404),
    Case("missing original", "/w_3/gone.jpg", 404),
    Case("bad width", "/w_a/L.jpg", 400, body="w must be a whole number"),
    Case("bad place", "/w_3,h_3,c_middle/L.jpg", 400, body="c must be centre"),
    Case("bad format", "/format_psd/L.jpg", 400, body="format must be jpg"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("prepr", case)
