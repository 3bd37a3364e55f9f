"""Aliyun OSS, Huawei OBS and Baidu BOS: chains of actions, styles, watermarks, information and errors."""

from base64 import urlsafe_b64encode

import pytest

from tests.compat.runner import Case, Check, Reply, Service, fact, frames, has_alpha, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

P = "?x-oss-process="
WHITE = (255, 255, 255)


def b64(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def differs(case: str, x: int, y: int, colour: tuple[int, int, int]) -> Check:
    """Check that a pixel has another colour than that of the original."""
    same = pixel(x, y, colour)

    def holds(reply: Reply) -> bool:
        return not same(reply)

    holds.__doc__ = f"{case}: the pixel at {x}, {y} is not {colour}"
    return holds


def progressive(reply: Reply) -> bool:
    """It is progressive."""
    return bool(reply.image.info.get("progressive"))


def has_white(reply: Reply) -> bool:
    """There is white."""
    colours = reply.image.convert("RGB").getcolors(1 << 24) or []
    return any(min(colour) > 240 for _, colour in colours if isinstance(colour, tuple))


CASES = [
    Case("both sides", f"/L.jpg{P}image/resize,w_300,h_300", 200, "jpeg", (300, 200)),
    Case("lfit", f"/L.jpg{P}image/resize,m_lfit,w_300,h_300", 200, "jpeg", (300, 200)),
    Case("escaped", f"/L.jpg{P}image%2Fresize%2Cw_300%2Ch_300", 200, "jpeg", (300, 200)),
    Case("mfit", f"/L.jpg{P}image/resize,m_mfit,w_300,h_300", 200, "jpeg", (450, 300)),
    Case("fill", f"/L.jpg{P}image/resize,m_fill,w_300,h_300", 200, "jpeg", (300, 300), [pixel(140, 140, RED)]),
    Case("fixed", f"/L.jpg{P}image/resize,m_fixed,w_300,h_300", 200, "jpeg", (300, 300), [pixel(5, 5, RED)]),
    Case(
        "pad with a colour",
        f"/L.jpg{P}image/resize,m_pad,w_300,h_300,color_FF0000",
        200,
        "jpeg",
        (300, 300),
        [pixel(150, 10, RED), pixel(250, 60, GREEN)],
    ),
    Case("white padding", f"/L.jpg{P}image/resize,m_pad,w_300,h_300", 200, "jpeg", (300, 300), [pixel(150, 10, WHITE)]),
    Case("one side pads nothing", f"/L.jpg{P}image/resize,m_pad,w_300", 200, "jpeg", (300, 200)),
    Case("longer side", f"/P.jpg{P}image/resize,l_300", 200, "jpeg", (200, 300)),
    Case("shorter side", f"/P.jpg{P}image/resize,s_300", 200, "jpeg", (300, 450)),
    Case("longer and shorter", f"/P.jpg{P}image/resize,m_fill,l_300,s_100", 200, "jpeg", (100, 300)),
    Case("a side before the longer one", f"/P.jpg{P}image/resize,l_100,w_300", 200, "jpeg", (300, 450)),
    Case("percent", f"/L.jpg{P}image/resize,p_50", 200, "jpeg", (600, 400)),
    Case("percent enlarge", f"/S.jpg{P}image/resize,p_200", 200, "jpeg", (200, 160)),
    Case("not enlarged", f"/S.jpg{P}image/resize,w_300", 200, "jpeg", (100, 80)),
    Case("limit", f"/S.jpg{P}image/resize,w_300,limit_0", 200, "jpeg", (300, 240)),
    Case("small and fill", f"/S.jpg{P}image/resize,m_fill,w_300,h_300", 200, "jpeg", (100, 80)),
    Case("small and fill without limit", f"/S.jpg{P}image/resize,m_fill,w_300,h_300,limit_0", 200, "jpeg", (300, 300)),
    Case("small and fixed", f"/S.jpg{P}image/resize,m_fixed,w_300,h_40", 200, "jpeg", (100, 80)),
    Case("small and pad", f"/S.jpg{P}image/resize,m_pad,w_300,h_300", 200, "jpeg", (100, 80)),
    Case("small and pad without limit", f"/S.jpg{P}image/resize,m_pad,w_300,h_300,limit_0", 200, "jpeg", (300, 300)),
    Case("two resizes", f"/L.jpg{P}image/resize,w_300/resize,p_50", 200, "jpeg", (150, 100)),
    Case("region", f"/L.jpg{P}image/crop,w_300,h_200,x_100,y_100", 200, "jpeg", (300, 200), [pixel(290, 190, RED)]),
    Case("region by gravity", f"/L.jpg{P}image/crop,w_300,h_200,g_se", 200, "jpeg", (300, 200), [pixel(5, 5, YELLOW)]),
    Case(
        "region in the centre",
        f"/L.jpg{P}image/crop,w_300,h_200,g_center",
        200,
        "jpeg",
        (300, 200),
        [pixel(140, 90, RED), pixel(160, 110, YELLOW)],
    ),
    Case(
        "region moved from the centre",
        f"/L.jpg{P}image/crop,w_300,h_200,x_100,y_50,g_center",
        200,
        "jpeg",
        (300, 200),
        [pixel(45, 45, RED), pixel(55, 55, YELLOW)],
    ),
    Case("region beyond the edge", f"/L.jpg{P}image/crop,w_300,h_200,x_1000,y_700", 200, "jpeg", (200, 100)),
    Case("the same from another corner", f"/L.jpg{P}image/crop,w_300,h_200,x_100,y_50,g_se", 200, "jpeg", (200, 150)),
    Case("region to the edges", f"/L.jpg{P}image/crop,x_700,y_500", 200, "jpeg", (500, 300), [pixel(5, 5, YELLOW)]),
    Case("region outside", f"/L.jpg{P}image/crop,x_1300,y_0", 400, body="<Code>InvalidArgument</Code>"),
    Case("slices", f"/L.jpg{P}image/indexcrop,x_500,i_1", 200, "jpeg", (500, 800), [pixel(50, 5, RED)]),
    Case("last slice", f"/L.jpg{P}image/indexcrop,y_300,i_2", 200, "jpeg", (1200, 200), [pixel(5, 5, BLUE)]),
    Case("no such slice", f"/L.jpg{P}image/indexcrop,x_500,i_9", 200, "jpeg", (1200, 800)),
    Case(
        "circle",
        f"/L.jpg{P}image/circle,r_100/format,png",
        200,
        "png",
        (200, 200),
        [has_alpha(), pixel(90, 90, (*RED, 255))],
    ),
    Case("circle on white", f"/L.jpg{P}image/circle,r_100", 200, "jpeg", (200, 200), [pixel(2, 2, WHITE)]),
    Case("rounded corners", f"/L.jpg{P}image/rounded-corners,r_100/format,png", 200, "png", (1200, 800), [has_alpha()]),
    Case("right angle", f"/L.jpg{P}image/rotate,90", 200, "jpeg", (800, 1200), [pixel(5, 5, BLUE)]),
    Case("any angle", f"/Q.jpg{P}image/rotate,45", 200, "jpeg", (425, 425), [pixel(5, 5, WHITE)]),
    Case("after a resize", f"/L.jpg{P}image/resize,w_300/rotate,90", 200, "jpeg", (200, 300), [pixel(5, 5, BLUE)]),
    Case("before a resize", f"/L.jpg{P}image/rotate,90/resize,w_300", 200, "jpeg", (300, 450), [pixel(5, 5, BLUE)]),
    Case("turned by EXIF", f"/E6.jpg{P}image/resize,w_100", 200, "jpeg", (100, 150)),
    Case("as stored", f"/E6.jpg{P}image/auto-orient,0/resize,w_100", 200, "jpeg", (100, 67)),
    Case(
        "blur", f"/L.jpg{P}image/resize,w_300/blur,r_10,s_10", 200, "jpeg", (300, 200), [differs("blur", 146, 50, RED)]
    ),
    Case("bright", f"/L.jpg{P}image/bright,-50", 200, "jpeg", (1200, 800), [differs("bright", 5, 5, RED)]),
    Case("contrast", f"/L.jpg{P}image/contrast,-50", 200, "jpeg", (1200, 800), [differs("contrast", 5, 5, RED)]),
    Case("format", f"/L.jpg{P}image/resize,w_300/format,webp", 200, "webp", (300, 200)),
    Case("format of the original", f"/X.webp{P}image/resize,w_100", 200, "webp", (100, 75)),
    Case("quality", f"/L.jpg{P}image/resize,w_300/quality,q_10", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("progressive", f"/L.jpg{P}image/resize,w_300/interlace,1", 200, "jpeg", (300, 200), [progressive]),
    Case("animation", f"/G.gif{P}image/resize,w_60", 200, "gif", (60, 45), [frames(3)]),
    Case("a still of an animation", f"/G.gif{P}image/resize,w_60/format,png", 200, "png", (60, 45), [frames(1)]),
    Case("transparent on white", f"/A.png{P}image/format,jpg", 200, "jpeg", (400, 300), [pixel(5, 5, WHITE)]),
    Case("style", f"/L.jpg{P}style/small", 200, "jpeg", (50, 33)),
    Case("another style", f"/L.jpg{P}style/turned", 200, "jpeg", (800, 1200)),
    Case("no such style", f"/L.jpg{P}style/none", 400, body="none"),
    Case("only styles", f"/L.jpg{P}image/resize,w_40", 403, mount="aliyun-styles", body="AccessDenied"),
    Case("no original besides styles", "/L.jpg", 403, mount="aliyun-styles"),
    Case("a style where only styles are", f"/L.jpg{P}style/small", 200, "jpeg", (50, 33), mount="aliyun-styles"),
    Case("without an image prefix", "/L.jpg?image_process=resize,w_300/format,png", 200, "png", (300, 200)),
    Case("original", "/L.jpg", 200, "jpeg", (1200, 800)),
    Case("other parameters", "/L.jpg?versionId=1&w=30", 200, "jpeg", (1200, 800)),
    Case(
        "watermark of another object",
        f"/L.jpg{P}image/resize,w_300/watermark,image_{b64('S.jpg?x-oss-process=image/resize,w_50')},g_nw,x_20,y_30",
        200,
        "jpeg",
        (300, 200),
        [pixel(60, 61, YELLOW), pixel(12, 40, RED), pixel(80, 35, RED)],
    ),
    Case(
        "share of a watermark",
        f"/L.jpg{P}image/resize,w_300/watermark,image_{b64('W.png?x-oss-process=image/resize,P_20')},g_se,x_0,y_0",
        200,
        "jpeg",
        (300, 200),
        [pixel(241, 171, RED), pixel(259, 190, BLUE), pixel(235, 190, YELLOW)],
    ),
    Case(
        "tiles of a watermark",
        f"/L.jpg{P}image/watermark,image_{b64('S.jpg')},fill_1",
        200,
        "jpeg",
        (1200, 800),
        [pixel(1195, 5, GREEN), pixel(75, 5, GREEN)],
    ),
    Case(
        "text",
        f"/L.jpg{P}image/resize,w_300/watermark,text_{b64('HHHHHHHH')},color_FFFFFF,size_30,g_center",
        200,
        "jpeg",
        (300, 200),
        [has_white],
    ),
    Case(
        "information",
        f"/L.jpg{P}image/info",
        200,
        "json",
        checks=[
            fact("ImageWidth", "value", equals="1200"),
            fact("ImageHeight", "value", equals="800"),
            fact("Format", "value", equals="jpg"),
        ],
    ),
    Case("average colour", f"/L.jpg{P}image/average-hue", 200, "json", checks=[lambda reply: "0x" in reply.text]),
    Case("unknown action", f"/L.jpg{P}image/scale,w_3", 400, "", answers={"Content-Type": "application/xml"}),
    Case("unknown value", f"/L.jpg{P}image/resize,z_3", 400, body="no value 'z'"),
    Case("out of bounds", f"/L.jpg{P}image/resize,w_16385", 400, body="from 1 to 16384"),
    Case("no number", f"/L.jpg{P}image/resize,w_", 400, body="resize: w must be"),
    Case("no chain", f"/L.jpg{P}resize,w_3", 400, body="InvalidArgument"),
    Case("saved results", f"/L.jpg{P}image/resize,w_3|sys/saveas,o_YQ", 400, body="InvalidArgument"),
    Case("no object", f"/none.jpg{P}image/resize,w_3", 404, body="<Code>NoSuchKey</Code>"),
    Case("no image", f"/bad.jpg{P}image/resize,w_3", (400, 415, 422), body="<Code>BadRequest</Code>"),
    Case("Huawei", "/L.jpg?x-image-process=image/resize,m_lfit,w_300", 200, "jpeg", (300, 200), mount="obs"),
    Case("Baidu", "/L.jpg?x-bce-process=image/resize,m_fill,w_300,h_300", 200, "jpeg", (300, 300), mount="bos"),
    Case("only its own parameter", f"/L.jpg{P}image/resize,w_300", 200, "jpeg", (1200, 800), mount="bos"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("aliyun", case)
