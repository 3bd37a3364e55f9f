"""URLs that Nuxt Image, unpic and Hydrogen write for services that they know by host name."""

from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.clients.node import run_script
from tests.compat.mounts import MOUNTS
from tests.compat.runner import Case, Check, Service, pixel
from tests.compat.sources import BLUE, GREEN, RED

CHROME: Final = {"Accept": "image/avif,image/webp,*/*"}


class Request(NamedTuple):
    """What a library is called with, and the image that its URL must give. ``base`` is the base URL of the provider."""

    library: str
    provider: str
    mount: str
    url: str
    options: dict[str, Any]
    format: str
    size: tuple[int, int]
    checks: tuple[Check, ...] = ()
    base: str = ""

    def __str__(self) -> str:
        return f"{self.library} {self.provider} {self.options}"


SHOPIFY: Final = "https://cdn.shopify.com/s/files/1"
CONTENTFUL: Final = "https://images.ctfassets.net"
HYGRAPH: Final = "https://us-west-2.graphassets.com"
STORYBLOK: Final = "https://a.storyblok.com/f/1/1200x800/h/L.jpg"
BOX: Final = {"width": 200, "height": 100}

REQUESTS: Final = [
    Request("nuxt", "shopify", "shopify", f"{SHOPIFY}/L.jpg?v=1", BOX | {"fit": "contain"}, "avif", (150, 100)),
    Request("nuxt", "shopify", "shopify", f"{SHOPIFY}/L.jpg", BOX | {"crop": "top", "format": "jpg"}, "jpeg", (200, 100),
            (pixel(90, 50, RED), pixel(110, 50, GREEN))),
    Request("nuxt", "shopify", "shopify", f"{SHOPIFY}/L.jpg",
            {"width": 150, "height": 150, "crop": "region", "cropLeft": 100, "cropTop": 100, "cropWidth": 300,
             "cropHeight": 200, "format": "pjpg", "quality": 50, "padColor": "0000ff"},
            "jpeg", (150, 150), (pixel(75, 75, RED), pixel(75, 10, BLUE))),
    Request("unpic", "shopify", "shopify", f"{SHOPIFY}/L_300x300_crop_left.jpg?v=1", BOX, "avif", (200, 100)),
    Request("unpic", "shopify", "shopify", f"{SHOPIFY}/P.jpg", {"width": 133.4}, "avif", (133, 200)),
    Request("nuxt", "contentful", "contentful", f"{CONTENTFUL}/L.jpg",
            BOX | {"fit": "cover", "focus": "top_left", "background": "rgb:0000ff", "radius": "max", "format": "png"},
            "png", (200, 100), (pixel(100, 50, RED), pixel(3, 3, BLUE), pixel(190, 50, RED))),
    Request("nuxt", "contentful", "contentful", f"{CONTENTFUL}/L.jpg", BOX | {"fit": "fill"}, "jpeg", (200, 100),
            (pixel(90, 40, RED),)),
    Request("unpic", "contentful", "contentful", f"{CONTENTFUL}/S.jpg", BOX | {"format": "avif", "quality": 50},
            "avif", (200, 100)),
    Request("nuxt", "hygraph", "hygraph", f"{HYGRAPH}/proj/L", BOX | {"fit": "contain", "quality": 50, "format": "jpg"},
            "jpeg", (150, 100), base=HYGRAPH),
    Request("nuxt", "hygraph", "hygraph", "L", {"fit": "contain"}, "avif", (1200, 800), base=f"{HYGRAPH}/proj"),
    Request("nuxt", "hygraph", "hygraph", "L", BOX | {"fit": "crop"}, "avif", (200, 100), base=f"{HYGRAPH}/proj"),
    Request("unpic", "hygraph", "hygraph", f"{HYGRAPH}/proj/L", BOX, "avif", (200, 100)),
    Request("unpic", "hygraph", "hygraph", f"{HYGRAPH}/proj/L", {"width": 200, "format": "png"}, "png", (200, 133)),
    Request("unpic", "keycdn", "keycdn", "https://example.kxcdn.com/L.jpg", BOX, "jpeg", (200, 100)),
    Request("unpic", "bunny", "bunny", "https://example.b-cdn.net/L.jpg", BOX, "webp", (200, 100)),
    Request("unpic", "contentstack", "contentstack", "https://images.contentstack.io/L.jpg", BOX, "webp", (200, 100)),
    Request("unpic", "wordpress", "wordpress-files", "https://example.files.wordpress.com/L.jpg", BOX, "webp", (200, 100)),
    Request("unpic", "storyblok", "storyblok", STORYBLOK, BOX, "webp", (200, 100)),
    Request("nuxt", "storyblok", "storyblok", STORYBLOK, BOX | {"fit": "in", "format": "webp", "quality": 50}, "webp",
            (150, 100), base="https://a.storyblok.com"),
    Request("unpic", "kontent.ai", "kontent", "https://assets-us-01.kc-usercontent.com/L.jpg", BOX, "jpeg", (200, 100)),
    Request("nuxt", "gumlet", "gumlet", "/L.jpg", BOX | {"fit": "cover", "format": "jpg"}, "jpeg", (200, 100),
            base="https://example.gumlet.io"),
    Request("nuxt", "prismic", "prismic", "/L.jpg?auto=compress,format", BOX | {"fit": "cover"}, "avif", (200, 100),
            base="https://images.prismic.io"),
    Request("nuxt", "imgix", "imgix", "/L.jpg", BOX | {"fit": "cover", "format": "webp"}, "webp", (200, 100),
            base="https://example.imgix.net"),
    Request("nuxt", "fastly", "fastly", "/L.jpg", BOX | {"fit": "contain", "format": "jpg"}, "jpeg", (150, 100),
            base="https://example.net"),
    Request("nuxt", "cloudflare", "cloudflare", "/L.jpg", BOX | {"fit": "contain", "format": "webp"}, "webp", (150, 100),
            base="https://example.net"),
    Request("unpic", "cloudflare", "cloudflare", "https://example.net/cdn-cgi/image/width=3/L.jpg", BOX, "avif",
            (200, 100)),
    Request("nuxt", "imagekit", "imagekit", "/L.jpg", BOX | {"fit": "cover", "format": "jpg"}, "jpeg", (200, 100),
            base="https://ik.imagekit.io/demo"),
    Request("unpic", "imagekit", "imagekit", "https://ik.imagekit.io/demo/L.jpg", BOX, "avif", (200, 100)),
]  # fmt: skip


