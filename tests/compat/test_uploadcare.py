"""Uploadcare: sizes, crops, order, rotation, colours, overlays, output, information, proxy, tokens and errors."""

import hmac
import time
from typing import Any

import pytest

from tests.compat.mounts import UPLOADCARE_FILES
from tests.compat.runner import Case, Check, Reply, Service, clear, fact, frames, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
NEGATIVE = (0, 255, 255)
CHROME = {"Accept": "image/avif,image/webp,*/*"}
UUIDS = {name.partition(".")[0]: uuid for uuid, name in UPLOADCARE_FILES.items()}
CENTRE = [pixel(140, 90, RED), pixel(160, 90, GREEN), pixel(140, 110, BLUE), pixel(160, 110, YELLOW)]


def is_progressive() -> Check:
    def holds(reply: Reply) -> bool:
        return bool(reply.image.info.get("progressive"))

    holds.__doc__ = "it is progressive"
    return holds


def case(
    name: str, source: str, operations: str, size: tuple[int, int] | None = None, *checks: Check, **rest: Any
) -> Case:
    """Return a case for the file of an original; ``form`` is the format."""
    form = rest.pop("form", "jpeg") if rest.get("status", 200) == 200 else ""
    return Case(name, f"/{UUIDS[source]}{operations}", format=form, size=size, checks=checks, **rest)


