"""Wagtail's renditions: sizes, regions around focal points, formats, headers, signatures and errors."""

import hmac
from base64 import urlsafe_b64encode
from urllib.parse import unquote

import pytest

from tests.compat.runner import Case, Reply, Service, frames, has_alpha, lasts, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

CENTRE = [pixel(40, 40, RED), pixel(60, 40, GREEN), pixel(40, 60, BLUE), pixel(60, 60, YELLOW)]
HEADERS = {
    "Cache-Control": "public, max-age=",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": 'inline; filename="L.jpg"',
}


def signed(spec: str, name: str = "", image_id: int = 1, key: str = "secret") -> str:
    """Return the path of a rendition; the spec is as it stands in URLs."""
    message = f"{image_id}/{unquote(spec)}/"
    signature = urlsafe_b64encode(hmac.digest(key.encode(), message.encode(), "sha1")).decode()
    return f"/images/{signature}/{image_id}/{spec}/{name}"


def is_lossless(reply: Reply) -> bool:
    """It is a lossless WebP: its edges have no other colours."""
    colours = reply.image.convert("RGB").getcolors()
    return b"VP8L" in reply.body[:40] and colours is not None and len(colours) < 1_000


CASES = [
    Case("original", signed("original", "L.jpg"), 200, "jpeg", (1200, 800), [lasts(3_600)], answers=HEADERS),
    Case("fill", signed("fill-300x300", "L.jpg"), 200, "jpeg", (300, 300), [pixel(140, 140, RED), pixel(160, 9, GREEN)]),
    Case("fill of a small image", signed("fill-300x300", "S.jpg"), 200, "jpeg", (80, 80)),
    Case("fill of a tall image", signed("fill-300x200", "P.jpg"), 200, "jpeg", (300, 200), [pixel(5, 90, RED)]),
    Case("fill keeps the shape", signed("fill-1920x1120", "K.jpg"), 200, "jpeg", (640, 373)),
    Case("fill of the height", signed("fill-80x80", "S.jpg"), 200, "jpeg", (80, 80)),
    Case("fill without a focal point ignores closeness", signed("fill-100x100-c100", "L.jpg"), 200, "jpeg", (100, 100),
         CENTRE),
    Case("max", signed("max-300x300", "L.jpg"), 200, "jpeg", (300, 200)),
    Case("max of a tall image", signed("max-333x333", "P.jpg"), 200, "jpeg", (222, 333)),
    Case("max never enlarges", signed("max-300x300", "S.jpg"), 200, "jpeg", (100, 80)),
    Case("max is truncated", signed("max-320x320", "B.jpg"), 200, "jpeg", (320, 261)),
    Case("min", signed("min-300x300", "L.jpg"), 200, "jpeg", (450, 300)),
    Case("min never enlarges", signed("min-300x300", "S.jpg"), 200, "jpeg", (100, 80)),
    Case("min with one side smaller already", signed("min-50x300", "S.jpg"), 200, "jpeg", (100, 80)),
    Case("width", signed("width-300", "L.jpg"), 200, "jpeg", (300, 200)),
    Case("width, half a pixel less", signed("width-333", "P.jpg"), 200, "jpeg", (333, 499)),
    Case("width, very small", signed("width-7", "L.jpg"), 200, "jpeg", (7, 4)),
    Case("width, two thirds of a pixel less", signed("width-400", "L.jpg"), 200, "jpeg", (400, 266)),
    Case("width never enlarges", signed("width-300", "S.jpg"), 200, "jpeg", (100, 80)),
    Case("width of a turned original", signed("width-100", "E6.jpg"), 200, "jpeg", (100, 150)),
    Case("height", signed("height-320", "B.jpg"), 200, "jpeg", (391, 320)),
    Case("scale", signed("scale-50", "L.jpg"), 200, "jpeg", (600, 400)),
    Case("scale, truncated", signed("scale-33.3", "B.jpg"), 200, "jpeg", (907, 740)),
    Case("scale enlarges", signed("scale-150", "S.jpg"), 200, "jpeg", (150, 120)),
    Case("two sizes in order", signed("max-300x300%7Cfill-100x100", "L.jpg"), 200, "jpeg", (100, 100), CENTRE),
    Case("a bar that is not escaped", signed("max-300x300|fill-100x100", "L.jpg"), 200, "jpeg", (100, 100)),
    Case("WebP", signed("width-300%7Cformat-webp", "L.jpg"), 200, "webp", (300, 200)),
    Case("lossless", signed("width-300%7Cformat-webp-lossless", "L.jpg"), 200, "webp", (300, 200), [is_lossless]),
    Case("AVIF", signed("width-300%7Cformat-avif%7Cavifquality-50", "L.jpg"), 200, "avif", (300, 200)),
    Case("ICO", signed("width-30%7Cformat-ico", "L.jpg"), 200, "vnd.microsoft.icon"),
    Case("quality", signed("width-300%7Cjpegquality-5", "L.jpg"), 200, "jpeg", (300, 200), [smaller_than(1_600)]),
    Case("quality of another format", signed("width-300%7Cwebpquality-5", "L.jpg"), 200, "jpeg", (300, 200),
         [lambda reply: len(reply.body) > 2_000]),
    Case("background", signed("bgcolor-ff0000%7Cformat-jpeg", "A.png"), 200, "jpeg", (400, 300), [pixel(5, 5, RED)]),
    Case("background of a PNG", signed("bgcolor-00f", "A.png"), 200, "png", (400, 300), [pixel(5, 5, BLUE)]),
    Case("no background", signed("original", "A.png"), 200, "png", (400, 300), [has_alpha()]),
    Case("a JPEG of what is transparent", signed("format-jpeg", "A.png"), 200, "jpeg", (400, 300),
         [pixel(5, 5, (255, 255, 255))]),
    Case("WebP becomes PNG", signed("width-100", "X.webp"), 200, "png", (100, 75)),
    Case("an animation stays one", signed("width-60", "G.gif"), 200, "gif", (60, 45), [frames(3)]),
    Case("an SVG stays one", signed("width-100", "V.svg"), 200, "svg"),
    Case("SVG cannot be written as WebP", signed("width-100%7Cformat-webp", "V.svg"), 400, "text",
         body="Invalid filter spec: width-100|format-webp"),
    Case("unless it is preserved", signed("width-100%7Cformat-webp%7Cpreserve-svg", "V.svg"), 200, "svg"),
    Case("others are not preserved", signed("width-100%7Cformat-webp%7Cpreserve-svg", "L.jpg"), 200, "webp", (100, 66)),
    Case("a file name is no part of what is signed", signed("width-300", "S.jpg"), 200, "jpeg", (100, 80)),
    Case("other spec", "/images/xnZOzQyUg6pkfciqcfRJRosOrGg=/100/fill-800x700/x.jpg", 403),
    Case("other id", "/images/xnZOzQyUg6pkfciqcfRJRosOrGg=/200/fill-800x600/x.jpg", 403),
    Case("signed with another key", signed("width-300", "L.jpg", key="other"), 403),
    Case("no signature", "/images//1/width-300/L.jpg", 403),
    Case("no such operation", signed("bogus-300", "L.jpg"), 400, "text", body="Invalid filter spec: bogus-300"),
    Case("no final slash", signed("width-300").rstrip("/"), 404),
    Case("no such file", signed("width-300", "x.jpg", 999), 404),
]  # fmt: skip