@pytest.fixture(scope="module")
def urls() -> list[str]:
    requests = [request._asdict() | {"checks": (), "base": request.base or None} for request in REQUESTS]
    requests = [{name: value for name, value in one.items() if value is not None} for one in requests]
    return [made[0] for made in run_script("frameworks.mjs", requests)]


@pytest.mark.parametrize("number", range(len(REQUESTS)), ids=lambda number: str(REQUESTS[number]))
def test_urls_of_libraries(service: Service, urls: list[str], number: int) -> None:
    request = REQUESTS[number]
    target = below_mount(urls[number], request.mount)
    case = Case(str(request), target, 200, request.format, request.size, request.checks, headers=CHROME)
    service.check(request.mount, case)


def below_mount(url: str, name: str) -> str:
    parts = urlsplit(url)
    mount = str(MOUNTS[name].get("mount", ""))
    assert parts.path.startswith(mount)
    return parts.path.removeprefix(mount) + (f"?{parts.query}" if parts.query else "")


@pytest.mark.parametrize(
    ("options", "ratio"),
    [
        ({"width": 100, "aspectRatio": "1/1", "crop": "left"}, 1),
        ({"sizes": "50vw"}, 1.5),
        ({"width": 100, "aspectRatio": "2/1"}, 2),
    ],
)
def test_every_candidate_of_a_page_that_hydrogen_renders(
    service: Service, options: dict[str, Any], ratio: float
) -> None:
    data = {"url": f"{SHOPIFY}/L.jpg?v=1", "altText": "", "width": 1200, "height": 800}
    candidates = run_script("hydrogen.mjs", [options | {"data": data}])[0]
    assert len(candidates) > 2
    for candidate in dict.fromkeys(candidates):
        query = parse_qs(urlsplit(candidate).query)
        size = (int(query["width"][0]), int(query["height"][0]))
        assert abs(size[0] / size[1] - ratio) < 0.02
        checks = [pixel(size[0] // 2, size[1] // 4, RED)] if options.get("crop") == "left" else []
        target = below_mount(candidate, "shopify")
        service.check("shopify", Case(candidate, target, 200, "avif", size, checks, headers=CHROME))
