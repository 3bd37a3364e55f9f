"""Astro: sides, fits, formats, remote originals and errors."""

import pytest

from pixmill.dialects.signing import Keyring
from tests.compat.mounts import KEYS
from tests.compat.runner import Case, Service, cut_border, distorted_border, frames, has_alpha, pixel, smaller_than
from tests.compat.sources import BLACK, BLUE, GREEN, RED, YELLOW

CASES = [
    Case("width", "/_image?href=%2FL.jpg&w=300&f=webp", 200, "webp", (300, 200)),
    Case("WebP by default", "/_image?href=%2FL.jpg&h=200", 200, "webp", (300, 200)),
    Case("covers by default", "/_image?href=%2FT.png&w=100&h=100&f=png", 200, "png", (100, 100), cut_border()),
    Case("cover", "/_image?href=%2FT.png&w=100&h=100&fit=cover&f=png", 200, "png", (100, 100), cut_border()),
    Case("fill", "/_image?href=%2FT.png&w=100&h=100&fit=fill&f=png", 200, "png", (100, 100), distorted_border()),
    Case("contain is inside", "/_image?href=%2FL.jpg&w=300&h=300&fit=contain", 200, "webp", (300, 200)),
    Case("scale down", "/_image?href=%2FL.jpg&w=300&h=300&fit=scale-down", 200, "webp", (300, 200)),
    Case("none is outside", "/_image?href=%2FL.jpg&w=300&h=300&fit=none", 200, "webp", (450, 300)),
    Case("an unknown fit is inside", "/_image?href=%2FL.jpg&w=300&h=300&fit=tight", 200, "webp", (300, 200)),
    Case("position", "/_image?href=%2FL.jpg&w=300&h=300&position=right+top", 200, "webp", (300, 300),
         [pixel(100, 10, GREEN), pixel(100, 290, YELLOW)]),
    Case("position of a portrait", "/_image?href=%2FP.jpg&w=300&h=300&position=bottom", 200, "webp", (300, 300),
         [pixel(10, 100, BLUE)]),
    Case("not enlarged", "/_image?href=%2FS.jpg&w=300", 200, "webp", (100, 80)),
    Case("each side is limited", "/_image?href=%2FS.jpg&w=300&h=40", 200, "webp", (100, 40)),
    Case("JPEG", "/_image?href=L.jpg&w=300&f=jpg", 200, "jpeg", (300, 200)),
    Case("AVIF", "/_image?href=L.jpg&w=300&f=avif", 200, "avif", (300, 200)),
    Case("a quality by name", "/_image?href=L.jpg&w=300&f=jpeg&q=low", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("a drawing as it is", "/_image?href=V.svg&f=svg", 200, "svg+xml"),
    Case("a drawing as pixels", "/_image?href=V.svg&w=100&f=png", 200, "png", (100, 50), [pixel(50, 25, BLUE)]),
    Case("turned by EXIF", "/_image?href=E6.jpg&w=100&f=png", 200, "png", (100, 150), [pixel(10, 10, BLUE)]),
    Case("animation", "/_image?href=G.gif&w=60", 200, "webp", (60, 45), [frames(3)]),
    Case("transparent", "/_image?href=A.png&w=200", 200, "webp", (200, 150), [has_alpha()]),
    Case("transparent as JPEG", "/_image?href=A.png&w=200&f=jpeg", 200, "jpeg", (200, 150), [pixel(5, 5, BLACK)]),
    Case("background", "/_image?href=A.png&w=200&f=png&background=%2300f", 200, "png", (200, 150),
         [pixel(5, 5, (*BLUE, 255)), pixel(80, 80, (*RED, 255))]),
    Case("a remote original", "/_image?href={origin-escaped}%2FL.jpg&w=300", 200, "webp", (300, 200)),
    Case("trailing slash", "/_image/?href=L.jpg&w=300", 200, "webp", (300, 200)),
    Case("unknown parameters", "/_image?href=L.jpg&w=300&blur=5", 200, "webp", (300, 200)),
    Case("another host", "/_image?href=https%3A%2F%2Fother.example%2Fa.jpg&w=3", 403, body="Forbidden"),
    Case("another path of a host", "/_image?href=https%3A%2F%2Fq.example.com%2Fb%2Fa.jpg&w=3", 403, body="Forbidden"),
    Case("missing original", "/_image?href=gone.jpg&w=3", 404, body="Not Found"),
    Case("no href", "/_image?w=3", 400, body="href is required"),
    Case("bad width", "/_image?href=L.jpg&w=-3", 400, body="w must be a positive integer"),
    Case("bad format", "/_image?href=L.jpg&f=psd", 400, body="f must be one of"),
    Case("bad position", "/_image?href=L.jpg&w=3&h=3&position=middle", 400, body="position must be"),
    Case("without fit the width counts", "/_image?href=L.jpg&w=300&h=300", 200, "webp", (300, 200), mount="astro-5"),
    Case("enlarged without fit", "/_image?href=S.jpg&w=300", 200, "webp", (300, 240), mount="astro-5"),
    Case("not enlarged with fit", "/_image?href=S.jpg&w=300&h=300&fit=inside", 200, "webp", (100, 80), mount="astro-5"),
    Case("no remote originals", "/_image?href={origin-escaped}%2FL.jpg", 403, mount="astro-5"),
    Case("without a signature", "/_image?href=L.jpg", 403, mount="astro-signed"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("astro", case)


def test_signed(service: Service) -> None:
    url = Keyring((KEYS.encode(),)).sign(b"/signed/_image", b"href=L.jpg&w=300")
    reply = service.request("astro-signed", url, "GET", {})
    assert reply.image.size == (300, 200)
