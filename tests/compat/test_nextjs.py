"""The image optimizers of Next.js, Vercel and AWS Amplify, case by case."""

from urllib.parse import quote

import pytest

from tests.compat.runner import Case, Check, Reply, Service, frames, has_alpha, lasts, pixel
from tests.compat.sources import GREEN, RED, source

URL = "/_next/image?url="
REMOTE = URL + "{origin-escaped}"
CHROME = {"Accept": "image/avif,image/webp,*/*"}
WEBP = {"Accept": "image/webp,*/*"}
CACHED = {"Vary": "Accept", "Cache-Control": ", must-revalidate"}
LASTING = lasts(14_400)


def is_source(name: str) -> Check:
    """Check that the body is an original."""

    def holds(reply: Reply) -> bool:
        return reply.body == source(name)

    holds.__doc__ = f"it has the bytes of {name}"
    return holds


def refused(name: str, query: str, body: str, status: int = 400) -> Case:
    """Return a case whose answer is a text."""
    return Case(name, f"/_next/image?{query}", status, "text", body=body)


W_NO_INTEGER = '"w" parameter (width) must be an integer greater than 0'
Q_NO_INTEGER = '"q" parameter (quality) must be an integer between 1 and 100'

CASES = [
    Case(
        "width keeps the shape, a JPEG stays one",
        URL + "%2FL.jpg&w=640&q=75",
        200,
        "jpeg",
        (640, 427),
        [pixel(5, 5, RED), pixel(630, 5, GREEN), LASTING],
        answers=CACHED
        | {
            "Content-Disposition": 'attachment; filename="L.jpeg"',
            "Content-Security-Policy": "script-src 'none'; frame-src 'none'; sandbox;",
        },
    ),
    Case(
        "AVIF where it is accepted",
        URL + "%2FL.jpg&w=640&q=75",
        200,
        "avif",
        (640, 427),
        [LASTING],
        headers=CHROME,
        answers=CACHED | {"Content-Disposition": 'filename="L.avif"'},
    ),
    Case(
        "WebP where only that is accepted",
        URL + "%2FL.jpg&w=640&q=75",
        200,
        "webp",
        (640, 427),
        [LASTING],
        headers=WEBP,
        answers=CACHED,
    ),
    Case("a large width does not enlarge", URL + "%2FL.jpg&w=3840&q=75", 200, "jpeg", (1200, 800)),
    Case("a small image keeps its size", URL + "%2FS.jpg&w=640&q=75", 200, "jpeg", (100, 80)),
    Case("a height that is rounded up", URL + "%2FS.jpg&w=32&q=75", 200, "jpeg", (32, 26)),
    Case("a height of a large image", URL + "%2FB.jpg&w=256&q=75", 200, "jpeg", (256, 209)),
    Case("a PNG stays a PNG", URL + "%2FW.png&w=128&q=75", 200, "png", (128, 64)),
    Case(
        "a transparent PNG becomes a transparent WebP",
        URL + "%2FA.png&w=128&q=75",
        200,
        "webp",
        (128, 96),
        [has_alpha()],
        headers=WEBP,
    ),
    Case(
        "an animated GIF is sent unchanged",
        URL + "%2FG.gif&w=64&q=75",
        200,
        "gif",
        (120, 90),
        [frames(3), is_source("G.gif")],
    ),
    Case(
        "an animated GIF does not become WebP",
        URL + "%2FG.gif&w=64&q=75",
        200,
        "gif",
        (120, 90),
        [is_source("G.gif")],
        headers=WEBP,
    ),
    Case(
        "an animated WebP is sent unchanged",
        URL + "%2FG.webp&w=64&q=75",
        200,
        "webp",
        (120, 90),
        [frames(3), is_source("G.webp")],
    ),
    Case("a WebP stays one where it is accepted", URL + "%2FX.webp&w=64&q=75", 200, "webp", (64, 48), headers=WEBP),
    Case("a WebP becomes a JPEG", URL + "%2FX.webp&w=64&q=75", 200, "jpeg", (64, 48)),
    Case("oriented", URL + "%2FE6.jpg&w=96&q=75", 200, "jpeg", (96, 144)),
    Case("an unknown parameter is ignored", URL + "%2FL.jpg&w=640&q=100&dpl=abc", 200, "jpeg", (640, 427)),
    Case("a URL of an allowed host", REMOTE + "%2FL.jpg&w=640&q=75", 200, "jpeg", (640, 427)),
    Case(
        "a HEAD has no body",
        URL + "%2FL.jpg&w=640&q=75",
        200,
        "jpeg",
        method="HEAD",
        checks=[lambda reply: not reply.body],
    ),
    Case("a POST answers as a GET", URL + "%2FL.jpg&w=640&q=75", 200, "jpeg", (640, 427), method="POST"),
    refused("an SVG is refused", "url=%2FV.svg&w=64&q=75", '"url" parameter is valid but image type is not allowed'),
    refused("a damaged local image", "url=%2Fbad.jpg&w=64&q=75", "The requested resource isn't a valid image."),
    refused(
        "a missing local image",
        "url=%2Fnope.jpg&w=64&q=75",
        '"url" parameter is valid but internal response is invalid',
        404,
    ),
    refused(
        "a damaged remote image",
        "url={origin-escaped}%2Fbad.jpg&w=640&q=75",
        "The requested resource isn't a valid image.",
    ),
    refused("remote 404", "url={origin-escaped}%2Fnope.jpg&w=640&q=75", "upstream response is invalid", 404),
    refused("no url is refused", "w=64&q=75", '"url" parameter is required'),
    refused("an empty url is refused", "url=&w=64&q=75", '"url" parameter is required'),
    refused("no w is refused", "url=%2FL.jpg&q=75", '"w" parameter (width) is required'),
    refused("a width not configured", "url=%2FL.jpg&w=65&q=75", '"w" parameter (width) of 65 is not allowed'),
    refused("a width that is no number", "url=%2FL.jpg&w=abc&q=75", W_NO_INTEGER),
    refused("a width with a fraction", "url=%2FL.jpg&w=64.5&q=75", W_NO_INTEGER),
    refused("no w before a bad q", "url=%2FL.jpg&w=0&q=abc", Q_NO_INTEGER),
    refused("w of 0", "url=%2FL.jpg&w=00&q=75", W_NO_INTEGER),
    refused("no q", "url=%2FL.jpg&w=64", '"q" parameter (quality) is required'),
    refused("a quality not configured", "url=%2FL.jpg&w=64&q=76", '"q" parameter (quality) of 76 is not allowed'),
    refused("a quality of 0 is refused", "url=%2FL.jpg&w=64&q=0", Q_NO_INTEGER),
    refused("a quality above 100 is refused", "url=%2FL.jpg&w=64&q=101", Q_NO_INTEGER),
    refused("two widths are refused", "url=%2FL.jpg&w=64&w=128&q=75", '"w" parameter (width) cannot be an array'),
    refused("two qualities are refused", "url=%2FL.jpg&w=64&q=75&q=75", '"q" parameter (quality) cannot be an array'),
    refused("two urls", "url=%2FL.jpg&url=%2FS.jpg&w=64&q=75", '"url" parameter cannot be an array'),
    refused(
        "a URL without a protocol is refused",
        "url=%2F%2Fexample.com%2Fa.jpg&w=64&q=75",
        '"url" parameter cannot be a protocol-relative URL (//)',
    ),
    refused("a URL of FTP is refused", "url=ftp%3A%2F%2Fexample.com%2Fa.jpg&w=640&q=75", '"url" parameter is invalid'),
    refused("a path without a leading slash", "url=L.jpg&w=64&q=75", '"url" parameter is invalid'),
    refused("another host", "url=http%3A%2F%2Fexample.org%2Fa.jpg&w=64&q=75", '"url" parameter is not allowed'),
    refused("other protocol", "url=https%3A%2F%2F127.0.0.1%2Fa.jpg&w=64&q=75", '"url" parameter is not allowed'),
    refused("of itself", "url=%2F_next%2Fimage%3Furl%3Da&w=64&q=75", '"url" parameter cannot be recursive'),
    refused("of itself, escaped", "url=%2F%255Fnext%2Fimage&w=64&q=75", '"url" parameter cannot be recursive'),
    refused("long", f"url=%2F{'a' * 3_072}&w=64&q=75", '"url" parameter is too long'),
    Case(
        "a final slash",
        "/_next/image/?url=%2FL.jpg&w=64&q=75",
        308,
        answers={"Location": "/_next/image?url=%2FL.jpg&w=64&q=75"},
    ),
    Case("a slash to follow", "/_next/image/?url=%2FL.jpg&w=64&q=75", 200, "jpeg", (64, 43), follows=True),
    Case(
        "below a base path",
        URL + "%2FV.svg%3Fv%3D1&w=8&q=70",
        404,
        mount="nextjs-site",
        body="internal response is invalid",
    ),
    Case(
        "an SVG that is allowed",
        URL + "%2FV.svg&w=64&q=75",
        200,
        "svg",
        mount="nextjs-site",
        checks=[lambda reply: b"script" not in reply.body],
        answers={"Content-Disposition": 'inline; filename="V.svg"', "Content-Security-Policy": "sandbox"},
    ),
    Case(
        "a placeholder of the development server",
        URL + "%2FL.jpg&w=8&q=70",
        200,
        "jpeg",
        (8, 5),
        mount="nextjs-site",
        answers={"Content-Security-Policy": "sandbox;", "Cache-Control": "max-age="},
        checks=[lasts(0)],
    ),
    Case("no local pattern", URL + "%2Fa%2FL.jpg&w=64&q=75", 400, body="not allowed", mount="nextjs-site"),
    Case("a size of Vercel", "/_vercel/image?url=%2FL.jpg&w=640&q=100", 200, "jpeg", (640, 427), mount="vercel"),
    Case(
        "no quality at Vercel is refused",
        "/_vercel/image?url=%2FL.jpg&w=640",
        400,
        mount="vercel",
        body="INVALID_IMAGE_OPTIMIZE_REQUEST",
        answers={"X-Vercel-Error": "INVALID_IMAGE_OPTIMIZE_REQUEST"},
    ),
    Case(
        "a missing remote image at Vercel",
        "/_vercel/image?url={origin-escaped}%2Fnope.jpg&w=640&q=75",
        502,
        mount="vercel",
        body="OPTIMIZED_EXTERNAL_IMAGE_REQUEST_INVALID",
    ),
    Case("a size of Amplify", "/_amplify/image?url=%2FL.jpg&w=640&q=80", 200, "jpeg", (640, 427), mount="amplify"),
    Case("no size of Amplify", "/_amplify/image?url=%2FL.jpg&w=750&q=80", 400, mount="amplify", body="750"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("nextjs", case)


def test_a_lower_quality_is_smaller(service: Service) -> None:
    """A quality of 50 has fewer bytes than one of 75."""
    low, high = (len(service.request("nextjs", f"{URL}%2FL.jpg&w=640&q={q}").body) for q in (50, 75))
    assert low < high


def test_the_answer_of_the_source_is_handed_on(service: Service) -> None:
    """The status of the source, and redirects without end."""
    service.origin.serve("/status/500", status=500)
    service.origin.redirect("/redir", "/redir")
    service.origin.serve("/empty-teapot", status=418)
    for path, status in (("/status/500", 500), ("/redir", 508), ("/empty-teapot", 418)):
        url = quote(service.origin.url(path), safe="")
        for _ in range(2):  # also from the negative cache
            reply = service.request("nextjs", f"{URL}{url}&w=640&q=75")
            assert (reply.status, reply.text) == (status, '"url" parameter is valid but upstream response is invalid')


def test_a_path_of_the_site_keeps_its_query(service: Service) -> None:
    service.origin.serve("/card.jpg?title=x", source("L.jpg"))
    assert service.request("nextjs-site", f"/docs{URL}%2Fcard.jpg%3Ftitle%3Dx&w=64&q=75").image.size == (64, 43)
    assert service.request("nextjs-site", f"/docs{URL}%2Fcard.jpg%3Ftitle%3Dy&w=64&q=75").status == 404


def test_the_source_may_say_a_longer_lifetime(service: Service) -> None:
    service.origin.serve("/kept.jpg", source("S.jpg"), headers={"Cache-Control": "max-age=20000"})
    url = quote(service.origin.url("/kept.jpg"), safe="")
    checks = [lasts(20_000)]
    service.check(
        "nextjs", Case("kept", f"{URL}{url}&w=64&q=75", checks=checks, answers={"Cache-Control": "must-reval"})
    )


def test_a_304_has_the_headers_of_the_image(service: Service) -> None:
    first = service.request("nextjs", f"{URL}%2FL.jpg&w=640&q=75")
    reply = service.request("nextjs", f"{URL}%2FL.jpg&w=640&q=75", headers={"If-None-Match": first.headers["etag"]})
    assert (reply.status, reply.headers["vary"]) == (304, "Accept")
