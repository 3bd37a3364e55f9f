"""Glide: fits, focal crops, orientation, effects, watermarks, borders, presets and signatures."""

from hashlib import md5

import pytest

from tests.compat.runner import Case, Reply, Service, frames, has_alpha, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WHITE, BLACK, CYAN = (255, 255, 255), (0, 0, 0), (0, 255, 255)
KEY = "v-LK4WCdhcfcc"


def is_mixed(reply: Reply) -> bool:
    """Red beside green is not red."""
    return not pixel(148, 10, RED)(reply)


def signed(path: str, query: str, signature_of: str, key: str = KEY) -> str:
    """Return a target below the mount, with the signature of a text."""
    signature = md5(f"{key}:{signature_of}".encode(), usedforsecurity=False).hexdigest()
    return f"{path}?{query}{'&' if query else ''}s={signature}"


CASES = [
    Case("width", "/L.jpg?w=300", 200, "jpeg", (300, 200)),
    Case("height", "/L.jpg?h=300", 200, "jpeg", (450, 300)),
    Case("contain", "/L.jpg?w=300&h=300", 200, "jpeg", (300, 200)),
    Case("contain enlarges", "/S.jpg?w=300&h=300&fit=contain", 200, "jpeg", (300, 240)),
    Case("max does not", "/S.jpg?w=300&h=300&fit=max", 200, "jpeg", (100, 80)),
    Case("max with one side", "/S.jpg?w=300&fit=max", 200, "jpeg", (100, 80)),
    Case("fill", "/L.jpg?w=300&h=300&fit=fill&bg=red", 200, "jpeg", (300, 300), [pixel(150, 10, RED)]),
    Case(
        "fill does not enlarge",
        "/S.jpg?w=300&h=300&fit=fill&bg=00f",
        200,
        "jpeg",
        (300, 300),
        [pixel(90, 150, BLUE), pixel(120, 125, RED)],
    ),
    Case("fill-max does", "/S.jpg?w=300&h=300&fit=fill-max&bg=00f", 200, "jpeg", (300, 300), [pixel(20, 50, RED)]),
    Case("fill in PNG", "/W.png?w=300&h=300&fit=fill", 200, "png", (300, 300), [has_alpha()]),
    Case("stretch", "/L.jpg?w=300&h=300&fit=stretch", 200, "jpeg", (300, 300), [pixel(140, 140, RED)]),
    Case(
        "crop", "/L.jpg?w=300&h=300&fit=crop", 200, "jpeg", (300, 300), [pixel(140, 140, RED), pixel(160, 140, GREEN)]
    ),
    Case("crop enlarges", "/S.jpg?w=300&h=300&fit=crop", 200, "jpeg", (300, 300)),
    Case("crop at a side", "/L.jpg?w=300&h=300&fit=crop-left", 200, "jpeg", (300, 300), [pixel(200, 10, RED)]),
    Case("crop at a corner", "/P.jpg?w=300&h=300&fit=crop-bottom-right", 200, "jpeg", None, [pixel(160, 100, YELLOW)]),
    Case("crop at a point", "/L.jpg?w=300&h=300&fit=crop-100-50", 200, "jpeg", None, [pixel(100, 10, GREEN)]),
    Case(
        "crop with zoom",
        "/L.jpg?w=300&h=300&fit=crop-90-90-3",
        200,
        "jpeg",
        (300, 300),
        [pixel(10, 10, YELLOW), pixel(290, 290, YELLOW)],
    ),
    Case("an unknown fit", "/L.jpg?w=300&h=300&fit=crop-x", 200, "jpeg", (300, 200)),
    Case("region", "/L.jpg?crop=300,200,600,0", 200, "jpeg", (300, 200), [pixel(5, 5, GREEN)]),
    Case("region first", "/L.jpg?crop=300,200,600,0&w=150", 200, "jpeg", (150, 100), [pixel(5, 5, GREEN)]),
    Case("region beyond the edge", "/S.jpg?crop=90,90,50,0", 200, "jpeg", (50, 80)),
    Case("region outside", "/S.jpg?crop=90,90,100,0", 200, "jpeg", (100, 80)),
    Case("dpr", "/L.jpg?w=300&dpr=2", 200, "jpeg", (600, 400)),
    Case("dpr alone", "/L.jpg?dpr=0.5", 200, "jpeg", (600, 400)),
    Case("turned", "/L.jpg?or=90", 200, "jpeg", (800, 1200), [pixel(5, 5, GREEN)]),
    Case("turned half", "/L.jpg?or=180&w=300", 200, "jpeg", (300, 200), [pixel(5, 5, YELLOW)]),
    Case("EXIF", "/E6.jpg?w=100", 200, "jpeg", (100, 150)),
    Case("without EXIF", "/E6.jpg?w=150&or=0", 200, "jpeg", (150, 100)),
    Case("flip", "/L.jpg?w=300&flip=h", 200, "jpeg", (300, 200), [pixel(5, 5, GREEN)]),
    Case("both flips", "/L.jpg?w=300&flip=both", 200, "jpeg", (300, 200), [pixel(5, 5, YELLOW)]),
    Case("region, then flip", "/L.jpg?crop=600,400,0,0&w=300&flip=h", 200, "jpeg", None, [pixel(5, 5, RED)]),
    Case("greyscale", "/L.jpg?w=300&filt=greyscale", 200, "jpeg", (300, 200), [is_grey()]),
    Case("sepia", "/L.jpg?w=300&filt=sepia", 200, "jpeg", (300, 200), [lambda reply: not is_grey()(reply)]),
    Case("brightness", "/L.jpg?w=300&bri=100", 200, "jpeg", (300, 200), [pixel(5, 5, WHITE)]),
    Case("dark", "/L.jpg?w=300&bri=-100", 200, "jpeg", (300, 200), [pixel(5, 5, BLACK)]),
    Case("no contrast", "/L.jpg?w=300&con=-100", 200, "jpeg", (300, 200), [pixel(5, 5, (128, 128, 128))]),
    Case("blur", "/L.jpg?w=300&blur=50", 200, "jpeg", (300, 200), [is_mixed]),
    Case("pixelated", "/L.jpg?w=300&pixel=40", 200, "jpeg", (300, 200), [is_mixed]),
    Case("bg", "/A.png?bg=00f&w=200", 200, "png", (200, 150), [pixel(2, 2, BLUE), has_alpha(expected=False)]),
    Case("JPEG without bg", "/A.png?fm=jpg", 200, "jpeg", (400, 300), [pixel(2, 2, WHITE)]),
    Case("border", "/L.jpg?w=300&border=10,00f", 200, "jpeg", (300, 200), [pixel(5, 100, BLUE), pixel(20, 50, RED)]),
    Case("border outside", "/S.jpg?border=10,00f,expand&fm=png", 200, "png", (120, 100), [pixel(2, 50, BLUE)]),
    Case(
        "border and a smaller image",
        "/L.jpg?w=300&h=300&fit=crop&border=20,00f,shrink",
        200,
        "jpeg",
        (300, 300),
        [pixel(10, 10, BLUE), pixel(40, 40, RED), pixel(140, 140, RED), pixel(160, 140, GREEN)],
    ),
    Case(
        "watermark",
        "/L.jpg?w=300&mark=W.png&markw=50",
        200,
        "jpeg",
        (300, 200),
        [pixel(260, 180, RED), pixel(240, 180, YELLOW)],
    ),
    Case(
        "watermark at the top left",
        "/L.jpg?w=300&mark=W.png&markw=50w&markpos=top-left&markpad=10",
        200,
        "jpeg",
        None,
        [pixel(100, 20, GREEN), pixel(20, 75, BLUE), pixel(5, 75, RED)],
    ),
    Case("watermark of nothing", "/L.jpg?w=300&mark=&markw=50", 200, "jpeg", None, [pixel(260, 180, YELLOW)]),
    Case("format", "/L.jpg?w=300&fm=webp", 200, "webp", (300, 200)),
    Case(
        "progressive",
        "/L.jpg?w=300&fm=pjpg",
        200,
        "jpeg",
        (300, 200),
        [lambda reply: bool(reply.image.info.get("progressive"))],
    ),
    Case("an unknown format", "/A.png?w=300&fm=bmp", 200, "jpeg", (300, 225)),
    Case("quality", "/L.jpg?w=300&q=10", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("PNG stays", "/A.png?w=100", 200, "png", (100, 75), [has_alpha()]),
    Case("animation", "/G.gif?w=60", 200, "gif", (60, 45), [frames(3)]),
    Case("preset", "/L.jpg?p=small", 200, "jpeg", (200, 200)),
    Case("presets, and a width", "/L.jpg?p=small,grey,none&w=100", 200, "jpeg", (100, 200), [is_grey()]),
    Case("not valid", "/L.jpg?w=x&h=-3&dpr=9&or=45&bri=101&blur=x&border=x&bg=x", 200, "jpeg", (1200, 800)),
    Case("limited", "/L.jpg?w=300", 200, "jpeg", (122, 81), mount="glide-limited"),
    Case("not there", "/nope.jpg?w=300", 404),
    Case("signed", signed("/L.jpg", "w=300", "glide/L.jpg?w=300"), 200, "jpeg", (300, 200), mount="glide-signed"),
    Case("in another order", signed("/L.jpg", "w=300&h=9", "glide/L.jpg?h=9&w=300"), 200, "jpeg", mount="glide-signed"),
    Case(
        "escaped",
        signed("/L.jpg", "w=300&x=a%20b,c~d", "glide/L.jpg?w=300&x=a+b%2Cc%7Ed"),
        200,
        "jpeg",
        mount="glide-signed",
    ),
    Case(
        "by the older key", signed("/L.jpg", "", "glide/L.jpg?", "old"), 200, "jpeg", (1200, 800), mount="glide-signed"
    ),
    Case("another width", signed("/L.jpg", "w=301", "glide/L.jpg?w=300"), 403, mount="glide-signed"),
    Case("not signed", "/L.jpg?w=300", 403, body="Signature is missing.", mount="glide-signed"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("glide", case)
