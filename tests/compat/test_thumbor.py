"""thumbor URLs that were answered by thumbor 7.8.0 itself, with its file loader: status, format, size, and a fact.

Decided otherwise: the body of an overlay that failed and of a method that is not allowed is empty, not HTML; the order
of the directives of Cache-Control.
"""

import hmac
from base64 import urlsafe_b64encode

import pytest
from PIL import Image, ImageChops

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
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

KEY = "ACME-SEC"
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def signed(rest: str, key: str = KEY) -> str:
    digest = hmac.digest(key.encode(), rest.encode(), "sha1")
    return f"/{urlsafe_b64encode(digest).decode()}/{rest}"


def uniform(colour: tuple[int, int, int]) -> Check:
    """Check that all pixels have nearly one colour."""

    def holds(reply: Reply) -> bool:
        reference = Image.new("RGB", reply.image.size, colour)
        difference = ImageChops.difference(reply.image.convert("RGB"), reference)
        return max(difference.tobytes()) <= 12

    holds.__doc__ = f"all of it is {colour}"
    return holds


def empty_body() -> Check:
    def holds(reply: Reply) -> bool:
        return not reply.body

    holds.__doc__ = "the body is empty"
    return holds


OF_THUMBOR = [
    Case(
        "both sides fill the box",
        "/unsafe/300x200/L.jpg",
        format="jpeg",
        size=(300, 200),
        answers={"cache-control": "max-age=864"},
    ),
    Case("width alone keeps the shape", "/unsafe/300x0/L.jpg", format="jpeg", size=(300, 200)),
    Case("height alone keeps the shape", "/unsafe/x300/L.jpg", format="jpeg", size=(450, 300)),
    Case("a free width is rounded", "/unsafe/0x320/B.jpg", format="jpeg", size=(392, 320)),
    Case("a free height rounds half to even", "/unsafe/3x0/P.jpg", format="jpeg", size=(3, 4)),
    Case("fit-in stays inside the box", "/unsafe/fit-in/300x300/L.jpg", format="jpeg", size=(300, 200)),
    Case(
        "fit-in with upscale enlarges", "/unsafe/fit-in/300x300/filters:upscale()/S.jpg", format="jpeg", size=(300, 240)
    ),
    Case("both sides enlarge a small original", "/unsafe/300x300/S.jpg", format="jpeg", size=(300, 300)),
    Case(
        "no_upscale limits each side to the original",
        "/unsafe/300x300/filters:no_upscale()/S.jpg",
        format="jpeg",
        size=(100, 80),
    ),
    Case(
        "adaptive-fit-in turns the box upright", "/unsafe/adaptive-fit-in/300x200/P.jpg", format="jpeg", size=(200, 300)
    ),
    Case(
        "adaptive-full-fit-in turns the box upright",
        "/unsafe/adaptive-full-fit-in/300x200/P.jpg",
        format="jpeg",
        size=(200, 300),
    ),
    Case(
        "adaptive-fit-in turns the box on its side",
        "/unsafe/adaptive-fit-in/200x300/L.jpg",
        format="jpeg",
        size=(300, 200),
    ),
    Case("a crop in pixels", "/unsafe/100x100:400x300/L.jpg", format="jpeg", size=(300, 200), checks=[uniform(RED)]),
    Case(
        "a crop, then a size",
        "/unsafe/100x100:400x300/100x100/L.jpg",
        format="jpeg",
        size=(100, 100),
        checks=[uniform(RED)],
    ),
    Case(
        "a crop is limited to the original",
        "/unsafe/1100x700:2000x2000/L.jpg",
        format="jpeg",
        size=(100, 100),
        checks=[uniform(YELLOW)],
    ),
    Case("trim removes a uniform border", "/unsafe/trim/T.png", format="png", size=(260, 160), checks=[uniform(BLACK)]),
    Case(
        "trim by the bottom right, then fit-in",
        "/unsafe/trim:bottom-right/fit-in/100x100/T.png",
        format="png",
        size=(100, 62),
    ),
    Case("trim without a uniform border", "/unsafe/trim/W.png", format="png", size=(200, 100)),
    Case("orig keeps the height", "/unsafe/300xorig/L.jpg", format="jpeg", size=(300, 800)),
    Case(
        "a negative width mirrors left and right",
        "/unsafe/-300x200/L.jpg",
        format="jpeg",
        size=(300, 200),
        checks=[pixel(5, 5, GREEN)],
    ),
    Case(
        "signs alone mirror both ways",
        "/unsafe/-x-/L.jpg",
        format="jpeg",
        size=(1200, 800),
        checks=[pixel(5, 5, YELLOW)],
    ),
    Case(
        "fill pads a small original with blue",
        "/unsafe/fit-in/300x300/filters:fill(blue):quality(97)/S.jpg",
        format="jpeg",
        size=(300, 300),
        checks=[pixel(10, 10, BLUE), pixel(102, 112, RED), pixel(95, 112, BLUE), pixel(197, 187, YELLOW)],
    ),
    Case(
        "fill pads with a blurred copy",
        "/unsafe/fit-in/300x300/filters:fill(blur)/L.jpg",
        format="jpeg",
        size=(300, 300),
        checks=[pixel(5, 5, RED)],
        differs_from="/unsafe/300x300/L.jpg",
    ),
    Case(
        "rotate turns anticlockwise after the resize",
        "/unsafe/300x200/filters:rotate(90)/L.jpg",
        format="jpeg",
        size=(200, 300),
        checks=[pixel(5, 5, GREEN)],
    ),
    Case(
        "a size behind the filters is a name",
        "/unsafe/filters:proportion(0.5)/300x200/L.jpg",
        status=404,
        checks=[empty_body()],
    ),
    Case("a capital X makes a name", "/unsafe/300X200/L.jpg", status=404),
    Case(
        "proportion scales the result", "/unsafe/300x200/filters:proportion(0.5)/L.jpg", format="jpeg", size=(150, 100)
    ),
    Case(
        "a format filter needs no Vary",
        "/unsafe/300x200/filters:format(webp)/L.jpg",
        format="webp",
        size=(300, 200),
        headers={"Accept": "image/webp,*/*"},
        answers={"vary": None},
    ),
    Case("the format filter makes AVIF", "/unsafe/300x200/filters:format(avif)/L.jpg", format="avif", size=(300, 200)),
    Case("an unknown format is ignored", "/unsafe/300x200/filters:format(asdf)/L.jpg", format="jpeg", size=(300, 200)),
    Case("an invalid quality is ignored", "/unsafe/300x200/filters:quality(abc)/L.jpg", format="jpeg", size=(300, 200)),
    Case("left and top without a cut", "/unsafe/300x200/left/top/L.jpg", format="jpeg", size=(300, 200)),
    Case(
        "left keeps the left", "/unsafe/100x100/left/L.jpg", format="jpeg", size=(100, 100), checks=[pixel(70, 10, RED)]
    ),
    Case(
        "a watermark from the top left",
        "/unsafe/300x200/filters:watermark(W.png,10,10,0)/L.jpg",
        format="jpeg",
        size=(300, 200),
        checks=[pixel(95, 15, RED), pixel(125, 15, GREEN), pixel(15, 55, RED), pixel(15, 65, BLUE)],
    ),
    Case("a missing watermark is an error", "/unsafe/300x200/filters:watermark(nope.png,10,10,0)/L.jpg", status=400),
    Case(
        "max_bytes limits the body",
        "/unsafe/300x200/filters:max_bytes(3000)/L.jpg",
        format="jpeg",
        size=(300, 200),
        checks=[smaller_than(3_001)],
    ),
    Case("the EXIF orientation is not applied", "/unsafe/E6.jpg", format="jpeg", size=(300, 200)),
    Case("a width, the EXIF orientation not applied", "/unsafe/100x0/E6.jpg", format="jpeg", size=(100, 67)),
    Case(
        "an animation keeps its frames", "/unsafe/fit-in/60x60/G.gif", format="gif", size=(60, 45), checks=[frames(3)]
    ),
    Case("a transparent PNG becomes a JPEG", "/unsafe/filters:format(jpeg)/A.png", format="jpeg", size=(400, 300)),
    Case("the query is ignored", "/unsafe/300x200/L.jpg?x=1", format="jpeg", size=(300, 200)),
    Case("fit-in without a size does nothing", "/unsafe/fit-in/L.jpg", format="jpeg", size=(1200, 800)),
    Case(
        "a valid signature is accepted",
        "/IT91ebCSNBHWZE55IQB0ogGpBDo=/300x200/L.jpg",
        format="jpeg",
        size=(300, 200),
        mount="thumbor-signed",
    ),
    Case(
        "the signature of another path is rejected",
        "/IT91ebCSNBHWZE55IQB0ogGpBDo=/300x201/L.jpg",
        status=400,
        mount="thumbor-signed",
    ),
    Case("a path without a hash is rejected", "/L.jpg", status=400, checks=[empty_body()]),
    Case("a missing original is not found", "/unsafe/300x200/nope.jpg", status=404, checks=[empty_body()]),
    Case("a damaged original is a bad request", "/unsafe/300x200/bad.jpg", status=400, checks=[empty_body()]),
    Case("POST is not allowed", "/unsafe/300x200/L.jpg", status=405, method="POST"),
]

