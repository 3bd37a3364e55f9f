"""Gcore: sizes, fits, regions of the resized image, formats and errors."""

import pytest

from tests.compat.runner import Case, Service, cut_border, distorted_border, has_alpha, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

CHROME = {"Accept": "image/avif,image/webp,*/*"}
WEBP = {"Accept": "image/webp,*/*"}

CASES = [
    Case("width", "/L.jpg?width=300", 200, "jpeg", (300, 200)),
    Case("height", "/L.jpg?height=300", 200, "jpeg", (450, 300)),
    Case("no parameters", "/L.jpg", 200, "jpeg", (1200, 800)),
    Case("cut by default", "/T.png?width=100&height=100", 200, "png", (100, 100), cut_border()),
    Case("fit cuts", "/T.png?width=100&height=100&fit=fit", 200, "png", (100, 100), cut_border()),
    Case("bounds", "/L.jpg?width=300&height=300&fit=bounds", 200, "jpeg", (300, 200)),
    Case("cover is around", "/L.jpg?width=300&height=300&fit=cover", 200, "jpeg", (450, 300)),
    Case("force", "/T.png?width=100&height=100&fit=force", 200, "png", (100, 100), distorted_border()),
    Case("not enlarged", "/S.jpg?width=300", 200, "jpeg", (100, 80)),
    Case("crop in the centre", "/L.jpg?crop=300,200", 200, "jpeg", (300, 200),
         [pixel(140, 90, RED), pixel(160, 110, YELLOW)]),
    Case("crop to a ratio", "/L.jpg?crop=16:9", 200, "jpeg", (1200, 675), [pixel(590, 330, RED), pixel(610, 345, YELLOW)]),
    Case("crop at an offset", "/L.jpg?crop=300,200,x600,y50", 200, "jpeg", (300, 200), [pixel(10, 10, GREEN)]),
    Case("crop at a percentage", "/L.jpg?crop=50p,50p,x50p,y50p", 200, "jpeg", (600, 400), [pixel(10, 10, YELLOW)]),
    Case("crop by what is left over", "/L.jpg?crop=300,200,offset-x100,offset-y0", 200, "jpeg", (300, 200),
         [pixel(10, 10, GREEN), pixel(290, 190, GREEN)]),
    Case("one offset and one share", "/L.jpg?crop=300,200,x0,offset-y100", 200, "jpeg", (300, 200)),
    Case("resized before it is cropped", "/L.jpg?width=600&crop=300,200,x300,y200", 200, "jpeg", (300, 200),
         [pixel(10, 10, YELLOW), pixel(290, 190, YELLOW)]),
    Case("a region that stands out", "/S.jpg?crop=90,70,x50,y40", 200, "jpeg", (50, 40), [pixel(10, 10, YELLOW)]),
    Case("AVIF by Accept", "/L.jpg?width=300", 200, "avif", (300, 200), headers=CHROME, answers={"vary": "Accept"}),
    Case("WebP by Accept", "/L.jpg?width=300", 200, "webp", (300, 200), headers=WEBP),
    Case("WebP by name", "/L.jpg?width=300&format=webp", 200, "webp", (300, 200)),
    Case("no formats by Accept", "/L.jpg?width=300", 200, "jpeg", (300, 200), headers=CHROME, mount="gcore-plain"),
    Case("quality", "/L.jpg?width=300&quality=5", 200, "jpeg", (300, 200), [smaller_than(3_000)]),
    Case("turned by EXIF", "/E6.jpg?width=100", 200, "jpeg", (100, 150), [pixel(10, 10, BLUE)]),
    Case("transparent", "/A.png?width=200", 200, "png", (200, 150), [has_alpha()]),
    Case("unknown parameters", "/L.jpg?width=300&v=3", 200, "jpeg", (300, 200)),
    Case("missing original", "/gone.jpg?width=3", 404, body='{"error":"'),
    Case("bad width", "/L.jpg?width=0", 400, body="width must be a whole number"),
    Case("bad fit", "/L.jpg?width=3&height=3&fit=crop", 400, body="fit must be"),
    Case("bad crop", "/L.jpg?crop=300", 400, body="crop must be"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("gcore", case)
