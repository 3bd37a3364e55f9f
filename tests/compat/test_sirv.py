"""Sirv: sizes, crops, canvas, rotation, colours, frames, texts, watermarks, profiles, formats and information."""

import pytest

from tests.compat.runner import Case, Check, Reply, Service, fact, has_alpha, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WEBP = {"Accept": "image/webp,*/*"}
CHROME = {"Accept": "image/avif,image/webp,*/*"}
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (128, 128, 128)
CENTRE = [pixel(140, 90, RED), pixel(160, 90, GREEN), pixel(140, 110, BLUE), pixel(160, 110, YELLOW)]


def progressive(*, expected: bool) -> Check:
    return lambda reply: bool(reply.image.info.get("progressive")) is expected


def drawn(colour: tuple[int, int, int], *, box: tuple[int, int, int, int], least: int = 20) -> Check:
    """Check that there are pixels of a colour inside the box, and none outside."""

    def holds(reply: Reply) -> bool:
        image = reply.image.convert("RGB")
        inside = outside = 0
        for y in range(image.height):
            for x in range(image.width):
                found = image.getpixel((x, y))
                assert isinstance(found, tuple)
                if all(abs(one - other) <= 8 for one, other in zip(found, colour, strict=True)):
                    is_inside = box[0] <= x < box[2] and box[1] <= y < box[3]
                    inside, outside = inside + is_inside, outside + (not is_inside)
        return inside >= least and not outside

    holds.__doc__ = f"{colour} is in {box} and nowhere else"
    return holds


def case(
    name: str,
    target: str,
    size: tuple[int, int] | None = None,
    *checks: Check,
    form: str = "jpeg",
    headers: dict[str, str] | None = None,
    mount: str = "",
) -> Case:
    return Case(name, target, 200, form, size, checks, headers=headers or {}, mount=mount)


