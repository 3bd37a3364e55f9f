"""Delivery URLs of Cloudinary, case by case."""

import base64
import hashlib
import hmac

import pytest

from tests.compat.runner import (
    Case,
    Check,
    Reply,
    Service,
    cut_border,
    distorted_border,
    fact,
    frames,
    has_alpha,
    is_grey,
    pixel,
)
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

BASE = "/demo/image/upload"
FETCH = "/demo/image/fetch"
CHROME = {"Accept": "image/avif,image/webp,*/*"}
WHITE = (255, 255, 255)
BLACK = (0, 0, 0)


def image(
    name: str, target: str, form: str, size: tuple[int, int], *checks: Check, mount: str = "", differs_from: str = ""
) -> Case:
    url = target if target.startswith("/demo") else BASE + target
    other = BASE + differs_from if differs_from else ""
    return Case(name, url, 200, form, size, checks, mount=mount, differs_from=other)


def failure(name: str, target: str, status: int, message: str, mount: str = "") -> Case:
    """Return a case that fails with a message in its header and no body."""
    answers = {"X-Cld-Error": message}
    return Case(name, target if target.startswith("/demo") else BASE + target, status, answers=answers, mount=mount)


def _is_empty(reply: Reply) -> bool:
    """there is no body"""
    return not reply.body


