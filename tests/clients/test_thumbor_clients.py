"""URLs that thumbor's own library makes: signed and unsafe, with all options that it knows."""

from typing import Any, Final, NamedTuple

import pytest
from libthumbor import CryptoURL  # type: ignore[import-untyped]

from tests.compat.runner import Case, Check, Service, fact, is_grey, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

KEY: Final = "ACME-SEC"


class Request(NamedTuple):
    """What the library is called with, and the image that its URL must give."""

    options: dict[str, Any]
    size: tuple[int, int] | None
    checks: tuple[Check, ...] = ()
    image: str = "L.jpg"
    form: str = "jpeg"


REQUESTS: Final = [
    Request({"width": 300, "height": 200}, (300, 200)),
    Request({"width": 300}, (300, 200)),
    Request({"height": 100}, (150, 100)),
    Request({}, (1200, 800)),
    Request({"width": 300, "height": 200, "flip": True}, (300, 200), (pixel(5, 5, GREEN),)),
    Request({"width": 300, "height": 200, "flop": True}, (300, 200), (pixel(5, 5, BLUE),)),
    Request({"flip": True, "flop": True}, (1200, 800), (pixel(5, 5, YELLOW),)),
    Request({"fit_in": True, "width": 300, "height": 300}, (300, 200)),
    Request({"full_fit_in": True, "width": 300, "height": 300}, (450, 300)),
    Request({"adaptive_fit_in": True, "width": 200, "height": 300}, (300, 200)),
    Request({"adaptive_full_fit_in": True, "width": 200, "height": 300}, (300, 200)),
    Request({"crop": ((100, 100), (400, 300))}, (300, 200), (pixel(290, 190, RED),)),
    Request({"crop": ((100, 100), (400, 300)), "width": 30}, (30, 20)),
    Request({"width": 100, "height": 100, "halign": "left"}, (100, 100), (pixel(70, 10, RED),)),
    Request({"width": 100, "height": 100, "halign": "right"}, (100, 100), (pixel(30, 10, GREEN),)),
    Request({"width": 300, "height": 50, "valign": "bottom"}, (300, 50), (pixel(10, 10, BLUE),)),
    Request({"width": 300, "height": 200, "smart": True}, (300, 200)),
    Request({"trim": True}, (260, 160), image="T.png", form="png"),
    Request({"trim": ("bottom-right", None)}, (260, 160), image="T.png", form="png"),
    Request({"trim": ("top-left", 15)}, (260, 160), image="T.png", form="png"),
    Request({"trim": (None, 15)}, (260, 160), image="T.png", form="png"),
    Request({"width": 300, "filters": ["grayscale()", "quality(90)"]}, (300, 200), (is_grey(),)),
    Request({"width": 30, "filters": ["format(webp)"]}, (30, 20), form="webp"),
    Request(
        {"fit_in": True, "width": 200, "height": 200, "filters": ["fill(blue)", "rotate(90)"]},
        (200, 200),
        (pixel(5, 100, BLUE),),
        image="S.jpg",
    ),
    Request(
        {"meta": True, "width": 300},
        None,
        (fact("thumbor", "target", equals={"width": 300, "height": 200}),),
        form="json",
    ),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: "-".join(map(str, request.options)) or "nothing")
@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize("prefix", ["", "{origin}/"])
def test_urls_of_libthumbor(service: Service, request_: Request, unsafe: bool, prefix: str) -> None:
    mount = "thumbor" if unsafe else "thumbor-signed"
    name = service.target(mount, prefix) + request_.image
    url = CryptoURL(KEY).generate(image_url=name, unsafe=unsafe, **request_.options)
    target = url if url.startswith("/") else f"/{url}"
    service.check(mount, Case(target, target, 200, request_.form, request_.size, request_.checks))