CASES = [
    case("preview", "L", "/-/preview/", (1200, 800)),
    case("preview in a box", "L", "/-/preview/300x300/", (300, 200)),
    case("preview never enlarges", "S", "/-/preview/300x300/", (100, 80)),
    case("preview in its own box", "B", "/-/preview/", (2048, 1672)),
    case("preview of a large original", "B", "/-/preview/2048x2048/", (2048, 1672)),
    case("resize to a width", "L", "/-/resize/300x/", (300, 200)),
    case("resize to a height", "L", "/-/resize/x300/", (450, 300)),
    case("resize distorts", "L", "/-/resize/300x300/", (300, 300), pixel(140, 140, RED), pixel(160, 140, GREEN)),
    case("resize enlarges", "S", "/-/resize/300x/", (300, 240)),
    case("stretch off", "S", "/-/stretch/off/-/resize/300x/", (100, 80)),
    case("stretch off, each side", "S", "/-/stretch/off/-/resize/300x40/", (100, 40)),
    case("stretch after the resize", "S", "/-/resize/300x/-/stretch/off/", (300, 240)),
    case("stretch fill", "S", "/-/stretch/fill/-/resize/300x200/-/setfill/0000ff/", (300, 200), pixel(5, 5, BLUE),
         pixel(105, 65, RED), pixel(195, 65, GREEN)),
    case("scale_crop in the middle", "L", "/-/scale_crop/300x300/center/", (300, 300), pixel(140, 140, RED),
         pixel(160, 140, GREEN)),
    case("scale_crop begins at the top left", "L", "/-/scale_crop/300x300/", (300, 300), pixel(200, 10, RED)),
    case("scale_crop enlarges", "S", "/-/scale_crop/300x300/center/", (300, 300)),
    case("scale_crop without enlarging", "S", "/-/stretch/off/-/scale_crop/300x50/center/", (100, 50)),
    case("scale_crop on a canvas", "S", "/-/stretch/fill/-/setfill/00f/-/scale_crop/300x50/center/", (300, 50),
         pixel(5, 25, BLUE), pixel(105, 10, RED)),
    case("scale_crop by percent", "L", "/-/scale_crop/300x300/100p,50p/", (300, 300), pixel(100, 10, GREEN)),
    case("percent escaped", "L", "/-/scale_crop/300x300/100%25,50%25/", (300, 300), pixel(100, 10, GREEN)),
    case("scale_crop to the right", "L", "/-/scale_crop/300x300/right/", (300, 300), pixel(100, 10, GREEN)),
    case("scale_crop to the bottom", "P", "/-/scale_crop/300x100/bottom/", (300, 100), pixel(100, 10, BLUE)),
    case("scale_crop by two words", "P", "/-/scale_crop/300x100/left,bottom/", (300, 100), pixel(100, 10, BLUE)),
    case("scale_crop, smart", "L", "/-/scale_crop/300x300/smart/", (300, 300)),
    case("scale_crop, smart with an alignment", "L", "/-/scale_crop/300x300/smart_objects_points/right/", (300, 300)),
    case("crop at a point", "L", "/-/crop/300x200/100,100/", (300, 200), pixel(290, 190, RED)),
    case("crop at the top left", "L", "/-/crop/700x200/", (700, 200), pixel(590, 190, RED), pixel(610, 190, GREEN)),
    case("crop in the middle", "L", "/-/crop/300x200/center/", (300, 200), *CENTRE),
    case("crop by percent", "L", "/-/crop/50px50p/50p,50p/", (600, 400), pixel(290, 190, RED), pixel(310, 190, GREEN)),
    case("crop by percent of one side", "L", "/-/crop/600x25p/100p,0p/", (600, 200), pixel(5, 5, GREEN)),
    case("crop beyond the image", "S", "/-/crop/300x200/center/-/setfill/00f/", (300, 200), pixel(5, 5, BLUE),
         pixel(110, 70, RED), pixel(190, 130, YELLOW)),
    case("crop before the image", "L", "/-/setfill/000/-/crop/300x200/-100,-50/", (300, 200), pixel(50, 100, BLACK),
         pixel(110, 60, RED), pixel(110, 40, BLACK)),
    case("crop behind the image", "L", "/-/setfill/000/-/crop/300x200/1000,700/", (300, 200), pixel(190, 90, YELLOW),
         pixel(210, 90, BLACK)),
    case("crop to a square", "L", "/-/crop/1:1/center/", (800, 800), pixel(390, 390, RED), pixel(410, 390, GREEN)),
    case("crop to a ratio", "L", "/-/crop/16:9/center/", (1200, 675)),
    case("crop to a ratio on the right", "L", "/-/crop/1:1/right/", (800, 800), pixel(300, 10, GREEN)),
    case("crop around what stands out", "L", "/-/crop/image/1:1/", (800, 800)),
    case("crop, then resize", "L", "/-/crop/300x200/100,100/-/resize/150x/", (150, 100), pixel(145, 95, RED)),
    case("resize, then crop", "L", "/-/resize/600x/-/crop/300x200/center/", (300, 200), *CENTRE),
    case("two crops", "L", "/-/crop/1:1/center/-/crop/100x100/right,bottom/", (100, 100), pixel(5, 5, YELLOW)),
    case("trim", "T", "/-/preview/-/trim/", (260, 160), form="png"),
    case("rotate turns left", "L", "/-/preview/-/rotate/90/", (800, 1200), pixel(10, 10, GREEN)),
    case("rotate twice", "L", "/-/preview/-/rotate/90/-/rotate/90/", (1200, 800), pixel(10, 10, YELLOW)),
    case("flip", "L", "/-/preview/-/flip/", (1200, 800), pixel(10, 10, BLUE)),
    case("mirror", "L", "/-/preview/-/mirror/", (1200, 800), pixel(10, 10, GREEN)),
    case("mirror, then rotate", "L", "/-/preview/-/mirror/-/rotate/90/", (800, 1200), pixel(10, 10, RED)),
    case("a turned original", "E6", "/-/preview/100x100/", (67, 100)),
    case("autorotate no", "E6", "/-/preview/100x100/-/autorotate/no/", (100, 67)),
    case("WebP", "L", "/-/preview/300x300/-/format/webp/", (300, 200), form="webp"),
    case("PNG", "L", "/-/preview/300x300/-/format/png/", (300, 200), form="png"),
    case("the format first", "L", "/-/format/webp/-/preview/300x300/", (300, 200), form="webp"),
    case("automatic formats", "L", "/-/preview/300x300/-/format/auto/", (300, 200), form="avif", headers=CHROME,
         answers={"Vary": "Accept"}),
    case("automatic by default", "L", "/-/preview/300x300/", (300, 200), form="webp",
         headers={"Accept": "image/webp,*/*"}),
    case("preserve", "L", "/-/preview/300x300/-/format/preserve/", (300, 200), headers=CHROME),
    case("preserve another", "X", "/-/preview/100x100/-/format/preserve/", (100, 75)),
    case("PNG stays one", "A", "/-/preview/100x100/", (100, 75), form="png"),
    case("a JPEG of what is transparent", "A", "/-/preview/-/format/jpeg/", (400, 300), pixel(5, 5, WHITE)),
    case("a JPEG on a fill", "A", "/-/setfill/00f/-/preview/-/format/jpeg/", (400, 300), pixel(5, 5, BLUE)),
    case("animations are stills", "G", "/-/preview/60x60/", (60, 45), frames(1), form="jpeg"),
    case("SVG", "V", "/-/preview/100x100/", form="svg+xml"),
    case("lightest", "L", "/-/preview/300x300/-/quality/lightest/", (300, 200), smaller_than(2_000)),
    case("best", "L", "/-/preview/300x300/-/quality/best/", (300, 200), lambda reply: len(reply.body) > 2_400),
    case("smart quality", "L", "/-/preview/300x300/-/quality/smart/-/format/auto/", (300, 200)),
    case("progressive", "L", "/-/preview/300x300/-/progressive/yes/", (300, 200), is_progressive()),
    case("not progressive", "L", "/-/preview/300x300/-/progressive/yes/-/progressive/no/", (300, 200),
         lambda reply: not reply.image.info.get("progressive")),
    case("invert", "L", "/-/preview/300x300/-/invert/", (300, 200), pixel(10, 10, NEGATIVE)),
    case("grayscale", "L", "/-/preview/300x300/-/grayscale/", (300, 200), is_grey()),
    case("saturation", "L", "/-/preview/300x300/-/saturation/-100/", (300, 200), is_grey()),
    case("brightness", "L", "/-/preview/300x300/-/brightness/100/", (300, 200), pixel(10, 10, WHITE)),
    case("exposure", "A", "/-/preview/-/exposure/-500/-/format/jpeg/", (400, 300), pixel(150, 150, (45, 0, 0), 30)),
    case("gamma darkens", "L", "/-/overlay/self/-/brightness/-50/-/gamma/300/-/preview/30x30/", (30, 20),
         pixel(3, 3, (16, 0, 0), 24)),
    case("effects in order", "L", "/-/preview/300x300/-/grayscale/-/invert/-/border_radius/50p/-/format/png/", (300, 200),
         is_grey(), clear(1, 1), form="png"),
    case("blur", "L", "/-/preview/300x300/-/blur/200/", (300, 200), pixel(150, 50, (128, 128, 0), 30)),
    case("a blurred region", "L", "/-/preview/300x300/-/blur_region/100x100/100,0/200/", (300, 200),
         pixel(150, 50, (160, 160, 0), 60), pixel(90, 50, RED), pixel(210, 50, GREEN)),
    case("sharp", "L", "/-/preview/300x300/-/sharp/20/", (300, 200)),
    case("round corners", "L", "/-/scale_crop/300x300/center/-/border_radius/50p/-/format/png/", (300, 300),
         clear(2, 2),
         pixel(140, 100, (*RED, 255)), form="png"),
    case("an overlay in a corner", "L", f"/-/preview/300x300/-/overlay/{UUIDS['W']}/50px50p/100p,100p/", (300, 200),
         pixel(140, 10, RED), pixel(160, 135, RED), pixel(160, 115, YELLOW), pixel(290, 190, YELLOW)),
    case("an overlay between", "L", f"/-/preview/300x300/-/overlay/{UUIDS['W']}/50px50p/20p,0p/", (300, 200),
         pixel(60, 50, BLUE), pixel(20, 50, RED)),
    case("an overlay with opacity alone", "L", f"/-/preview/300x300/-/overlay/{UUIDS['W']}/50p/", (300, 200),
         pixel(20, 90, (128, 0, 128), 24)),
    case("itself as an overlay", "L", "/-/crop/600x400/-/overlay/self/50px50p/center/", (600, 400),
         pixel(290, 210, BLUE), pixel(310, 210, YELLOW), pixel(10, 10, RED)),
    case("a rectangle", "L", "/-/preview/300x300/-/rect/000000/50px50p/50p,50p/", (300, 200), pixel(150, 100, BLACK),
         pixel(70, 45, RED), pixel(80, 55, BLACK)),
    case("a text box", "L", "/-/preview/300x300/-/text_box/fill/0000ff/-/font/20/fff/-/text/80px30p/bottom/Up~sload/",
         (300, 200), pixel(35, 145, BLUE), pixel(10, 10, RED)),
    case("a name", "L", "/-/resize/300x300/-/stretch/off/-/format/jpeg/photo.jpg", (300, 300),
         answers={"Content-Disposition": 'inline; filename="photo.jpg"'}),
    case("a download", "L", "/-/preview/300x300/-/inline/no/photo.jpg", (300, 200),
         answers={"Content-Disposition": "attachment"}),
    case("the original", "L", "/", (1200, 800)),
    case("the original with a name", "G", "/a.gif", (120, 90), frames(3), form="gif"),
    case("information", "E6", "/-/json/", None, fact("width", equals=200), fact("height", equals=300),
         fact("format", equals="JPEG"), fact("color_mode", equals="RGB"), fact("id", equals=UUIDS["E6"]),
         fact("sequence", equals=False), form="json"),
    case("main colours", "L", "/-/preview/-/main_colors/3/", None, lambda reply: len(reply.json()["main_colors"]) == 3,
         form="json"),
    Case("a member of a group", "/00000000-0000-4000-8000-999999999999~2/nth/1/-/preview/", 200, "jpeg", (100, 80)),
    Case("the proxy", "/-/preview/300x300/-/format/webp/{origin}/L.jpg", 200, "webp", (300, 200)),
    Case("the proxy without operations", "/{origin}/S.jpg", 200, "jpeg", (100, 80)),
    Case("the proxy with an escaped URL", "/-/preview/30x30/{origin-escaped}%2FL.jpg", 200, "jpeg", (30, 20)),
    Case("a proxied URL elsewhere", "/-/preview/30x30/https://example.com/L.jpg", 403),
    case("no size", "L", "/-/grayscale/", status=400, body="operations: preview, resize"),
    case("no such operation", "L", "/-/preview/-/bogus/1/", status=400, body="operations: bogus is not an operation"),
    case("a wrong argument", "L", "/-/resize/300/", status=400, body="operations: resize"),
    case("no argument", "L", "/-/resize/", status=400, body="operations: resize"),
    case("too large", "L", "/-/resize/3001x/", status=400, body="3000"),
    case("not too large for JPEG", "S", "/-/resize/3001x/-/format/jpeg/", (3001, 2401)),
    case("information that is not last", "L", "/-/json/-/preview/", status=400),
    case("seam carving", "L", "/-/smart_resize/300x300/", status=400, body="operations: smart_resize is not supported"),
    case("photo filters", "L", "/-/preview/-/filter/adaris/50/", status=400, body="operations: filter"),
    case("a missing file", "gone", "/-/preview/", status=404),
    Case("no such file", "/10000000-0000-4000-8000-000000000000/-/preview/", 404),
    Case("no UUID", "/L.jpg", 404),
    case("no size is needed", "L", "/-/grayscale/L.jpg", (1200, 800), is_grey(), mount="uploadcare-lenient"),
    case("filters are ignored", "L", "/-/preview/30x30/-/filter/adaris/L.jpg", (30, 20), mount="uploadcare-lenient",
         headers=CHROME),
]  # fmt: skip


