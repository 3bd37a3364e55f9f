"""EmgR's own behaviour, case by case; the page of the dialect says where Pixmill differs on purpose."""

from collections.abc import Sequence

import pytest

from pixmill.dialects.signing import Keyring
from tests.compat.mounts import KEYS
from tests.compat.runner import Case, Check, Reply, Service, below_host, frames, is_grey, pixel
from tests.compat.sources import GREEN, RED

URL = "/api/images/resize?url={origin-escaped}"
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable", "Access-Control-Allow-Origin": "*"}


def lossless(reply: Reply) -> bool:
    """it is a lossless WebP"""
    return reply.body[12:16] == b"VP8L"


def resized(name: str, target: str, size: tuple[int, int], form: str = "jpeg", checks: Sequence[Check] = ()) -> Case:
    """Return a case whose redirect leads to an image that never changes."""
    return Case(name, URL + target, 200, form, size, checks, answers=IMMUTABLE, follows=True)


CASES = [
    resized("width keeps the shape", "%2FL.jpg&width=300", (300, 200), checks=[pixel(5, 5, RED), pixel(294, 5, GREEN)]),
    resized("height keeps the shape", "%2FL.jpg&height=300", (450, 300)),
    resized(
        "both sides cover from the centre",
        "%2FL.jpg&width=300&height=300",
        (300, 300),
        checks=[pixel(5, 5, RED), pixel(294, 5, GREEN)],
    ),
    resized("a small image is enlarged", "%2FS.jpg&width=300", (300, 240)),
    resized("a format of PNG", "%2FL.jpg&width=300&format=png", (300, 200), "png"),
    resized("a WebP is lossless", "%2FL.jpg&width=300&format=webp", (300, 200), "webp", [lossless]),
    resized("a PNG becomes a JPEG by default", "%2FW.png&width=300", (300, 150)),
    resized("grayscale leaves no colour", "%2FL.jpg&width=300&grayscale=true", (300, 200), checks=[is_grey()]),
    Case(
        "blur softens the edges of colours",
        f"{URL}%2FL.jpg&width=300&blur_sigma=5",
        200,
        "jpeg",
        (300, 200),
        [pixel(5, 5, RED)],
        answers=IMMUTABLE,
        follows=True,
        differs_from=f"{URL}%2FL.jpg&width=300",
    ),
    resized("an animated GIF becomes a still", "%2FG.gif&width=60", (60, 45), checks=[frames(1)]),
    resized("no size", "%2FS.jpg", (100, 80)),
    Case("relative", "/api/images/resize?url=S.jpg&width=30", 200, "jpeg", (30, 24), follows=True),
    Case(
        "a redirect to the stored file",
        URL + "%2FL.jpg&width=300",
        301,
        answers={"Location": "/api/images/files/", "Cache-Control": "max-age"},
    ),
    Case(
        "a redirect to a missing original",
        URL + "%2Fnope.jpg&width=300",
        301,
        answers={"Location": "/nope.jpg", "Cache-Control": "max-age"},
    ),
    Case("damaged", URL + "%2Fbad.jpg&width=300", 301, answers={"Location": "/bad.jpg"}),
    Case("no url is refused", "/api/images/resize?width=300", 400, "text"),
    Case("a width that is no number", URL + "%2FL.jpg&width=abc", 400, "text", body="width"),
    Case("a format that is unknown", URL + "%2FL.jpg&width=300&format=tiff", 400, "text", body="format"),
    Case("the root redirects to the health check", "/", 308, answers={"Location": "/health"}),
    Case("the health check answers OK", "/health", 200, "text", body="OK"),
    Case("not allowed", "/api/images/resize?url=http://127.0.0.1:1/a.jpg", 403, answers={"Location": None}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("emgr", case)


def test_a_signed_mount_signs_its_redirects(service: Service) -> None:
    keyring, path = Keyring.from_text(KEYS), b"/emgr/api/images/resize"
    assert service.request("emgr-signed", f"{path.decode()}?url=S.jpg&width=20").status == 403
    signed = service.request("emgr-signed", keyring.sign(path, b"url=S.jpg&width=20", 4_000_000_000))
    assert signed.headers["location"].startswith("https://cdn.example/emgr/api/images/files/")
    target = below_host(signed.headers["location"])
    assert "expires=4000000000" in target
    assert service.request("emgr-signed", target).image.size == (20, 16)
    assert service.request("emgr-signed", target.partition("?")[0]).status == 403
