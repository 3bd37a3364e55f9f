"""KeyCDN's Image Processing: sizes by the rules of sharp, regions, focal points, effects, overlays, output, headers."""

import pytest

from tests.compat.runner import Case, Reply, Service, frames, has_alpha, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WEBP = {"Accept": "image/webp,*/*"}
BLACK, WHITE, CYAN = (0, 0, 0), (255, 255, 255), (0, 255, 255)
PROCESSED = {"x-ip": "1"}
UNPROCESSED = {"x-ip": "0"}
CENTRE = [pixel(140, 90, RED), pixel(160, 90, GREEN), pixel(140, 110, BLUE)]


def is_tinted(reply: Reply) -> bool:
    """Red is not red."""
    return not pixel(10, 10, RED)(reply)


def is_mixed(reply: Reply) -> bool:
    """Red beside green is not red."""
    return not pixel(148, 10, RED)(reply)


CASES = [
    Case("width", "/L.jpg?width=300", 200, "jpeg", (300, 200), answers=PROCESSED | {"x-ip-info": "odim=300x200"}),
    Case("height", "/L.jpg?height=300", 200, "jpeg", (450, 300)),
    Case("cover", "/L.jpg?width=300&height=300", 200, "jpeg", (300, 300), [pixel(140, 140, RED)]),
    Case("inside", "/L.jpg?width=300&height=300&fit=inside", 200, "jpeg", (300, 200)),
    Case("outside", "/L.jpg?width=300&height=300&fit=outside", 200, "jpeg", (450, 300)),
    Case("fill", "/L.jpg?width=300&height=300&fit=fill", 200, "jpeg", (300, 300)),
    Case(
        "contain",
        "/L.jpg?width=300&height=300&fit=contain&bg=ff0000",
        200,
        "jpeg",
        (300, 300),
        [pixel(150, 10, RED)],
    ),
    Case("contain, black", "/L.jpg?width=300&height=300&fit=contain", 200, "jpeg", None, [pixel(150, 10, BLACK)]),
    Case(
        "contain, white", "/L.jpg?width=300&height=300&fit=contain&bg=fff", 200, "jpeg", None, [pixel(150, 10, WHITE)]
    ),
    Case(
        "contain at an edge",
        "/L.jpg?width=300&height=300&fit=contain&bg=255,0,0&position=bottom",
        200,
        "jpeg",
        (300, 300),
        [pixel(150, 90, RED), pixel(290, 110, GREEN)],
    ),
    Case(
        "at the right", "/L.jpg?width=300&height=300&position=right", 200, "jpeg", (300, 300), [pixel(100, 10, GREEN)]
    ),
    Case("a corner", "/P.jpg?width=300&height=300&position=left+bottom", 200, "jpeg", None, [pixel(10, 100, BLUE)]),
    Case("entropy", "/L.jpg?width=300&height=300&position=entropy", 200, "jpeg", (300, 300)),
    Case("smart", "/L.jpg?width=300&height=300&crop=smart", 200, "jpeg", (300, 300)),
    Case("focal point", "/L.jpg?width=300&height=300&crop=fp,1,0.5", 200, "jpeg", (300, 300), [pixel(100, 10, GREEN)]),
    Case(
        "focal point in pixels", "/L.jpg?width=300&height=300&crop=fp,0,400", 200, "jpeg", None, [pixel(200, 290, BLUE)]
    ),
    Case(
        "focal point with zoom",
        "/L.jpg?width=300&height=300&crop=fp,0.9,0.9,3",
        200,
        "jpeg",
        (300, 300),
        [pixel(10, 10, YELLOW), pixel(290, 290, YELLOW)],
    ),
    Case("smart without sides", "/L.jpg?width=300&crop=smart", 200, "jpeg", (300, 200)),
    Case("region first", "/L.jpg?crop=300,200,100,100&width=150", 200, "jpeg", (150, 100), [pixel(149, 99, RED)]),
    Case("region in the centre", "/L.jpg?crop=300,200", 200, "jpeg", (300, 200), CENTRE),
    Case("region larger than the original", "/S.jpg?crop=300,20", 200, "jpeg", (100, 20)),
    Case("region outside", "/S.jpg?crop=30,20,90,0", 400, answers=UNPROCESSED | {"x-ip-error": "crop"}),
    Case("not enlarged", "/S.jpg?width=300", 200, "jpeg", (100, 80)),
    Case("enlarged", "/S.jpg?width=300&height=300&enlarge=1", 200, "jpeg", (300, 300)),
    Case("both sides not enlarged", "/S.jpg?width=300&height=300", 200, "jpeg", (100, 80)),
    Case("one side not enlarged", "/S.jpg?width=300&height=50", 200, "jpeg", (100, 50)),
    Case("fill not enlarged", "/S.jpg?width=300&height=50&fit=fill", 200, "jpeg", (100, 50)),
    Case("enlarged by the entry", "/S.jpg?width=300", 200, "jpeg", (300, 240), mount="keycdn-webp"),
    Case("not by the URL", "/S.jpg?width=300&enlarge=0", 200, "jpeg", (100, 80), mount="keycdn-webp"),
    Case("trim", "/T.png?trim=10", 200, "png", (260, 160), answers={"x-ip-info": "odim=260x160"}),
    Case("turned", "/L.jpg?rotate=90&width=300", 200, "jpeg", (200, 300), [pixel(10, 10, BLUE)]),
    Case("turned back", "/L.jpg?rotate=-90", 200, "jpeg", (800, 1200), [pixel(10, 10, GREEN)]),
    Case("turned freely", "/L.jpg?width=300&rotate=45&bg=0f0", 200, "jpeg", (354, 354), [pixel(5, 5, GREEN)]),
    Case("flip", "/L.jpg?flip=1&width=300", 200, "jpeg", (300, 200), [pixel(0, 0, BLUE)]),
    Case("flop", "/L.jpg?flop=1&width=300", 200, "jpeg", (300, 200), [pixel(0, 0, GREEN)]),
    Case("padding", "/L.jpg?extend=10,20,30,40&bg=ff0000", 200, "jpeg", (1260, 840), [pixel(5, 5, RED)]),
    Case("equal padding", "/S.jpg?extend=10&bg=00f", 200, "jpeg", (120, 100), [pixel(5, 5, BLUE), pixel(30, 30, RED)]),
    Case("EXIF", "/E6.jpg?width=100", 200, "jpeg", (100, 150)),
    Case("grayscale", "/L.jpg?width=300&grayscale=1", 200, "jpeg", (300, 200), [is_grey()]),
    Case("negate", "/L.jpg?width=300&negate=1", 200, "jpeg", (300, 200), [pixel(10, 10, CYAN)]),
    Case(
        "threshold",
        "/L.jpg?width=300&threshold=128",
        200,
        "jpeg",
        (300, 200),
        [is_grey(), pixel(10, 10, BLACK), pixel(290, 10, WHITE)],
    ),
    Case("tint", "/L.jpg?width=300&tint=0000ff", 200, "jpeg", (300, 200), [is_tinted]),
    Case("blur", "/L.jpg?width=300&blur=20", 200, "jpeg", (300, 200), [is_mixed]),
    Case("off", "/L.jpg?width=300&grayscale=0&negate=false&blur=0", 200, "jpeg", None, [pixel(10, 10, RED)]),
    Case("alpha", "/A.png?width=100", 200, "png", (100, 75), [has_alpha()]),
    Case(
        "alpha onto a colour", "/A.png?removealpha=1&bg=ff0000&format=jpg", 200, "jpeg", (400, 300), [pixel(5, 5, RED)]
    ),
    Case("alpha removed", "/A.png?removealpha=1&bg=0f0", 200, "png", (400, 300), [has_alpha(expected=False)]),
    Case("background of JPEG", "/A.png?bg=00ff00&format=jpg", 200, "jpeg", (400, 300), [pixel(5, 5, GREEN)]),
    Case("WebP", "/L.jpg?width=300&format=webp", 200, "webp", (300, 200), answers={"x-ip-info": "ofmt=webp"}),
    Case("PNG", "/L.jpg?width=300&format=png", 200, "png", (300, 200)),
    Case("any case", "/L.jpg?width=300&format=JPEG&fit=Inside", 200, "jpeg", (300, 200)),
    Case("AVIF", "/L.jpg?width=300&format=avif", 200, "avif", (300, 200)),
    Case("a drawing", "/V.svg?width=50", 200, "svg"),
    Case("animation", "/G.gif?width=60", 200, "gif", (60, 45), [frames(3)]),
    Case(
        "progressive",
        "/L.jpg?width=300&progressive=1",
        200,
        "jpeg",
        (300, 200),
        [lambda reply: bool(reply.image.info.get("progressive"))],
    ),
    Case("quality", "/L.jpg?width=300&quality=10", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("WebP by Accept", "/L.jpg?width=300", 200, "webp", (300, 200), headers=WEBP, mount="keycdn-webp"),
    Case("WebP of the whole", "/L.jpg", 200, "webp", (1200, 800), headers=WEBP, mount="keycdn-webp"),
    Case("else the original's", "/A.png?width=100", 200, "png", (100, 75), mount="keycdn-webp"),
    Case(
        "overlay at an edge",
        "/L.jpg?width=600&olurl={origin-escaped}%2FS.jpg&olwidth=100&olalign=top",
        200,
        "jpeg",
        (600, 400),
        [pixel(335, 75, YELLOW), pixel(265, 75, BLUE), pixel(265, 4, RED), pixel(265, 98, RED)],
    ),
    Case(
        "overlay in a corner",
        "/L.jpg?width=600&olurl=/S.jpg&olwidth=0.5&olalign=left,top&olpadding=0",
        200,
        "jpeg",
        (600, 400),
        [pixel(290, 10, GREEN), pixel(10, 230, BLUE)],
    ),
    Case(
        "overlay at a point",
        "/L.jpg?width=600&olurl=W.png&olx=20&oly=30&olscale=10",
        200,
        "jpeg",
        None,
        [pixel(15, 35, RED), pixel(70, 35, GREEN), pixel(25, 57, BLUE)],
    ),
    Case("overlay repeated", "/L.jpg?width=600&olurl=W.png&olrepeat=1", 200, "jpeg", None, [pixel(190, 10, GREEN)]),
    Case(
        "overlay with opacity",
        "/L.jpg?olurl=W.png&olx=0&oly=0&olalpha=0.5",
        200,
        "jpeg",
        None,
        [pixel(150, 10, (128, 128, 0))],
    ),
    Case("no such overlay", "/L.jpg?width=600&olurl=nope.png", 404),
    Case("unknown parameters", "/L.jpg?foo=bar", 200, "jpeg", (1200, 800), answers=UNPROCESSED),
    Case("no query", "/L.jpg", 200, "jpeg", (1200, 800), answers=UNPROCESSED | {"x-ip-info": None}),
    Case("empty values", "/L.jpg?width=&height=300&fit=", 200, "jpeg", (450, 300)),
    Case("no number", "/L.jpg?width=abc", 400, answers=UNPROCESSED | {"x-ip-error": "width must be"}),
    Case("too wide", "/L.jpg?width=10001", 400, answers={"x-ip-error": "width must be"}),
    Case("not there", "/nope.jpg?width=300", 404, answers=UNPROCESSED),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("keycdn", case)
