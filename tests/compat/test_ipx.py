"""ipx 3, which Nuxt Image and Nitro run, and what ipx 4 does otherwise, case by case."""

import pytest

from tests.compat.runner import Case, Check, Service, fact, frames, has_alpha, is_grey, lasts, pixel
from tests.compat.sources import BLACK, BLUE, GREEN, RED, WHITE, source

CHROME = {"Accept": "image/avif,image/webp,*/*"}
ANY = {"Accept": "*/*"}
REGION = [pixel(95, 95, RED), pixel(105, 95, GREEN), pixel(95, 105, BLUE)]
VARY = {"Vary": "Accept"}


def image(name: str, target: str, form: str, size: tuple[int, int], *checks: Check, mount: str = "") -> Case:
    return Case(name, target, 200, form, size, checks, mount=mount)


def failure(name: str, target: str, status: int, code: str) -> Case:
    """Return a case that fails in version 3."""
    return Case(name, target, status, "json", body=f"[{status}] [{code}] ")


def failure4(name: str, target: str, status: int, code: str) -> Case:
    """Return a case that fails in version 4."""
    checks = (fact("status", equals=status), fact("statusText", equals=code))
    return Case(name, target, status, "json", checks=checks, mount="ipx4")


CASES = [
    Case(
        "width alone keeps the shape",
        "/w_300/L.jpg",
        200,
        "jpeg",
        (300, 200),
        [lasts(60)],
        answers={"Content-Security-Policy": "default-src 'none'"},
    ),
    image("below the prefix", "/_ipx/w_300/L.jpg", "jpeg", (300, 200)),
    image("height alone keeps the shape", "/h_300/L.jpg", "jpeg", (450, 300)),
    image("width and height apply in turn", "/w_300,h_300/L.jpg", "jpeg", (300, 200)),
    image("one number is a square", "/s_300/L.jpg", "jpeg", (300, 300)),
    image("a small image shrinks the box", "/s_300x300/S.jpg", "jpeg", (80, 80)),
    image("enlarge fills the box", "/s_300x300,enlarge/S.jpg", "jpeg", (300, 300)),
    image("a large box shrinks to the image", "/s_2000x2000/L.jpg", "jpeg", (800, 800)),
    image("inside keeps the shape within the box", "/s_300x300,fit_inside/L.jpg", "jpeg", (300, 200)),
    image("outside covers the box without cutting", "/s_300x300,fit_outside/L.jpg", "jpeg", (450, 300)),
    image("inside shrinks the box before it fits", "/s_2000x500,fit_inside/L.jpg", "jpeg", (450, 300)),
    image("contain fills with black", "/s_300x300,fit_contain/L.jpg", "jpeg", (300, 300), pixel(5, 5, BLACK)),
    image("white around", "/s_300x300,fit_contain,b_ffffff/L.jpg", "jpeg", (300, 300), pixel(5, 5, WHITE)),
    image("joined by ampersands", "/fit_contain&f_png&b_00ff00&s_200x200/L.jpg", "png", (200, 200), pixel(5, 5, GREEN)),
    image("enlarge goes beyond the original width", "/w_2000,enlarge/L.jpg", "jpeg", (2000, 1333)),
    image("no modifiers keep the size", "/_/L.jpg", "jpeg", (1200, 800)),
    image("a format of WebP", "/w_300,f_webp/L.jpg", "webp", (300, 200)),
    image("a format of PNG", "/w_300,f_png/L.jpg", "png", (300, 200)),
    image("an unknown format keeps that of the original", "/w_300,f_bmp/L.jpg", "jpeg", (300, 200)),
    Case("f_auto gives accepted AVIF", "/w_300,f_auto/L.jpg", 200, "avif", (300, 200), headers=CHROME, answers=VARY),
    Case("f_auto keeps JPEG for any type", "/w_300,f_auto/L.jpg", 200, "jpeg", (300, 200), headers=ANY, answers=VARY),
    image("a GIF keeps its frames", "/w_60/G.gif", "gif", (60, 45), frames(3)),
    image("animated keeps the frames in WebP", "/animated,f_webp/G.gif", "webp", (120, 90), frames(3)),
    image("a still of an animation", "/f_webp/G.gif", "webp", (120, 90), frames(1)),
    image("a WebP is a still", "/w_60/G.webp", "webp", (60, 45), frames(1)),
    image("a WebP that moves", "/a,w_60/G.webp", "webp", (60, 45), frames(3)),
    image("EXIF orientation is not applied", "/w_100/E6.jpg", "jpeg", (100, 67)),
    image("rotate turns clockwise", "/rotate_90/L.jpg", "jpeg", (800, 1200), pixel(5, 5, BLUE)),
    image("rotate by 45 makes black corners", "/rotate_45/L.jpg", "jpeg", (1414, 1414), pixel(5, 5, BLACK)),
    image("flop mirrors left to right", "/flop/L.jpg", "jpeg", (1200, 800), pixel(5, 5, GREEN)),
    image("extract cuts a region", "/extract_500_300_400_300/L.jpg", "jpeg", (400, 300), *REGION),
    image("crop comes before the width", "/crop_600_0_400_300,w_100/L.jpg", "jpeg", (100, 75), pixel(5, 5, GREEN)),
    image("extend adds a coloured border", "/extend_10_20_30_40,b_ff0000/L.jpg", "jpeg", (1260, 840), pixel(5, 5, RED)),
    image("flatten fills with the background", "/b_ff0000,flatten,f_jpg/A.png", "jpeg", (400, 300), pixel(5, 5, RED)),
    image("transparent on black", "/f_jpg/A.png", "jpeg", (400, 300), pixel(5, 5, BLACK)),
    image("transparent", "/w_100/A.png", "png", (100, 75), has_alpha()),
    image("position_top keeps the top", "/position_top,s_300x300/P.jpg", "jpeg", (300, 300), pixel(10, 200, RED)),
    image("the kernel nearest mixes no colours", "/kernel_nearest,s_9x5/W.png", "png", (9, 5), pixel(4, 1, GREEN)),
    Case(
        "blur softens the edges of colours",
        "/blur_5,w_300/L.jpg",
        200,
        "jpeg",
        (300, 200),
        [pixel(5, 5, RED)],
        differs_from="/w_300/L.jpg",
    ),
    image("grayscale leaves no colour", "/grayscale/L.jpg", "jpeg", (1200, 800), is_grey()),
    Case("an SVG loses its script", "/w_300/V.svg", 200, "svg", checks=[lambda reply: b"script" not in reply.body]),
    image("an SVG as PNG is not enlarged", "/w_300,f_png/V.svg", "png", (200, 100)),
    Case("a URL of an allowed host", "/w_300/{origin}/L.jpg", 200, "jpeg", (300, 200), [lasts(300)]),
    image("an escaped URL of an allowed host", "/w_300/{origin-escaped}%2FL.jpg", "jpeg", (300, 200)),
    image("one slash", "/w_300/http:/127.0.0.1:{port}/L.jpg", "jpeg", (300, 200)),
    failure("a host that is not allowed", "/w_300/http://example.com/L.jpg", 403, "IPX_FORBIDDEN_HOST"),
    failure("a missing file is not found", "/w_300/nope.jpg", 404, "IPX_FILE_NOT_FOUND"),
    failure("a damaged image is refused", "/w_300/bad.jpg", 400, "IPX_INVALID_IMAGE"),
    failure("a width that is no number", "/w_abc/L.jpg", 500, "IPX_ERROR"),
    image("a size without numbers is ignored", "/s_axb/L.jpg", "jpeg", (1200, 800)),
    failure("an empty path lacks modifiers", "/", 400, "IPX_MISSING_MODIFIERS"),
    failure("modifiers without a file", "/w_300", 400, "IPX_MISSING_ID"),
    failure("outside", "/extract_5000_0_10_10/L.jpg", 500, "IPX_ERROR"),
    failure("outside the folder", "/w_300/..%2Fx.jpg", 403, "IPX_FORBIDDEN_PATH"),
    failure("characters of Windows", "/w_300/a%3Cb.jpg", 403, "IPX_FORBIDDEN_PATH"),
    failure("no number", "/rotate/L.jpg", 500, "IPX_ERROR"),
    failure("no colour", "/b_zz,extend_1/L.jpg", 500, "IPX_ERROR"),
    failure("quality", "/q_0/L.jpg", 500, "IPX_ERROR"),
    failure("digits without #", "/tint_ff0000/L.jpg", 500, "IPX_ERROR"),
    failure("a fit that is used", "/fit_x,s_10x10/L.jpg", 500, "IPX_ERROR"),
    image("a fit that is not used", "/fit_x/L.jpg", "jpeg", (1200, 800)),
    image("turned, then resized", "/rotate_90,w_300/L.jpg", "jpeg", (300, 450), pixel(5, 5, BLUE)),
    image("resized, turned, and cut", "/h_300,rotate_90/L.jpg", "jpeg", (300, 300)),
    image("a POST", "/w_300/L.jpg", "jpeg", (300, 200)),
    Case("any method", "/w_300/L.jpg", 200, "jpeg", (300, 200), method="DELETE"),
    image("4: a side", "/w_300/L.jpg", "jpeg", (300, 200), mount="ipx4"),
    image("4: upright", "/autoorient,w_100/E6.jpg", "jpeg", (100, 150), mount="ipx4"),
    image("4: rotate without a number", "/rotate/E6.jpg", "jpeg", (200, 300), mount="ipx4"),
    image("4: tint", "/tint_ff0000,w_60/L.jpg", "jpeg", (60, 40), pixel(5, 35, (172, 0, 0)), mount="ipx4"),
    image("4: a hyphen", "/position_left-top,s_300x300/P.jpg", "jpeg", (300, 300), pixel(10, 200, RED), mount="ipx4"),
    image("4: a border", "/trim_10/T.png", "png", (260, 160), pixel(0, 0, BLACK), mount="ipx4"),
    image("4: svg", "/f_svg/L.jpg", "jpeg", (1200, 800), mount="ipx4"),
    image("4: hue", "/hue_120,w_60/L.jpg", "jpeg", (60, 40), pixel(5, 5, (0, 158, 58)), mount="ipx4"),
    image("4: saturation", "/saturation_0,w_60/L.jpg", "jpeg", (60, 40), is_grey(), mount="ipx4"),
    image("4: opacity", "/opacity_0.5,f_png,w_60/L.jpg", "png", (60, 40), has_alpha(), mount="ipx4"),
    failure4("4: a bad argument", "/w_abc/L.jpg", 400, "IPX_INVALID_MODIFIER_ARG"),
    failure4("4: a missing argument", "/extract_1_1/L.jpg", 400, "IPX_MISSING_MODIFIER_ARG"),
    failure4("4: a fit", "/fit_x/L.jpg", 400, "IPX_INVALID_MODIFIER_ARG"),
    failure4("4: outside", "/extract_5000_0_10_10/L.jpg", 400, "IPX_INVALID_MODIFIER"),
    failure4("4: no file", "/w_300/nope.jpg", 404, "IPX_FILE_NOT_FOUND"),
    failure4("4: a host", "/w_300/http://example.com/L.jpg", 403, "IPX_FORBIDDEN_HOST"),
    failure4("4: no URL", "/w_300/http:%2F%2F/L.jpg%5B", 400, "IPX_INVALID_URL"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("ipx", case)


def test_a_lower_quality_is_smaller(service: Service) -> None:
    """A quality of 10 has fewer bytes than the usual one."""
    low, usual = (len(service.request("ipx", f"/{modifiers}/L.jpg").body) for modifiers in ("q_10,w_300", "w_300"))
    assert low < usual


def test_the_host_may_say_a_lifetime(service: Service) -> None:
    url = service.origin.serve("/aged.jpg", source("S.jpg"), headers={"Cache-Control": "max-age=1234"})
    service.check("ipx", Case("aged", f"/w_30/{url}", checks=[lasts(1234)]))


def test_if_modified_since_is_answered(service: Service) -> None:
    first = service.request("ipx", "/w_300/L.jpg")
    sent = {"If-Modified-Since": first.headers["last-modified"]}
    assert service.request("ipx", "/w_300/L.jpg", headers=sent).status == 304
