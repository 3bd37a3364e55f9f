"""Cloudflare Images, case by case."""

import hmac

import pytest

from tests.compat.runner import Case, Check, Reply, Service, fact, frames, has_alpha, is_grey, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW, source

AVIF = {"Accept": "image/avif,image/webp,*/*"}
WHITE = (255, 255, 255)
NEGOTIATED = {"Vary": "Accept", "Cf-Resized": "internal=ok"}


def cut(
    name: str, options: str, file: str, size: tuple[int, int] | None = None, *checks: Check, without: str = ""
) -> Case:
    """Return a case with a JPEG as its result; its pixels differ from those of other options."""
    other = f"/cdn-cgi/image/{without}/{file}" if without else ""
    return Case(name, f"/cdn-cgi/image/{options}/{file}", 200, "jpeg", size, checks, differs_from=other)


def rejected(name: str, rest: str, status: int, code: int, mount: str = "") -> Case:
    """Return a case whose answer is an error."""
    answers = {"Cf-Resized": f"err={code}"}
    return Case(name, f"/cdn-cgi/image/{rest}", status, "text", answers=answers, body=f"ERROR {code}: ", mount=mount)


def progressive(*, expected: bool) -> Check:
    """Check whether a JPEG is progressive."""

    def holds(reply: Reply) -> bool:
        return bool(reply.image.info.get("progressive")) is expected

    holds.__doc__ = "it is progressive" if expected else "it is baseline"
    return holds


def frame_is(index: int, colour: tuple[int, int, int]) -> Check:
    """Check the middle of a frame."""

    def holds(reply: Reply) -> bool:
        image = reply.image
        image.seek(index)
        found = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
        assert isinstance(found, tuple)
        return all(abs(one - other) <= 4 for one, other in zip(found, colour, strict=True))

    holds.__doc__ = f"the middle of frame {index} is {colour}"
    return holds


