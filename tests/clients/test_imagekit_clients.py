"""URLs that the libraries of ImageKit for browsers and for Node make: transformations, layers, srcsets, signatures."""

from typing import Any, Final, NamedTuple

import pytest

from tests.clients.node import run_script
from tests.compat.runner import Case, Check, Service, below_host, has_alpha, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

KEY: Final = "dummy-key"


class Request(NamedTuple):
    """Steps that a library is called with, and the image that its URL must give."""

    steps: list[dict[str, Any]]
    format: str
    size: tuple[int, int]
    checks: tuple[Check, ...] = ()
    src: str = "/L.jpg"


REQUESTS: Final = [
    Request([], "jpeg", (1200, 800)),
    Request([{"width": 300}], "jpeg", (300, 200)),
    Request([{"width": "0.5", "height": 0.25}], "jpeg", (600, 200)),
    Request([{"width": 300, "height": 300}], "jpeg", (300, 300), (pixel(140, 10, RED), pixel(160, 10, GREEN))),
    Request([{"width": 300, "aspectRatio": "1-1"}], "jpeg", (300, 300)),
    Request([{"width": 300, "height": 300, "crop": "at_max"}], "jpeg", (300, 200)),
    Request([{"width": 300, "height": 300, "crop": "force"}], "jpeg", (300, 300), (pixel(140, 140, RED),)),
    Request([{"width": 300, "height": 300, "focus": "left"}], "jpeg", (300, 300), (pixel(200, 10, RED),)),
    Request(
        [{"width": 300, "height": 300, "cropMode": "pad_resize", "background": "0000FF"}],
        "jpeg",
        (300, 300),
        (pixel(150, 10, BLUE),),
    ),
    Request(
        [{"width": 300, "height": 200, "cropMode": "extract", "x": 600, "y": 400}],
        "jpeg",
        (300, 200),
        (pixel(5, 5, YELLOW),),
    ),
    Request([{"width": 60, "dpr": 2}], "jpeg", (120, 80)),
    Request([{"width": 60, "format": "png"}, {"rotation": 90}], "png", (40, 60), (pixel(2, 2, BLUE),)),
    Request([{"width": 60, "flip": "h_v"}], "jpeg", (60, 40), (pixel(5, 5, YELLOW),)),
    Request([{"width": 60, "grayscale": True}], "jpeg", (60, 40), (is_grey(),)),
    Request([{"width": 60, "grayscale": False, "contrastStretch": True, "sharpen": ""}], "jpeg", (60, 40)),
    Request([{"width": 300, "quality": 10}], "jpeg", (300, 200), (smaller_than(4_000),)),
    Request([{"width": 60, "blur": 10, "unsharpMask": "2-2-0.8-0.024"}], "jpeg", (60, 40)),
    Request([{"width": 60, "border": "5_0000FF"}], "jpeg", (60, 40), (pixel(2, 20, BLUE), pixel(20, 12, RED))),
    Request([{"width": 60, "height": 60, "radius": "max", "format": "png"}], "png", (60, 60), (has_alpha(),)),
    Request([{"named": "thumb"}], "jpeg", (150, 150)),
    Request([{"raw": "w-60,h-30"}], "jpeg", (60, 30)),
    Request([{"trim": 10}], "png", (260, 160), src="/T.png"),
    Request(
        [{"width": 300, "overlay": {"type": "image", "input": "/S.jpg", "position": {"x": 10, "y": 20}}}],
        "jpeg",
        (300, 200),
        (pixel(100, 30, GREEN), pixel(20, 90, BLUE), pixel(5, 90, RED)),
    ),
    Request(
        [
            {
                "width": 300,
                "overlay": {
                    "type": "image",
                    "input": "W.png",
                    "encoding": "base64",
                    "position": {"focus": "bottom_right"},
                    "transformation": [{"width": 100}],
                },
            }
        ],
        "jpeg",
        (300, 200),
        (pixel(210, 160, RED), pixel(290, 160, GREEN), pixel(195, 160, YELLOW)),
    ),
    Request(
        [
            {
                "width": 300,
                "overlay": {
                    "type": "solidColor",
                    "color": "0000FF",
                    "position": {"x": 1, "y": 1},
                    "transformation": [{"width": 50, "height": 50}],
                },
            }
        ],
        "jpeg",
        (300, 200),
        (pixel(20, 20, BLUE), pixel(80, 80, RED)),
    ),
    Request(
        [
            {
                "width": 300,
                "overlay": {
                    "type": "text",
                    "text": "I cannøt, bel\u00efeve",
                    "transformation": [{"fontSize": 40, "fontColor": "000000"}],
                },
            }
        ],
        "jpeg",
        (300, 200),
    ),
]


def ask(request: Request, mount: str, **options: object) -> dict[str, Any]:
    endpoint = f"http://ik.test{mount}"
    return {"src": request.src, "endpoint": endpoint, "transformation": request.steps, **options}


@pytest.mark.parametrize("position", ["query", "path"])
def test_urls_of_the_library_for_browsers(service: Service, position: str) -> None:
    urls = run_script("imagekit.mjs", [ask(one, "/demo", position=position) for one in REQUESTS])
    for request, (url,) in zip(REQUESTS, urls, strict=True):
        check(service, "imagekit", url, request)


def test_urls_keep_other_parameters(service: Service) -> None:
    request = REQUESTS[1]
    ((url,),) = run_script("imagekit.mjs", [ask(request, "/demo", query={"v": "1 2", "ik-attachment": "true"})])
    reply = check(service, "imagekit", url, request)
    assert reply.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("options", [{}, {"expiresIn": 1_000}, {"position": "path"}, {"query": {"v": "a b"}}])
def test_signed_urls_of_the_library_for_node(service: Service, options: dict[str, Any]) -> None:
    requests = [one for one in REQUESTS if one.steps != [{"named": "thumb"}]]
    urls = run_script("imagekit.mjs", [ask(one, "/private", key=KEY, **options) for one in requests])
    for request, (url,) in zip(requests, urls, strict=True):
        check(service, "imagekit-signed", url, request)


def test_a_signature_is_of_one_url(service: Service) -> None:
    ((url,),) = run_script("imagekit.mjs", [ask(REQUESTS[1], "/private", key=KEY)])
    target = below_host(url).removeprefix("/private")
    service.check("imagekit-signed", Case("changed", target.replace("w-300", "w-301"), 401))


def test_srcsets(service: Service) -> None:
    responsive = {"width": 100}, {"sizes": "10vw", "deviceBreakpoints": [200, 400], "imageBreakpoints": [50]}
    asked = [ask(REQUESTS[0], "/demo", responsive=one) for one in responsive]
    for urls in run_script("imagekit.mjs", asked):
        assert len(urls) > 2
        for url in urls:
            width = int(url.partition("w-")[2].partition(",")[0])
            check(service, "imagekit", url, Request([], "jpeg", (width, round(width * 2 / 3))))


def check(service: Service, mount: str, url: str, request: Request) -> Any:
    prefix = service.target(mount, "")
    target = below_host(url)
    assert target.startswith(prefix)
    return service.check(
        mount, Case(url, target.removeprefix(prefix), 200, request.format, request.size, request.checks)
    )
