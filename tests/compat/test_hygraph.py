"""Hygraph: transformations in their order, output and errors."""

import pytest

from tests.compat.runner import Case, Reply, Service, clear, frames, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WHITE = (255, 255, 255)
WEBP = {"Accept": "image/webp,*/*"}
CHROME = {"Accept": "image/avif,image/webp,*/*"}
SMALL = "hygraph-files"


def component(reply: Reply, number: int, x: int = 5, y: int = 5) -> int:
    found = reply.image.convert("RGB").getpixel((x, y))
    assert isinstance(found, tuple)
    return found[number]


def is_brownish(reply: Reply) -> bool:
    """Red has become a brown."""
    return component(reply, 2) < component(reply, 0) - 20 and component(reply, 1) > 60


def is_mixed(reply: Reply) -> bool:
    """The colours mix in the middle."""
    return 60 < component(reply, 0, 30) < 200


CASES = [
    Case("max", "/resize=width:300,height:300,fit:max/output=format:jpeg/L", 200, "jpeg", (300, 200)),
    Case("scale", "/resize=width:300,height:300,fit:scale/output=format:png/L", 200, "png", (300, 300),
         [pixel(140, 140, RED), pixel(160, 160, YELLOW)]),
    Case("clip", "/resize=width:300,height:300/L", 200, "jpeg", (300, 200)),
    Case("crop", "/resize=fit:crop,width:300,height:300/L", 200, "jpeg", (300, 300),
         [pixel(140, 140, RED), pixel(160, 140, GREEN)]),
    Case("align", "/resize=w:300,h:300,f:crop,a:left/L", 200, "jpeg", (300, 300), [pixel(200, 10, RED)]),
    Case("align to a pair", "/resize=w:300,h:300,fit:crop,align:[bottom,right]/L", 200, "jpeg", (300, 300),
         [pixel(100, 290, YELLOW)]),
    Case("align to faces", "/resize=w:300,h:300,fit:crop,align:faces/L", 200, "jpeg", (300, 300)),
    Case("max does not enlarge", "/resize=width:300,fit:max/S.jpg", 200, "jpeg", (100, 80), mount=SMALL),
    Case("clip enlarges", "/resize=width:300/S.jpg", 200, "jpeg", (300, 240), mount=SMALL),
    Case("crop enlarges", "/resize=width:300,height:300,fit:crop/S.jpg", 200, "jpeg", (300, 300), mount=SMALL),
    Case("a region", "/crop=dim:[100,100,600,400]/L", 200, "jpeg", (600, 400),
         [pixel(490, 290, RED), pixel(510, 310, YELLOW)]),
    Case("a region by names", "/crop=x:600,y:400,width:300,height:200/L", 200, "jpeg", (300, 200), [pixel(5, 5, YELLOW)]),
    Case("a region across the edge", "/crop=x:1100,y:0,width:300,height:200/L", 200, "jpeg", (100, 200),
         [pixel(5, 5, GREEN)]),
    Case("region, then size", "/crop=dim:[0,0,600,400]/resize=width:60/L", 200, "jpeg", (60, 40), [pixel(55, 35, RED)]),
    Case("size, then region", "/resize=width:60/crop=dim:[20,10,40,30]/output=format:png/L", 200, "png", (40, 30),
         [pixel(5, 5, RED), pixel(15, 5, GREEN), pixel(35, 25, YELLOW)]),
    Case("by Accept", "/resize=width:300/auto_image/L", 200, "webp", (300, 200), headers=WEBP,
         answers={"Vary": "Accept"}),
    Case("AVIF by Accept", "/auto_image/resize=fit:max,width:300/quality=value:75/L", 200, "avif", (300, 200),
         headers=CHROME),
    Case("else JPEG", "/auto_image/A.png", 200, "jpeg", (400, 300), [pixel(5, 5, WHITE)], mount=SMALL),
    Case("literal format", "/output=format:webp/resize=width:300/L", 200, "webp", (300, 200)),
    Case("own format", "/resize=width:300/L", 200, "jpeg", (300, 200), headers=CHROME),
    Case("quality", "/resize=width:300/quality=value:10/L", 200, "jpeg", (300, 200), [smaller_than(3_000)]),
    Case("rotated", "/rotate=deg:90/resize=width:80/L", 200, "jpeg", (80, 120), [pixel(5, 5, BLUE), pixel(70, 5, RED)]),
    Case("rotated by any angle", "/resize=width:300/rotate=deg:45,background:0000ff/L", 200, "jpeg",
         checks=[pixel(5, 5, BLUE)]),
    Case("flipped", "/flip/resize=width:60/L", 200, "jpeg", (60, 40), [pixel(5, 5, BLUE)]),
    Case("flopped", "/flop/resize=width:60/L", 200, "jpeg", (60, 40), [pixel(5, 5, GREEN)]),
    Case("flipped and flopped", "/flip/flop/resize=width:60/L", 200, "jpeg", (60, 40), [pixel(5, 5, YELLOW)]),
    Case("grey", "/monochrome/resize=width:60/L", 200, "jpeg", (60, 40), [is_grey()]),
    Case("sepia", "/resize=width:60/sepia=tone:100/L", 200, "jpeg", (60, 40),
         [is_brownish]),
    Case("blur", "/resize=width:60/blur=amount:4/L", 200, "jpeg", (60, 40),
         [is_mixed]),
    Case("border", "/resize=width:60/border=width:10,color:0000ff/L", 200, "jpeg", (80, 60),
         [pixel(5, 5, BLUE), pixel(75, 30, BLUE), pixel(14, 14, RED)]),
    Case("border around transparency", "/border=width:10,color:blue/output=format:png/A.png", 200, "png", (420, 320),
         [pixel(5, 5, BLUE), clear(15, 15), pixel(100, 100, RED)], mount=SMALL),
    Case("border around transparency, as JPEG", "/border=width:10,color:blue/output=format:jpg/A.png", 200, "jpeg",
         (420, 320), [pixel(5, 5, BLUE), pixel(30, 30, WHITE)], mount=SMALL),
    Case("border, then size", "/border=width:600,color:00ff00/resize=width:60/output=format:png/L", 200, "png", (60, 50),
         [pixel(5, 5, GREEN), pixel(20, 20, RED)]),
    Case("circle", "/resize=width:60/circle/output=format:png/L", 200, "png", (60, 40),
         [pixel(2, 10, (*RED, 0)), pixel(25, 15, (*RED, 255))]),
    Case("corners", "/resize=width:60/rounded_corners=radius:15,background:0000ff/L", 200, "jpeg", (60, 40),
         [pixel(0, 0, BLUE, 40), pixel(20, 15, RED)]),
    Case("compressed", "/resize=width:300/compress=metadata:true/cache=expiry:max/L", 200, "jpeg", (300, 200)),
    Case("animation", "/resize=width:60/G.gif", 200, "gif", (60, 45), [frames(3)], mount=SMALL),
    Case("turned", "/resize=width:100/E6", 200, "jpeg", (100, 150)),
    Case("untouched", "/L", 200, "jpeg", (1200, 800)),
    Case("no such asset", "/resize=width:300/nope", 404),
    Case("too wide", "/resize=width:10001/L", 400, body="resize=width must be"),
    Case("no such transformation", "/polaroid=color:red/L", 400, body="polaroid"),
    Case("no asset", "/resize=width:300", 400),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("hygraph", case)