CASES = [
    Case("width alone, with the header Cf-Resized", "/cdn-cgi/image/width=300/L.jpg", 200, "jpeg", (300, 200), answers={"Cf-Resized": "internal=ok"}),
    cut("w is an alias of width", "w=300", "L.jpg", (300, 200)),
    cut("height alone keeps the shape", "h=300", "L.jpg", (450, 300)),
    cut("both sides without fit never enlarge", "width=300,height=300", "S.jpg", (100, 80)),
    cut("fit=contain enlarges a small original", "width=300,height=300,fit=contain", "S.jpg", (300, 240)),
    cut("fit=contain enlarges to a width alone", "width=300,fit=contain", "S.jpg", (300, 240)),
    cut("fit=cover enlarges a small original", "width=300,height=300,fit=cover", "S.jpg", (300, 300)),
    cut("fit=crop fills the box", "width=300,height=300,fit=crop", "L.jpg", (300, 300)),
    cut("fit=crop leaves a small original as is", "width=300,height=300,fit=crop", "S.jpg", (100, 80)),
    cut("one small side", "width=300,height=50,fit=crop", "S.jpg", (100, 50)),
    cut("fit=aspect-crop keeps the ratio without enlarging", "width=300,height=300,fit=aspect-crop", "S.jpg", (80, 80)),
    cut("fit=aspect-crop of an upright original", "width=1920,height=1120,fit=aspect-crop", "K.jpg", (640, 373)),
    cut("fit=pad pads with white by default", "width=300,height=300,fit=pad", "L.jpg", (300, 300), pixel(150, 10, WHITE)),
    cut(
        "fit=pad enlarges, then pads with a colour",
        "width=300,height=300,fit=pad,background=rgb%28255%2C0%2C0%29",
        "S.jpg",
        (300, 300),
        pixel(290, 10, RED),
        pixel(290, 40, GREEN),
    ),
    cut("fit=squeeze distorts to the box", "width=300,height=300,fit=squeeze", "L.jpg", (300, 300), pixel(140, 140, RED), pixel(160, 140, GREEN)),
    cut("fit=scale-up enlarges a small original", "width=300,height=300,fit=scale-up", "S.jpg", (300, 240)),
    cut("never smaller", "width=300,height=300,fit=scale-up", "L.jpg", (1200, 800)),
    cut("gravity=left keeps the left", "width=300,height=300,fit=cover,gravity=left", "L.jpg", (300, 300), pixel(200, 10, RED)),
    cut("gravity by a focal point", "width=300,height=300,fit=cover,g=1x0.5", "L.jpg", (300, 300), pixel(100, 10, GREEN)),
    cut("gravity=auto fills the box", "width=300,height=300,fit=cover,gravity=auto", "L.jpg", (300, 300),
        without="width=300,height=300,fit=cover"),
    cut("a face", "width=30,height=30,fit=cover,gravity=face,zoom=0.5", "L.jpg", (30, 30),
        without="width=30,height=30,fit=cover"),
    Case("f=webp sets the format", "/cdn-cgi/image/width=300,f=webp/L.jpg", 200, "webp", (300, 200)),
    Case("format=avif sets the format", "/cdn-cgi/image/width=300,format=avif/L.jpg", 200, "avif", (300, 200)),
    Case("format=auto prefers AVIF to WebP", "/cdn-cgi/image/width=300,format=auto/L.jpg", 200, "avif", (300, 200), headers=AVIF, answers=NEGOTIATED),
    Case("format=auto keeps JPEG without WebP", "/cdn-cgi/image/width=300,format=auto/L.jpg", 200, "jpeg", (300, 200), headers={"Accept": "*/*"},
         answers=NEGOTIATED),
    cut("format=baseline-jpeg is not progressive", "width=300,format=baseline-jpeg", "L.jpg", (300, 200), progressive(expected=False)),
    cut("a progressive one", "width=300,format=jpeg", "L.jpg", (300, 200), progressive(expected=True)),
    Case(
        "format=json describes original and result",
        "/cdn-cgi/image/width=300,format=json/L.jpg",
        200,
        "json",
        checks=[
            fact("width", equals=300),
            fact("original", "width", equals=1200),
            fact("original", "format", equals="image/jpeg"),
            fact("original", "file_size", equals=len(source("L.jpg"))),
        ],
    ),
    cut("rotate=90 turns clockwise", "rotate=90", "L.jpg", (800, 1200), pixel(5, 5, BLUE)),
    cut("rotate=90 comes before the width", "rotate=90,width=200", "L.jpg", (200, 300), pixel(5, 5, BLUE)),
    cut("flip comes before rotate", "flip=h,rotate=90", "L.jpg", (800, 1200), pixel(5, 5, YELLOW)),
    cut("trim takes pixels off four edges", "trim=10;20;30;40", "L.jpg", (1140, 760), pixel(550, 380, RED), pixel(570, 400, YELLOW)),
    cut("trim by a corner and a size", "trim.left=500,trim.top=300,trim.width=300,trim.height=200", "L.jpg", (300, 200),
        pixel(95, 95, RED), pixel(105, 95, GREEN), pixel(95, 105, BLUE)),
    cut("trim, then a turn", "trim.left=500,trim.width=400,rotate=90", "L.jpg", (800, 400), pixel(10, 90, BLUE),
        pixel(10, 110, YELLOW)),
    cut("trim, then a mirror", "trim.left=500,trim.width=400,flip=h", "L.jpg", (400, 800), pixel(290, 10, GREEN),
        pixel(310, 10, RED)),
    cut("trim in a high resolution", "trim=5;10;15;20,dpr=2", "L.jpg", (1140, 760)),
    Case("a border of one colour", "/cdn-cgi/image/trim=border/T.png", 200, "png", (260, 160)),
    cut("a border", "width=100,border.color=red,border.width=5,border.left=10", "L.jpg", (115, 77), pixel(3, 40, RED)),
    cut("saturation=0 removes all colour", "width=300,saturation=0", "L.jpg", (300, 200), is_grey()),
    Case("brightness is a factor", "/cdn-cgi/image/brightness=1.5/DB.gif", 200, "gif", (121, 128), [frame_is(4, (180, 0, 0))]),
    cut("darker", "width=300,brightness=0.5", "L.jpg", (300, 200), pixel(10, 10, (128, 0, 0))),
    cut("blur with a width", "width=300,blur=5", "L.jpg", (300, 200), pixel(148, 50, (150, 105, 0), 60)),
    Case("an animation keeps its frames", "/cdn-cgi/image/width=60/G.gif", 200, "gif", (60, 45), [frames(3)]),
    Case("a still", "/cdn-cgi/image/width=60,anim=false/G.gif", 200, "gif", (60, 45), [frames(1)]),
    cut("the EXIF orientation is applied", "width=100", "E6.jpg", (100, 150)),
    Case("an SVG stays one, without its script", "/cdn-cgi/image/width=100/V.svg", 200, "svg", checks=[lambda reply: b"script" not in reply.body]),
    Case("transparent", "/cdn-cgi/image/width=100/A.png", 200, "png", (100, 75), [has_alpha()]),
    Case("on a background", "/cdn-cgi/image/width=100,background=red/A.png", 200, "png", (100, 75), [pixel(2, 2, RED)]),
    Case("an absolute URL as the original", "/cdn-cgi/image/width=300/{origin}/L.jpg", 200, "jpeg", (300, 200)),
    Case("several options with short names", "/cdn-cgi/image/width=640,height=480,quality=70,f=webp,fit=cover/L.jpg", 200, "webp", (640, 480)),
    cut("fit=contain does not pad", "w=200,h=200,fit=contain,f=jpeg", "W.png", (200, 100)),
    rejected("a damaged original is rejected", "width=300/bad.jpg", 415, 9412),
    rejected("an invalid width is rejected", "width=abc/L.jpg", 400, 9401),
    rejected("no option at all is rejected", "/L.jpg", 400, 9401),
    rejected("a URL within a URL loops", "width=300/cdn-cgi/image/width=100/L.jpg", 508, 9403),
    rejected("not there", "width=300/nope.jpg", 404, 9404),
    rejected("another origin", "width=300/https://example.org/L.jpg", 403, 9401),
    rejected("another path", "width=300/{origin}/L.jpg", 403, 9401, "cloudflare-origins"),
    Case("an allowed path", "/cdn-cgi/image/width=50/{origin}/S.jpg", 200, "jpeg", (50, 40), mount="cloudflare-origins"),
    Case("a file", "/cdn-cgi/image/width=50/S.jpg", 200, "jpeg", (50, 40), mount="cloudflare-origins"),
    rejected("no background removal", "segment=foreground/L.jpg", 400, 9401),
    Case(
        "to the original",
        "/cdn-cgi/image/width=300,onerror=redirect/bad.jpg",
        302,
        answers={"Location": "/bad.jpg"},
    ),
    Case("a hosted image", "/acct/L.jpg/public", 200, "avif", (1152, 768), headers=AVIF, mount="imagedelivery"),
    Case("an id with slashes", "/acct/storage/b/L.jpg/thumb", 404, mount="imagedelivery"),
    Case("its options", "/acct/L.jpg/thumb", 200, "jpeg", (60, 60), mount="imagedelivery"),
    Case("a flexible variant", "/acct/L.jpg/w=200", 200, "jpeg", (200, 133), mount="imagedelivery"),
    Case("below its path", "/cdn-cgi/imagedelivery/acct/L.jpg/w=200", 200, "jpeg", (200, 133), mount="imagedelivery"),
    Case("below the path of a zone", "/cdn-cgi/imagedelivery/x/L.jpg/w=200", 200, "jpeg", (200, 133)),
    Case("no variant", "/acct/L.jpg/large", 400, body="ERROR 9401: ", mount="imagedelivery"),
    Case("another account", "/other/L.jpg/public", 404, mount="imagedelivery"),
    Case("an open variant", "/acct/L.jpg/open", 200, "jpeg", (50, 33), mount="imagedelivery-signed"),
    Case("unsigned", "/acct/L.jpg/public", 403, body="ERROR 9425: ", mount="imagedelivery-signed"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("cloudflare", case)


def test_a_lower_quality_is_smaller(service: Service) -> None:
    """Quality 10 makes fewer bytes than the default."""
    low, high = (
        len(service.request("cloudflare", f"/cdn-cgi/image/width=300{quality}/L.jpg").body)
        for quality in (",quality=10", "")
    )
    assert low < high


def test_the_query_belongs_to_the_source(service: Service) -> None:
    service.origin.serve("/og.jpg?title=x", source("S.jpg"))
    assert service.request("cloudflare", "/cdn-cgi/image/w=50/og.jpg?title=x").image.size == (50, 40)
    assert service.request("cloudflare", "/cdn-cgi/image/w=50/og.jpg?title=y").status == 404


def test_a_hosted_image_is_signed_with_its_expiry(service: Service) -> None:
    path = "/acct/L.jpg/public?exp=4102444800"
    signature = hmac.digest(b"cf-key", path.encode(), "sha256").hex()
    assert service.request("imagedelivery-signed", f"{path}&sig={signature}").status == 200
    assert service.request("imagedelivery-signed", f"{path}0&sig={signature}").status == 403
    old = "/acct/L.jpg/public?exp=1"
    signature = hmac.digest(b"cf-key", old.encode(), "sha256").hex()
    assert service.request("imagedelivery-signed", f"{old}&sig={signature}").status == 403
