"""imgproxy's own behaviour, case by case; the page of the dialect says where Pixmill differs on purpose.

Relative sources are the originals, which imgproxy names ``local:///``.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

import pytest

from tests.compat.mounts import IMGPROXY_KEY, IMGPROXY_SALT
from tests.compat.runner import Case, Check, Reply, Service, fact, frames, is_grey, lasts, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW, source

FORBIDDEN_COLON = "The signature appears to be a processing option."
WHITE = (255, 255, 255)


def is_the_original(reply: Reply) -> bool:
    """it is L.jpg, byte for byte"""
    return reply.body == source("L.jpg")


def without_script(reply: Reply) -> bool:
    """the SVG has no script"""
    return b"script" not in reply.body and b"<svg" in reply.body


def image(name: str, path: str, form: str, size: tuple[int, int], *checks: Check, mount: str = "", **more: str) -> Case:
    return Case(name, f"/unsafe/{path}", 200, form, size, checks, mount=mount, headers=more)


def changed(name: str, options: str, size: tuple[int, int], *checks: Check, without: str = "") -> Case:
    """Return a case of a PNG whose pixels differ from those without an option."""
    other = f"/unsafe/{without}/{W}" if without else f"/unsafe/{W}"
    return Case(name, f"/unsafe/{options}/{W}", 200, "png", size, checks, differs_from=other)


def is_lossless(reply: Reply) -> bool:
    """it is a lossless WebP"""
    return reply.body[12:16] == b"VP8L"


def has_4_colours(reply: Reply) -> bool:
    """it has a palette of at most 4 colours"""
    return reply.image.mode == "P" and len(reply.image.getcolors() or ()) in range(2, 5)


def error(name: str, path: str, status: int, body: str = "", mount: str = "") -> Case:
    return Case(name, path, status, "text", body=body, mount=mount)


L, W = "plain/local:///L.jpg", "plain/local:///W.png"

SIZES = [
    image("fit stays inside a square", f"rs:fit:50:50/{W}", "png", (50, 25)),
    image("fit is limited by the height", f"rs:fit:50:20/{W}", "png", (40, 20)),
    image("fit does not enlarge", f"rs:fit:300:300/{W}", "png", (200, 100)),
    image("fit with el enlarges", f"rs:fit:300:300/el:1/{W}", "png", (300, 150)),
    image("fit with el is limited by height", f"rs:fit:300:125/el:1/{W}", "png", (250, 125)),
    image("extend pads to the box", f"rs:fit:50:50/ex:1/{W}", "png", (50, 50), pixel(25, 5, (255, 255, 255, 0))),
    image("extend with a free width", f"rs:fit:0:200/ex:1/{W}", "png", (200, 200)),
    image("extend to the ratio of a square", f"rs:fit:300:300/exar:1/{W}", "png", (200, 200)),
    image("extend to the ratio of an upright box", f"rs:fit:250:500/exar:1/{W}", "png", (200, 400)),
    image(
        "fill limits the width to the original",
        f"rs:fill:300:50/{W}",
        "png",
        (200, 50),
        pixel(10, 10, RED),
        pixel(190, 45, YELLOW),
    ),
    image(
        "fill limits the height to the original",
        f"rs:fill:100:300/{W}",
        "png",
        (100, 100),
        pixel(10, 10, RED),
        pixel(90, 90, YELLOW),
    ),
    image("fill with el enlarges", f"rs:fill:300:125/el:1/{W}", "png", (300, 125)),
    image("fill-down keeps the ratio of a square", f"rs:fill-down:300:300/{W}", "png", (100, 100)),
    image("fill-down keeps the ratio, limited by width", f"rs:fill-down:300:125/{W}", "png", (200, 83)),
    image("fill-down keeps the ratio, limited by height", f"rs:fill-down:250:300/{W}", "png", (83, 100)),
    image("force keeps a side of 0", f"rs:force:50:0/{W}", "png", (50, 100)),
    image("auto fills a box of like orientation", f"rs:auto:50:20/{W}", "png", (50, 20)),
    image("auto fits a box of other orientation", f"rs:auto:20:50/{W}", "png", (20, 10)),
    image("the largest dimension limits an extended box", f"mrd:100/rs:fit:1000:2000/ex:1/{W}", "png", (50, 100)),
    image(
        "the largest dimension shrinks padding too", f"mrd:200/rs:fit:100:100/pd:100:200:300:400/{W}", "png", (200, 129)
    ),
    image(
        "padding on four sides with a background",
        f"dpr:1/pd:20:30:40:10/bg:f00/el:1/{W}",
        "png",
        (240, 160),
        pixel(2, 2, (*RED, 255)),
    ),
    image(
        "the offset of a gravity by dpr",
        f"rs:fill:100:26/g:no:0:5/dpr:2/{W}",
        "png",
        (200, 52),
        pixel(10, 35, RED),
        pixel(10, 45, BLUE),
    ),
    image(
        "crop at a corner with an offset",
        f"c:50:50:nowe:10:10/{W}",
        "png",
        (50, 50),
        pixel(45, 35, RED),
        pixel(45, 45, BLUE),
    ),
    image(
        "crop in shares keeps the centre", f"c:0.5:0.5/{W}", "png", (100, 50), pixel(10, 5, RED), pixel(90, 45, YELLOW)
    ),
    image("trim removes a uniform border", "t:5/plain/local:///T.png", "png", (260, 160)),
    image("rotate turns clockwise", f"rot:90/{W}", "png", (100, 200), pixel(10, 10, BLUE), pixel(90, 10, RED)),
    image("one side", f"rs:fill:50/{W}", "png", (50, 25)),
    image("defaults", f"rs::60::/{W}", "png", (60, 30)),
    image("the last value counts", f"w:10/w:60/{W}", "png", (60, 30)),
    image("a preset of its own", f"pr:small/{W}", "png", (40, 20)),
    image("nested presets", f"pr:nested/{W}", "png", (40, 20), is_grey()),
    image("box turned with the image", f"rs:fit:50:50/rot:270/{W}", "png", (25, 50)),
    image("both flips", f"fl:1:1/{W}", "png", (200, 100), pixel(10, 10, YELLOW), pixel(190, 10, BLUE)),
    image("force", f"rs:force:50:90/{W}", "png", (50, 90)),
    image("force, not enlarged", f"rs:force:400:50/{W}", "png", (200, 25)),
    image("force, both free", f"rt:force/{W}", "png", (200, 100)),
    image("zoom", f"z:0.5/{W}", "png", (100, 50)),
    image("zoom with a size", f"w:50/z:2/{W}", "png", (100, 50)),
    image("zoom by axis", f"z:0.5:0.25/{W}", "png", (100, 25)),
    image("zoom may not enlarge", f"z:3/{W}", "png", (200, 100)),
    image("zoom enlarges", f"z:1.5/el:t/{W}", "png", (300, 150)),
    image("dpr", f"w:50/dpr:2/{W}", "png", (100, 50)),
    image("dpr without a size", f"dpr:2/{W}", "png", (200, 100)),
    image("dpr enlarges", f"dpr:2/el:1/{W}", "png", (400, 200)),
    image("dpr of a fill is capped", f"rs:fill:150:30/dpr:2/{W}", "png", (200, 40)),
    image("dpr of padding is capped", f"w:100/dpr:4/pd:10/{W}", "png", (240, 140)),
    image("padding by dpr", f"w:50/dpr:2/pd:10/{W}", "png", (140, 90)),
    image("minimum", f"w:50/mh:50/{W}", "png", (50, 50), pixel(5, 5, RED), pixel(45, 5, GREEN)),
    image("minimum enlarges", f"mw:300/{W}", "png", (300, 150)),
    image("extend to one side", f"rs:fit:50:0/ex:1/{W}", "png", (50, 25)),
    image("extend a fill", f"rs:fill:300:50:0:1:nowe/{W}", "png", (300, 50), pixel(290, 25, (255, 255, 255, 0))),
    image("extend at a corner", f"rs:fit:50:50/ex:1:soea/{W}", "png", (50, 50), pixel(5, 30, (*RED, 255))),
    image("crop by the gravity", f"g:soea/c:50:50/{W}", "png", (50, 50), pixel(5, 5, YELLOW)),
    image("crop of one side", f"c:50:0:we/{W}", "png", (50, 100), pixel(5, 5, RED), pixel(5, 95, BLUE)),
    image("crop in mixed units", f"c:0.5:20:nowe/{W}", "png", (100, 20)),
    image("crop larger than the image", f"c:900:50/{W}", "png", (200, 50)),
    image("crop to a ratio", f"car:1/{W}", "png", (100, 100)),
    image("crop, then a size", f"c:100:100:nowe/rs:fill:20:20/{W}", "png", (20, 20), pixel(17, 2, RED)),
    image("crop with an offset in shares", f"c:50:50:nowe:0.5:0.5/{W}", "png", (50, 50), pixel(5, 5, YELLOW)),
    image("focal point", f"rs:fill:50:50/g:fp:1:0/{W}", "png", (50, 50), pixel(5, 5, GREEN)),
    image("gravity with an offset in shares", f"rs:fill:50:100/g:we:0.5/{W}", "png", (50, 100), pixel(5, 5, GREEN)),
    changed("smart", "rs:fill:50:50/g:sm", (50, 50), without="rs:fill:50:50"),
    image("two pipelines", f"rs:fit:40:40/-/c:20:20:soea/{W}", "png", (20, 20), pixel(5, 5, GREEN)),
    image("a later trim", "c:290:190:ce/-/t:5/plain/local:///T.png", "png", (260, 160)),
    image("pipelines of a preset", f"pr:twice/{W}", "png", (10, 10)),
]

PIXELS = [
    image("background", "bg:00f/plain/local:///A.png", "png", (400, 300), pixel(5, 5, (*BLUE, 255))),
    image("background by numbers", "bg:0:0:255/f:jpg/plain/local:///A.png", "jpeg", (400, 300), pixel(5, 5, BLUE)),
    image("half a background", "bg:00f/bga:0.5/plain/local:///A.png", "png", (400, 300), pixel(5, 5, (*BLUE, 128))),
    image("no background", "f:jpg/plain/local:///A.png", "jpeg", (400, 300), pixel(5, 5, WHITE)),
    image("padding is transparent", f"pd:10/{W}", "png", (220, 120), pixel(2, 2, (255, 255, 255, 0))),
    image("padding of a JPEG", f"w:300/pd:10:20/{L}", "jpeg", (340, 220), pixel(2, 2, WHITE)),
    changed("blur", "w:100/bl:2", (100, 50), pixel(10, 10, RED), without="w:100"),
    changed("sharpen", "w:30/sh:0.7", (30, 15), without="w:30"),
    changed("pixelate", "pix:30", (200, 100), pixel(80, 5, RED), pixel(92, 5, (156, 213, 0))),
    image("brightness", f"br:-255/{W}", "png", (200, 100), pixel(5, 5, (0, 0, 0))),
    image("saturation", f"sa:0.001/{W}", "png", (200, 100), is_grey()),
    image("monochrome", f"mc:1:ffffff/{W}", "png", (200, 100), is_grey()),
    image(
        "duotone", f"dt:1:000000:ff0000/{W}", "png", (200, 100), pixel(5, 5, (127, 0, 0)), pixel(195, 95, (247, 0, 0))
    ),
    image("colorize", f"col:1:00f/{W}", "png", (200, 100), pixel(5, 5, BLUE)),
    image("gradient", f"gr:1:000:down/{W}", "png", (200, 100), pixel(5, 1, RED), pixel(5, 98, (0, 0, 0))),
    changed("blur of an area", "ba:20:0:0:0.5:1", (200, 100), pixel(105, 20, GREEN)),
    changed("progressive blur", "pbl:20:down", (200, 100), pixel(95, 5, RED)),
    image("watermark", f"wm:1:nowe:10:10:0.2/{W}", "png", (200, 100), pixel(2, 2, RED), pixel(12, 12, (0, 0, 255))),
    image(
        "watermark by URL",
        f"wm:1:soea:0:0:0.1/wmu:bG9jYWw6Ly8vUS5qcGc/{W}",
        "png",
        (200, 100),
        pixel(191, 91, RED, 20),
        pixel(191, 98, BLUE, 20),
    ),
    image("tiled watermark", f"wm:1:re/{W}", "png", (200, 100), pixel(5, 5, BLUE), pixel(195, 95, BLUE)),
    changed("text as watermark", "rs:fill:60:30/wm:1:ce/wmt:SGVsbG8", (60, 30), without="rs:fill:60:30/wm:1:ce"),
    image("a watermark off the image", f"wm:1:nowe:-900:0/{W}", "png", (200, 100), pixel(5, 5, RED)),
    image("the EXIF orientation is applied", "w:100/plain/local:///E6.jpg", "jpeg", (100, 150), pixel(90, 10, RED)),
    image("orientation ignored", "w:300/ar:0/plain/local:///E6.jpg", "jpeg", (300, 200), pixel(10, 10, RED)),
]

FORMATS = [
    Case(
        "the original's format, cached without Vary",
        f"/unsafe/w:300/{L}",
        200,
        "jpeg",
        (300, 200),
        [lasts(31_536_000)],
        answers={"Vary": None},
    ),
    Case(
        "WebP by Accept where it is enabled",
        f"/unsafe/w:300/{L}",
        200,
        "webp",
        (300, 200),
        headers={"Accept": "image/webp,*/*"},
        answers={"Vary": "Accept"},
        mount="imgproxy-auto",
    ),
    Case("not named", f"/unsafe/w:300/{L}", 200, "jpeg", (300, 200), answers={"Vary": "Accept"}, mount="imgproxy-auto"),
    image("AVIF first", f"w:30/{L}", "avif", (30, 20), mount="imgproxy-auto", Accept="image/webp,image/avif"),
    image("named in the URL", f"w:30/{L}@png", "png", (30, 20), mount="imgproxy-auto", Accept="image/webp"),
    image("enforced", f"w:30/{L}@png", "webp", (30, 20), mount="imgproxy-enforced", Accept="image/webp"),
    image("not enforced", f"w:30/{L}@png", "png", (30, 20), mount="imgproxy-enforced", Accept="*/*"),
    image("an animation gives one frame by default", "w:60/plain/local:///G.gif", "gif", (60, 45), frames(1)),
    image("more frames", "maf:2/w:60/plain/local:///G.gif", "gif", (60, 45), frames(2)),
    image("no animation", "maf:9/da:1/w:60/plain/local:///G.gif", "gif", (60, 45), frames(1)),
    image("a later frame", "pg:1/f:png/plain/local:///G.gif", "png", (120, 90), pixel(5, 5, GREEN)),
    Case(
        "an SVG stays one, without its script",
        "/unsafe/w:100/plain/local:///V.svg",
        200,
        "svg",
        checks=[without_script],
    ),
    Case(
        "a drawing", "/_/w:30/plain/local:///V.svg", 200, "svg", headers={"Accept": "image/webp"}, mount="imgproxy-auto"
    ),
    Case("named", "/_/w:30/plain/local:///V.svg@svg", 200, "svg", checks=[without_script]),
    image("an SVG becomes a PNG", "w:100/plain/local:///V.svg@png", "png", (100, 50), pixel(50, 25, BLUE)),
    image("raw gives the original bytes", f"raw:1/{L}", "jpeg", (1200, 800), is_the_original),
    image("WebP is not preferred", "w:30/plain/local:///X.webp", "jpeg", (30, 23)),
    image("an animated WebP", "maf:9/w:60/plain/local:///G.webp", "gif", (60, 45), frames(3)),
    image("skipped", f"skp:jpg/w:30/{L}", "jpeg", (1200, 800)),
    image("not skipped", f"skp:jpg/w:30/{L}@png", "png", (30, 20)),
    Case(
        "encoded again",
        f"/unsafe/q:1/{L}",
        200,
        "jpeg",
        (1200, 800),
        [smaller_than(len(source("L.jpg")))],
        differs_from=f"/unsafe/{L}",
    ),
    image("quality of a format", f"fq:webp:1:png:9/w:300/{L}@webp", "webp", (300, 200), smaller_than(450)),
    image("best", f"f:best/w:300/{L}", "avif", (300, 200), Accept="image/avif"),
    image("lossless WebP", f"webpo:lossless/w:30/{L}@webp", "webp", (30, 20), is_lossless),
    image("palette", f"pngo:0:1:4/w:30/{L}@png", "png", (30, 20), has_4_colours),
    image("a palette of a PNG that stays one", f"pngo:0:1:4/w:30/{W}", "png", (30, 15), has_4_colours),
    image("bytes", f"mb:2500/w:300/{L}", "jpeg", (300, 200), smaller_than(2_501)),
]

SOURCES_AND_HEADERS = [
    image("base64", "w:30/bG9jYWw6Ly8vTC5qcGc", "jpeg", (30, 20)),
    image("base64 with padding", "w:30/bG9jYWw6Ly8vTC5qcGc=.png", "png", (30, 20)),
    image("base64 in pieces", "w:30/bG9jYWw6/Ly8vTC/5qcGc.webp", "webp", (30, 20)),
    image("http", "w:30/plain/{origin}/L.jpg", "jpeg", (30, 20)),
    image("http, escaped", "w:30/plain/{origin-escaped}%2FL.jpg@png", "png", (30, 20)),
    image("one slash of two", "w:30/plain/local:/L.jpg", "jpeg", (30, 20)),
    image("escaped colon", "w%3A30/plain/local:///L.jpg", "jpeg", (30, 20)),
    image("query ignored", f"w:30/{L}?width=900", "jpeg", (30, 20)),
    image("empty extension", f"w:30/{L}@", "jpeg", (30, 20)),
    image("base URL", "w,30/plain/L.jpg", "jpeg", (30, 20), mount="imgproxy-rewritten"),
    image("replaced", "w,30/plain/files://L.jpg", "jpeg", (30, 20), mount="imgproxy-rewritten"),
    image("SEO file name", "w,30/bG9jYWw6Ly8vTC5qcGc/photo.jpg", "jpeg", (30, 20), mount="imgproxy-rewritten"),
    image("other separator", f"w,30/{L}", "jpeg", (30, 20), mount="imgproxy-rewritten"),
    Case("presets only", f"/_/small/{W}", 200, "png", (40, 20), mount="imgproxy-presets"),
    Case("two presets", f"/_/small:grey/{W}", 200, "png", (40, 20), [is_grey()], mount="imgproxy-presets"),
    error("no such preset", f"/_/other/{W}", 404, "Invalid URL", "imgproxy-presets"),
    Case(
        "named",
        f"/unsafe/fn:photo/{L}",
        answers={"Content-Disposition": 'inline; filename="photo.jpg"'},
    ),
    Case("its own name", f"/unsafe/w:30/{L}@png", answers={"Content-Disposition": 'inline; filename="L.png"'}),
    Case("a download", f"/unsafe/att:1/w:30/{L}", answers={"Content-Disposition": 'attachment; filename="L.jpg"'}),
    Case("a download by name", f"/_/fn:Zm9v:1/att:1/w:30/{L}", answers={"Content-Disposition": 'filename="foo.jpg"'}),
    Case("cache buster", f"/unsafe/cb:a%20b!/w:30/{L}", 200, "jpeg", (30, 20)),
    Case("expires later", f"/unsafe/exp:4102444800/w:30/{L}", 200, "jpeg", (30, 20)),
    Case("canonical", "/unsafe/w:30/plain/{origin}/L.jpg", answers={"Link": 'rel="canonical"'}, mount="imgproxy-auto"),
    Case("origin allowed", f"/unsafe/w:30/{L}", answers={"Access-Control-Allow-Origin": "*"}, mount="imgproxy-auto"),
    Case("health", "/health", 200, "text", body="imgproxy is running"),
    Case("landing page", "/", 200),
]

ERRORS = [
    error("a JPEG does not become an SVG", f"/unsafe/w:300/{L}@svg", 422, "Invalid URL"),
    error("an invalid width is rejected", f"/unsafe/w:abc/{L}", 404, "Invalid URL"),
    error("an unknown option is rejected", f"/unsafe/unknown:1/{L}", 404, "Invalid URL"),
    error("a quality beyond 100 is rejected", f"/unsafe/quality:101/{L}", 404, "Invalid URL"),
    error("an option in place of the signature", f"/w:100/{L}", 403, FORBIDDEN_COLON),
    error("an unsigned URL is forbidden", f"/unsafe/w:300/{L}", 403, "Forbidden", "imgproxy-signed"),
    error("a missing original is unreachable", "/unsafe/w:300/plain/local:///nope.jpg", 404, "Source is unreachable"),
    error("a damaged original is rejected", "/unsafe/w:300/plain/local:///bad.jpg", 422, "Invalid source image"),
    error("an expired URL is rejected", f"/unsafe/exp:1609448400/w:300/{L}", 404, "Invalid URL"),
    error("no source", "/unsafe/w:300", 404, "Invalid URL"),
    error("two extensions", f"/unsafe/w:300/{L}@png@jpg", 404, "Invalid URL"),
    error("no base64", "/unsafe/w:300/!!!", 404, "Invalid URL"),
    error("no format", f"/unsafe/w:300/{L}@tga", 404, "Invalid URL"),
    error("old URL", "/unsafe/fill/300/200/sm/0/plain/local:///L.jpg", 404, "Invalid URL"),
    error("limits", f"/unsafe/mrd,100/{L}", 403, "Invalid URL", "imgproxy-rewritten"),
    error("options allowed", f"/unsafe/h:30/{L}", 404, "Invalid URL", "imgproxy-enforced"),
    error("elsewhere", "/unsafe/w:300/plain/http://127.0.0.1:1/a.jpg", 404, "Invalid source URL"),
    error("Swift", "/unsafe/w:300/plain/swift://a/b.jpg", 404, "Invalid source URL"),
    error("in development", f"/unsafe/w:abc/{L}", 404, "width must be an integer", "imgproxy-auto"),
    error("not supported", f"/unsafe/dd:1/{L}", 404, "Invalid URL"),
    error("nothing", "/favicon.ico", 404),
    Case("not supported, ignored", f"/unsafe/dd:1/w:30/{L}", 200, "jpeg", (30, 20), mount="imgproxy-auto"),
]

INFO = [
    Case(
        "information",
        f"/info/_/{L}",
        200,
        "json",
        checks=[fact("format", equals="jpeg"), fact("width", equals=1200), fact("height", equals=800)],
    ),
    Case("turned", "/info/_/plain/local:///E6.jpg", checks=[fact("width", equals=200), fact("orientation", equals=6)]),
    Case("size", f"/info/_/f:0/d:0/exif:0/iptc:0/{W}", checks=[fact(equals={"size": len(source("W.png"))})]),
    Case("average", "/info/_/avg:1/plain/local:///V.svg", checks=[fact("average", "B", equals=255)]),
    Case("alpha", "/info/_/a:1/plain/local:///A.png", checks=[fact("alpha", "alpha", equals=True)]),
    Case("pages", "/info/_/pn:1/plain/local:///G.gif", checks=[fact("pages_number", equals=3)]),
    Case(
        "hash",
        f"/info/_/chs:sha256/{W}",
        checks=[fact("hashsums", "sha256", equals=hashlib.sha256(source("W.png")).hexdigest())],
    ),
    Case("palette of an original", f"/info/_/p:4/{W}", checks=[fact("palette", 0, "A", equals=255)]),
    error("no such option", f"/info/_/w:30/{L}", 404, "Invalid URL"),
    error("no such source", "/info/_/plain/local:///nope.jpg", 404, "Source is unreachable"),
]

FALLBACKS = [
    image("fallback of the URL", "fiu:bG9jYWw6Ly8vUy5qcGc/w:50/plain/local:///nope.jpg", "jpeg", (50, 40)),
    image("of an unusable original", "fiu:bG9jYWw6Ly8vUy5qcGc/w:50/plain/local:///bad.jpg", "jpeg", (50, 40)),
    image("not needed", f"fiu:bG9jYWw6Ly8vUy5qcGc/w:60/{L}", "jpeg", (60, 40)),
    error("from elsewhere", "/_/fiu:aHR0cDovLzEyNy4wLjAuMToxL2EuanBn/w:50/plain/local:///nope.jpg", 404),
    error("that fails too", "/_/fiu:bG9jYWw6Ly8vYmFkLmpwZw/w:50/plain/local:///nope.jpg", 404, "Source is unreachable"),
    Case("of the server", "/_/w,50/plain/nope.jpg", 404, "jpeg", (50, 40), mount="imgproxy-rewritten"),
]

CASES = [*FALLBACKS, *SIZES, *PIXELS, *FORMATS, *SOURCES_AND_HEADERS, *ERRORS, *INFO]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("imgproxy", case)


def signed(path: str, size: int = 32) -> str:
    """Sign a path as every client of imgproxy does."""
    digest = hmac.digest(bytes.fromhex(IMGPROXY_KEY), bytes.fromhex(IMGPROXY_SALT) + path.encode(), "sha256")
    return f"/{urlsafe_b64encode(digest[:size]).rstrip(b'=').decode()}{path}"


def test_a_signed_mount_answers_signed_urls_only(service: Service) -> None:
    path = "/w:300/plain/local:///L.jpg"
    assert signed(path) == f"/WeS913zIGdIftDkblMo7cY-Khd_-KhJxURMxYbOfkDc{path}"
    service.check("imgproxy-signed", Case("signed", signed(path), 200, "jpeg", (300, 200)))
    service.check("imgproxy-signed", Case("trusted", f"/partner{path}", 200, "jpeg", (300, 200)))
    for wrong in (signed("/w:301/plain/local:///L.jpg").partition("/w:")[0] + path, "/unsafe" + path, "//x"):
        assert service.request("imgproxy-signed", wrong).status in (403, 404)
    info = f"/info{signed('/plain/local:///W.png')}"
    service.check("imgproxy-signed", Case("information", info, 200, "json", checks=[fact("width", equals=200)]))


def test_an_encrypted_source_is_decrypted(service: Service) -> None:
    """AES-256-CBC of local:///L.jpg, made by imgproxy-node."""
    reply = service.request("imgproxy-signed", signed("/w:30/enc/5mRTX1BdO2rpOf4RabIuLSj_sR27WHSwyZIZpgwT_bA.png"))
    assert reply.image.size == (30, 20)


def test_a_mount_shares_results_with_native_urls(service: Service) -> None:
    first = service.request("imgproxy", "/unsafe/rs:fit:44:44/kcr:0/f:webp/plain/local:///L.jpg")
    again = service.request(
        "emgr", "/resize?url=L.jpg&width=44&height=44&format=webp&animated=false&rounding=reciprocal_half_up"
    )
    assert (again.status, again.headers["etag"]) == (200, first.headers["etag"])
