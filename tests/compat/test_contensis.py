"""Contensis: behaviours, regions, the order of parameters, output and errors."""

import pytest

from tests.compat.runner import (
    Case,
    Service,
    clear,
    cut_border,
    distorted_border,
    frames,
    has_alpha,
    is_grey,
    pixel,
    smaller_than,
)
from tests.compat.sources import BLACK, BLUE, GREEN, RED, WHITE, YELLOW

CHROME = {"Accept": "image/avif,image/webp,*/*"}

CASES = [
    Case("width", "/L.jpg?w=300", 200, "jpeg", (300, 200)),
    Case("long names", "/L.jpg?width=300&height=300&fit=max", 200, "jpeg", (300, 200)),
    Case("height", "/L.jpg?h=300", 200, "jpeg", (450, 300)),
    Case("inside by default", "/L.jpg?w=300&h=300", 200, "jpeg", (300, 200)),
    Case("an unknown fit is max", "/L.jpg?w=300&h=300&fit=tight", 200, "jpeg", (300, 200)),
    Case("not enlarged", "/S.jpg?w=300", 200, "jpeg", (100, 80)),
    Case("contain enlarges", "/S.jpg?w=300&h=300&fit=contain", 200, "jpeg", (300, 240)),
    Case("contain of one side", "/S.jpg?w=300&fit=contain", 200, "jpeg", (300, 240)),
    Case("stretch", "/T.png?w=100&h=100&fit=stretch", 200, "png", (100, 100), distorted_border()),
    Case("crop", "/T.png?w=100&h=100&fit=crop", 200, "png", (100, 100), cut_border()),
    Case("crop at the right", "/L.jpg?w=300&h=300&fit=crop-r", 200, "jpeg", (300, 300),
         [pixel(100, 10, GREEN), pixel(100, 290, YELLOW)]),
    Case("crop at the bottom", "/P.jpg?w=300&h=300&fit=crop-bottom", 200, "jpeg", (300, 300), [pixel(10, 100, BLUE)]),
    Case("crop around a point", "/L.jpg?w=300&h=300&fit=crop&fp=1,0", 200, "jpeg", (300, 300), [pixel(100, 10, GREEN)]),
    Case("fill", "/L.jpg?w=300&h=300&fit=fill&bg=0000ff", 200, "jpeg", (300, 300), [pixel(150, 10, BLUE), pixel(10, 60, RED)]),
    Case("fill without a colour", "/L.jpg?w=300&h=300&fit=fill", 200, "jpeg", (300, 300), [pixel(150, 10, WHITE)]),
    Case("fill of a transparent image", "/A.png?w=200&h=200&fit=fill", 200, "png", (200, 200), [clear(5, 5), clear(5, 100)]),
    Case("a colour behind all of it", "/A.png?w=200&h=200&fit=fill&bg=00f", 200, "png", (200, 200),
         [pixel(5, 5, (*BLUE, 255)), pixel(5, 100, (*BLUE, 255)), pixel(80, 100, (*RED, 255))]),
    Case("fill, then a turn", "/L.jpg?w=300&h=400&fit=fill&bg=000&r=90", 200, "jpeg", (400, 300),
         [pixel(5, 150, BLACK), pixel(395, 150, BLACK), pixel(290, 10, RED), pixel(110, 290, YELLOW)]),
    Case("region", "/L.jpg?crop=300,200,600,0", 200, "jpeg", (300, 200), [pixel(10, 10, GREEN), pixel(290, 190, GREEN)]),
    Case("region at an anchor", "/L.jpg?crop=300,200,br", 200, "jpeg", (300, 200), [pixel(10, 10, YELLOW)]),
    Case("region in the centre", "/L.jpg?crop=300,200", 200, "jpeg", (300, 200), [pixel(140, 90, RED), pixel(160, 110, YELLOW)]),
    Case("region, then size", "/L.jpg?crop=600,400,tl&w=60", 200, "jpeg", (60, 40), [pixel(55, 35, RED)]),
    Case("size, then region", "/L.jpg?w=60&crop=30,20,br", 200, "jpeg", (30, 20), [pixel(5, 5, YELLOW)]),
    Case("two sizes", "/L.jpg?w=300&crop=150,100,tl&w=30", 200, "jpeg", (30, 20), [pixel(25, 15, RED)]),
    Case("size, then a turn", "/L.jpg?w=300&r=90", 200, "jpeg", (200, 300), [pixel(10, 10, BLUE), pixel(190, 10, RED)]),
    Case("a turn, then size", "/L.jpg?r=90&w=200", 200, "jpeg", (200, 300), [pixel(10, 10, BLUE)]),
    Case("corners of a free turn", "/L.jpg?w=300&r=45&f=png", 200, "png", (354, 354), [clear(3, 3)]),
    Case("a colour in the corners", "/L.jpg?w=300&r=45&bg=00f&f=png", 200, "png", (354, 354), [pixel(3, 3, (*BLUE, 255))]),
    Case("mirrored", "/L.jpg?w=300&flip=h", 200, "jpeg", (300, 200), [pixel(10, 10, GREEN), pixel(290, 10, RED)]),
    Case("mirrored both ways", "/L.jpg?w=300&flip=both", 200, "jpeg", (300, 200), [pixel(10, 10, YELLOW)]),
    Case("blurred", "/L.jpg?w=300&b=8", 200, "jpeg", (300, 200), differs_from="/L.jpg?w=300"),
    Case("grey", "/L.jpg?w=300&effect=grayscale", 200, "jpeg", (300, 200), [is_grey()]),
    Case("PNG", "/L.jpg?f=png&w=300", 200, "png", (300, 200)),
    Case("WebP", "/L.jpg?w=300&format=webp", 200, "webp", (300, 200)),
    Case("an unknown format", "/L.jpg?w=300&f=psd", 200, "jpeg", (300, 200), headers=CHROME),
    Case("quality", "/L.jpg?w=300&q=5", 200, "jpeg", (300, 200), [smaller_than(3_000)]),
    Case("empty and unknown", "/L.jpg?w=300&h=&zz=3", 200, "jpeg", (300, 200)),
    Case("turned by EXIF", "/E6.jpg?w=100", 200, "jpeg", (100, 150), [pixel(10, 10, BLUE)]),
    Case("animation", "/G.gif?w=60", 200, "gif", (60, 45), [frames(3)]),
    Case("transparent", "/A.png?w=200", 200, "png", (200, 150), [has_alpha()]),
    Case("missing original", "/gone.jpg?w=3", 404),
    Case("bad width", "/L.jpg?w=a", 400, body="w must be a whole number"),
    Case("bad crop", "/L.jpg?crop=3,3,middle", 400, body="crop must be"),
    Case("bad colour", "/L.jpg?bg=red", 400, body="bg must be hexadecimal"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("contensis", case)
