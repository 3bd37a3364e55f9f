"""URLs that the libraries of imgix (npm and PyPI) and of Sanity make, with all kinds of parameters and signatures."""

from typing import Any, Final, NamedTuple

import pytest
from imgix import UrlBuilder  # type: ignore[import-untyped]

from tests.clients.node import run_script
from tests.compat.runner import Case, Check, Service, below_host, is_grey, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW, source

TOKEN: Final = "FOO123bar"
ASSET: Final = "image-Tb9Ew8CXIwaY6R1kjMvI0uRR-1200x800-jpg"


class Request(NamedTuple):
    """Parameters that a library is called with, and the image that its URL must give."""

    params: dict[str, Any]
    format: str
    size: tuple[int, int]
    checks: tuple[Check, ...] = ()
    path: str = "/L.jpg"


REQUESTS: Final = [
    Request({}, "jpeg", (1200, 800)),
    Request({"w": 300}, "jpeg", (300, 200)),
    Request({"w": 60, "h": 60, "fit": "crop", "crop": "top,right"}, "jpeg", (60, 60), (pixel(40, 5, GREEN),)),
    Request({"w": 60, "rect": "right,bottom,300,200"}, "jpeg", (60, 40), (pixel(5, 5, YELLOW),)),
    Request({"w": 60, "sat": -100, "fm": "png"}, "png", (60, 40), (is_grey(),)),
    Request({"w": 60, "txt": "I cannøt bel\u00efeve it wors! 😱", "txt-size": 9}, "jpeg", (60, 40)),
    Request({"w": 60, "txt64": "I cannøt bel\u00efeve it wors! 😱"}, "jpeg", (60, 40)),
    Request({"w": 60, "mark64": "W.png", "mark-w": 20, "mark-pad": 0, "fm": "png"}, "png", (60, 40)),
    Request({"pad": 20, "bg": "ff0000"}, "jpeg", (1240, 840), (pixel(5, 5, RED),)),
    Request({"w": 0.5, "fm": "webp", "lossless": "true"}, "webp", (600, 400)),
    Request({"w": 60}, "jpeg", (60, 40), path="http://127.0.0.1:{port}/L.jpg"),
]


def target_of(url: str) -> str:
    """Return path and query of a URL."""
    return below_host(url)


@pytest.mark.parametrize("token", [TOKEN, ""])
@pytest.mark.parametrize("encoding", [{}, {"disablePathEncoding": False}])
def test_urls_of_js_core(service: Service, token: str, encoding: dict[str, Any]) -> None:
    ask = [
        {"path": service.target("imgix", one.path).removeprefix("/"), "params": one.params, "options": encoding}
        | ({"token": token} if token else {})
        for one in REQUESTS
    ]
    mount = "imgix-signed" if token else "imgix"
    for request, (url,) in zip(REQUESTS, run_script("imgix.mjs", ask), strict=True):
        case = Case(url, target_of(url), 200, request.format, request.size, request.checks)
        service.check(mount, case)


def test_srcsets_of_js_core(service: Service) -> None:
    ask = [
        {"path": "L.jpg", "params": params, "options": options, "token": TOKEN, "srcset": True}
        for params, options in (({}, {"minWidth": 100, "maxWidth": 200}), ({"w": 100}, {}))
    ]
    widths, densities = run_script("imgix.mjs", ask)
    for url, width in zip(widths, (100, 116, 135, 156, 181, 200), strict=True):
        service.check("imgix-signed", Case(url, target_of(url), 200, "jpeg", (width, round(width * 2 / 3))))
    for url, width in zip(densities, (100, 200, 300, 400, 500), strict=True):
        service.check("imgix-signed", Case(url, target_of(url), 200, "jpeg", (width, round(width * 2 / 3))))


@pytest.mark.parametrize("token", [TOKEN, None])
@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_urls_of_the_python_library(service: Service, token: str | None, number: int) -> None:
    request = REQUESTS[number]
    builder = UrlBuilder("img.test", sign_key=token)
    path = service.target("imgix", request.path)
    url = builder.create_url(
        path, {name: str(value) if name == "w" else value for name, value in request.params.items()}
    )
    mount = "imgix-signed" if token else "imgix"
    service.check(mount, Case(url, target_of(url), 200, request.format, request.size, request.checks))


CALLS: Final[list[tuple[list[list[Any]], str, tuple[int, int], tuple[Check, ...]]]] = [
    ([], "jpeg", (1200, 800), ()),
    ([["width", 300]], "jpeg", (300, 200), ()),
    ([["size", 60, 60]], "jpeg", (60, 60), ()),
    ([["rect", 600, 0, 600, 400], ["width", 60]], "jpeg", (60, 40), (pixel(5, 5, GREEN),)),
    ([["size", 60, 60], ["fit", "crop"], ["focalPoint", 1, 0]], "jpeg", (60, 60), (pixel(40, 5, GREEN),)),
    ([["size", 60, 60], ["fit", "crop"], ["crop", "left"], ["dpr", 2]], "jpeg", (120, 120), (pixel(5, 5, RED),)),
    ([["width", 60], ["flipHorizontal"], ["flipVertical"]], "jpeg", (60, 40), (pixel(5, 5, YELLOW),)),
    ([["orientation", 90], ["format", "png"]], "png", (800, 1200), (pixel(5, 5, BLUE),)),
    ([["width", 60], ["saturation", -100], ["quality", 50], ["blur", 10], ["sharpen", 5]], "jpeg", (60, 40), ()),
    ([["width", 60], ["pad", 5], ["bg", "ff0000"]], "jpeg", (60, 43), (pixel(1, 20, RED),)),
    ([["width", 60], ["vanityName", "my-image.jpg"], ["auto", "format"], ["fit", "max"]], "jpeg", (60, 40), ()),
]


def test_urls_of_sanity(service: Service) -> None:
    name = ASSET.removeprefix("image-").removesuffix("-jpg") + ".jpg"
    service.origin.publish(f"/images/p1/production/{name}", source("L.jpg"), {})
    urls = run_script("sanity.mjs", [{"source": ASSET, "calls": calls} for calls, *_ in CALLS])
    for url, (_, form, size, checks) in zip(urls, CALLS, strict=True):
        service.check("sanity", Case(url, target_of(url), 200, form, size, checks))
