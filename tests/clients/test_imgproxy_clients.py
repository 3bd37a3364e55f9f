"""URLs that imgproxy's own libraries make, with all kinds of options and sources."""

from typing import Any, Final, NamedTuple

import pytest

from tests.clients.node import run_script
from tests.compat.mounts import IMGPROXY_ENCRYPTION_KEY, IMGPROXY_KEY, IMGPROXY_SALT
from tests.compat.runner import Case, Check, Service, fact, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

PLAIN: Final = {"type": "plain", "value": "local:///L.jpg"}
BASE64: Final = {"type": "base64", "value": "bG9jYWw6Ly8vTC5qcGc"}
DRAWING: Final = {"type": "plain", "value": "local:///W.png"}
KEYS: Final = {"key": IMGPROXY_KEY, "salt": IMGPROXY_SALT, "encryptKey": IMGPROXY_ENCRYPTION_KEY}


class Request(NamedTuple):
    """What a library is called with, and the image that its URL must give."""

    url: object
    options: dict[str, Any]
    format: str
    size: tuple[int, int]
    checks: tuple[Check, ...] = ()


REQUESTS: Final = [
    Request(PLAIN, {"width": 300}, "jpeg", (300, 200)),
    Request(BASE64, {"height": 100, "format": "webp"}, "webp", (150, 100)),
    Request(PLAIN, {"resize": {"resizing_type": "fill", "width": 300, "height": 300}}, "jpeg", (300, 300)),
    Request(DRAWING, {"resize": {"width": 300, "height": 300, "enlarge": True}}, "png", (300, 150)),
    Request(DRAWING, {"size": {"width": 50, "height": 50, "extend": {"extend": True}}}, "png", (50, 50)),
    Request(
        DRAWING,
        {
            "width": 150,
            "height": 150,
            "zoom": 1,
            "enlarge": True,
            "extend": {"extend": True, "gravity": {"type": "nowe", "y_offset": 5}},
        },
        "png",
        (150, 150),
        (pixel(10, 20, (*RED, 255)), pixel(10, 140, (255, 255, 255, 0))),
    ),
    Request(
        DRAWING,
        {"crop": {"width": 50, "height": 50, "gravity": {"type": "soea"}}},
        "png",
        (50, 50),
        (pixel(5, 5, YELLOW),),
    ),
    Request(
        DRAWING,
        {
            "resize": {"resizing_type": "fill", "width": 50, "height": 50},
            "gravity": {"type": "fp", "x": 1, "y": 0},
        },
        "png",
        (50, 50),
        (pixel(5, 5, GREEN),),
    ),
    Request(
        DRAWING, {"padding": {"top": 10, "right": 20}, "background": "0000ff"}, "png", (240, 120), (pixel(2, 2, BLUE),)
    ),
    Request(
        DRAWING, {"rotate": 90, "blur": 2, "sharpen": 0.5, "pixelate": 2, "quality": 70, "dpr": 1}, "png", (100, 200)
    ),
    Request(DRAWING, {"trim": {"threshold": 10}, "strip_metadata": True, "keep_copyright": False}, "png", (200, 100)),
    Request(PLAIN, {"width": 60, "brightness": 10, "contrast": 1.2, "saturation": 1.1}, "jpeg", (60, 40)),
    Request(
        PLAIN,
        {"width": 60, "adjust": {"brightness": 10, "contrast": 1.2}, "jpeg_options": {"progressive": True}},
        "jpeg",
        (60, 40),
    ),
    Request(
        PLAIN,
        {"width": 60, "watermark": {"opacity": 0.5, "position": "soea", "x_offset": 5, "scale": 0.2}},
        "jpeg",
        (60, 40),
    ),
    Request(
        PLAIN,
        {
            "width": 60,
            "format_quality": [{"format": "webp", "quality": 50}, {"format": "avif", "quality": 40}],
            "format": "avif",
        },
        "avif",
        (60, 40),
    ),
    Request(
        PLAIN,
        {"width": 60, "max_bytes": 50_000, "filename": {"name": "photo"}, "cachebuster": "abc"},
        "jpeg",
        (60, 40),
    ),
    Request(PLAIN, {"width": 60, "gradient": {"opacity": 0.5}, "monochrome": {"intensity": 0.5}}, "jpeg", (60, 40)),
    Request(PLAIN, {"min_width": 60, "width": 30}, "jpeg", (30, 40)),
    Request(
        DRAWING, {"progressive_blur": {"sigma": 5, "direction": 90}, "duotone": {"intensity": 0.5}}, "png", (200, 100)
    ),
    Request(DRAWING, {"crop_aspect_ratio": {"aspect_ratio": 1}, "flip": {"horizontal": True}}, "png", (100, 100)),
    Request(DRAWING, {"width": 50, "height": 50, "extend_aspect_ratio": {"extend": True}}, "png", (50, 50)),
    Request(DRAWING, {"watermark": {"opacity": 1}, "watermark_text": "SGVsbG8", "rotate": 180}, "png", (200, 100)),
    Request(
        DRAWING,
        {"blur_areas": {"sigma": 5, "areas": [{"left": 0, "top": 0, "width": 0.5, "height": 1}]}},
        "png",
        (200, 100),
    ),
    Request(DRAWING, {"resizing_type": "fill", "width": 20, "height": 20, "gravity": {"type": "sm"}}, "png", (20, 20)),
    Request(DRAWING, {"unsharp_masking": {"mode": "always"}, "png_options": {"quantize": True}}, "png", (200, 100)),
    Request(
        PLAIN,
        {"width": 60, "autoquality": {"method": "dssim"}, "webp_options": {"compression": "lossy"}, "format": "webp"},
        "webp",
        (60, 40),
    ),
    Request(PLAIN, {"raw": True}, "jpeg", (1200, 800)),
    Request(PLAIN, {"expires": 4_102_444_800, "width": 30, "return_attachment": True}, "jpeg", (30, 20)),
]


