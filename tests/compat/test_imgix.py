"""imgix, and what Prismic, Sanity, Gumlet and Kontent.ai do alike or otherwise, case by case."""

import hashlib

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
    smaller_than,
)
from tests.compat.sources import BLUE, GREEN, RED, YELLOW, source

ANY = {"Accept": "*/*"}
WEBP = {"Accept": "image/webp,*/*"}
AVIF = {"Accept": "image/avif,image/webp,*/*"}
VARY = {"Vary": "Accept"}
WHITE = (255, 255, 255)
BLACK = (0, 0, 0)
ASSET = "Tb9Ew8CXIwaY6R1kjMvI0uRR-1200x800.jpg"


def image(
    name: str, target: str, form: str, size: tuple[int, int], *checks: Check, mount: str = "", differs_from: str = ""
) -> Case:
    return Case(name, target, 200, form, size, checks, mount=mount, differs_from=differs_from)


def is_progressive() -> Check:
    def holds(reply: Reply) -> bool:
        return bool(reply.image.info.get("progressive"))

    holds.__doc__ = "it is progressive"
    return holds


def plays_twice_at_5_fps(reply: Reply) -> bool:
    """it plays twice, with 5 frames a second"""
    image = reply.image
    image.load()
    return (image.info["loop"], image.info["duration"]) == (2, 200)


def has_palette() -> Check:
    def holds(reply: Reply) -> bool:
        return reply.image.mode == "P"

    holds.__doc__ = "it has a palette"
    return holds


