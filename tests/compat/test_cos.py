"""Tencent COS and Qiniu: thumbnails, regions, pipelines, watermarks, styles, information and errors."""

from base64 import urlsafe_b64encode

import pytest

from tests.compat.runner import Case, Reply, Service, fact, frames, has_alpha, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW, source

M = "?imageMogr2/"
V = "?imageView2/"
WHITE = (255, 255, 255)


def b64(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def progressive(reply: Reply) -> bool:
    """It is progressive."""
    return bool(reply.image.info.get("progressive"))


def has_white(reply: Reply) -> bool:
    """There is white."""
    colours = reply.image.convert("RGB").getcolors(1 << 24) or []
    return any(min(colour) > 240 for _, colour in colours if isinstance(colour, tuple))


def is_not_red(reply: Reply) -> bool:
    """The pixel at 146, 50 is no pure red."""
    return not pixel(146, 50, RED)(reply)


def is_not_the_original(reply: Reply) -> bool:
    """It has other bytes than the original."""
    return reply.body != source("L.jpg")


CASES = [
    Case("inside", f"/L.jpg{M}thumbnail/300x300", 200, "jpeg", (300, 200)),
    Case("width", f"/L.jpg{M}thumbnail/300x", 200, "jpeg", (300, 200)),
    Case("height", f"/L.jpg{M}thumbnail/x300", 200, "jpeg", (450, 300)),
    Case("at least", f"/L.jpg{M}thumbnail/!300x300r", 200, "jpeg", (450, 300)),
    Case(
        "distorted",
        f"/L.jpg{M}thumbnail/300x300!",
        200,
        "jpeg",
        (300, 300),
        [pixel(130, 130, RED), pixel(170, 130, GREEN)],
    ),
    Case("enlarges", f"/S.jpg{M}thumbnail/300x", 200, "jpeg", (300, 240)),
    Case("only shrinks", f"/S.jpg{M}thumbnail/300x300%3E", 200, "jpeg", (100, 80)),
    Case("shrinks", f"/L.jpg{M}thumbnail/300x300%3E", 200, "jpeg", (300, 200)),
    Case("only enlarges", f"/L.jpg{M}thumbnail/300x300%3C", 200, "jpeg", (1200, 800)),
    Case("enlarged", f"/S.jpg{M}thumbnail/300x300%3C", 200, "jpeg", (300, 240)),
    Case("area", f"/L.jpg{M}thumbnail/60000@", 200, "jpeg", (300, 200)),
    Case("percent", f"/L.jpg{M}thumbnail/!50p/format/webp", 200, "webp", (600, 400)),
    Case("percent of the width", f"/L.jpg{M}thumbnail/!50px", 200, "jpeg", (600, 800)),
    Case("percent of the height", f"/L.jpg{M}thumbnail/!x50p", 200, "jpeg", (1200, 400)),
    Case(
        "padded",
        f"/L.jpg{M}thumbnail/300x300/pad/1/color/{b64('#FF0000')}",
        200,
        "jpeg",
        (300, 300),
        [pixel(150, 10, RED), pixel(250, 60, GREEN)],
    ),
    Case("padded with white", f"/L.jpg{M}thumbnail/300x300/pad/1", 200, "jpeg", (300, 300), [pixel(150, 10, WHITE)]),
    Case("region", f"/L.jpg{M}crop/300x200", 200, "jpeg", (300, 200), [pixel(295, 195, RED)]),
    Case("region of one side", f"/L.jpg{M}crop/300x", 200, "jpeg", (300, 800), [pixel(5, 795, BLUE)]),
    Case(
        "region by gravity",
        f"/L.jpg{M}gravity/Center/crop/300x200",
        200,
        "jpeg",
        (300, 200),
        [pixel(145, 95, RED), pixel(155, 105, YELLOW)],
    ),
    Case("gravity behind", f"/L.jpg{M}crop/300x200/gravity/southeast", 200, "jpeg", (300, 200), [pixel(5, 5, YELLOW)]),
    Case("region moved", f"/L.jpg{M}crop/!300x200a550a350", 200, "jpeg", (300, 200), [pixel(45, 45, RED)]),
    Case(
        "region moved from the centre",
        f"/L.jpg{M}gravity/Center/crop/!300x200-100-50",
        200,
        "jpeg",
        (300, 200),
        [pixel(240, 140, RED), pixel(260, 160, YELLOW)],
    ),
    Case(
        "cut", f"/L.jpg{M}cut/300x200x500x300", 200, "jpeg", (300, 200), [pixel(95, 95, RED), pixel(105, 105, YELLOW)]
    ),
    Case("cut at the edges", f"/L.jpg{M}cut/300x200x1100x700", 200, "jpeg", (100, 100)),
    Case("cut outside", f"/L.jpg{M}cut/300x200x1300x0", 400, body="InvalidArgument"),
    Case("faces", f"/L.jpg{M}scrop/100x100", 200, "jpeg", (100, 100)),
    Case("circle", f"/L.jpg{M}iradius/100/format/png", 200, "png", (200, 200), [has_alpha(), pixel(90, 90, RED)]),
    Case("rounded corners", f"/L.jpg{M}rradius/100", 200, "jpeg", (1200, 800), [pixel(5, 5, WHITE)]),
    Case("right angle", f"/L.jpg{M}rotate/90", 200, "jpeg", (800, 1200), [pixel(5, 5, BLUE)]),
    Case("any angle", f"/Q.jpg{M}rotate/45", 200, "jpeg", (425, 425), [pixel(5, 5, WHITE)]),
    Case(
        "colour of corners",
        f"/Q.jpg{M}rotate/45/background/{b64('#00F')}",
        200,
        "jpeg",
        (425, 425),
        [pixel(5, 5, BLUE)],
    ),
    Case("mirrored", f"/L.jpg{M}flip/horizontal", 200, "jpeg", (1200, 800), [pixel(5, 5, GREEN)]),
    Case("turned by EXIF", f"/E6.jpg{M}auto-orient/thumbnail/100x", 200, "jpeg", (100, 150)),
    Case("blur", f"/L.jpg{M}thumbnail/300x/blur/10x10", 200, "jpeg", (300, 200), [is_not_red]),
    Case("grey", f"/L.jpg{M}thumbnail/300x/grayscale/1", 200, "jpeg", (300, 200), [is_grey()]),
    Case("quality", f"/L.jpg{M}thumbnail/300x/quality/10!", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("progressive", f"/L.jpg{M}thumbnail/300x/interlace/1", 200, "jpeg", (300, 200), [progressive]),
    Case("size limit", f"/L.jpg{M}thumbnail/300x/size-limit/3k!", 200, "jpeg", (300, 200), [smaller_than(3_073)]),
    Case("animation", f"/G.gif{M}thumbnail/60x", 200, "gif", (60, 45), [frames(3)]),
    Case("a still", f"/G.gif{M}thumbnail/60x/format/png", 200, "png", (60, 45), [frames(1)]),
    Case("escaped", "/L.jpg?imageMogr2%2Fthumbnail%2F300x", 200, "jpeg", (300, 200)),
    Case("signed", "/L.jpg?sign=abc&imageMogr2/thumbnail/300x&q-sign-time=1", 200, "jpeg", (300, 200)),
    Case("at most, by the longer side", f"/P.jpg{V}0/w/300", 200, "jpeg", (200, 300)),
    Case("at most, by the shorter side", f"/P.jpg{V}0/h/300", 200, "jpeg", (300, 450)),
    Case("at most, by both", f"/P.jpg{V}0/w/600/h/300", 200, "jpeg", (300, 450)),
    Case("cut to both sides", f"/L.jpg{V}1/w/300/h/300", 200, "jpeg", (300, 300), [pixel(140, 140, RED)]),
    Case("cut to a square", f"/L.jpg{V}1/w/200", 200, "jpeg", (200, 200)),
    Case("cut, never enlarged", f"/S.jpg{V}1/w/300/h/40", 200, "jpeg", (100, 40)),
    Case("view inside", f"/L.jpg{V}2/w/300/h/300/format/png/q/90", 200, "png", (300, 200)),
    Case("inside, never enlarged", f"/S.jpg{V}2/w/300", 200, "jpeg", (100, 80)),
    Case("view at least", f"/L.jpg{V}3/w/300/h/300", 200, "jpeg", (450, 300)),
    Case("sides at least", f"/P.jpg{V}4/w/600/h/300", 200, "jpeg", (400, 600)),
    Case("sides cut", f"/P.jpg{V}5/w/600/h/300", 200, "jpeg", (300, 600)),
    Case(
        "pipeline",
        f"/L.jpg{M}thumbnail/300x%7Cwatermark/1/image/{b64('http://b.example/S.jpg')}/gravity/NorthWest/dx/20/dy/30",
        200,
        "jpeg",
        (300, 200),
        [pixel(110, 105, YELLOW), pixel(12, 40, RED)],
    ),
    Case(
        "share of a watermark",
        f"/L.jpg{M}thumbnail/300x|watermark/1/image/{b64('W.png')}/ws/0.2",
        200,
        "jpeg",
        (300, 200),
        [pixel(241, 171, RED), pixel(259, 190, BLUE), pixel(235, 190, YELLOW)],
    ),
    Case(
        "text",
        f"/L.jpg{M}thumbnail/300x|watermark/2/text/{b64('HHHHHHHH')}/fill/{b64('#FFFFFF')}/fontsize/30/gravity/center",
        200,
        "jpeg",
        (300, 200),
        [has_white],
    ),
    Case("style", "/L.jpg?style/small", 200, "jpeg", (50, 33)),
    Case("style behind the object", "/L.jpg!small", 200, "jpeg", (50, 33)),
    Case("only styles", "/L.jpg/small", 200, "jpeg", (50, 33), mount="cos-styles"),
    Case("no others", f"/L.jpg{M}thumbnail/300x", 403, mount="cos-styles", body="AccessDenied"),
    Case("no such style", "/L.jpg?style/none", 400, body="none"),
    Case("original", "/L.jpg", 200, "jpeg", (1200, 800)),
    Case("encoded again", "/L.jpg?imageSlim", 200, "jpeg", (1200, 800), [is_not_the_original]),
    Case(
        "encoded again, in the sizes of others", "/L.jpg?imageMogr2/thumbnail/300x|imageSlim", 200, "jpeg", (300, 200)
    ),
    Case(
        "information",
        "/L.jpg?imageInfo",
        200,
        "json",
        checks=[fact("width", equals="1200"), fact("format", equals="jpeg")],
    ),
    Case("numbers", "/L.jpg?imageInfo", 200, "json", checks=[fact("width", equals=1200)], mount="qiniu"),
    Case("average colour", "/L.jpg?imageAve", 200, "json", checks=[lambda reply: reply.json()["RGB"].startswith("0x")]),
    Case("errors ignored", f"/L.jpg{M}thumbnail/x/ignore-error/1", 200, "jpeg", (1200, 800)),
    Case("no size", f"/L.jpg{M}thumbnail/x", 400, answers={"Content-Type": "application/xml"}),
    Case("unknown", f"/L.jpg{M}zoom/3", 400, body="zoom"),
    Case("errors of Qiniu", f"/L.jpg{M}zoom/3", 400, "json", mount="qiniu", body='"error"'),
    Case("no object", f"/none.jpg{M}thumbnail/3x", 404, body="NoSuchKey"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("cos", case)