SIZES = [
    case("width", "/L.jpg?w=300", (300, 200)),
    case("height", "/L.jpg?h=300", (450, 300)),
    case("both sides", "/L.jpg?w=300&h=300", (300, 200)),
    case("longer side", "/L.jpg?s=300", (300, 200)),
    case("longer side of a portrait", "/P.jpg?s=300", (200, 300)),
    case("pixels by name", "/L.jpg?scale.width=300px&scale.height=", (300, 200)),
    case("percent", "/L.jpg?w=50%25", (600, 400)),
    case("percent, not escaped", "/L.jpg?w=50%&q=80", (600, 400)),
    case("percent of the longer side", "/L.jpg?s=25%25", (300, 200)),
    case("percent of both", "/L.jpg?w=50%25&h=25%25&scale.option=ignore", (600, 200)),
    case("fill covers without a cut", "/L.jpg?w=300&h=300&scale.option=fill", (450, 300)),
    case("ignore distorts", "/L.jpg?w=300&h=300&scale.option=ignore", (300, 300), pixel(140, 140, RED)),
    case("noup", "/S.jpg?w=300&h=300&scale.option=noup", (100, 80)),
    case("fit enlarges", "/S.jpg?w=300&h=300", (300, 240)),
    case("thumbnail", "/L.jpg?thumbnail=150", (150, 150), pixel(70, 70, RED), pixel(80, 70, GREEN)),
    case("thumbnail without a number", "/S.jpg?thumbnail", (256, 256)),
    case("turned original", "/E6.jpg?w=100", (100, 150)),
    case("the last of equal names", "/L.jpg?w=100&w=300", (300, 200)),
]
CROPS = [
    case("region", "/L.jpg?crop.x=100&crop.y=100&crop.width=300&crop.height=200", (300, 200), pixel(290, 190, RED)),
    case("region by short names", "/L.jpg?cx=500&cy=0&cw=200&ch=100", (200, 100), pixel(90, 50, RED), pixel(110, 50, GREEN)),
    case("region in percent", "/L.jpg?crop.x=25%25&crop.y=25%25&crop.width=50%25&crop.height=50%25", (600, 400),
         pixel(290, 190, RED), pixel(310, 210, YELLOW)),
    case("centre", "/L.jpg?crop.x=center&crop.y=center&crop.width=300&crop.height=200", (300, 200), *CENTRE),
    case("words for one axis", "/L.jpg?crop.x=right&crop.y=300&crop.width=300&crop.height=200", (300, 200),
         pixel(150, 90, GREEN), pixel(150, 110, YELLOW)),
    case("after the scaling", "/L.jpg?w=300&crop.width=100&crop.height=150", (100, 150), pixel(50, 90, RED), pixel(50, 110, BLUE)),
    case("to the edge", "/L.jpg?crop.x=900", (300, 800), pixel(10, 10, GREEN)),
    case("from outside", "/L.jpg?crop.x=-100&crop.width=300&crop.height=200", (200, 200)),
    case("ratio", "/L.jpg?crop.aspectratio=1:1", (800, 800), pixel(390, 10, RED), pixel(410, 10, GREEN)),
    case("ratio at the left", "/L.jpg?crop.aspectratio=1:1&crop.x=0", (800, 800), pixel(590, 10, RED)),
    case("trim", "/T.png?crop.type=trim", (260, 160), form="png"),
    case("trim with padding", "/T.png?crop.type=trim&crop.pad.x=5&crop.pad.y=5", (270, 170), form="png"),
    case("trim before scaling", "/T.png?crop.type=trim&w=130", (130, 80), pixel(0, 0, BLACK), form="png"),
    case("attention", "/L.jpg?crop.type=poi&w=100&h=50&scale.option=fill", (100, 50)),
    case("thumbnail by faces", "/P.jpg?crop.type=face&thumbnail=90", (90, 90)),
]  # fmt: skip
CANVASES = [
    case("canvas", "/L.jpg?canvas.width=1400&canvas.height=1000&canvas.color=ff0000", (1400, 1000),
         pixel(10, 10, RED), pixel(700, 990, RED), pixel(1290, 110, GREEN)),
    case("canvas of a scaled image", "/L.jpg?w=300&canvas.width=300&canvas.height=300&canvas.color=ff0000", (300, 300),
         pixel(150, 10, RED), pixel(160, 60, GREEN)),
    case("smaller canvas", "/L.jpg?w=600&canvas.width=300&canvas.height=200", (300, 200), *CENTRE),
    case("position", "/S.jpg?canvas.width=200&canvas.height=160&canvas.position=southeast&canvas.color=blue", (200, 160),
         pixel(50, 50, BLUE), pixel(110, 90, RED)),
    case("ratio of a canvas", "/L.jpg?w=300&canvas.aspectratio=1:1&canvas.color=f00", (300, 300), pixel(250, 10, RED)),
    case("width and ratio", "/S.jpg?canvas.width=200&canvas.aspectratio=2:1&canvas.color=f00", (200, 100), pixel(190, 5, RED)),
    case("canvas in percent", "/S.jpg?canvas.width=200%25&canvas.height=150%25&canvas.color=f00", (200, 120), pixel(5, 60, RED)),
    case("two units", "/S.jpg?canvas.width=200%25&canvas.height=100&canvas.color=f00", (200, 100), pixel(5, 50, RED)),
    case("transparent canvas", "/S.jpg?canvas.width=200&format=png", (200, 80), pixel(5, 5, (*WHITE, 0)), form="png"),
    case("behind a transparent original", "/A.png?canvas.width=500&canvas.color=0000ff", (500, 300),
         pixel(60, 10, BLUE), has_alpha(expected=False), form="png"),
    case("border", "/S.jpg?canvas.color=f00&canvas.border.width=10&canvas.border.height=20", (120, 120),
         pixel(5, 60, RED), pixel(60, 10, RED), pixel(80, 30, GREEN)),
    case("border of another colour", "/S.jpg?canvas.width=120&canvas.border.width=10%25&canvas.border.color=00f",
         (144, 80), pixel(5, 40, BLUE), pixel(16, 40, WHITE)),
    case("frame", "/S.jpg?frame.style=solid&frame.color=00f&frame.width=10", (120, 100), pixel(5, 5, BLUE), pixel(15, 15, RED)),
    case("frame with a rim", "/S.jpg?frame.style=solid&frame.color=00f&frame.width=10&frame.rim.color=ff0&frame.rim.width=4&format=png",
         (128, 108), pixel(5, 5, BLUE), pixel(12, 50, YELLOW), pixel(20, 20, RED), form="png"),
    case("mirrored frame", "/S.jpg?frame.style=mirror&frame.width=20", (140, 120), pixel(5, 5, RED), pixel(135, 115, YELLOW)),
    case("no frame", "/S.jpg?frame.style=none&frame.width=20", (100, 80)),
]  # fmt: skip
TURNS = [
    case("rotate", "/L.jpg?rotate=90", (800, 1200), pixel(10, 10, BLUE)),
    case("counter-clockwise", "/L.jpg?rotate=-90", (800, 1200), pixel(10, 10, GREEN)),
    case("after scaling", "/L.jpg?w=300&rotate=90", (200, 300), pixel(10, 10, BLUE)),
    case("after the canvas", "/S.jpg?canvas.width=200&canvas.color=f0f&rotate=90", (80, 200), pixel(40, 10, (255, 0, 255))),
    case("any angle", "/S.jpg?rotate=45&format=png", (128, 128), has_alpha(), form="png"),
    case("flop", "/L.jpg?w=300&flop=true", (300, 200), pixel(10, 10, GREEN)),
    case("flip", "/L.jpg?w=300&flip=yes", (300, 200), pixel(10, 10, BLUE)),
    case("flags without a value", "/L.jpg?w=300&flip&flop", (300, 200), pixel(10, 10, YELLOW)),
    case("rotated, then mirrored", "/L.jpg?w=300&rotate=90&flop=1", (200, 300), pixel(10, 10, RED)),
]  # fmt: skip
COLOURS = [
    case("grey", "/L.jpg?w=300&grayscale=true", (300, 200), is_grey()),
    case("not grey", "/L.jpg?w=300&grayscale=false", (300, 200), pixel(10, 10, RED)),
    case("blur", "/L.jpg?w=300&blur=5", (300, 200), pixel(150, 50, (128, 128, 0), 25), pixel(50, 50, RED)),
    case("brightness and contrast", "/L.jpg?w=300&brightness=20&contrast=10", (300, 200), pixel(10, 150, (45, 45, 255), 20)),
    case("saturation", "/L.jpg?w=300&saturation=-100", (300, 200), is_grey()),
    case("hue", "/L.jpg?w=300&hue=100&format=png", (300, 200), pixel(10, 10, (0, 109, 109), 3), form="png"),
    case("colour over all", "/L.jpg?w=300&colorize.color=0000ff&colorize.opacity=100", (300, 200), pixel(10, 10, BLUE)),
    case("half a colour", "/L.jpg?w=300&colorize.color=0000ff&colorize.opacity=50", (300, 200), pixel(10, 10, (128, 0, 128), 14)),
    case("sepia", "/L.jpg?w=300&colortone=sepia", (300, 200), pixel(10, 10, (100, 89, 69), 14)),
    case("opacity", "/S.jpg?opacity=50&format=png", (100, 80), pixel(10, 10, (*RED, 128)), form="png"),
    case("vignette", "/L.jpg?w=300&vignette.value=100", (300, 200), pixel(0, 0, BLACK, 30), pixel(140, 90, RED)),
]  # fmt: skip
OVERLAYS = [
    case("text", "/L.jpg?w=600&text=Hello&text.size=40&text.color=ffffff&format=png", (600, 400),
         drawn(WHITE, box=(360, 300, 600, 400)), form="png"),
    case("text by number", "/L.jpg?w=600&text.0.text=Hello&text.0.position=northwest&text.0.color=fff&format=png",
         (600, 400), drawn(WHITE, box=(0, 0, 150, 100)), form="png"),
    case("text in base64", "/L.jpg?w=600&text.text64=SGVsbG8&text.position=northwest&text.color=fff&format=png",
         (600, 400), drawn(WHITE, box=(0, 0, 150, 100)), form="png"),
    case("letters in pixels", "/L.jpg?w=600&text=Hi&text.font.size=20&text.position=center&text.color=white&format=png",
         (600, 400), drawn(WHITE, box=(285, 180, 315, 220)), form="png"),
    case("lines", "/L.jpg?w=600&text=a%0Ab%0D%0Ac&text.font.size=20&text.position=west&text.color=white&format=png",
         (600, 400), drawn(WHITE, box=(0, 160, 40, 245)), form="png"),
    case("moved from a corner", "/L.jpg?w=600&text=Hi&text.size=10&text.color=fff&text.position.gravity=northwest"
         "&text.position.x=50%25&text.position.y=100&format=png", (600, 400), drawn(WHITE, box=(300, 100, 360, 180)), form="png"),
    case("moved from the default corner", "/L.jpg?w=600&text=Hi&text.size=10&text.color=fff&text.position.x=-50%25&format=png",
         (600, 400), drawn(WHITE, box=(240, 320, 300, 400)), form="png"),
    case("two texts", "/L.jpg?w=600&text.0.text=A&text.0.color=fff&text.0.position=west&text.1=B&text.1.color=000&format=png",
         (600, 400), drawn(WHITE, box=(0, 0, 150, 400)), drawn(BLACK, box=(450, 100, 600, 400)), form="png"),
    case("no text", "/L.jpg?w=600&text=&text.size=40&format=png", (600, 400), pixel(590, 390, YELLOW), form="png"),
    case("watermark", "/L.jpg?watermark=/S.jpg&watermark.position=northeast", (1200, 800), pixel(1120, 10, RED), pixel(1060, 10, GREEN)),
    case("watermark in percent", "/L.jpg?w=600&watermark.0.image=%2FS.jpg&watermark.0.scale.width=50%25", (600, 400),
         pixel(155, 85, RED), pixel(445, 315, YELLOW), pixel(160, 70, RED), pixel(310, 85, GREEN), pixel(445, 330, YELLOW)),
    case("offset from the middle", "/L.jpg?w=600&watermark=/S.jpg&watermark.position.x=-25%25", (600, 400),
         pixel(180, 170, GREEN), pixel(120, 230, BLUE), pixel(180, 230, YELLOW)),
    case("noup", "/L.jpg?watermark=/S.jpg&watermark.scale.width=400&watermark.scale.height=400&watermark.position=northwest",
         (1200, 800), pixel(90, 10, GREEN), pixel(110, 10, RED)),
    case("fit", "/L.jpg?watermark=/S.jpg&watermark.scale.width=400&watermark.scale.height=400&watermark.scale.option=fit"
         "&watermark.position=northwest", (1200, 800), pixel(390, 10, GREEN), pixel(410, 10, RED)),
    case("tiles", "/L.jpg?w=600&watermark=/S.jpg&watermark.position=tile", (600, 400), pixel(110, 10, RED), pixel(190, 10, GREEN)),
    case("crop of a watermark", "/L.jpg?watermark=/S.jpg&watermark.crop.x=50&watermark.crop.width=50&watermark.crop.height=40"
         "&watermark.position=northwest", (1200, 800), pixel(10, 10, GREEN), pixel(60, 10, RED)),
    case("canvas of a watermark", "/L.jpg?watermark=/S.jpg&watermark.canvas.width=200&watermark.canvas.color=000"
         "&watermark.position=northwest", (1200, 800), pixel(10, 10, BLACK), pixel(60, 10, RED), pixel(190, 10, BLACK)),
    case("behind", "/A.png?watermark=/L.jpg&watermark.layer=back", (400, 300), pixel(10, 10, RED), form="png"),
    case("translucent", "/L.jpg?w=300&watermark=/S.jpg&watermark.opacity=50&watermark.position=southeast", (300, 200),
         pixel(210, 130, (255, 128, 0), 14)),
]  # fmt: skip
FORMATS = [
    case("webp", "/L.jpg?w=300&format=webp", (300, 200), form="webp"),
    case("png", "/L.jpg?w=300&format=png", (300, 200), form="png"),
    case("avif", "/L.jpg?w=300&format=AVIF", (300, 200), form="avif"),
    case("by Accept", "/L.jpg?w=300", (300, 200), form="webp", headers=WEBP),
    case("WebP before AVIF", "/L.jpg?w=300&format=optimal", (300, 200), form="webp", headers=CHROME),
    case("AVIF if it is allowed", "/L.jpg?w=300", (300, 200), form="avif", headers=CHROME, mount="sirv-avif"),
    case("original", "/L.jpg?w=300&format=original", (300, 200), headers=WEBP),
    case("WebP original for other clients", "/X.webp?w=160", (160, 120), form="jpeg"),
    case("fallback", "/L.jpg?w=300&webp.fallback=png", (300, 200), form="png"),
    case("WebP with a fallback", "/L.jpg?w=300&format=webp&webp-fallback=jpg", (300, 200), form="jpeg"),
    case("quality", "/L.jpg?w=300&q=10", (300, 200), smaller_than(3_000)),
    case("progressive", "/L.jpg?w=300", (300, 200), progressive(expected=True)),
    case("baseline", "/L.jpg?w=300&progressive=false", (300, 200), progressive(expected=False)),
    case("unknown options", "/L.jpg?foo=%ff&w=300&text.unknown=1", (300, 200)),
    Case("download", "/L.jpg?w=300&dl", 200, "jpeg", (300, 200), answers={"Content-Disposition": "attachment"}),
]  # fmt: skip
OTHERS = [
    case("profile", "/L.jpg?profile=thumb", (150, 150)),
    case("profile of a file", "/L.jpg?profile=grey", (600, 400), is_grey(), form="png"),
    case("the URL comes before the profile", "/L.jpg?profile=grey&w=60&grayscale=false", (60, 40), pixel(5, 5, RED), form="png"),
    case("a profile of a profile", "/L.jpg?profile=small-grey", (90, 60), is_grey(), form="png"),
    Case("no such profile", "/L.jpg?profile=none", 400, "json", body="There is no profile none"),
    Case("information", "/L.jpg?info", 200, "json", checks=[fact("original", "width", equals=1200), fact("width", equals=1200)]),
    Case("of the result", "/L.jpg?w=300&info=true", 200, "json",
         checks=[fact("height", equals=200), fact("original", "contentType", equals="image/jpeg")]),
    case("no information", "/L.jpg?w=300&info=false", (300, 200)),
    Case("not found", "/nope.jpg?w=300", 404, "json", checks=[fact("name", equals="ApiNotFoundError")]),
    Case("no number", "/L.jpg?w=wide", 400, "json", body="w must be pixels or a percentage"),
    Case("outside", "/L.jpg?crop.x=2000&crop.width=10", 400, "json"),
    Case("watermark above the root", "/L.jpg?watermark=/../a.jpg", 400, "json"),
    Case("no such watermark", "/L.jpg?watermark=/nope.png", 404, "json"),
]  # fmt: skip


