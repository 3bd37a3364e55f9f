"""Google's Media CDN: operations, their order, formats and errors."""

import pytest

from tests.compat.runner import Case, Service, clear, distorted_border, frames, has_alpha, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

CHROME = {"Accept": "image/avif,image/webp,*/*"}

CASES = [
    Case("width", "/L.jpg?imop=Resize,width=300", 200, "jpeg", (300, 200)),
    Case("height", "/L.jpg?imop=Resize,height=300", 200, "jpeg", (450, 300)),
    Case("both sides", "/L.jpg?imop=Resize,width=300,height=200", 200, "jpeg", (300, 200)),
    Case("both sides distort", "/T.png?imop=Resize,width=100,height=100", 200, "png", (100, 100), distorted_border()),
    Case("proportional", "/L.jpg?imop=Resize,width=300,height=300,scaling=proportional", 200, "jpeg", (300, 200)),
    Case("not enlarged", "/S.jpg?imop=Resize,width=300", 200, "jpeg", (100, 80)),
    Case("each side is limited", "/S.jpg?imop=Resize,width=300,height=40", 200, "jpeg", (100, 40)),
    Case("stretch enlarges", "/S.jpg?imop=Resize,width=300,height=300,scaling=stretch", 200, "jpeg", (300, 300)),
    Case("scale", "/L.jpg?imop=Scale,ratio=0.5", 200, "jpeg", (600, 400)),
    Case("scale does not enlarge", "/S.jpg?imop=Scale,ratio=2", 200, "jpeg", (100, 80)),
    Case("crop", "/L.jpg?imop=Crop,left=0.5", 200, "jpeg", (600, 800), [pixel(10, 10, GREEN), pixel(10, 790, YELLOW)]),
    Case("crop to a quarter", "/L.jpg?imop=Crop,shape=rectangle,right=0.5,top=0.5,snap_to_x=512", 200, "jpeg", (600, 400),
         [pixel(10, 10, BLUE), pixel(590, 390, BLUE)]),
    Case("circle", "/W.png?imop=Crop,shape=circle,left=0,right=1", 200, "png", (100, 100),
         [clear(2, 2), clear(97, 97), pixel(30, 30, (*RED, 255)), pixel(70, 70, (*YELLOW, 255))]),
    Case("crop, then resize", "/L.jpg?imop=Crop,left=0.5;Resize,width=60", 200, "jpeg", (60, 80), [pixel(5, 5, GREEN)]),
    Case("resize, then crop", "/L.jpg?imop=Resize,width=60;Crop,left=0.5", 200, "jpeg", (30, 40), [pixel(5, 5, GREEN)]),
    Case("an escaped operation", "/L.jpg?imop=Resize%2Cwidth%3D300", 200, "jpeg", (300, 200)),
    Case("no operation", "/L.jpg", 200, "jpeg", (1200, 800)),
    Case("the first of several", "/L.jpg?imop=Resize,width=300&imop=Resize,width=3", 200, "jpeg", (300, 200)),
    Case("AVIF by Accept", "/L.jpg?imop=Resize,width=300", 200, "avif", (300, 200), headers=CHROME,
         answers={"vary": "Accept"}, mount="mediacdn-automatic"),
    Case("not without an operation", "/L.jpg", 200, "jpeg", (1200, 800), headers=CHROME, mount="mediacdn-automatic"),
    Case("turned by EXIF", "/E6.jpg?imop=Resize,width=100", 200, "jpeg", (100, 150), [pixel(10, 10, BLUE)]),
    Case("animation", "/G.gif?imop=Resize,width=60", 200, "gif", (60, 45), [frames(3)]),
    Case("transparent", "/A.png?imop=Resize,width=200", 200, "png", (200, 150), [has_alpha()]),
    Case("missing original", "/gone.jpg?imop=Resize,width=3", 404),
    Case("unknown operation", "/L.jpg?imop=Spin,by=3", 400, body="'Spin' is not one of Resize, Scale, Crop"),
    Case("unknown attribute", "/L.jpg?imop=Resize,depth=3", 400, body="Resize has no attribute"),
    Case("bad shape", "/L.jpg?imop=Crop,left=0.5,shape=star", 400, body="shape of Crop must be"),
    Case("scale with another operation", "/L.jpg?imop=Scale,ratio=0.5;Resize,width=3", 400, body="Scale cannot be"),
    Case("stretch of one side", "/L.jpg?imop=Resize,width=3,scaling=stretch", 400, body="scaling=stretch needs"),
    Case("crop without edges", "/L.jpg?imop=Crop,shape=circle", 400, body="Crop needs left"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("mediacdn", case)
