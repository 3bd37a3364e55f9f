"""The IIIF Image API, versions 3.0 and 2.1, case by case."""

import pytest

from tests.compat.runner import Case, Check, Reply, Service, distorted_border, fact, has_alpha, is_grey, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

JPG = "/0/default.jpg"
THREE = "/iiif/3/"
CORS = {"Access-Control-Allow-Origin": "*"}
LINKED = CORS | {"Link": '<http://iiif.io/api/image/3/level2.json>;rel="profile"'}
LD_JSON = {"Content-Type": 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'}


def size_is_about(width: int, height: int) -> Check:
    """Check a size in which each side may be off by a pixel."""

    def holds(reply: Reply) -> bool:
        return all(abs(one - other) <= 1 for one, other in zip(reply.image.size, (width, height), strict=True))

    holds.__doc__ = f"it is about {width} × {height}"
    return holds


def has_mode(mode: str) -> Check:
    """Check the bands of the file."""

    def holds(reply: Reply) -> bool:
        return bool(reply.image.mode == mode)

    holds.__doc__ = f"its mode is {mode}"
    return holds


def image(name: str, target: str, size: tuple[int, int], *checks: Check, form: str = "jpeg", mount: str = "") -> Case:
    """Return a case of an image of version 3."""
    return Case(name, THREE + target, 200, form, size, checks, answers=LINKED, mount=mount)


def refused(name: str, target: str, status: int = 400, body: str = "", mount: str = "") -> Case:
    """Return a case whose answer is a text."""
    return Case(name, target, status, "text", answers=CORS, body=body, mount=mount)


CASES = [
    image("full and max keep the size", f"L.jpg/full/max{JPG}", (1200, 800), pixel(5, 5, RED), pixel(1190, 5, GREEN)),
    image("w, keeps the shape", f"L.jpg/full/300,{JPG}", (300, 200)),
    image(",h keeps the shape", f"L.jpg/full/,300{JPG}", (450, 300)),
    image("!w,h is confined to both sides", f"L.jpg/full/!300,300{JPG}", (300, 200)),
    image("!w,h does not enlarge", f"S.jpg/full/!300,300{JPG}", (100, 80)),
    image("^!w,h enlarges up to both sides", f"S.jpg/full/^!300,300{JPG}", (300, 240)),
    image("^w,", f"S.jpg/full/^300,{JPG}", (300, 240)),
    image("^,h escaped", f"S.jpg/full/%5E%2C240{JPG}", (300, 240)),
    image("^w,h", f"S.jpg/full/^300,300{JPG}", (300, 300)),
    image("w,h distorts", "T.png/full/100,100/0/default.png", (100, 100), *distorted_border(), form="png"),
    image("^pct", f"S.jpg/full/^pct:150{JPG}", (150, 120)),
    image("^w, that is smaller", f"L.jpg/full/^300,{JPG}", (300, 200)),
    refused("w, that would enlarge is refused", f"{THREE}S.jpg/full/300,{JPG}", body="size: "),
    refused("w,h beyond one side", f"{THREE}L.jpg/full/300,801{JPG}", body="size: "),
    refused("beyond the region", f"{THREE}L.jpg/0,0,100,100/101,{JPG}", body="size: "),
    image("pct scales both sides", f"L.jpg/full/pct:50{JPG}", (600, 400)),
    image("pct with a point in front", f"L.jpg/full/pct:.5{JPG}", (6, 4)),
    refused("pct beyond 100 is refused", f"{THREE}L.jpg/full/pct:120{JPG}", body="size"),
    image("a square is central", f"L.jpg/square/max{JPG}", (800, 800), pixel(10, 10, RED), pixel(790, 790, YELLOW)),
    image("a square region with a width", f"P.jpg/square/200,{JPG}", (200, 200)),
    image("a region in pixels", f"L.jpg/100,100,300,200/max{JPG}", (300, 200), pixel(5, 5, RED)),
    image("a region is cut at the edge", f"L.jpg/1100,700,300,200/max{JPG}", (100, 100), pixel(5, 5, YELLOW)),
    refused("a region outside the image is refused", f"{THREE}L.jpg/1200,0,10,10/max{JPG}", body="region: "),
    refused("outside in percent", f"{THREE}L.jpg/pct:100,0,10,10/max{JPG}", body="region: "),
    refused("a region without width is refused", f"{THREE}L.jpg/0,0,0,10/max{JPG}", body="region"),
    image("a region in percent with a height", f"L.jpg/pct:12.5,0,25,100/,200{JPG}", (75, 200)),
    image("90 turns clockwise after the size", "L.jpg/full/300,/90/default.jpg", (200, 300), pixel(5, 5, BLUE)),
    image("180 turns half around", "L.jpg/full/300,/180/default.jpg", (300, 200), pixel(5, 5, YELLOW)),
    image("270", "L.jpg/full/300,/270/default.jpg", (200, 300), pixel(5, 5, GREEN)),
    image("360", "L.jpg/full/300,/360.0/default.jpg", (300, 200), pixel(5, 5, RED)),
    image("!0", "L.jpg/full/300,/!0/default.jpg", (300, 200), pixel(5, 5, GREEN), pixel(5, 195, YELLOW)),
    image(
        "!90 mirrors before it turns",
        "L.jpg/full/300,/!90/default.jpg",
        (200, 300),
        pixel(5, 5, YELLOW),
        pixel(195, 5, GREEN),
    ),
    image("!180", "L.jpg/full/300,/!180/default.jpg", (300, 200), pixel(5, 5, BLUE), pixel(295, 5, YELLOW)),
    image("!270", "L.jpg/full/300,/%21270/default.jpg", (200, 300), pixel(5, 5, RED), pixel(195, 5, BLUE)),
    Case(
        "45 leaves transparent corners in a PNG",
        f"{THREE}L.jpg/full/300,/45/default.png",
        200,
        "png",
        checks=[size_is_about(354, 354), has_alpha(), pixel(2, 2, (0, 0, 0, 0)), pixel(177, 100, (*RED, 255))],
    ),
    Case(
        "!45",
        f"{THREE}L.jpg/full/300,/!45/default.png",
        200,
        "png",
        checks=[size_is_about(354, 354), pixel(177, 60, (*GREEN, 255)), pixel(177, 300, (*BLUE, 255))],
    ),
    Case(
        "22.5 enlarges the canvas of a JPEG",
        f"{THREE}L.jpg/full/300,/22.5/default.jpg",
        200,
        "jpeg",
        checks=[size_is_about(354, 300)],
    ),
    refused("a negative rotation is refused", f"{THREE}L.jpg/full/300,/-90/default.jpg", body="rotation"),
    refused("beyond a whole turn", f"{THREE}L.jpg/full/300,/360.1/default.jpg", body="rotation"),
    image("gray has a single band", "L.jpg/full/300,/0/gray.jpg", (300, 200), is_grey(), has_mode("L")),
    image("color keeps the colours", "L.jpg/full/300,/0/color.jpg", (300, 200), pixel(5, 5, RED)),
    image("bitonal", "L.jpg/full/300,/0/bitonal.png", (300, 200), is_grey(), has_mode("1"), form="png"),
    image("bitonal JPEG", "L.jpg/full/300,/0/bitonal.jpg", (300, 200), is_grey(), has_mode("L")),
    image("the format is PNG", "L.jpg/full/300,/0/default.png", (300, 200), form="png"),
    image("the format is WebP", "L.jpg/full/300,/0/default.webp", (300, 200), form="webp"),
    image("the format is TIFF", "L.jpg/full/300,/0/default.tif", (300, 200), form="tiff"),
    image("GIF", "L.jpg/full/300,/0/default.gif", (300, 200), form="gif"),
    image("AVIF", "L.jpg/full/300,/0/default.avif", (300, 200), form="avif"),
    image("of an animation the first frame", "G.gif/full/max/0/default.gif", (120, 90), form="gif"),
    refused("grey of version 1 is refused", f"{THREE}L.jpg/full/300,/0/grey.jpg", body="quality"),
    refused("JPEG 2000", f"{THREE}L.jpg/full/300,/0/default.jp2", body="format"),
    refused("no format", f"{THREE}L.jpg/full/300,/0/default", body="quality"),
    refused("full as a size is refused", f"{THREE}L.jpg/full/full{JPG}", body="size"),
    Case(
        "full as a size in version 2",
        f"/iiif/2/L.jpg/full/full{JPG}",
        200,
        "jpeg",
        (1200, 800),
        answers={"Link": "/2/level2.json"},
    ),
    Case("max in version 2", f"/iiif/2/L.jpg/full/max{JPG}", 200, "jpeg", (1200, 800)),
    Case("w, keeps the shape in version 2", f"/iiif/2/L.jpg/full/300,{JPG}", 200, "jpeg", (300, 200)),
    Case("above full in version 2", f"/iiif/2/S.jpg/full/300,{JPG}", 200, "jpeg", (300, 240)),
    Case("confined in version 2", f"/iiif/2/S.jpg/full/!300,300{JPG}", 200, "jpeg", (100, 80)),
    Case("square in version 2", f"/iiif/2/L.jpg/square/,200{JPG}", 200, "jpeg", (200, 200)),
    refused("no mark in version 2", f"/iiif/2/S.jpg/full/^300,{JPG}", body="size"),
    Case(",h with gray in version 2", "/iiif/2/P.jpg/full/,150/0/gray.jpg", 200, "jpeg", (100, 150), [is_grey()]),
    image(
        "a tile at full scale",
        f"B.jpg/1024,0,512,512/512,512{JPG}",
        (512, 512),
        pixel(330, 5, RED),
        pixel(346, 5, GREEN),
    ),
    image("a tile at the edge", f"L.jpg/1024,512,176,288/88,144{JPG}", (88, 144), pixel(5, 5, YELLOW)),
    image("EXIF orientation is applied", f"E6.jpg/full/100,{JPG}", (100, 150)),
    Case("a base URI is redirected", f"{THREE}L.jpg", 303, answers=CORS | {"Location": "/iiif/3/L.jpg/info.json"}),
    Case("a base URI with a slash", f"{THREE}L.jpg/", 303, answers={"Location": "/iiif/3/L.jpg/info.json"}),
    Case("an escaped base URI", f"{THREE}a%2Fb", 303, answers={"Location": "/iiif/3/a%2Fb/info.json"}),
    Case("a base URI to follow", f"{THREE}L.jpg", 200, follows=True, checks=[fact("width", equals=1200)]),
    Case(
        "the information of version 3",
        f"{THREE}L.jpg/info.json",
        200,
        answers=LINKED | LD_JSON | {"Vary": "Accept"},
        checks=[
            fact("@context", equals="http://iiif.io/api/image/3/context.json"),
            fact("id", equals="http://iiif.test/iiif/3/L.jpg"),
            fact("type", equals="ImageService3"),
            fact("protocol", equals="http://iiif.io/api/image"),
            fact("profile", equals="level2"),
            fact("width", equals=1200),
            fact("height", equals=800),
            fact("maxWidth", equals=16_383),
            fact("maxArea", equals=50_000_000),
            fact("sizes", equals=[{"width": w, "height": h} for w, h in ((300, 200), (600, 400), (1200, 800))]),
            fact("tiles", equals=[{"width": 512, "height": 512, "scaleFactors": [1, 2, 4]}]),
            fact("extraFormats", equals=["tif", "gif", "webp", "avif"]),
            fact("extraQualities", equals=["color", "gray", "bitonal"]),
            fact(
                "extraFeatures",
                equals=["canonicalLinkHeader", "mirroring", "profileLinkHeader", "rotationArbitrary", "sizeUpscaling"],
            ),
        ],
    ),
    Case(
        "JSON for who asks for it",
        f"{THREE}L.jpg/info.json",
        200,
        "json",
        headers={"Accept": "application/json, text/plain, */*"},
    ),
    Case(
        "version 2",
        "/iiif/2/L.jpg/info.json?any=query",
        200,
        "json",
        checks=[
            fact("@context", equals="http://iiif.io/api/image/2/context.json"),
            fact("@id", equals="http://iiif.test/iiif/2/L.jpg"),
            fact("@type", equals="iiif:Image"),
            fact("profile", 0, equals="http://iiif.io/api/image/2/level2.json"),
            fact("profile", 1, "formats", equals=["jpg", "png", "tif", "gif", "webp", "avif"]),
            fact("profile", 1, "qualities", equals=["default", "color", "gray", "bitonal"]),
            fact("profile", 1, "maxWidth", equals=16_383),
            fact(
                "profile",
                1,
                "supports",
                equals=[
                    "canonicalLinkHeader",
                    "mirroring",
                    "profileLinkHeader",
                    "regionSquare",
                    "rotationArbitrary",
                    "sizeAboveFull",
                ],
            ),
        ],
    ),
    Case(
        "JSON-LD of version 2",
        "/iiif/2/L.jpg/info.json",
        200,
        headers={"Accept": "application/ld+json"},
        answers={"Content-Type": "application/ld+json"},
    ),
    Case(
        "the information has the sides as oriented",
        f"{THREE}E6.jpg/info.json",
        200,
        answers=LD_JSON,
        checks=[fact("width", equals=200), fact("height", equals=300)],
    ),
    refused("the information of a missing image", f"{THREE}nope.jpg/info.json", 404),
    refused("a raw slash in an identifier", f"{THREE}a/b/full/max{JPG}", 404, body="%2F"),
    refused("a raw slash before the information", f"{THREE}a/b/info.json", 404),
    refused("a path that leads out", f"{THREE}..%2FL.jpg/full/max{JPG}", 404),
    refused("no identifier", THREE, 404),
    refused("random characters as a size", f"{THREE}L.jpg/full/[;_x{JPG}", body="size"),
    refused("random characters as a region", f"{THREE}L.jpg/^[_]:@/max{JPG}", body="region"),
    refused("random characters as an identifier", f"{THREE}[frob]/full/max{JPG}", 404),
    Case("a URL as identifier", THREE + "{origin-escaped}%2FL.jpg/full/30," + JPG, 200, "jpeg", (30, 20)),
    Case("escaped letters", f"{THREE}%4C.jpg/full/30,{JPG}", 200, "jpeg", (30, 20)),
    Case("a preflight request", f"{THREE}L.jpg/info.json", (200, 204), method="OPTIONS", answers=CORS),
    Case("a head", f"{THREE}L.jpg/full/max{JPG}", 200, "jpeg", method="HEAD", checks=[lambda reply: not reply.body]),
]

STRICT = [
    Case("a template of sources", f"/L/full/30,{JPG}", 200, "jpeg", (30, 20)),
    Case("max is limited", f"/L/full/max{JPG}", 200, "jpeg", (367, 245)),
    Case("confined is limited", f"/L/full/!1000,1000{JPG}", 200, "jpeg", (367, 245)),
    refused("w beyond the limit", f"/L/full/401,{JPG}", body="size"),
    refused("h beyond the limit", f"/L/full/,301{JPG}", body="size"),
    refused("a free side beyond the limit", f"/L/full/,290{JPG}", body="size: "),
    refused("pct beyond the limit", f"/L/full/pct:50{JPG}", body="size: "),
    refused("an area beyond the limit", f"/L/full/310,300{JPG}", body="size"),
    Case("an area at the limit", f"/L/full/300,300{JPG}", 200, "jpeg", (300, 300)),
    refused("confined beyond the image", f"/S/full/!300,300{JPG}", body="size: "),
    Case("confined beyond one side", f"/S/full/!300,60{JPG}", 200, "jpeg", (75, 60)),
    refused("no upscaling", f"/S/full/^300,{JPG}", 501),
    refused("no largest upscaled size", f"/S/full/^max{JPG}", 501),
    refused("nonsense is no upscaling", f"/S/full/^x{JPG}", 400),
    refused("a format that is switched off", "/S/full/max/0/default.tif", 400, body="format"),
    Case(
        "information",
        "/L/info.json",
        200,
        checks=[
            fact("id", equals="http://any.test/images/iiif/3/L"),
            fact("maxWidth", equals=400),
            fact("maxHeight", equals=300),
            fact("maxArea", equals=90_000),
            fact("sizes", equals=[{"width": 150, "height": 100}, {"width": 300, "height": 200}]),
            fact("tiles", equals=[{"width": 256, "height": 256, "scaleFactors": [1, 2, 4, 8]}]),
            fact("extraFormats", equals=["webp"]),
            fact("preferredFormats", equals=["webp", "jpg"]),
            fact("rights", equals="http://creativecommons.org/publicdomain/zero/1.0/"),
            fact(
                "extraFeatures", equals=["canonicalLinkHeader", "mirroring", "profileLinkHeader", "rotationArbitrary"]
            ),
        ],
    ),
    Case(
        "a canonical URL below a mount",
        "/L/full/!900,900/0/default.jpg",
        200,
        "jpeg",
        answers={"Link": "</images/iiif/3/L/full/max/0/default.jpg>"},
    ),
    Case("a base URI below a mount", "/L", 303, answers={"Location": "/images/iiif/3/L/info.json"}),
]

PUBLIC = [
    Case(
        "a canonical URL that clients see",
        "/storage%2Fb%2FL.jpg/full/max/0/default.jpg",
        200,
        "jpeg",
        answers={"Link": "<https://images.example.org/service/storage%2Fb%2FL.jpg/full/max/0/default.jpg>"},
    ),
    Case(
        "the largest upscaled size",
        "/S.jpg/full/^600,/0/default.jpg",
        200,
        "jpeg",
        answers={"Link": "/S.jpg/full/^max/0/default.jpg>"},
    ),
    Case("^max", "/S.jpg/full/^max/0/default.png", 200, "png", (600, 480)),
    Case("at the root", "/L.jpg/full/30,/0/default.jpg", 200, "jpeg", (30, 20)),
    Case("a prefix of its own", "/image/v2/L.jpg/full/full/0/default.jpg", 200, "jpeg", (600, 400)),
    Case("a slash of an identifier", "/storage%2Fb%2FL.jpg/full/30,/0/default.jpg", 200, "jpeg", (30, 20)),
    Case(
        "the URL that clients see",
        "/image/v2/storage%2fb%2FL.jpg/info.json",
        200,
        "json",
        checks=[fact("@id", equals="https://images.example.org/service/image/v2/storage%2fb%2FL.jpg")],
    ),
]


CANONICAL = [
    ("/iiif/3/L.jpg/full/max/0/default.jpg", "/iiif/3/L.jpg/full/max/0/default.jpg"),
    ("/iiif/3/%4c.jpg/0,0,1200,9999/1200,800/360.0/color.jpg", "/iiif/3/L.jpg/full/max/0/default.jpg"),
    ("/iiif/3/L.jpg/pct:0,0,100,100/,400/!90.0/gray.png", "/iiif/3/L.jpg/full/600,400/!90/gray.png"),
    ("/iiif/3/L.jpg/square/pct:50/22.50/default.png", "/iiif/3/L.jpg/200,0,800,800/400,400/22.5/default.png"),
    ("/iiif/3/Q.jpg/square/!100,400/0/default.jpg", "/iiif/3/Q.jpg/full/100,100/0/default.jpg"),
    ("/iiif/3/L.jpg/1100,700,300,200/^200,/0/default.jpg", "/iiif/3/L.jpg/1100,700,100,100/^200,200/0/default.jpg"),
    ("/iiif/3/E6.jpg/full/100,/0/default.jpg", "/iiif/3/E6.jpg/full/100,150/0/default.jpg"),
    ("/iiif/2/L.jpg/full/max/0/color.jpg", "/iiif/2/L.jpg/full/full/0/default.jpg"),
    ("/iiif/2/L.jpg/full/,400/0/default.jpg", "/iiif/2/L.jpg/full/600,/0/default.jpg"),
    ("/iiif/2/L.jpg/full/300,300/0/default.jpg", "/iiif/2/L.jpg/full/300,300/0/default.jpg"),
]


@pytest.mark.parametrize(("target", "canonical"), CANONICAL)
def test_the_canonical_url_is_linked(service: Service, target: str, canonical: str) -> None:
    for _ in range(2):  # rendered, then from memory
        link = service.request("iiif", target).headers["link"]
        assert (
            link == f'<{canonical}>;rel="canonical", <http://iiif.io/api/image/{target[6]}/level2.json>;rel="profile"'
        )
    assert service.request("iiif", canonical).status == 200


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("iiif", case)


@pytest.mark.parametrize("case", STRICT, ids=str)
def test_a_mount_with_limits(service: Service, case: Case) -> None:
    service.check("iiif-strict", case)


@pytest.mark.parametrize("case", PUBLIC, ids=str)
def test_a_mount_with_prefixes(service: Service, case: Case) -> None:
    service.check("iiif-public", case)