@pytest.mark.parametrize("case", [*SIZES, *CROPS, *CANVASES, *TURNS, *COLOURS, *OVERLAYS, *FORMATS, *OTHERS], ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("sirv", case)


PAIRS = [
    ("/X.webp?sharpen=80&format=png", "/X.webp?format=png"),
    ("/L.jpg?w=300&contrast=-50", "/L.jpg?w=300"),
    ("/L.jpg?w=300&exposure=-50", "/L.jpg?w=300"),
    ("/L.jpg?w=300&shadows=100&brightness=-50", "/L.jpg?w=300&brightness=-50"),
    ("/L.jpg?w=300&highlights=-100", "/L.jpg?w=300"),
    ("/L.jpg?w=300&lightness=40", "/L.jpg?w=300"),
    ("/L.jpg?w=300&brightness=-30&colorlevel.white=150", "/L.jpg?w=300&brightness=-30"),
    ("/L.jpg?w=300&colortone=warm", "/L.jpg?w=300&colortone=cold"),
    ("/L.jpg?w=300&colortone.color=06f&colortone.level=50", "/L.jpg?w=300&colortone.color=06f"),
    (
        "/L.jpg?w=300&colortone.color=06f&colortone.mode=shadows",
        "/L.jpg?w=300&colortone.color=06f&colortone.mode=highlights",
    ),
    ("/L.jpg?w=300&text=A&text.font.weight=700", "/L.jpg?w=300&text=A"),
    ("/L.jpg?w=300&text=A&text.font.style=italic", "/L.jpg?w=300&text=A"),
    ("/L.jpg?w=300&text=A&text.opacity=50", "/L.jpg?w=300&text=A"),
    ("/L.jpg?w=300&text=A&text.outline.width=3&text.outline.color=f0f", "/L.jpg?w=300&text=A"),
    ("/L.jpg?w=300&text=A&text.background.color=000&text.background.opacity=50", "/L.jpg?w=300&text=A"),
    ("/L.jpg?w=300&text=A%0ABBB&text.align=left", "/L.jpg?w=300&text=A%0ABBB&text.align=right"),
    ("/L.jpg?w=300&watermark=/S.jpg&watermark.rotate=45", "/L.jpg?w=300&watermark=/S.jpg"),
    ("/L.jpg?w=300&q=30", "/L.jpg?w=300&q=90"),
    ("/L.jpg?w=300&subsampling=4:4:4", "/L.jpg?w=300&subsampling=4:2:0"),
]
"""URLs whose images differ."""


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_pairs_differ(service: Service, one: str, other: str) -> None:
    replies = [service.request("sirv", service.target("sirv", url)) for url in (one, other)]
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].body != replies[1].body
