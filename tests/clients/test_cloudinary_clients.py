"""URLs that Cloudinary's own libraries make: url-gen for browsers, and the Python SDK with signatures and tokens."""

from typing import Any, Final, NamedTuple

import cloudinary
import pytest
from cloudinary.utils import cloudinary_url

from tests.clients.node import run_script
from tests.compat.runner import Case, Check, Service, has_alpha, is_grey, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

HOST: Final = "https://res.cloudinary.com"


class Program(NamedTuple):
    """What url-gen is called with, and the image that its URL must give."""

    name: str
    size: tuple[int, int]
    checks: tuple[Check, ...] = ()
    image: str = "L.jpg"
    form: str = "jpeg"


PROGRAMS: Final = [
    Program("fill", (300, 200), (pixel(290, 10, GREEN),)),
    Program("automatic", (300, 300)),
    Program("face", (100, 100)),
    Program("ratio", (300, 200)),
    Program("limit", (960, 640)),
    Program("pad", (300, 300), (pixel(150, 5, BLUE),)),
    Program("minimum", (300, 300), (), "S.jpg"),
    Program("crop", (300, 200), (pixel(290, 190, RED),)),
    Program("share", (600, 400)),
    Program("rotated", (200, 300), (pixel(5, 5, BLUE),)),
    Program("mirrored", (1200, 800), (pixel(5, 5, GREEN),)),
    Program("round", (100, 100), (has_alpha(),), form="png"),
    Program("corners", (1200, 800), (pixel(300, 797, RED, 60),)),
    Program("effects", (1200, 800), (is_grey(),)),
    Program("adjusted", (1200, 800)),
    Program("layer", (600, 900), (pixel(15, 15, RED), pixel(95, 50, YELLOW)), "P.jpg"),
    Program("text", (1200, 800)),
    Program("named", (150, 150)),
    Program("dpr", (600, 400)),
]


@pytest.fixture(scope="module")
def targets() -> list[str]:
    """The target for each program, by one run of the library."""
    urls = run_script("cloudinary.mjs", [[program.name, program.image] for program in PROGRAMS])
    return [url.removeprefix(HOST) for url in urls]


@pytest.mark.parametrize("number", range(len(PROGRAMS)), ids=lambda number: PROGRAMS[number].name)
def test_urls_of_url_gen(service: Service, targets: list[str], number: int) -> None:
    program = PROGRAMS[number]
    service.check("cloudinary", Case(targets[number], targets[number], 200, program.form, program.size, program.checks))


class Request(NamedTuple):
    """What the Python SDK is called with, and the image that its URL must give."""

    options: dict[str, Any]
    size: tuple[int, int]
    checks: tuple[Check, ...] = ()
    source: str = "L.jpg"
    form: str = "jpeg"


REQUESTS: Final = [
    Request({"width": 300, "height": 200, "crop": "fill"}, (300, 200)),
    Request({"width": 0.5, "crop": "scale"}, (600, 400)),
    Request({"transformation": [{"width": 600, "crop": "scale"}, {"angle": 90}]}, (400, 600), (pixel(5, 5, BLUE),)),
    Request({"width": 100, "height": 100, "crop": "thumb", "gravity": "face", "radius": "max"}, (100, 100)),
    Request({"width": 300, "fetch_format": "webp", "quality": 60}, (300, 200), form="webp"),
    Request({"width": 300, "format": "png"}, (300, 150), source="W", form="png"),
    Request({"transformation": ["thumb"], "format": "jpg"}, (150, 150), source="L"),
    Request({"width": 300, "version": 1571218330}, (300, 200)),
    Request({"effect": "sepia:50", "width": 30, "background": "#ff0000", "border": "2px_solid_red"}, (30, 20)),
    Request({"angle": ["hflip", 180], "width": 300}, (300, 200)),
    Request(
        {
            "transformation": [
                {"overlay": {"font_family": "Arial", "font_size": 30, "text": "Cool 😍, a/b"}, "color": "red"},
                {"flags": "layer_apply", "gravity": "north"},
            ]
        },
        (1200, 800),
    ),
    Request({"overlay": "W.png", "width": 100, "gravity": "north_west", "crop": "scale"}, (1200, 800)),
    Request({"width": 300, "url_suffix": "a-nice-photo", "format": "jpg", "private_cdn": True}, (300, 200), source="L"),
    Request({"width": 300, "crop": "limit", "dpr": 2}, (600, 400)),
]


@pytest.fixture(autouse=True)
def _account() -> None:
    cloudinary.config(cloud_name="demo", api_secret="b", secure=True)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: str(sorted(one.options)))
@pytest.mark.parametrize("variant", [{}, {"sign_url": True}, {"sign_url": True, "long_url_signature": True}], ids=str)
def test_urls_of_the_python_sdk(service: Service, request_: Request, variant: dict[str, Any]) -> None:
    mount = "cloudinary-sdk"
    url, _ = cloudinary_url(request_.source, **request_.options, **variant)
    target = "/" + url.split("/", 3)[3]
    if "private_cdn" not in request_.options:
        assert target.startswith("/demo/")
    service.check(mount, Case(target, target, 200, request_.form, request_.size, request_.checks))


def test_fetched_urls_of_the_python_sdk(service: Service) -> None:
    remote = f"http://127.0.0.1:{service.origin.port}/L.jpg"
    for variant in ({}, {"sign_url": True}):
        url, _ = cloudinary_url(remote, type="fetch", width=300, **variant)
        target = url.removeprefix(HOST)
        service.check("cloudinary-sdk", Case(target, target, 200, "jpeg", (300, 200)))


def test_tokens_of_the_python_sdk(service: Service) -> None:
    token = {"key": "00112233FF99", "expiration": 4_111_111_411}
    for limits in ({}, {"acl": "/demo/image/*"}):
        url, _ = cloudinary_url("L.jpg", type="authenticated", sign_url=True, auth_token=token | limits, width=300)
        target = url.removeprefix(HOST)
        assert "__cld_token__" in target
        service.check("cloudinary-sdk", Case(target, target, 200, "jpeg", (300, 200)))
        changed = target.replace("L.jpg", "S.jpg")
        status = 200 if limits else 401
        service.check("cloudinary-sdk", Case("changed", changed, status))