OTHERS = [
    Case("unsafe alone", "/unsafe/", status=400),
    Case("unsafe where only signatures are answered", "/unsafe/300x200/L.jpg", status=400, mount="thumbor-signed"),
    Case("a signature, its padding escaped", signed("300x200/L.jpg").replace("=", "%3D"), mount="thumbor-signed"),
    Case("health", "/healthcheck", body="WORKING"),
    Case("an absolute URL, escaped", "/unsafe/300x200/{origin-escaped}%2FL.jpg", size=(300, 200)),
    Case("an absolute URL as it is", "/unsafe/300x200/{origin}/L.jpg", size=(300, 200)),
    Case("a scheme whose slashes were merged", "/unsafe/300x200/{origin}/L.jpg".replace("//", "//"), size=(300, 200)),
    Case("an option behind another is a name", "/unsafe/smart/300x200/L.jpg", status=404),
    Case("an option that nothing follows is a name", "/unsafe/300x200/", status=(400, 404)),
    Case("an escaped option is a name", "/unsafe/%33%30%30x200/L.jpg", status=404),
    Case("a crop that ends before it begins", "/unsafe/400x300:100x100/L.jpg", size=(1200, 800)),
    Case("a crop outside", "/unsafe/1300x10:1400x100/L.jpg", size=(1200, 800)),
    Case("full", "/unsafe/full-fit-in/300x300/S.jpg", size=(375, 300)),
    Case("full without enlarging", "/unsafe/full-fit-in/300x300/filters:no_upscale()/S.jpg", size=(100, 80)),
    Case("stretched", "/unsafe/100x100/filters:stretch()/T.png", size=(100, 100), checks=distorted_border()),
    Case("cut", "/unsafe/100x100/T.png", size=(100, 100), checks=cut_border()),
    Case("fit-in, half up", "/unsafe/fit-in/3x300/P.jpg", size=(3, 5)),
    Case("fit-in, a side free", "/unsafe/fit-in/3x0/P.jpg", size=(3, 4)),
    Case("orig in both", "/unsafe/origxorig/L.jpg", size=(1200, 800)),
    Case("orig and free", "/unsafe/origx0/L.jpg", size=(1200, 800)),
    Case("right", "/unsafe/100x100/right/L.jpg", size=(100, 100), checks=[pixel(30, 10, GREEN)]),
    Case("bottom", "/unsafe/100x100/bottom/P.jpg", size=(100, 100), checks=[pixel(10, 30, BLUE)]),
    Case("right, mirrored", "/unsafe/-100x100/right/L.jpg", size=(100, 100), checks=[pixel(70, 10, GREEN)]),
    Case(
        "a crop, mirrored",
        "/unsafe/500x0:800x200/-300x200/L.jpg",
        size=(300, 200),
        checks=[pixel(190, 10, GREEN), pixel(210, 10, RED)],
    ),
    Case(
        "a focal region",
        "/unsafe/200x200/filters:focal(900x500:1200x800)/L.jpg",
        size=(200, 200),
        checks=[pixel(40, 150, BLUE), pixel(60, 150, YELLOW), pixel(60, 20, GREEN)],
    ),
    Case("smart", "/unsafe/200x200/smart/L.jpg", size=(200, 200), differs_from="/unsafe/200x200/L.jpg"),
    Case("two corners, a tolerance", "/unsafe/trim:top-left:50/T.png", size=(260, 160)),
    Case("a tolerance as its library writes it", "/unsafe/trim::50/T.png", size=(260, 160)),
    Case("a tolerance alone", "/unsafe/trim:50/T.png", size=(260, 160)),
    Case("grey", "/unsafe/300x200/filters:grayscale()/L.jpg", size=(300, 200), checks=[is_grey()]),
    Case(
        "filters in order",
        "/unsafe/fit-in/300x300/filters:fill(red):grayscale()/S.jpg",
        size=(300, 300),
        checks=[is_grey()],
    ),
    Case(
        "the other order",
        "/unsafe/fit-in/300x300/filters:grayscale():fill(red)/S.jpg",
        size=(300, 300),
        checks=[pixel(5, 5, RED)],
    ),
    Case(
        "turned, then filled",
        "/unsafe/fit-in/300x200/filters:rotate(90):fill(red)/L.jpg",
        size=(300, 200),
        checks=[pixel(20, 100, RED), pixel(60, 10, GREEN)],
    ),
    Case(
        "turned twice",
        "/unsafe/300x200/filters:rotate(90):rotate(90)/L.jpg",
        size=(300, 200),
        checks=[pixel(5, 5, YELLOW)],
    ),
    Case("an angle that is none", "/unsafe/300x200/filters:rotate(45)/L.jpg", size=(300, 200)),
    Case("backwards", "/unsafe/300x200/filters:rotate(-90)/L.jpg", size=(200, 300), checks=[pixel(5, 5, BLUE)]),
    Case(
        "filled around a free side",
        "/unsafe/fit-in/300x0/filters:fill(lime)/S.jpg",
        size=(300, 80),
        checks=[pixel(5, 5, GREEN), pixel(102, 5, RED)],
    ),
    Case("filled with nothing to fill", "/unsafe/filters:fill(red)/S.jpg", size=(100, 80)),
    Case(
        "a hole filled",
        "/unsafe/fit-in/400x300/filters:fill(blue,true):format(png)/A.png",
        size=(400, 300),
        checks=[pixel(5, 5, BLUE), has_alpha(expected=False)],
    ),
    Case("a hole left", "/unsafe/fit-in/400x300/filters:fill(blue)/A.png", size=(400, 300), checks=[has_alpha()]),
    Case(
        "a colour behind",
        "/unsafe/filters:background_color(00f)/A.png",
        format="png",
        checks=[pixel(5, 5, BLUE), has_alpha(expected=False)],
    ),
    Case(
        "the average around",
        "/unsafe/fit-in/300x300/filters:fill(auto)/S.jpg",
        size=(300, 300),
        checks=[pixel(5, 5, (127, 127, 63))],
    ),
    Case("nobody knows this filter", "/unsafe/300x200/filters:nope(1):grayscale()/L.jpg", checks=[is_grey()]),
    Case("arguments too many", "/unsafe/300x200/filters:grayscale(1,2)/L.jpg", size=(300, 200)),
    Case(
        "spaces",
        "/unsafe/300x200/filters:rgb(%20100%20,0,%20-100)/L.jpg",
        checks=[pixel(10, 190, RED), pixel(250, 190, YELLOW)],
    ),
    Case(
        "a quoted name with commas",
        "/unsafe/300x200/filters:watermark('W.png',-10,-10,0)/L.jpg",
        checks=[pixel(180, 130, RED), pixel(200, 110, GREEN), pixel(105, 145, BLUE), pixel(295, 195, YELLOW)],
    ),
    Case(
        "a watermark in percent",
        "/unsafe/400x400/filters:watermark(W.png,10p,50p,0,50)/L.jpg",
        size=(400, 400),
        checks=[pixel(42, 202, RED), pixel(235, 295, YELLOW)],
    ),
    Case(
        "a watermark in the middle",
        "/unsafe/-400x400/filters:watermark(W.png,center,center,50)/L.jpg",
        size=(400, 400),
        checks=[pixel(90, 160, GREEN), pixel(110, 160, (128, 128, 0)), pixel(110, 140, GREEN)],
    ),
    Case(
        "a watermark repeated",
        "/unsafe/400x400/filters:watermark(W.png,repeat,repeat,50)/L.jpg",
        size=(400, 400),
        checks=[pixel(150, 20, (128, 128, 0)), pixel(150, 120, (128, 128, 0)), pixel(250, 20, (128, 128, 0))],
    ),
    Case(
        "an absolute watermark",
        "/unsafe/300x200/filters:watermark({origin}/W.png,0,0,0)/L.jpg",
        checks=[pixel(2, 2, RED)],
    ),
    Case("max-age", "/unsafe/300x200/filters:max_age(60)/L.jpg", answers={"cache-control": "max-age=6"}),
    Case(
        "corners of a colour",
        "/unsafe/300x200/filters:round_corner(40,255,0,255)/W.png",
        format="png",
        checks=[pixel(1, 1, (255, 0, 255)), has_alpha(expected=False)],
    ),
    Case(
        "corners that are transparent",
        "/unsafe/300x200/filters:round_corner(40,0,0,0,true)/W.png",
        checks=[has_alpha()],
    ),
    Case(
        "a blur", "/unsafe/300x200/filters:blur(10)/L.jpg", size=(300, 200), checks=[pixel(147, 50, (150, 105, 0), 60)]
    ),
    Case("debug", "/unsafe/debug/300x200/L.jpg", size=(1200, 800)),
    Case("a name with a plus and a space", "/unsafe/300x200/no+%20pe.jpg", status=404),
    Case("a name outside", "/unsafe/300x200/../L.jpg", status=(400, 404)),
    Case(
        "WebP by Accept",
        "/unsafe/300x200/L.jpg",
        format="webp",
        headers={"Accept": "image/avif,image/webp"},
        answers={"vary": "Accept"},
        mount="thumbor-auto",
    ),
    Case(
        "AVIF by Accept",
        "/unsafe/300x200/L.jpg",
        format="avif",
        headers={"Accept": "image/avif,*/*"},
        mount="thumbor-auto",
    ),
    Case(
        "neither",
        "/unsafe/300x200/L.jpg",
        format="jpeg",
        headers={"Accept": "*/*"},
        answers={"vary": "Accept"},
        mount="thumbor-auto",
    ),
    Case("EXIF applied", "/unsafe/E6.jpg", size=(200, 300), mount="thumbor-auto"),
    Case(
        "meta",
        "/unsafe/meta/300x200/L.jpg",
        format="json",
        checks=[
            fact("thumbor", "target", equals={"width": 300, "height": 200}),
            fact("thumbor", "operations", 0, equals={"type": "resize", "width": 300, "height": 200}),
            fact("thumbor", "source", "url", equals="L.jpg"),
            fact("thumbor", "source", "frameCount", equals=1),
        ],
    ),
    Case("meta with a function", "/unsafe/meta/300x200/L.jpg?callback=show", body='show({"thumbor":'),
    Case("meta, signed", signed("meta/fit-in/60x60/G.gif"), format="json", mount="thumbor-signed"),
]


@pytest.mark.parametrize("case", OF_THUMBOR, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("thumbor", case)


@pytest.mark.parametrize("case", OTHERS, ids=str)
def test_other_urls(service: Service, case: Case) -> None:
    service.check("thumbor", case)
