"""Netlify's Image CDN: what the hosted service and the handler of ``netlify dev`` have in common, and each of them."""

import pytest

from tests.compat.runner import Case, Service, frames, has_alpha, lasts, pixel
from tests.compat.sources import RED

URL = "/.netlify/images?url="
CHROME = {"Accept": "image/avif,image/webp,*/*"}
WEBP = {"Accept": "image/webp,*/*"}

BOTH = [
    Case("NL-01", URL + "/L.jpg", 200, "jpeg", (1200, 800)),
    Case("NL-02", URL + "/L.jpg&w=300", 200, "jpeg", (300, 200)),
    Case("NL-03", URL + "/L.jpg&h=300", 200, "jpeg", (450, 300)),
    Case("NL-05", URL + "/P.jpg&w=333", 200, "jpeg", (333, 499)),
    Case("NL-07", URL + "/L.jpg&w=300&h=300&fit=contain", 200, "jpeg", (300, 200)),
    Case("NL-09", URL + "/L.jpg&w=300&h=300&fit=fill", 200, "jpeg", (300, 300)),
    Case("NL-10", URL + "/L.jpg&w=300&h=300&fit=cover&position=left", 200, "jpeg", (300, 300), [pixel(200, 10, RED)]),
    Case("NL-11", URL + "/P.jpg&w=300&h=300&fit=cover&position=top", 200, "jpeg", (300, 300), [pixel(10, 200, RED)]),
    Case("NL-13", URL + "/L.jpg&w=2000", 200, "jpeg", (1200, 800)),
    Case("NL-14", URL + "/L.jpg&w=2000&fit=cover", 200, "jpeg", (1200, 800)),
    Case("NL-15", URL + "/L.jpg&w=2000&h=1000&fit=cover", 200, "jpeg", (1200, 600)),
    Case("NL-18", URL + "/S.jpg&w=300&h=300&fit=fill", 200, "jpeg", (80, 80)),
    Case("NL-19", URL + "/L.jpg&w=300&fm=webp", 200, "webp", (300, 200)),
    Case("NL-21", URL + "/L.jpg&w=300&fm=png", 200, "png", (300, 200)),
    Case("NL-22", URL + "/W.png&w=300&fm=jpg", 200, "jpeg", (200, 100)),
    Case("NL-23", URL + "/L.jpg&w=300&fm=gif", 200, "gif", (300, 200)),
    Case("NL-29", URL + "/G.gif&w=60", 200, "gif", (60, 45), [frames(3)]),
    Case("NL-30", URL + "/V.svg&w=60", 200, "svg", checks=[lambda reply: b"script" not in reply.body]),
    Case("NL-31", URL + "/A.png&w=60", 200, "png", (60, 45), [has_alpha()]),
    Case("NL-34", URL + "L.jpg&w=300", 200, "jpeg", (300, 200)),
    Case("NL-35", "/.netlify/images/?url=/L.jpg&w=300", 200, "jpeg", (300, 200)),
    Case("NL-37", URL + "/L.jpg&w=300&foo=1", 200, "jpeg", (300, 200)),
    Case("the first counts", URL + "/L.jpg&w=300&w=abc", 200, "jpeg", (300, 200)),
    Case("NL-38", URL + "{origin-escaped}/L.jpg&w=300", 200, "jpeg", (300, 200)),
    Case("NL-39", URL + "https://example.com/L.jpg&w=300", 403, "text", body="Forbidden: Remote image URL not allowed"),
    Case("of another host", URL + "//example.com/L.jpg", 403, "text", body="Forbidden: Remote image URL not allowed"),
    Case("NL-41", "/.netlify/images?w=300", 400, "text", body='Bad Request: Missing "url" query parameter'),
    Case("NL-42", URL + "/L.jpg&w=300", 405, "text", body="Method Not Allowed", method="POST"),
    Case("no file", URL + "/nope.jpg", 404),
]
DEV = [
    Case("age", URL + "/L.jpg", 200, checks=[lasts(300)]),
    Case("NL-06", URL + "/L.jpg&w=300&h=300", 200, "jpeg", (300, 300)),
    Case("NL-17", URL + "/S.jpg&w=300&h=300&fit=contain", 200, "jpeg", (80, 64)),
    Case("NL-26", URL + "/L.jpg&w=300", 200, "jpeg", (300, 200), headers=CHROME),
    Case("NL-33", URL + "/X.webp&w=100", 200, "webp", (100, 75)),
    Case("NL-45", URL + "/bad.jpg", 400, "json", body="[400] [IPX_INVALID_IMAGE]"),
    Case("NL-46", URL + "/L.jpg&w=abc", 500, "json", body="[500] [IPX_ERROR]"),
    Case("NL-47", URL + "/L.jpg&w=300&q=abc", 500, "json", body="[500] [IPX_ERROR]"),
    Case("EXIF is not applied", URL + "/E6.jpg", 200, "jpeg", (300, 200)),
    Case("no blurhash", URL + "/L.jpg&w=30&fm=blurhash", 200, "jpeg", (30, 20)),
    Case("a width that is no number", URL + "/L.jpg&w=abc&h=300", 200, "jpeg", (1200, 800)),
    Case("a fit that is none", URL + "/L.jpg&w=30&h=30&fit=x", 500, "json"),
]
HOSTED = [
    Case("both sides", URL + "/L.jpg&w=300&h=300", 200, "jpeg", (300, 200)),
    Case("a small image", URL + "/S.jpg&w=300&h=300&fit=contain", 200, "jpeg", (100, 80)),
    Case("NL-25", URL + "/L.jpg&w=300&fm=blurhash", 200, "text"),
    Case("NL-27", URL + "/L.jpg&w=300", 200, "webp", (300, 200), headers=WEBP, answers={"Vary": "Accept"}),
    Case("both formats", URL + "/L.jpg&w=300", 200, "avif", (300, 200), headers=CHROME),
    Case("a WebP for all", URL + "/X.webp&w=100", 200, "jpeg", (100, 75)),
    Case(
        "NL-43, as the service", URL + "/L.jpg&w=300", 200, "jpeg", method="HEAD", checks=[lambda reply: not reply.body]
    ),
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