CASES = [
    image("no parameter keeps the size", "/L.jpg", "jpeg", (1200, 800)),
    image("width alone keeps the shape", "/L.jpg?w=300", "jpeg", (300, 200)),
    image("height alone keeps the shape", "/L.jpg?h=300", "jpeg", (450, 300)),
    image("a width below one is a share", "/L.jpg?w=0.5", "jpeg", (600, 400)),
    image("shares of both sides, cropped", "/L.jpg?w=0.5&h=0.25&fit=crop", "jpeg", (600, 200)),
    image("crop=top keeps the top", "/L.jpg?w=300&h=100&fit=crop&crop=top", "jpeg", (300, 100), pixel(5, 90, RED)),
    image("both sides without fit stay inside", "/T.png?w=100&h=100", "png", (100, 67)),
    image("fit=max never enlarges", "/S.jpg?w=300&h=300&fit=max", "jpeg", (100, 80)),
    image("fit=crop fills the box", "/T.png?w=100&h=100&fit=crop", "png", (100, 100), *cut_border()),
    image("fit=crop enlarges a small original", "/S.jpg?w=300&h=300&fit=crop", "jpeg", (300, 300)),
    image(
        "crop=top,right keeps that corner",
        "/L.jpg?w=300&h=300&fit=crop&crop=top,right",
        "jpeg",
        (300, 300),
        pixel(100, 10, GREEN),
    ),
    image(
        "crop=entropy fills the box",
        "/L.jpg?w=300&h=300&fit=crop&crop=entropy",
        "jpeg",
        (300, 300),
        differs_from="/L.jpg?w=300&h=300&fit=crop",
    ),
    image(
        "crop=focalpoint keeps the point",
        "/L.jpg?w=300&h=300&fit=crop&crop=focalpoint&fp-x=1&fp-y=0",
        "jpeg",
        (300, 300),
        pixel(100, 10, GREEN),
    ),
    image(
        "fit=scale distorts to the box",
        "/T.png?w=100&h=100&fit=scale",
        "png",
        (100, 100),
        *distorted_border(),
    ),
    image("fit=min keeps the ratio without enlarging", "/S.jpg?w=300&h=300&fit=min", "jpeg", (80, 80)),
    image(
        "fit=fill pads with the fill colour",
        "/L.jpg?w=300&h=300&fit=fill&fill=solid&fill-color=red",
        "jpeg",
        (300, 300),
        pixel(150, 10, RED),
    ),
    image(
        "fit=fill pads with a blurred copy",
        "/L.jpg?w=300&h=300&fit=fill&fill=blur",
        "jpeg",
        (300, 300),
        pixel(20, 10, RED, 60),
    ),
    image(
        "fit=fillmax pads without enlarging the image",
        "/T.png?w=400&h=400&fit=fillmax&fill=solid&fill-color=red",
        "png",
        (400, 400),
        pixel(45, 105, RED),
        pixel(55, 105, WHITE),
        pixel(345, 295, WHITE),
    ),
    image(
        "fill-max=source limits the canvas to the original",
        "/T.png?w=400&h=400&fit=fillmax&fill=solid&fill-max=source",
        "png",
        (300, 200),
    ),
    image("fit=clamp extends the edge pixels", "/L.jpg?w=300&h=300&fit=clamp", "jpeg", (300, 300), pixel(10, 5, RED)),
    image("an aspect ratio alone crops", "/L.jpg?ar=1:1&fit=crop", "jpeg", (800, 800)),
    image("an aspect ratio gives the height", "/L.jpg?ar=16:9&fit=crop&w=400", "jpeg", (400, 225)),
    image("an aspect ratio without fit is ignored", "/L.jpg?ar=1:1&w=400", "jpeg", (400, 267)),
    image("a rect in pixels", "/L.jpg?rect=100,100,300,200", "jpeg", (300, 200), pixel(290, 190, RED)),
    image(
        "a rect in shares of the sides",
        "/L.jpg?rect=0.25,0.25,0.5,0.5",
        "jpeg",
        (600, 400),
        pixel(290, 190, RED),
        pixel(310, 210, YELLOW),
    ),
    image("a rect at the bottom right", "/L.jpg?rect=right,bottom,300,200", "jpeg", (300, 200), pixel(2, 2, YELLOW)),
    image("dpr multiplies the width", "/L.jpg?w=300&dpr=2", "jpeg", (600, 400)),
    image("dpr without a size is ignored", "/L.jpg?dpr=2", "jpeg", (1200, 800)),
    image("trim=color removes a uniform border", "/T.png?trim=color", "png", (260, 160)),
    image("trim=auto removes a uniform border", "/T.png?trim=auto", "png", (260, 160)),
    image("flip=h mirrors left and right", "/L.jpg?flip=h&w=300", "jpeg", (300, 200), pixel(5, 5, GREEN)),
    image("orient=90 turns clockwise", "/L.jpg?orient=90", "jpeg", (800, 1200), pixel(5, 5, BLUE)),
    image("the EXIF orientation is applied", "/E6.jpg?w=100", "jpeg", (100, 150)),
    image(
        "padding without sides enlarges the canvas", "/L.jpg?pad=20&bg=ff0000", "jpeg", (1240, 840), pixel(5, 5, RED)
    ),
    image("fm=webp sets the format", "/L.jpg?w=300&fm=webp", "webp", (300, 200)),
    image("fm=png8 gives a palette", "/L.jpg?w=300&fm=png8", "png", (300, 200), has_palette()),
    image("fm=pjpg gives a progressive JPEG", "/L.jpg?w=300&fm=pjpg", "jpeg", (300, 200), is_progressive()),
    Case(
        "auto=format gives an accepted WebP",
        "/L.jpg?w=300&auto=format",
        200,
        "webp",
        (300, 200),
        headers=WEBP,
        answers=VARY,
    ),
    Case(
        "auto=format keeps JPEG without WebP", "/L.jpg?w=300&auto=compress,format", 200, "jpeg", (300, 200), headers=ANY
    ),
    image("auto=compress keeps the transparency of a PNG", "/A.png?w=100&auto=compress", "png", (100, 75), has_alpha()),
    image("an invalid width is ignored", "/L.jpg?w=abc", "jpeg", (1200, 800)),
    image("sat=-100 removes all colour", "/L.jpg?w=300&sat=-100", "jpeg", (300, 200), is_grey()),
    image(
        "mask=ellipse makes the corners transparent",
        "/L.jpg?w=300&h=300&fit=crop&mask=ellipse&fm=png",
        "png",
        (300, 300),
        has_alpha(),
        pixel(100, 100, (*RED, 255)),
    ),
    image(
        "a watermark by a base64 path",
        "/L.jpg?w=600&mark64=Vy5wbmc&mark-w=100",
        "jpeg",
        (600, 400),
        pixel(500, 350, RED),
    ),
    image(
        "a text in base64",
        "/L.jpg?w=300&txt64=SGVsbG8&txt-size=60&txt-color=ffffff",
        "jpeg",
        (300, 200),
        differs_from="/L.jpg?w=300",
    ),
    Case(
        "fm=json describes the original",
        "/L.jpg?fm=json",
        200,
        "json",
        checks=(fact("PixelWidth", equals=1200), fact("PixelHeight", equals=800)),
    ),
    Case("fm=blurhash gives a short text", "/L.jpg?w=300&fm=blurhash", 200, "text", checks=[smaller_than(200)]),
    Case(
        "dl makes it a download",
        "/L.jpg?dl=photo.jpg",
        200,
        "jpeg",
        (1200, 800),
        answers={"Content-Disposition": "attachment"},
    ),
    image("frame=2 gives the second frame", "/G.gif?w=60&frame=2", "gif", (60, 45), frames(1), pixel(30, 20, GREEN)),
    image(
        "a valid signature is accepted",
        "/L.jpg?w=300&s=bc074575949d39837d5a6cc7a5f2fbb0",
        "jpeg",
        (300, 200),
        mount="imgix-signed",
    ),
    Case(
        "the signature of another URL is rejected",
        "/L.jpg?w=301&s=bc074575949d39837d5a6cc7a5f2fbb0",
        403,
        answers={"X-Imgix-Error": "ignature"},
        mount="imgix-signed",
    ),
    Case("an unsigned URL is rejected", "/L.jpg?w=300", 403, mount="imgix-signed"),
    Case("a missing original is not found", "/nope.jpg?w=300", 404, "text", answers={"X-Imgix-Error": "not found"}),
    # Beyond the documented cases
    Case("AVIF before WebP", "/L.jpg?w=60&auto=format", 200, "avif", (60, 40), headers=AVIF, answers=VARY),
    Case("auto twice", "/L.jpg?w=60&auto=compress&auto=format", 200, "webp", (60, 40), headers=WEBP, answers=VARY),
    Case("auto before fm", "/L.jpg?w=60&auto=format&fm=png", 200, "webp", (60, 40), headers=WEBP),
    Case("fm where auto chooses none", "/L.jpg?w=60&auto=format&fm=png", 200, "png", (60, 40), headers=ANY),
    image("enlarges", "/S.jpg?w=200", "jpeg", (200, 160)),
    image("w=1 is the whole width", "/L.jpg?w=1", "jpeg", (1200, 800)),
    image("too wide", "/S.jpg?w=9000&h=9000&fit=max", "jpeg", (100, 80)),
    image("dpr beyond its bounds", "/L.jpg?w=300&dpr=9", "jpeg", (300, 200)),
    image("a share with dpr", "/L.jpg?w=0.25&dpr=2", "jpeg", (600, 400)),
    image("an unknown fit", "/L.jpg?w=300&h=300&fit=foo", "jpeg", (300, 200)),
    image("ar with fill", "/L.jpg?w=300&ar=1:1&fit=fill&bg=0f0", "jpeg", (300, 300), pixel(150, 5, GREEN)),
    image("ar without sides", "/L.jpg?ar=2:1&fit=crop", "jpeg", (1200, 600)),
    image("ar and a height", "/L.jpg?h=100&ar=16:9&fit=crop", "jpeg", (178, 100)),
    image("max-h cuts", "/L.jpg?w=300&max-h=100&fit=crop&crop=bottom", "jpeg", (300, 100), pixel(10, 10, BLUE)),
    image("min-h cuts", "/L.jpg?w=300&min-h=300&fit=crop", "jpeg", (300, 300), pixel(140, 290, BLUE)),
    image("max-w", "/L.jpg?w=600&h=300&max-w=300&fit=crop", "jpeg", (300, 300)),
    image(
        "zoom",
        "/L.jpg?w=60&h=60&fit=crop&crop=focalpoint&fp-x=0.25&fp-y=0.25&fp-z=4",
        "jpeg",
        (60, 60),
        pixel(55, 55, RED),
    ),
    image("mixed units", "/L.jpg?rect=600,0,0.5,0.5", "jpeg", (600, 400), pixel(2, 2, GREEN)),
    image("a word and a number", "/L.jpg?rect=right,100,300,200", "jpeg", (300, 200), pixel(2, 2, GREEN)),
    image("centred", "/L.jpg?rect=center,middle,300,200", "jpeg", (300, 200), pixel(140, 90, RED)),
    image("beyond the edge", "/L.jpg?rect=1100,700,300,200", "jpeg", (100, 100)),
    image("outside", "/L.jpg?rect=5000,0,300,200", "jpeg", (1200, 800)),
    image(
        "region, then flip",
        "/L.jpg?rect=500,0,600,400&flip=h&w=60",
        "jpeg",
        (60, 40),
        pixel(56, 20, RED),
        pixel(44, 20, GREEN),
    ),
    image("region, then trim", "/T.png?rect=10,10,190,180&trim=color", "png", (180, 160), pixel(0, 0, BLACK)),
    image("trim-pad", "/T.png?trim=color&trim-pad=5", "png", (270, 170), pixel(2, 2, WHITE)),
    image("trim-color", "/T.png?trim=color&trim-color=000", "png", (300, 200)),
    image("trim alpha", "/A.png?trim=alpha", "png", (200, 150)),
    image("rot", "/L.jpg?rot=90", "jpeg", (800, 1200), pixel(5, 5, GREEN)),
    image("rot by a free angle", "/L.jpg?rot=45&w=300&bg=00f", "jpeg", (300, 300), pixel(2, 2, BLUE)),
    image("both flips", "/L.jpg?flip=hv&w=300", "jpeg", (300, 200), pixel(5, 5, YELLOW)),
    image("orient as stored", "/E6.jpg?orient=1&w=100", "jpeg", (100, 67)),
    image("padding inside", "/L.jpg?w=300&h=200&fit=crop&pad=20&bg=f00", "jpeg", (300, 200), pixel(5, 100, RED)),
    image("padding on one side", "/L.jpg?w=300&pad-left=60&bg=00f", "jpeg", (300, 160), pixel(30, 40, BLUE)),
    image("padding leaves nothing", "/L.jpg?w=60&pad=40", "jpeg", (60, 40)),
    image("padding times dpr", "/L.jpg?w=300&pad=20&dpr=2&bg=0f0", "jpeg", (600, 427), pixel(30, 30, GREEN)),
    image(
        "padding around the canvas",
        "/L.jpg?w=100&h=100&fit=fill&fill-color=f00&pad=10&bg=00f",
        "jpeg",
        (100, 100),
        pixel(5, 5, BLUE),
        pixel(50, 15, RED),
    ),
    image("bg behind transparency", "/A.png?w=100&bg=00f", "png", (100, 75), pixel(2, 2, (*BLUE, 255))),
    image("bg with alpha in front", "/A.png?w=100&pad=9&bg=800000ff", "png", (100, 80), pixel(2, 2, (0, 0, 255, 128))),
    image("corners", "/L.jpg?w=100&mask=corners&corner-radius=20&fm=png", "png", (100, 67), has_alpha()),
    image(
        "corners on a colour",
        "/L.jpg?w=100&mask=corners&corner-radius=40,0,0,0&mask-bg=0f0",
        "jpeg",
        (100, 67),
        pixel(1, 1, GREEN),
        pixel(98, 65, YELLOW),
    ),
    image("a mask", "/L.jpg?w=100&mask=/A.png&fm=png", "png", (100, 67), has_alpha()),
    image("border", "/L.jpg?w=100&border=10,0000ff", "jpeg", (100, 67), pixel(3, 30, BLUE), pixel(20, 20, RED)),
    image(
        "another border at the top",
        "/L.jpg?w=100&border=4,0000ff&border-top=20",
        "jpeg",
        (100, 67),
        pixel(50, 15, BLUE),
        pixel(15, 25, RED),
    ),
    image("blend", "/L.jpg?w=60&blend=0000ff&blend-mode=normal", "jpeg", (60, 40), pixel(5, 5, BLUE)),
    image(
        "half of it",
        "/L.jpg?w=60&blend-color=00f&blend-mode=normal&blend-alpha=50",
        "jpeg",
        (60, 40),
        pixel(5, 5, (128, 0, 128)),
    ),
    image(
        "blend an image",
        "/L.jpg?w=60&blend=W.png&blend-mode=normal&blend-size=inherit&blend-fit=scale&flip=h",
        "jpeg",
        (60, 40),
        pixel(5, 5, RED),
        pixel(55, 35, YELLOW),
    ),
    image(
        "mark at the left",
        "/L.jpg?w=600&mark=W.png&mark-x=0&mark-y=0",
        "jpeg",
        (600, 400),
        pixel(90, 40, RED),
        pixel(110, 40, GREEN),
        pixel(90, 60, BLUE),
    ),
    image("mark of a share", "/L.jpg?w=100&mark=/W.png&mark-w=0.5&mark-pad=0", "jpeg", (100, 67), pixel(55, 48, RED)),
    image(
        "mark at a URL", "/L.jpg?w=100&mark={origin-escaped}%2FW.png&mark-w=50", "jpeg", (100, 67), pixel(58, 41, RED)
    ),
    image(
        "mark-base",
        "/L.jpg?w=100&mark=W.png&mark-base={origin-escaped}%2F&mark-w=50",
        "jpeg",
        (100, 67),
        pixel(58, 41, RED),
    ),
    image(
        "mark with parameters",
        "/L.jpg?w=100&fm=png&mark=%2FW.png%3Frect%3D0,0,9,9",
        "png",
        (100, 67),
        pixel(90, 60, RED),
    ),
    image(
        "mark all over",
        "/L.jpg?w=600&mark=W.png&mark-tile=grid",
        "jpeg",
        (600, 400),
        pixel(10, 10, RED),
        pixel(150, 10, GREEN),
    ),
    image(
        "text as a mark",
        "/L.jpg?w=600&mark=~text%3Ftxt%3DHello%26txt-size%3D40%26bg%3Dfff",
        "jpeg",
        (600, 400),
        differs_from="/L.jpg?w=600",
    ),
    Case(
        "a colour of a text",
        "/L.jpg?w=300&txt=Hello&txt-size=60&txt-color=fff",
        differs_from="/L.jpg?w=300&txt=Hello&txt-size=60",
    ),
    Case("no mark", "/L.jpg?w=100&mark=nope.png", 404),
    Case("no base64", "/L.jpg?txt64=%21", 400, "text", answers={"X-Imgix-Error": "txt64 is not base64"}),
    image(
        "a gradient",
        "/L.jpg?w=100&h=100&fit=fill&fill=gradient&fill-gradient-linear=f00,00f",
        "jpeg",
        (100, 100),
        pixel(50, 1, RED, 20),
        pixel(50, 98, BLUE, 20),
    ),
    image("loop and fps", "/G.gif?fps=5&loop=2&fm=webp", "webp", (120, 90), frames(3), plays_twice_at_5_fps),
    image("every second frame", "/G.gif?interval=2", "gif", (120, 90), frames(2)),
    image("a JPEG of an animation", "/G.gif?fm=jpg", "jpeg", (120, 90), is_progressive()),
    image("a drawing becomes pixels", "/V.svg?w=100", "jpeg", (100, 50)),
    Case("a drawing without parameters", "/V.svg", 200, "svg"),
    Case("a drawing bypasses", "/V.svg?w=100&rasterize-bypass=true", 200, "svg"),
    Case("jp2", "/L.jpg?fm=jp2", 400, answers={"X-Imgix-Error": "jp2"}),
    Case("no model", "/L.jpg?bg-remove=true&bg-remove-fallback=false", 400, answers={"X-Imgix-Error": "bg-remove"}),
    image("a model falls back", "/L.jpg?w=60&bg-remove=true", "jpeg", (60, 40)),
    Case("expired", "/L.jpg?w=300&expires=1", 404),
    Case("a date that has passed", "/L.jpg?w=300&expires=2020-01-01T00:00:00Z", 404),
    image("not expired", "/L.jpg?w=60&expires=4102444800", "jpeg", (60, 40)),
    Case("damaged", "/bad.jpg?w=60", (415, 422)),
    image("a whole URL", "/{origin-escaped}%2FL.jpg?w=60", "jpeg", (60, 40)),
    Case(
        "palette", "/L.jpg?palette=json&colors=4", 200, "json", checks=[lambda reply: len(reply.json()["colors"]) == 4]
    ),
    Case("classes", "/L.jpg?palette=css&prefix=x", answers={"Content-Type": "text/css"}, body=".x-fg-1 {"),
    image("ixlib", "/L.jpg?ixlib=js-3.8.0&w=60", "jpeg", (60, 40)),
    # Prismic
    Case(
        "Prismic: rect, then a size",
        "/L.jpg?auto=compress,format&rect=0,0,200,200&w=100&h=100",
        200,
        "webp",
        (100, 100),
        [pixel(50, 50, RED)],
        headers=WEBP,
        mount="prismic",
    ),
    # Unsplash
    image(
        "Unsplash: its usual parameters",
        "/L.jpg?ixid=x&ixlib=rb-4.0.3&q=80&fm=jpg&crop=entropy&cs=tinysrgb&w=1080&fit=max",
        "jpeg",
        (1080, 720),
    ),
    # Kontent.ai
    image("Kontent.ai: both sides without fit stay inside", "/L.jpg?w=300&h=300", "jpeg", (300, 200), mount="kontent"),
    image(
        "Kontent.ai: fit=crop around a focal point",
        "/L.jpg?w=30&h=30&fit=crop&fp-x=1&fp-y=0",
        "jpeg",
        (30, 30),
        pixel(10, 2, GREEN),
        mount="kontent",
    ),
    image(
        "Kontent.ai: sat and flip are ignored",
        "/L.jpg?w=30&sat=-100&flip=h",
        "jpeg",
        (30, 20),
        pixel(2, 2, RED),
        mount="kontent",
    ),
]