def test_file_names_in_cases() -> None:
    assert len({str(one) for one in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("uploadcare", case)


KEY = bytes.fromhex("73636b61519adede42191efe1e73f02a67c7b692e3765f90c250c230be095211")


def token(fields: str, suffix: str = "") -> str:
    return f"{fields}~hmac={hmac.digest(KEY, (fields + suffix).encode(), 'sha256').hex()}"


def test_tokens(service: Service) -> None:
    path = f"/{UUIDS['L']}/-/resize/64x/"
    later, before = int(time.time()) + 600, int(time.time()) - 1
    accepted = [
        token(f"exp={later}~acl=/*"),
        token(f"exp={later}~acl=/cdn{path}"),
        token(f"exp={later}~acl={path}"),
        token(f"exp={later}~acl=/{UUIDS['L']}/*"),
        token(f"exp={later}", f"~url={path}"),
    ]
    for number, one in enumerate(accepted):
        service.check("uploadcare-signed", Case(str(number), f"{path}?token={one}", 200, "jpeg", (64, 43)))
    refused = [
        token(f"exp={before}~acl=/*"),
        token(f"exp={later}~acl=/{UUIDS['S']}/*"),
        token(f"exp={later}", "~url=/other"),
        token(f"exp={later}~acl=/*")[:-1] + "x",
        "",
    ]
    for number, one in enumerate(refused):
        service.check("uploadcare-signed", Case(str(number), f"{path}?token={one}", 403))
    service.check("uploadcare-signed", Case("none", f"/{UUIDS['L']}/-/json/", 403))
