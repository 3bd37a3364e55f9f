"""URLs that next/image, Nuxt Image and unpic write for Next.js, Vercel, Amplify, Netlify and ipx."""

from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.clients.node import run_script
from tests.compat.runner import Case, Check, Service, pixel
from tests.compat.sources import RED

CHROME: Final = {"Accept": "image/avif,image/webp,*/*"}


class Request(NamedTuple):
    """What a library is called with, and the image that its URL must give."""

    library: str
    provider: str
    mount: str
    options: dict[str, Any]
    format: str
    size: tuple[int, int]
    checks: tuple[Check, ...] = ()

    def __str__(self) -> str:
        return f"{self.library} {self.provider} {self.options}"


REQUESTS: Final = [
    Request("nuxt", "ipx", "ipx", {}, "jpeg", (1200, 800)),
    Request("nuxt", "ipx", "ipx", {"width": 300, "format": "webp", "quality": 80}, "webp", (300, 200)),
    Request(
        "nuxt", "ipx", "ipx", {"width": 300, "height": 300, "fit": "contain", "format": "jpeg"}, "jpeg", (300, 300)
    ),
    Request(
        "nuxt",
        "ipx",
        "ipx",
        {"width": 300, "height": 300, "fit": "cover", "position": "left", "background": "#ff0000"},
        "jpeg",
        (300, 300),
        (pixel(200, 10, RED),),
    ),
    Request("nuxt", "ipxStatic", "ipx4", {"height": 200}, "jpeg", (300, 200)),
    Request("nuxt", "vercel", "vercel", {"width": 600, "quality": 90}, "avif", (640, 427)),
    Request("nuxt", "vercel", "vercel", {}, "avif", (1200, 800)),
    Request("nuxt", "awsAmplify", "amplify", {"width": 600, "quality": 75}, "webp", (640, 427)),
    Request("nuxt", "netlifyImageCdn", "netlify", {"width": 300, "height": 300, "fit": "cover"}, "avif", (300, 300)),
    Request("nuxt", "netlifyImageCdn", "netlify", {"width": 300, "height": 300, "format": "jpg"}, "jpeg", (300, 200)),
    Request("nuxt", "netlifyImageCdn", "netlify-dev", {"width": 90, "fit": "inside", "quality": 60}, "jpeg", (90, 60)),
    Request("unpic", "ipx", "ipx", {"width": 300, "height": 200}, "avif", (300, 200)),
    Request("unpic", "vercel", "vercel", {"width": 640}, "avif", (640, 427)),
    Request("unpic", "nextjs", "nextjs", {"width": 640, "height": 400}, "avif", (640, 427)),
    Request("unpic", "netlify", "netlify", {"width": 300, "height": 300}, "avif", (300, 300)),
    Request("unpic", "netlify", "netlify-dev", {"width": 300, "height": 300, "format": "png"}, "png", (300, 300)),
]


@pytest.fixture(scope="module")
def urls() -> list[str]:
    requests = [request._asdict() | {"url": "/L.jpg", "checks": ()} for request in REQUESTS]
    return [made[0] for made in run_script("frameworks.mjs", requests)]


@pytest.mark.parametrize("number", range(len(REQUESTS)), ids=lambda number: str(REQUESTS[number]))
def test_urls_of_libraries(service: Service, urls: list[str], number: int) -> None:
    request = REQUESTS[number]
    case = Case(str(request), urls[number], 200, request.format, request.size, request.checks, headers=CHROME)
    service.check(request.mount, case)


@pytest.mark.parametrize(
    "options",
    [
        {"width": 600, "height": 400},
        {"width": 600, "height": 400, "sizes": "50vw", "quality": 75},
        {"fill": True, "sizes": "100vw", "priority": True},
    ],
)
@pytest.mark.parametrize("url", ["/L.jpg", "/S.jpg", "/G.gif", "/A.png"])
def test_every_candidate_of_a_page_that_next_renders(service: Service, url: str, options: dict[str, Any]) -> None:
    widths = {"/L.jpg": 1200, "/S.jpg": 100, "/G.gif": 120, "/A.png": 400}
    candidates = run_script("frameworks.mjs", [{"library": "next", "url": url, "options": options}])[0]
    assert len(candidates) > 2
    for candidate in dict.fromkeys(candidates):
        width = min(int(parse_qs(urlsplit(candidate).query)["w"][0]), widths[url])
        reply = service.check("nextjs", Case(candidate, candidate, 200, headers=CHROME))
        assert reply.image.width == (120 if url == "/G.gif" else width)
        assert reply.media_type == ("image/gif" if url == "/G.gif" else "image/avif")