def on_site(spec: str, name: str = "", image_id: int = 1) -> str:
    """Return the path of a rendition below the mount."""
    return signed(spec, name, image_id).removeprefix("/images")


SITE_CASES = [
    Case("around the focal point", on_site("fill-300x300"), 200, "jpeg", (300, 300),
         [pixel(90, 10, RED), pixel(110, 10, GREEN)], answers={"Content-Disposition": None}),
    Case("close to it", on_site("fill-100x100-c100"), 200, "jpeg", (100, 100), [pixel(0, 0, GREEN), pixel(0, 99, GREEN)]),
    Case("half as close", on_site("fill-200x200-c50"), 200, "jpeg", (200, 200), [pixel(10, 10, GREEN)]),
    Case("the focal point has no effect on others", on_site("max-300x300"), 200, "jpeg", (300, 200)),
    Case("a region of whole pixels", on_site("fill-1920x1120", "K.jpg", 2), 200, "jpeg", (640, 375)),
    Case("a focal point alone", on_site("fill-300x300", "", 3), 200, "jpeg", (300, 300), [pixel(90, 10, GREEN)]),
    Case("WebP stays one", on_site("width-100", "", 4), 200, "webp", (100, 75)),
    Case("a conversion of the entry", on_site("width-60", "", 7), 200, "webp", (60, 45), [frames(3)]),
    Case("SVG", on_site("width-100", "", 5), 200, "svg"),
    Case("no such id", on_site("width-300", "x.jpg", 999), 404),
    Case("its file is gone", on_site("width-300", "", 6), 410, "text", body="Source image file not found"),
    Case("its file is no image", on_site("width-300", "", 8), 415),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("wagtail", case)


@pytest.mark.parametrize("case", SITE_CASES, ids=str)
def test_cases_of_a_site(service: Service, case: Case) -> None:
    service.check("wagtail-site", case)
