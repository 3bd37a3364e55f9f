"""Builder.io: sides, fits, positions, formats and errors."""

import pytest

from tests.compat.runner import Case, Service, cut_border, distorted_border, frames, has_alpha, pixel, smaller_than
from tests.compat.sources import BLACK, BLUE, GREEN, RED, YELLOW

CHROME = {"Accept": "image/avif,image/webp,*/*"}
P = "/api/v1/image/"

CASES = [
    Case("width", f"{P}L.jpg?width=300", 200, "jpeg", (300, 200)),
    Case("height", f"{P}L.jpg?height=300", 200, "jpeg", (450, 300)),
    Case("no parameters", f"{P}L.jpg", 200, "jpeg", (1200, 800)),
    Case("cover by default", f"{P}T.png?width=100&height=100", 200, "png", (100, 100), cut_border()),
    Case("fill", f"{P}T.png?width=100&height=100&fit=fill", 200, "png", (100, 100), distorted_border()),
    Case("inside", f"{P}L.jpg?width=300&height=300&fit=inside", 200, "jpeg", (300, 200)),
    Case("outside", f"{P}L.jpg?width=300&height=300&fit=outside", 200, "jpeg", (450, 300)),
    Case("contain", f"{P}L.jpg?width=300&height=300&fit=contain", 200, "jpeg", (300, 300),
         [pixel(150, 10, BLACK), pixel(10, 60, RED)]),
    Case("contain at the top", f"{P}L.jpg?width=300&height=300&fit=contain&position=top", 200, "jpeg", (300, 300),
         [pixel(10, 10, RED), pixel(150, 290, BLACK)]),
    Case("a corner", f"{P}L.jpg?width=300&height=300&position=right%20top", 200, "jpeg", (300, 300),
         [pixel(100, 10, GREEN), pixel(100, 290, YELLOW)]),
    Case("a corner with a plus", f"{P}P.jpg?width=300&height=300&position=left+bottom", 200, "jpeg", (300, 300),
         [pixel(10, 100, BLUE)]),
    Case("not enlarged", f"{P}S.jpg?width=2000", 200, "jpeg", (100, 80)),
    Case("each side is limited", f"{P}S.jpg?width=2000&height=40", 200, "jpeg", (100, 40)),
    Case("enlarged", f"{P}S.jpg?width=300", 200, "jpeg", (300, 240), mount="builderio-enlarging"),
    Case("WebP", f"{P}L.jpg?format=webp&width=220", 200, "webp", (220, 147)),
    Case("PNG", f"{P}L.jpg?format=png&width=300", 200, "png", (300, 200)),
    Case("original", f"{P}L.jpg?format=original&width=300", 200, "jpeg", (300, 200), headers=CHROME),
    Case("not by Accept", f"{P}L.jpg?width=300", 200, "jpeg", (300, 200), headers=CHROME),
    Case("quality", f"{P}L.jpg?width=300&quality=5", 200, "jpeg", (300, 200), [smaller_than(3_000)]),
    Case("empty values", f"{P}L.jpg?width=300&height=&fit=&format=", 200, "jpeg", (300, 200)),
    Case("the last of several", f"{P}L.jpg?width=3&width=300", 200, "jpeg", (300, 200)),
    Case("unknown parameters", f"{P}L.jpg?width=300&sharp=true&blur=3", 200, "jpeg", (300, 200)),
    Case("an escaped name", f"{P}%4C.jpg?width=300", 200, "jpeg", (300, 200)),
    Case("turned by EXIF", f"{P}E6.jpg?width=100", 200, "jpeg", (100, 150), [pixel(10, 10, BLUE)]),
    Case("animation", f"{P}G.gif?width=60", 200, "gif", (60, 45), [frames(3)]),
    Case("transparent", f"{P}A.png?width=200", 200, "png", (200, 150), [has_alpha()]),
    Case("transparent as JPEG", f"{P}A.png?width=200&format=jpg", 200, "jpeg", (200, 150), [pixel(5, 5, BLACK)]),
    Case("missing original", f"{P}gone.jpg?width=3", 404),
    Case("bad width", f"{P}L.jpg?width=a", 400, body="width must be a whole number"),
    Case("bad fit", f"{P}L.jpg?width=3&fit=crop", 400, body="fit must be cover"),
    Case("bad quality", f"{P}L.jpg?quality=101", 400, body="quality must be"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("builderio", case)