@pytest.fixture(scope="module")
def paths() -> list[str]:
    """The path for each request, by one run of the library."""
    return list(
        run_script("imgproxy.mjs", [{"library": "core", "url": one.url, "options": one.options} for one in REQUESTS])
    )


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_urls_of_the_core_library(service: Service, paths: list[str], number: int) -> None:
    request = REQUESTS[number]
    service.check(
        "imgproxy", Case(paths[number], "/unsafe" + paths[number], 200, request.format, request.size, request.checks)
    )


def test_signed_urls_of_the_node_library(service: Service) -> None:
    """With plain, base64 and encrypted sources."""
    options = {"resize": {"resizing_type": "fill", "width": 30, "height": 30}, "format": "png"}
    kinds = ("plain", "base64", "encrypted")
    sources = [{"value": "local:///L.jpg", "displayAs": kind} for kind in kinds]
    urls = run_script("imgproxy.mjs", [{"library": "node", "url": one, "options": options, **KEYS} for one in sources])
    for url in urls:
        target = url.removeprefix("https://img.test")
        service.check("imgproxy-signed", Case(url, target, 200, "png", (30, 30), [pixel(25, 5, GREEN)]))
        assert service.request("imgproxy-signed", target.replace("30:30", "31:30")).status == 403


def test_urls_for_information(service: Service) -> None:
    request = {"library": "info", "url": PLAIN, "options": {"average": {"average": True}, "palette": 2}}
    (path,) = run_script("imgproxy.mjs", [request])
    target = "/info/unsafe" + path.removeprefix("/info")
    service.check("imgproxy", Case(path, target, 200, "json", checks=[fact("width", equals=1200)]))


def test_urls_of_presets(service: Service) -> None:
    request = {"library": "core", "url": DRAWING, "options": {"preset": ["small"]}, "config": {"onlyPresets": True}}
    (path,) = run_script("imgproxy.mjs", [request])
    service.check("imgproxy-presets", Case(path, "/unsafe" + path, 200, "png", (40, 20)))
