"""Netlify's Image CDN: what the hosted service and the handler of ``netlify dev`` have in common, and each of them."""

import pytest

from tests.compat.runner import Case, Service, cut_border, distorted_border, frames, has_alpha, lasts, pixel
from tests.compat.sources import BLACK, RED, WHITE

URL = "/.netlify/images?url="
CHROME = {"Accept": "image/avif,image/webp,*/*"}
WEBP = {"Accept": "image/webp,*/*"}

BOTH = [
    Case("no parameters keep the size", URL + "/L.jpg", 200, "jpeg", (1200, 800)),
    Case("width alone keeps the shape", URL + "/L.jpg&w=300", 200, "jpeg", (300, 200)),
    Case("height alone keeps the shape", URL + "/L.jpg&h=300", 200, "jpeg", (450, 300)),
    Case("half a pixel rounds down", URL + "/P.jpg&w=333", 200, "jpeg", (333, 499)),
    Case("contain keeps the shape within both sides", URL + "/L.jpg&w=300&h=300&fit=contain", 200, "jpeg", (300, 200)),
    Case("cover cuts the edges", URL + "/T.png&w=100&h=100&fit=cover", 200, "png", (100, 100), cut_border()),
    Case(
        "fill distorts to both sides",
        URL + "/T.png&w=100&h=100&fit=fill",
        200,
        "png",
        (100, 100),
        distorted_border(),
    ),
    Case(
        "cover keeps the left part",
        URL + "/L.jpg&w=300&h=300&fit=cover&position=left",
        200,
        "jpeg",
        (300, 300),
        [pixel(200, 10, RED)],
    ),
    Case(
        "cover keeps the upper part",
        URL + "/P.jpg&w=300&h=300&fit=cover&position=top",
        200,
        "jpeg",
        (300, 300),
        [pixel(10, 200, RED)],
    ),
    Case("a large width does not enlarge", URL + "/L.jpg&w=2000", 200, "jpeg", (1200, 800)),
    Case("cover with a large width keeps the size", URL + "/L.jpg&w=2000&fit=cover", 200, "jpeg", (1200, 800)),
    Case(
        "cover shrinks the box to the image",
        URL + "/T.png&w=400&h=400&fit=cover",
        200,
        "png",
        (200, 200),
        [pixel(1, 100, BLACK), pixel(100, 18, WHITE)],
    ),
    Case(
        "fill shrinks the box to the image",
        URL + "/T.png&w=400&h=400&fit=fill",
        200,
        "png",
        (200, 200),
        [pixel(6, 100, WHITE)],
    ),
    Case("a format of WebP", URL + "/L.jpg&w=300&fm=webp", 200, "webp", (300, 200)),
    Case("a format of PNG", URL + "/L.jpg&w=300&fm=png", 200, "png", (300, 200)),
    Case("a PNG as JPEG is not enlarged", URL + "/W.png&w=300&fm=jpg", 200, "jpeg", (200, 100)),
    Case("a format of GIF", URL + "/L.jpg&w=300&fm=gif", 200, "gif", (300, 200)),
    Case("an animated GIF keeps its frames", URL + "/G.gif&w=60", 200, "gif", (60, 45), [frames(3)]),
    Case("an SVG has no script", URL + "/V.svg&w=60", 200, "svg", checks=[lambda reply: b"script" not in reply.body]),
    Case("a transparent PNG stays transparent", URL + "/A.png&w=60", 200, "png", (60, 45), [has_alpha()]),
    Case("a path without a leading slash", URL + "L.jpg&w=300", 200, "jpeg", (300, 200)),
    Case("a route with a final slash", "/.netlify/images/?url=/L.jpg&w=300", 200, "jpeg", (300, 200)),
    Case("an unknown parameter is ignored", URL + "/L.jpg&w=300&foo=1", 200, "jpeg", (300, 200)),
    Case("the first counts", URL + "/L.jpg&w=300&w=abc", 200, "jpeg", (300, 200)),
    Case("a URL of an allowed host", URL + "{origin-escaped}/L.jpg&w=300", 200, "jpeg", (300, 200)),
    Case(
        "a host that is not allowed",
        URL + "https://example.com/L.jpg&w=300",
        403,
        "text",
        body="Forbidden: Remote image URL not allowed",
    ),
    Case("of another host", URL + "//example.com/L.jpg", 403, "text", body="Forbidden: Remote image URL not allowed"),
    Case("no url is refused", "/.netlify/images?w=300", 400, "text", body='Bad Request: Missing "url" query parameter'),
    Case("a POST is not allowed", URL + "/L.jpg&w=300", 405, "text", body="Method Not Allowed", method="POST"),
    Case("no file", URL + "/nope.jpg", 404),
]
DEV = [
    Case("age", URL + "/L.jpg", 200, checks=[lasts(300)]),
    Case("both sides without fit cover", URL + "/T.png&w=100&h=100", 200, "png", (100, 100), cut_border()),
    Case("contain shrinks the box before it fits", URL + "/S.jpg&w=300&h=300&fit=contain", 200, "jpeg", (80, 64)),
    Case("Accept does not choose the format", URL + "/L.jpg&w=300", 200, "jpeg", (300, 200), headers=CHROME),
    Case("a WebP stays a WebP", URL + "/X.webp&w=100", 200, "webp", (100, 75)),
    Case("a damaged image is refused", URL + "/bad.jpg", 400, "json", body="[400] [IPX_INVALID_IMAGE]"),
    Case("a bad width alone fails", URL + "/L.jpg&w=abc", 500, "json", body="[500] [IPX_ERROR]"),
    Case("a bad quality fails", URL + "/L.jpg&w=300&q=abc", 500, "json", body="[500] [IPX_ERROR]"),
    Case("EXIF is not applied", URL + "/E6.jpg", 200, "jpeg", (300, 200)),
    Case("no blurhash", URL + "/L.jpg&w=30&fm=blurhash", 200, "jpeg", (30, 20)),
    Case("a width that is no number", URL + "/L.jpg&w=abc&h=300", 200, "jpeg", (1200, 800)),
    Case("a fit that is none", URL + "/L.jpg&w=30&h=30&fit=x", 500, "json"),
]
HOSTED = [
    Case("both sides", URL + "/L.jpg&w=300&h=300", 200, "jpeg", (300, 200)),
    Case("a small image", URL + "/S.jpg&w=300&h=300&fit=contain", 200, "jpeg", (100, 80)),
    Case("a BlurHash is a text", URL + "/L.jpg&w=300&fm=blurhash", 200, "text"),
    Case("WebP when accepted", URL + "/L.jpg&w=300", 200, "webp", (300, 200), headers=WEBP, answers={"Vary": "Accept"}),
    Case("both formats", URL + "/L.jpg&w=300", 200, "avif", (300, 200), headers=CHROME),
    Case("a WebP for all", URL + "/X.webp&w=100", 200, "jpeg", (100, 75)),
    Case("a HEAD has no body", URL + "/L.jpg&w=300", 200, "jpeg", method="HEAD", checks=[lambda reply: not reply.body]),
    Case("no image", URL + "/bad.jpg", 400, "text"),
    Case("no number", URL + "/L.jpg&w=abc", 400, "text", body="w must be"),
    Case("upright", URL + "/E6.jpg", 200, "jpeg", (200, 300)),
]


@pytest.mark.parametrize("mount", ["netlify", "netlify-dev"])
@pytest.mark.parametrize("case", BOTH, ids=str)
def test_cases_of_both(service: Service, case: Case, mount: str) -> None:
    service.check(mount, case)


@pytest.mark.parametrize("case", DEV, ids=str)
def test_cases_of_the_development_server(service: Service, case: Case) -> None:
    service.check("netlify-dev", case)


@pytest.mark.parametrize("case", HOSTED, ids=str)
def test_cases_of_the_hosted_service(service: Service, case: Case) -> None:
    service.check("netlify", case)
