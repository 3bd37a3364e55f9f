"""AEM Assets: paths, parameters, their order, formats and errors."""

import pytest

from tests.compat.runner import Case, Reply, Service, frames, has_alpha, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, WHITE, YELLOW

CHROME = {"Accept": "image/avif,image/webp,*/*"}
WEBP = {"Accept": "image/webp,*/*"}
A = "/adobe/assets/"
L = f"{A}urn:aaid:aem:1/as/banner"


def is_progressive(reply: Reply) -> bool:
    """It is progressive."""
    return bool(reply.image.info.get("progressive"))


CASES = [
    Case("width", f"{L}.jpg?width=300", 200, "jpeg", (300, 200)),
    Case("height", f"{L}.jpg?height=300", 200, "jpeg", (450, 300)),
    Case("inside both sides", f"{L}.jpg?width=300&height=300", 200, "jpeg", (300, 200)),
    Case("size", f"{L}.jpg?size=300,300", 200, "jpeg", (300, 200)),
    Case("an escaped ID", f"{A}urn%3Aaaid%3Aaem%3A1/as/x.jpg?width=300", 200, "jpeg", (300, 200)),
    Case("an asset by its path", f"{A}S.jpg/as/any-name.v2.jpg?width=300", 200, "jpeg", (100, 80)),
    Case("the older paths", f"{A}deliver/urn:aaid:aem:1/banner.webp?width=300", 200, "webp", (300, 200)),
    Case("the oldest paths", "/adobe/dynamicmedia/deliver/urn:aaid:aem:1/banner.png?width=300", 200, "png", (300, 200)),
    Case("rotation", f"{L}.jpg?rotate=90&width=200", 200, "jpeg", (200, 300), [pixel(10, 10, BLUE), pixel(190, 10, RED)]),
    Case("region", f"{L}.jpg?crop=600,0,300,200", 200, "jpeg", (300, 200), [pixel(10, 10, GREEN), pixel(290, 190, GREEN)]),
    Case("region in percent", f"{L}.jpg?crop=50p,50p,50p,50p", 200, "jpeg", (600, 400), [pixel(10, 10, YELLOW)]),
    Case("a region outside", f"{L}.jpg?crop=5000,0,300,200&width=300", 200, "jpeg", (300, 200), [pixel(10, 10, RED)]),
    Case("an empty region", f"{L}.jpg?crop=0,0,0,0&width=300", 200, "jpeg", (300, 200)),
    Case("ratio", f"{L}.jpg?crop=1%3A1&width=300", 200, "jpeg", (300, 300), [pixel(140, 140, RED), pixel(160, 160, YELLOW)]),
    Case("smart ratio", f"{L}.jpg?crop=16%3A9,smart&width=320", 200, "jpeg", (320, 180)),
    Case("a smart crop", f"{L}.jpg?smartcrop=wide&width=300", 200, "jpeg", (300, 150)),
    Case("a smart crop by its ratio", f"{L}.jpg?smartcrop=16x9&width=320", 200, "jpeg", (320, 180)),
    Case("mirrored", f"{L}.jpg?flip=h&width=300", 200, "jpeg", (300, 200), [pixel(10, 10, GREEN)]),
    Case("mirrored both ways", f"{L}.jpg?flip=HV&width=300", 200, "jpeg", (300, 200), [pixel(10, 10, YELLOW)]),
    Case("turned, cut, mirrored", f"{L}.jpg?width=40&flip=v&crop=0,0,400,600&rotate=90", 200, "jpeg", (40, 60),
         [pixel(5, 5, BLUE), pixel(35, 55, BLUE)]),
    Case("the short names", f"{L}.jpg?width=40&c=0,0,400,600&r=90", 200, "jpeg", (40, 60), [pixel(5, 5, BLUE)]),
    Case("progressive", f"{L}.pjpg?width=300", 200, "jpeg", (300, 200), [is_progressive]),
    Case("8 bits", f"{L}.png8?width=300", 200, "png", (300, 200), [lambda reply: reply.image.mode == "P"]),
    Case("lossless WebP", f"{L}.webpll?width=300", 200, "webp", (300, 200), [lambda reply: b"VP8L" in reply.body[:64]]),
    Case("AVIF", f"{L}.avif?width=300", 200, "avif", (300, 200)),
    Case("not by Accept", f"{L}.jpg?width=300", 200, "jpeg", (300, 200), headers=CHROME),
    Case("prefer WebP", f"{L}.jpg?width=300&preferwebp=true", 200, "webp", (300, 200), headers=WEBP),
    Case("prefer WebP of a client without", f"{L}.jpg?width=300&preferwebp=true", 200, "jpeg", (300, 200)),
    Case("quality", f"{L}.jpg?width=300&quality=5", 200, "jpeg", (300, 200), [smaller_than(3_000)]),
    Case("at most a quality", f"{L}.jpg?width=300&max-quality=5", 200, "jpeg", (300, 200), [smaller_than(3_000)]),
    Case("preset", f"{L}.jpg?preset=small", 200, "jpeg", (90, 60), [pixel(5, 5, GREEN)]),
    Case("preset with another width", f"{L}.jpg?preset=small&width=60", 200, "jpeg", (60, 40), [pixel(5, 5, GREEN)]),
    Case("defaults", f"{A}urn:aaid:aem:1?width=3", 200, "jpeg", (1024, 683)),
    Case("defaults as WebP", f"{A}urn:aaid:aem:1", 200, "webp", (1024, 683), headers=WEBP),
    Case("original", f"{A}urn:aaid:aem:1/original/as/banner.jpg?width=3", 200, "jpeg", (1200, 800)),
    Case("smart imaging", f"{A}x/as/L.jpg?width=300", 200, "avif", (300, 200), headers=CHROME, mount="aem-names"),
    Case("smart imaging without Accept", f"{A}x/as/L.png?width=300", 200, "png", (300, 200), mount="aem-names"),
    Case("no smart imaging", f"{A}x/as/L.png?width=300&auto-format=false", 200, "png", (300, 200), headers=CHROME,
         mount="aem-names"),
    Case("transparent", f"{A}urn:aaid:aem:2/as/a.png?width=200", 200, "png", (200, 150), [has_alpha()]),
    Case("transparent as JPEG", f"{A}urn:aaid:aem:2/as/a.jpg?width=200", 200, "jpeg", (200, 150), [pixel(5, 5, WHITE)]),
    Case("animation", f"{A}G.gif/as/g.gif?width=60", 200, "gif", (60, 45), [frames(3)]),
    Case("turned by EXIF", f"{A}E6.jpg/as/e.jpg?width=100", 200, "jpeg", (100, 150), [pixel(10, 10, BLUE)]),
    Case("unknown parameters", f"{L}.jpg?width=300&dpr=on,1&fit=constrain,1", 200, "jpeg", (300, 200)),
    Case("missing original", f"{A}gone.jpg/as/a.jpg?width=3", 404, body='"title"'),
    Case("bad format", f"{L}.psd?width=3", 400, body="the format must be one of"),
    Case("bad rotation", f"{L}.jpg?rotate=45", 400, body="rotate must be 0, 90, 180 or 270"),
    Case("bad smart crop", f"{L}.jpg?smartcrop=tall", 400, body="smartcrop is not one"),
    Case("another path", "/adobe/assets/x/metadata", 404),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("aem", case)
