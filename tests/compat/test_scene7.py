"""Adobe Scene7: sizes, fits, regions, rotation, colours, presets, smart crops, properties, formats, errors."""

import pytest

from tests.compat.runner import Case, Reply, Service, has_alpha, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

L = "/is/image/b/L?"
S = "/is/image/b/S?"
A = "/is/image/b/A.png?"
WHITE = (255, 255, 255)
CHROME = {"Accept": "image/avif,image/webp,*/*"}


def progressive(reply: Reply) -> bool:
    """It is progressive."""
    return bool(reply.image.info.get("progressive"))


def is_not_red(reply: Reply) -> bool:
    """The pixel at 146, 50 is no pure red."""
    return not pixel(146, 50, RED)(reply)


CASES = [
    Case("constrain", f"{L}wid=300&hei=300&fit=constrain,1", 200, "jpeg", (300, 200)),
    Case("crop", f"{L}wid=300&hei=300&fit=crop,1", 200, "jpeg", (300, 300), [pixel(140, 140, RED)]),
    Case(
        "stretch",
        f"{L}wid=300&hei=300&fit=stretch,1",
        200,
        "jpeg",
        (300, 300),
        [pixel(20, 130, RED), pixel(20, 170, BLUE)],
    ),
    Case("fit", f"{L}wid=300&hei=300&fit=fit,1", 200, "jpeg", (300, 300), [pixel(150, 10, WHITE), pixel(20, 60, RED)]),
    Case("without fit", f"{L}wid=300&hei=300", 200, "jpeg", (300, 300), [pixel(150, 10, WHITE)]),
    Case("background", f"{L}wid=300&hei=300&bgc=0000ff", 200, "jpeg", (300, 300), [pixel(150, 10, BLUE)]),
    Case("wrap", f"{L}wid=300&hei=300&fit=wrap", 200, "jpeg", (450, 300)),
    Case(
        "hfit pads",
        f"{L}wid=300&hei=300&fit=hfit",
        200,
        "jpeg",
        (300, 300),
        [pixel(150, 10, WHITE), pixel(20, 60, RED)],
    ),
    Case(
        "hfit cuts", f"{L}wid=300&hei=100&fit=hfit", 200, "jpeg", (300, 100), [pixel(20, 40, RED), pixel(20, 60, BLUE)]
    ),
    Case(
        "vfit cuts",
        f"{L}wid=300&hei=300&fit=vfit",
        200,
        "jpeg",
        (300, 300),
        [pixel(140, 140, RED), pixel(160, 140, GREEN)],
    ),
    Case("width", f"{L}wid=300", 200, "jpeg", (300, 200)),
    Case("height", f"{L}hei=200", 200, "jpeg", (300, 200)),
    Case("enlarges", f"{S}wid=300", 200, "jpeg", (300, 240)),
    Case("constrain, not enlarged", f"{S}wid=300&hei=300&fit=constrain,0", 200, "jpeg", (100, 80)),
    Case(
        "fit, not enlarged",
        f"{S}wid=300&hei=300&fit=fit,0",
        200,
        "jpeg",
        (300, 300),
        [pixel(90, 150, WHITE), pixel(110, 120, RED)],
    ),
    Case(
        "crop, not enlarged",
        f"{S}wid=300&hei=40&fit=crop,0",
        200,
        "jpeg",
        (300, 40),
        [pixel(50, 10, WHITE), pixel(110, 5, RED)],
    ),
    Case("aligned", f"{L}wid=200&hei=300&fit=crop&align=-1,0", 200, "jpeg", (200, 300), [pixel(190, 140, RED)]),
    Case(
        "padding aligned",
        f"{L}wid=300&hei=300&align=0,1",
        200,
        "jpeg",
        (300, 300),
        [pixel(20, 90, WHITE), pixel(20, 110, RED)],
    ),
    Case("scale", f"{L}scl=4", 200, "jpeg", (300, 200)),
    Case(
        "window of a scale",
        f"{L}scl=2&wid=300&hei=200",
        200,
        "jpeg",
        (300, 200),
        [pixel(140, 90, RED), pixel(160, 110, YELLOW)],
    ),
    Case("device pixels", f"{L}wid=150&dpr=2", 200, "jpeg", (300, 200)),
    Case("device pixels by name", f"{L}wid=150&dpr=on,2", 200, "jpeg", (300, 200)),
    Case("region", f"{L}crop=500,300,300,200", 200, "jpeg", (300, 200), [pixel(90, 90, RED), pixel(110, 110, YELLOW)]),
    Case("region in shares", f"{L}cropN=0.5,0.5,0.25,0.25", 200, "jpeg", (300, 200), [pixel(5, 5, YELLOW)]),
    Case("region before the size", f"{L}crop=500,300,300,200&wid=150", 200, "jpeg", (150, 100), [pixel(45, 45, RED)]),
    Case(
        "two regions",
        f"{L}crop=600,0,600,800&rgn=0,300,300,200",
        200,
        "jpeg",
        (300, 200),
        [pixel(5, 90, GREEN), pixel(5, 110, YELLOW)],
    ),
    Case(
        "region of the result",
        f"{L}wid=300&rect=140,90,20,20",
        200,
        "jpeg",
        (20, 20),
        [pixel(2, 2, RED), pixel(17, 17, YELLOW)],
    ),
    Case(
        "padding",
        f"{S}extend=10,20,30,40&bgc=0000ff",
        200,
        "jpeg",
        (130, 150),
        [pixel(4, 75, BLUE), pixel(20, 40, RED)],
    ),
    Case("edges", f"{L}extend=-600,0,-400,0", 200, "jpeg", (600, 400), [pixel(5, 5, YELLOW)]),
    Case("rotation", f"{L}rotate=90&wid=200", 200, "jpeg", (200, 300), [pixel(5, 5, BLUE)]),
    Case("any angle", "/is/image/b/Q?rotate=45", 200, "jpeg", (425, 425), [pixel(5, 5, WHITE)]),
    Case("mirrored", f"{L}flip=lr", 200, "jpeg", (1200, 800), [pixel(5, 5, GREEN)]),
    Case("rotated, then mirrored", f"{L}rotate=90&flip=lr", 200, "jpeg", (800, 1200), [pixel(5, 5, RED)]),
    Case("blur", f"{L}wid=300&op_blur=20", 200, "jpeg", (300, 200), [is_not_red]),
    Case("grey", f"{L}wid=300&op_saturation=-100", 200, "jpeg", (300, 200), [is_grey()]),
    Case("grey pixels", f"{L}wid=300&fmt=jpeg,gray", 200, "jpeg", (300, 200), [is_grey()]),
    Case("inverted", f"{L}wid=300&op_invert=1", 200, "jpeg", (300, 200), [pixel(5, 5, (0, 255, 255))]),
    Case("hue", f"{L}wid=300&op_hue=120&fmt=png", 200, "png", (300, 200), [lambda reply: not pixel(5, 5, RED)(reply)]),
    Case("format", f"{L}wid=300&fmt=webp&qlt=70", 200, "webp", (300, 200)),
    Case("JPEG by default", "/is/image/b/X.webp?wid=100", 200, "jpeg", (100, 75), mount="scene7-files"),
    Case("by the client", "/is/image/b/L.jpg?wid=100", 200, "avif", (100, 67), mount="scene7-files", headers=CHROME),
    Case(
        "not by the client",
        "/is/image/b/L.jpg?wid=100&bfc=off",
        200,
        "jpeg",
        (100, 67),
        mount="scene7-files",
        headers=CHROME,
    ),
    Case(
        "without alpha",
        f"{A}fmt=png",
        200,
        "png",
        (400, 300),
        [pixel(5, 5, WHITE), has_alpha(expected=False)],
        mount="scene7-files",
    ),
    Case(
        "with alpha",
        f"{A}fmt=png-alpha&wid=400&hei=400",
        200,
        "png",
        (400, 400),
        [has_alpha(), pixel(5, 5, (*WHITE, 0))],
        mount="scene7-files",
    ),
    Case("progressive", f"{L}wid=300&fmt=pjpeg", 200, "jpeg", (300, 200), [progressive]),
    Case("quality", f"{L}wid=300&qlt=10,0", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("preset", f"{L}$small$", 200, "jpeg", (50, 33)),
    Case("more than a preset", f"{L}hei=90&$small$&wid=120", 200, "jpeg", (120, 80)),
    Case("preset with a space", f"{L}$big%20one$", 200, "jpeg", (600, 400)),
    Case("no such preset", f"{L}$none$", 400, body="none"),
    Case("smart crop", "/is/image/b/L:Wide", 200, "jpeg", (300, 100)),
    Case("smart crop at a width", "/is/image/b/L:Wide?wid=150", 200, "jpeg", (150, 50)),
    Case("no such smart crop", "/is/image/b/L:None", 400, body="None"),
    Case("properties", f"{L}wid=300&fit=constrain&req=props", 200, "text", body="image.width=300\n"),
    Case("of the original", f"{L}wid=300&req=imageprops", 200, "text", body="image.width=1200\n"),
    Case("as JSON", f"{L}req=props,json", 200, body='s7jsonResponse({"image.height": 800'),
    Case("exists", f"{L}req=exists", 200, "text", body="catalogRecord.exists=1"),
    Case("default image", "/is/image/b/none?wid=50&defaultImage=b/S", 200, "jpeg", (50, 40)),
    Case("turned by EXIF", "/is/image/b/E6?wid=100", 200, "jpeg", (100, 150)),
    Case("unknown", f"{L}foo=3&wid=300", 200, "jpeg", (300, 200)),
    Case("layers", f"{L}layer=1&src=x", 400, body="layers"),
    Case("no number", f"{L}wid=x", 400, body="wid must be"),
    Case("no format", f"{L}fmt=pdf", 400, body="fmt must be"),
    Case("no image", "/is/image/b/none?wid=3", 404),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("scene7", case)