CASES = [
    image("no transformation keeps the size", "/L.jpg", "jpeg", (1200, 800)),
    image("width alone keeps the shape", "/w_300/L.jpg", "jpeg", (300, 200)),
    image("height alone keeps the shape", "/h_300/L.jpg", "jpeg", (450, 300)),
    image("scale to both sides distorts", "/c_scale,h_100,w_100/T.png", "png", (100, 100), *distorted_border()),
    image("a width below one is a share", "/w_0.5/L.jpg", "jpeg", (600, 400)),
    image(
        "fill by shares of both sides",
        "/w_0.5,h_0.25,c_fill/T.png",
        "png",
        (150, 50),
        pixel(3, 25, WHITE),
        pixel(75, 2, BLACK),
    ),
    image("fit stays inside the box", "/c_fit,w_300,h_300/L.jpg", "jpeg", (300, 200)),
    image("fit enlarges a small original", "/c_fit,w_300,h_300/S.jpg", "jpeg", (300, 240)),
    image("limit shrinks into the box", "/c_limit,w_300,h_300/L.jpg", "jpeg", (300, 200)),
    image("limit never enlarges", "/c_limit,w_300,h_300/S.jpg", "jpeg", (100, 80)),
    image("mfit does not shrink", "/c_mfit,w_300,h_300/L.jpg", "jpeg", (1200, 800)),
    image("mfit enlarges a small original", "/c_mfit,w_300,h_300/S.jpg", "jpeg", (300, 240)),
    image(
        "fill keeps the centre",
        "/c_fill,w_100,h_100/T.png",
        "png",
        (100, 100),
        *cut_border(),
    ),
    image(
        "fill with gravity west keeps the left",
        "/c_fill,g_west,w_300,h_300/L.jpg",
        "jpeg",
        (300, 300),
        pixel(200, 10, RED),
    ),
    image(
        "fill with gravity north_east keeps that corner",
        "/c_fill,g_north_east,w_200,h_300/L.jpg",
        "jpeg",
        (200, 300),
        pixel(5, 5, GREEN),
    ),
    image(
        "fill with automatic gravity",
        "/c_fill,g_auto,w_300,h_300/L.jpg",
        "jpeg",
        (300, 300),
        differs_from="/c_fill,w_300,h_300/L.jpg",
    ),
    image("faces", "/c_fill,g_auto:faces,w_300,h_300/L.jpg", "jpeg", (300, 300)),
    image("fill to an aspect ratio alone", "/ar_16:9,c_fill/L.jpg", "jpeg", (1200, 675)),
    image("a ratio and a side", "/ar_1.5,c_fill,w_300/P.jpg", "jpeg", (300, 200)),
    image(
        "a ratio and a share", "/ar_1:1,c_fill,w_0.5/T.png", "png", (150, 150), pixel(1, 75, BLACK), pixel(75, 8, WHITE)
    ),
    image("lfill fills a smaller box", "/c_lfill,w_100,h_100/T.png", "png", (100, 100), *cut_border()),
    image("lfill leaves a small original as it is", "/c_lfill,w_300,h_300/S.jpg", "jpeg", (100, 80)),
    image("lfill, smaller in one side", "/c_lfill,w_1500,h_300/L.jpg", "jpeg", (1200, 300)),
    image(
        "pad enlarges, then fills the rest",
        "/c_pad,w_300,h_300,b_red/S.jpg",
        "jpeg",
        (300, 300),
        pixel(5, 5, RED),
        pixel(290, 40, GREEN),
        pixel(290, 295, RED),
    ),
    image(
        "lpad pads without enlarging the image",
        "/c_lpad,w_300,h_300,b_red/S.jpg",
        "jpeg",
        (300, 300),
        pixel(95, 150, RED),
        pixel(190, 120, GREEN),
    ),
    image(
        "mpad pads without scaling",
        "/c_mpad,w_300,h_300,b_red/S.jpg",
        "jpeg",
        (300, 300),
        pixel(95, 150, RED),
        pixel(190, 120, GREEN),
    ),
    image("mpad keeps what is larger", "/c_mpad,w_300,h_1000/L.jpg", "jpeg", (1200, 1000), pixel(600, 50, WHITE)),
    image(
        "pad by gravity",
        "/c_pad,w_300,h_300,g_north,b_rgb:0000ff/L.jpg",
        "jpeg",
        (300, 300),
        pixel(5, 5, RED),
        pixel(150, 290, BLUE),
    ),
    image("pad to a ratio", "/c_pad,ar_1:1,b_black/L.jpg", "jpeg", (1200, 1200), pixel(600, 20, BLACK)),
    image(
        "pad, blurred",
        "/c_pad,w_300,h_300,b_blurred:400:15/L.jpg",
        "jpeg",
        (300, 300),
        differs_from="/c_pad,w_300,h_300/L.jpg",
    ),
    image(
        "crop at x and y, without scaling",
        "/c_crop,h_200,w_300,x_500,y_300/L.jpg",
        "jpeg",
        (300, 200),
        pixel(95, 95, RED),
        pixel(105, 95, GREEN),
        pixel(95, 105, BLUE),
    ),
    image(
        "crop keeps the centre without scaling",
        "/c_crop,h_170,w_270/T.png",
        "png",
        (270, 170),
        pixel(2, 80, WHITE),
        pixel(8, 80, BLACK),
        pixel(130, 2, WHITE),
        pixel(130, 8, BLACK),
    ),
    image(
        "crop with gravity north_west keeps that corner",
        "/c_crop,g_north_west,h_200,w_300/L.jpg",
        "jpeg",
        (300, 200),
        pixel(290, 190, RED),
    ),
    image(
        "distances lead inside",
        "/c_crop,g_south_east,h_200,w_300,x_250,y_350/L.jpg",
        "jpeg",
        (300, 200),
        pixel(10, 100, GREEN),
        pixel(290, 190, YELLOW),
    ),
    image(
        "crop in shares of the sides",
        "/c_crop,w_0.5,h_0.5,x_0.4,y_0.4/L.jpg",
        "jpeg",
        (600, 400),
        pixel(110, 70, RED),
        pixel(130, 70, GREEN),
        pixel(110, 90, BLUE),
    ),
    image("crop from a corner", "/c_crop,x_1000,y_0.5/L.jpg", "jpeg", (200, 400), pixel(10, 10, YELLOW)),
    image("crop, one side", "/c_crop,w_300,x_0/L.jpg", "jpeg", (300, 800)),
    image("crop, pixels and shares", "/c_crop,w_300,h_0.5,x_0.5,y_400/L.jpg", "jpeg", (300, 400), pixel(5, 5, YELLOW)),
    image("crop to a ratio", "/c_crop,ar_1:1/L.jpg", "jpeg", (800, 800)),
    image("crop, beyond the edge", "/c_crop,w_300,h_300,x_1100,y_0/L.jpg", "jpeg", (100, 300)),
    image(
        "crop around a point",
        "/c_crop,g_xy_center,w_100,h_100,x_630,y_430/L.jpg",
        "jpeg",
        (100, 100),
        pixel(12, 12, RED),
        pixel(28, 12, GREEN),
        pixel(12, 28, BLUE),
    ),
    image(
        "crop, then scale",
        "/c_crop,h_200,w_300,x_500,y_300/c_scale,w_150/L.jpg",
        "jpeg",
        (150, 100),
        pixel(44, 44, RED),
        pixel(56, 44, GREEN),
        pixel(44, 56, BLUE),
    ),
    image(
        "scale, then crop",
        "/c_scale,w_600/c_crop,h_100,w_100,x_250,y_150/L.jpg",
        "jpeg",
        (100, 100),
        pixel(44, 44, RED),
        pixel(56, 44, GREEN),
        pixel(44, 56, BLUE),
    ),
    image("scale, then turn clockwise", "/c_scale,w_300/a_90/L.jpg", "jpeg", (200, 300), pixel(10, 10, BLUE)),
    image("resized before it is turned", "/a_90,w_300/L.jpg", "jpeg", (200, 300)),
    image("a negative angle turns anticlockwise", "/a_-90/L.jpg", "jpeg", (800, 1200), pixel(10, 10, GREEN)),
    image("turned freely", "/a_45,b_blue/w_200/S.jpg", "jpeg", (200, 200), pixel(3, 3, BLUE)),
    image("hflip mirrors left and right", "/a_hflip/w_300/L.jpg", "jpeg", (300, 200), pixel(5, 5, GREEN)),
    image("turned and mirrored", "/a_90.hflip/L.jpg", "jpeg", (800, 1200), pixel(5, 5, RED)),
    image("the EXIF orientation is applied", "/w_100/E6.jpg", "jpeg", (100, 150)),
    image("as stored", "/a_ignore/w_150/E6.jpg", "jpeg", (150, 100)),
    image(
        "r_max makes a circle on transparency",
        "/c_fill,h_100,r_max,w_100/L.png",
        "png",
        (100, 100),
        pixel(1, 1, (254, 0, 0, 0)),
        has_alpha(),
        mount="cloudinary-ids",
    ),
    image(
        "radii",
        "/c_fill,h_100,r_20:0:40,w_100,b_blue/L.jpg",
        "jpeg",
        (100, 100),
        pixel(1, 1, BLUE, 40),
        pixel(98, 98, BLUE, 60),
        pixel(98, 1, GREEN, 60),
    ),
    image(
        "a border", "/bo_4px_solid_blue,w_300/L.jpg", "jpeg", (300, 200), pixel(1, 1, BLUE, 40), pixel(20, 20, RED, 40)
    ),
    image("opacity", "/o_50,f_png/L.jpg", "png", (1200, 800), has_alpha()),
    image("grayscale removes all colour", "/e_grayscale/w_300/L.jpg", "jpeg", (300, 200), is_grey()),
    image("blur", "/e_blur:300/w_100/S.jpg", "jpeg", (100, 80), differs_from="/w_100/S.jpg"),
    image("sharpen", "/w_31/e_sharpen/S.jpg", "jpeg", (31, 25), differs_from="/w_31/S.jpg"),
    image("brightness", "/e_brightness:-50/w_100/L.jpg", "jpeg", (100, 67), pixel(5, 5, (128, 0, 0))),
    image("hue", "/e_hue:50/w_100/L.jpg", "jpeg", (100, 67), differs_from="/w_100/L.jpg"),
    image(
        "effects in order",
        "/e_hue:50/e_grayscale/e_brightness:20/e_sharpen/w_100/L.jpg",
        "jpeg",
        (100, 67),
        is_grey(),
        differs_from="/e_grayscale/w_100/L.jpg",
    ),
    image("trim", "/e_trim/T.png", "png", (260, 160)),
    image(
        "a region",
        "/e_pixelate_region:70,x_500,y_0,w_200,h_70/L.jpg",
        "jpeg",
        (1200, 800),
        pixel(570, 10, (198, 175, 0)),
        pixel(590, 90, RED),
        pixel(612, 90, GREEN),
    ),
    image("dpr multiplies the width", "/dpr_2.0,w_300/L.jpg", "jpeg", (600, 400)),
    image("a ratio of its own component", "/c_fill,w_100,h_100/dpr_2.0/L.jpg", "jpeg", (200, 200)),
    image("the extension converts the format", "/w_300/L.webp", "webp", (300, 200), mount="cloudinary-ids"),
    image("the format parameter beats the extension", "/f_png,w_300/L.webp", "png", (300, 200), mount="cloudinary-ids"),
    Case(
        "f_auto gives an accepted AVIF",
        BASE + "/f_auto,q_auto/w_300/L",
        200,
        "avif",
        (300, 200),
        headers=CHROME,
        answers={"Vary": "Accept"},
        mount="cloudinary-ids",
    ),
    Case("f_auto without Accept", BASE + "/f_auto,q_auto:eco/w_300/L.jpg", 200, "jpeg", (300, 200)),
    image("a short version segment is ignored", "/w_300/v1/L.jpg", "jpeg", (300, 200)),
    image("a version and an analytics query are ignored", "/w_300/v1571218330/L.jpg?_a=BAMAABcc0", "jpeg", (300, 200)),
    image("fetch an escaped URL", "/demo/image/fetch/w_300/{origin-escaped}%2FL.jpg", "jpeg", (300, 200)),
    image(
        "fetch a URL that is not escaped",
        "/demo/image/fetch/c_fill,h_200,w_200/f_webp/{origin}/L.jpg",
        "webp",
        (200, 200),
    ),
    image("fetched as it is", "/demo/image/fetch/{origin}/L.jpg", "jpeg", (1200, 800)),
    image("fetched below a prefix", "/w_300/remote/L.jpg", "jpeg", (300, 200)),
    image(
        "a scaled layer at a corner",
        "/l_W/c_scale,w_100/fl_layer_apply,g_north_west,x_10,y_10/w_600/L.jpg",
        "jpeg",
        (600, 400),
        pixel(26, 10, RED),
        pixel(34, 10, GREEN),
    ),
    image(
        "a layer in one component",
        "/l_W,w_100,g_south_east,x_10,y_10/L.jpg",
        "jpeg",
        (1200, 800),
        pixel(1095, 745, RED),
    ),
    image(
        "a layer by shares of the image",
        "/l_W,fl_relative,w_0.5/fl_layer_apply,g_north_west/L.jpg",
        "jpeg",
        (1200, 800),
        pixel(590, 10, GREEN),
        pixel(10, 290, BLUE),
    ),
    image("a layer grows the canvas", "/l_L.jpg/fl_layer_apply,g_north_west/S.jpg", "jpeg", (1200, 800)),
    image(
        "a layer that does not",
        "/l_L.jpg/fl_layer_apply,fl_no_overflow,g_north_west/S.jpg",
        "jpeg",
        (100, 80),
        pixel(90, 70, RED),
    ),
    image(
        "a layer in a layer",
        "/l_W/l_S.jpg/fl_layer_apply,g_north_west/fl_layer_apply,g_north_west/P.jpg",
        "jpeg",
        (600, 900),
        pixel(60, 10, GREEN),
        pixel(90, 70, YELLOW),
        pixel(150, 40, GREEN),
        pixel(210, 40, RED),
    ),
    image(
        "an underlay",
        "/u_L.jpg/c_scale,w_400,h_300/fl_layer_apply/A.png",
        "png",
        (400, 300),
        pixel(5, 5, RED),
        pixel(395, 5, GREEN),
        pixel(250, 200, RED),
    ),
    image(
        "a fetched layer", "/l_fetch:{origin-base64}/c_fill,w_50,h_50/fl_layer_apply,g_center/S.jpg", "jpeg", (100, 80)
    ),
    image(
        "a text",
        "/w_300/co_blue,l_text:Arial_60_bold:Hello%252C%2520you/fl_layer_apply,fl_no_overflow,g_north/L.jpg",
        "jpeg",
        (300, 200),
        differs_from="/w_300/L.jpg",
    ),
    image("a named transformation is applied", "/t_thumb/L.jpg", "jpeg", (150, 150)),
    image("named in named", "/t_both/L.jpg", "jpeg", (150, 150), is_grey()),
    image("named and more", "/t_thumb,f_webp/L.jpg", "webp", (150, 150)),
    failure("conditions in a path are rejected", "/if_w_gt_1000/c_scale,w_500/if_end/L.jpg", 400, "Conditions"),
    failure("variables", "/$big_500/w_$big/L.jpg", 400, "Variables"),
    failure("expressions", "/w_iw_div_2/L.jpg", 400, "Invalid width"),
    image("pg_2 gives the second frame", "/pg_2/G.gif", "gif", (120, 90), pixel(60, 45, GREEN), frames(1)),
    image("an animation", "/w_60/G.gif", "gif", (60, 45), frames(3)),
    image("an animation as a still", "/f_webp/G.gif", "webp", (120, 90), frames(1)),
    image("an animation as WebP", "/f_webp,fl_awebp/G.gif", "webp", (120, 90), frames(3)),
    Case(
        "fl_getinfo describes original and result",
        BASE + "/fl_getinfo,w_300/L.jpg",
        200,
        "json",
        checks=[fact("input", "width", equals=1200), fact("output", "width", equals=300)],
    ),
    Case(
        "fl_attachment makes it a download",
        BASE + "/fl_attachment/L.jpg",
        200,
        "jpeg",
        (1200, 800),
        answers={"Content-Disposition": "attachment", "Cache-Control": "max-age="},
    ),
    Case(
        "a name of a download",
        BASE + "/fl_attachment:photo/L.jpg",
        200,
        "jpeg",
        answers={"Content-Disposition": "photo.jpg"},
    ),
    failure(
        "a wrong signature is rejected",
        "/s--Ok4O32K8--/c_scale,w_300/sample.jpg",
        401,
        "Invalid Signature",
        "cloudinary-signed",
    ),
    failure("a strict mount rejects unsigned transformations", "/w_300/L.jpg", 401, "signed", "cloudinary-strict"),
    image("strict, but named", "/t_thumb/L.jpg", "jpeg", (150, 150), mount="cloudinary-strict"),
    image("strict, but untouched", "/L.jpg", "jpeg", (1200, 800), mount="cloudinary-strict"),
    failure("an invalid width is named", "/w_abc/L.jpg", 400, "Invalid width in transformation: abc"),
    failure("a decimal in a ratio with colon", "/ar_1.91:1,c_fill,w_300/L.jpg", 400, "aspect ratio"),
    Case(
        "a missing original is named, without a body",
        BASE + "/w_300/nope.jpg",
        404,
        checks=[_is_empty],
        answers={"X-Cld-Error": "Resource not found - nope.jpg"},
    ),
    image("a default image replaces a missing original", "/d_L.jpg,w_300/nope.jpg", "jpeg", (300, 200)),
    image("a default of the mount", "/w_50/nope.jpg", "jpeg", (50, 40), mount="cloudinary-root"),
    Case("without a cloud", "/image/upload/w_300/L.jpg", 200, "jpeg", (300, 200)),
    Case("the root path", "/w_300/L.jpg", 200, "jpeg", (300, 200), mount="cloudinary-root"),
    Case("short", "/demo/iu/w_300/L.jpg", 200, "jpeg", (300, 200)),
    Case("a suffix", "/demo/images/w_300/v1/L/a-nice-photo.jpg", 200, "jpeg", (300, 200)),
    failure("another cloud", "/demo2/image/upload/L.jpg", 404, "", "cloudinary-root"),
    failure("no automatic gravity", "/c_fit,g_auto,w_300,h_300/L.jpg", 400, "Gravity auto"),
    failure(
        "an effect that does not exist", "/e_cartoonify/L.jpg", 400, "Invalid effect in transformation: cartoonify"
    ),
    failure("a format that is not made", "/f_jp2/L.jpg", 400, "Invalid format in transformation: jp2"),
    failure("a named transformation that does not exist", "/t_nope/L.jpg", 400, "nope"),
    failure("too many components", "/" + "e_blur:20/w_300/" * 10 + "L.jpg", 400, "transformation"),
    failure("an authenticated image", "/demo/image/authenticated/L.jpg", 401, "signed"),
    failure("another type", "/demo/image/facebook/65646572251.jpg", 400, "facebook"),
    failure("a layer that nothing begins", "/fl_layer_apply,g_north/L.jpg", 400, "fl_layer_apply"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    target = case.target
    if "{origin-base64}" in target:
        url = f"http://127.0.0.1:{service.origin.port}/L.jpg"
        encoded = base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
        case = image(case.name, target.replace("{origin-base64}", encoded), case.format, case.size or (0, 0))
    service.check("cloudinary", case)


def _signed(text: str, digest: str = "sha1", length: int = 8) -> str:
    sum_of_both = hashlib.new(digest, f"{text}b".encode()).digest()
    return f"s--{base64.urlsafe_b64encode(sum_of_both).decode()[:length]}--"


@pytest.mark.parametrize(
    ("mount", "digest", "length"),
    [("cloudinary-signed", "sha1", 8), ("cloudinary-sha256", "sha256", 8), ("cloudinary-signed", "sha256", 32)],
)
@pytest.mark.parametrize("kind", ["upload", "authenticated", "private"])
def test_signed_urls(service: Service, mount: str, digest: str, length: int, kind: str) -> None:
    """The version and the type are not signed."""
    signature = _signed("c_scale,w_300/L.jpg", digest, length)
    for version in ("", "v1/", "v1571218330/"):
        target = f"/demo/image/{kind}/{signature}/c_scale,w_300/{version}L.jpg"
        service.check(mount, Case(kind, target, 200, "jpeg", (300, 200)))
    changed = f"/demo/image/{kind}/{signature}/c_scale,w_301/L.jpg"
    service.check(mount, Case("changed", changed, 401, answers={"X-Cld-Error": "Invalid Signature"}))


def test_signed_transformations_are_allowed_by_strict_ones(service: Service) -> None:
    target = f"{BASE}/{_signed('w_300/L.jpg')}/w_300/L.jpg"
    service.check("cloudinary-strict", Case("signed", target, 200, "jpeg", (300, 200)))


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ("st=1111111111~exp=4111111411~acl=%2fdemo%2fimage%2f*", 200),
        ("exp=4111111411~acl=%2fdemo%2fvideo%2f*", 401),
        ("st=1111111111~exp=1111111411~acl=%2f*", 401),
        ("exp=4111111411", 200),
    ],
)
def test_tokens(service: Service, fields: str, status: int) -> None:
    path = "/demo/image/authenticated/w_300/L.jpg"
    signed = fields if "acl" in fields else f"{fields}~url={path.replace('/', '%2f').replace(',', '%2c')}"
    mac = hmac.new(bytes.fromhex("00112233FF99"), signed.encode(), "sha256").hexdigest()
    service.check("cloudinary-signed", Case(fields, f"{path}?__cld_token__={fields}~hmac={mac}", status))