GUMLET = [
    image("Gumlet: width alone keeps the shape", "/L.jpg?w=300", "jpeg", (300, 200)),
    image("Gumlet: width is an alias of w", "/L.jpg?width=300", "jpeg", (300, 200)),
    image("Gumlet: height alone keeps the shape", "/L.jpg?h=300", "jpeg", (450, 300)),
    image("Gumlet: width alone does not enlarge", "/S.jpg?w=300", "jpeg", (100, 80)),
    image("Gumlet: enlarge=true enlarges to the width", "/S.jpg?w=300&enlarge=true", "jpeg", (300, 240)),
    image("Gumlet: mode=crop fills the box", "/L.jpg?w=300&h=300&mode=crop", "jpeg", (300, 300)),
    image(
        "Gumlet: crop=entropy fills the box",
        "/L.jpg?w=300&h=300&mode=crop&crop=entropy",
        "jpeg",
        (300, 300),
        differs_from="/L.jpg?w=300&h=300&mode=crop",
    ),
    image(
        "Gumlet: crop=smart fills the box",
        "/L.jpg?w=300&h=300&mode=crop&crop=smart",
        "jpeg",
        (300, 300),
        differs_from="/L.jpg?w=300&h=300&mode=crop",
    ),
    image(
        "Gumlet: mode=fill pads with the fill colour",
        "/L.jpg?w=300&h=300&mode=fill&fill=solid&fill-color=ff0000",
        "jpeg",
        (300, 300),
        pixel(150, 10, RED),
    ),
    image(
        "Gumlet: mode=scale distorts to the box",
        "/L.jpg?w=300&h=300&mode=scale",
        "jpeg",
        (300, 300),
        pixel(140, 140, RED),
    ),
    image("Gumlet: mode=min fills the box", "/L.jpg?w=300&h=300&mode=min", "jpeg", (300, 300)),
    image("Gumlet: an aspect ratio alone crops", "/L.jpg?ar=16:9&mode=crop", "jpeg", (1200, 675)),
    image("Gumlet: dpr multiplies the width", "/L.jpg?w=150&dpr=2", "jpeg", (300, 200)),
    image(
        "Gumlet: extract crops in pixels", "/L.jpg?extract=100,100,300,200", "jpeg", (300, 200), pixel(290, 190, RED)
    ),
    image(
        "Gumlet: rect crops before the resize",
        "/L.jpg?rect=100,100,300,200&w=150",
        "jpeg",
        (150, 100),
        pixel(145, 95, RED),
    ),
    image("Gumlet: rot=90 turns clockwise", "/L.jpg?rot=90", "jpeg", (800, 1200), pixel(5, 5, BLUE)),
    image("Gumlet: flip=h mirrors left and right", "/L.jpg?flip=h&w=300", "jpeg", (300, 200), pixel(5, 5, GREEN)),
    image("Gumlet: format=webp sets the format", "/L.jpg?w=300&format=webp", "webp", (300, 200)),
    Case(
        "Gumlet: format=auto gives an accepted WebP",
        "/L.jpg?w=300&format=auto",
        200,
        "webp",
        (300, 200),
        headers=WEBP,
        answers=VARY,
    ),
    Case(
        "Gumlet: format=auto prefers AVIF to WebP",
        "/L.jpg?w=300&format=auto",
        200,
        "avif",
        (300, 200),
        headers=AVIF,
        answers=VARY,
    ),
    Case(
        "Gumlet: format=auto keeps JPEG without WebP",
        "/L.jpg?w=300&format=auto",
        200,
        "jpeg",
        (300, 200),
        headers=ANY,
        answers=VARY,
    ),
    image("Gumlet: sat=-100 removes all colour", "/L.jpg?w=300&sat=-100", "jpeg", (300, 200), is_grey()),
    image(
        "Gumlet: invert=true makes a negative",
        "/L.jpg?w=300&invert=true",
        "jpeg",
        (300, 200),
        pixel(5, 5, (0, 255, 255)),
    ),
    image("Gumlet: blur with a width", "/L.jpg?w=300&blur=5", "jpeg", (300, 200), pixel(148, 50, (150, 105, 0), 60)),
    image(
        "Gumlet: mask=corners makes the corners transparent",
        "/L.jpg?w=300&h=300&mode=crop&mask=corners&corner-radius=20&format=png",
        "png",
        (300, 300),
        has_alpha(),
    ),
    image(
        "Gumlet: padding without sides enlarges the canvas",
        "/L.jpg?pad=20&bg=ff0000",
        "jpeg",
        (1240, 840),
        pixel(5, 5, RED),
    ),
    image(
        "Gumlet: crop=focalpoint keeps the point",
        "/L.jpg?w=300&h=300&mode=crop&crop=focalpoint&fp-x=1&fp-y=0.5",
        "jpeg",
        (300, 300),
        pixel(100, 10, GREEN),
    ),
    image("Gumlet: the EXIF orientation is applied", "/E6.jpg?w=100", "jpeg", (100, 150)),
    image("Gumlet: an animation keeps its frames", "/G.gif?w=60", "gif", (60, 45), frames(3)),
    image("Gumlet: an unknown parameter is ignored", "/L.jpg?foo=bar&w=300", "jpeg", (300, 200)),
    image("nuxt", "/L.jpg?w=200&h=200&fit=fill&format=jpeg", "jpeg", (200, 200)),
    image(
        "an overlay",
        "/L.jpg?w=100&overlay=W.png&overlay_width=20&overlay_position=top-right",
        "jpeg",
        (100, 67),
        pixel(78, 7, RED),
    ),
    image("a mask with a mode", "/L.jpg?w=60&h=60&mode=mask&mask=ellipse&format=png", "png", (60, 60), has_alpha()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_imgix(service: Service, case: Case) -> None:
    service.check("imgix", case)


@pytest.mark.parametrize("case", GUMLET, ids=str)
def test_gumlet(service: Service, case: Case) -> None:
    service.check("gumlet", case)


def test_original_bytes(service: Service) -> None:
    """A URL without parameters gives the original as it is."""
    assert service.request("imgix", "/L.jpg").body == source("L.jpg")
    assert service.request("imgix", "/L.jpg?ixlib=x").body == source("L.jpg")


def test_a_lower_quality_is_smaller(service: Service) -> None:
    low, usual = (len(service.request("imgix", f"/L.jpg?w=600&q={quality}").body) for quality in (10, 75))
    assert low < usual


@pytest.mark.parametrize(
    ("target", "size"),
    [
        (f"/images/p1/production/{ASSET}?w=60", (60, 40)),
        (f"/images/p1/production/{ASSET}/any-name.jpg?w=60&fit=max", (60, 40)),
        (f"/images/p1/production/{ASSET}?rect=0,0,600,400&w=60&h=60&fit=crop&or=90&auto=format", (60, 60)),
        (f"/images/p1/production/{ASSET}?w=60&h=60&fit=crop&crop=focalpoint&fp-x=1&fp-y=0", (60, 60)),
        (f"/images/p1/production/{ASSET}?w=60&txt=ignored&mark=nope.jpg", (60, 40)),
    ],
)
def test_sanity(service: Service, target: str, size: tuple[int, int]) -> None:
    service.origin.publish(f"/images/p1/production/{ASSET}", source("L.jpg"), {})
    service.check("sanity", Case(target, target, 200, "jpeg", size))


def test_defaults_of_an_entry(service: Service) -> None:
    """Signatures are those of the path below the mount, or of the whole one."""
    for signed in ("/S.jpg?w=300", "/imgix/S.jpg?w=300"):
        signature = hashlib.md5(f"FOO123bar{signed}".encode(), usedforsecurity=False).hexdigest()
        target = f"/S.jpg?w=300&s={signature}"
        service.check("imgix-defaults", Case(signed, target, 200, "webp", (100, 80), headers=WEBP, answers=VARY))
        assert service.request("imgix-defaults", f"/imgix{target}0").status == 403


def test_colours_of_a_palette(service: Service) -> None:
    reply = service.request("imgix", "/L.jpg?palette=json&colors=4")
    assert {colour["hex"][1] for colour in reply.json()["colors"]} == {"f", "0"}
    assert set(reply.json()["dominant_colors"]["vibrant"]) == {"red", "green", "blue", "hex"}
