"""imagor URLs and what imagor's golden files, tests and source say of them: status, format, size, and a fact.

Decided otherwise, each with its reason:

- a crop in pixels that reaches the last row or column keeps it (108 rows of a GIF with 128, not 107);
- ``pixelate`` keeps the size of the image (202 × 259, not 200 × 260);
- the message of an error is that of imagor's documents, without its status in front.
"""

import hmac
import time
from base64 import urlsafe_b64encode
from urllib.parse import quote

import pytest

from tests.compat.runner import Case, Service, cut_border, distorted_border, fact, frames, has_alpha, is_grey, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW
from tests.compat.test_thumbor import uniform

WHITE = (255, 255, 255)
JSON = {"content-type": "application/json"}


def signed(rest: str, digest: str = "sha1", chars: int | None = None, key: str = "1234") -> str:
    return f"/{urlsafe_b64encode(hmac.digest(key.encode(), rest.encode(), digest)).decode()[:chars]}/{rest}"


OF_IMAGOR = [
    Case("fit-in stays inside the box", "/unsafe/fit-in/67x67/GF.png", format="png", size=(52, 67)),
    Case(
        "fit-in keeps the frames of an animation",
        "/unsafe/fit-in/67x67/DB.gif",
        format="gif",
        size=(63, 67),
        checks=[frames(8)],
    ),
    Case(
        "height alone, onto white, as JPEG",
        "/unsafe/0x50/filters:fill(white):format(jpg)/C4.jpg",
        format="jpeg",
        size=(74, 50),
    ),
    Case(
        "fit-in by height alone keeps the shape",
        "/unsafe/fit-in/0x50/filters:fill(white):format(jpg)/C4.jpg",
        format="jpeg",
        size=(74, 50),
    ),
    Case(
        "top, with padding around the box",
        "/unsafe/100x100/10x5/top/filters:fill(white)/GO.png",
        format="png",
        size=(120, 110),
        checks=[pixel(4, 50, WHITE), pixel(12, 12, RED)],
    ),
    Case(
        "padding around the original size",
        "/unsafe/0x0/40x50/filters:fill(white)/GF.png",
        format="png",
        size=(282, 359),
        checks=[pixel(5, 5, WHITE)],
    ),
    Case("adaptive-fit-in turns the box", "/unsafe/adaptive-fit-in/200x100/GF.png", format="png", size=(100, 128)),
    Case(
        "adaptive-fit-in fills the turned box",
        "/unsafe/adaptive-fit-in/200x100/filters:fill(white):format(jpeg)/GF.png",
        format="jpeg",
        size=(100, 200),
    ),
    Case(
        "adaptive-full-fit-in covers the turned box",
        "/unsafe/adaptive-full-fit-in/500x400/GF.png",
        format="png",
        size=(400, 513),
    ),
    Case("full-fit-in covers the box", "/unsafe/full-fit-in/300x200/GO.png", format="png", size=(300, 408)),
    Case("full-fit-in enlarges a small original", "/unsafe/full-fit-in/500x400/GF.png", format="png", size=(500, 641)),
    Case("full-fit-in enlarges to the width", "/unsafe/full-fit-in/102x30/C4.jpg", format="jpeg", size=(102, 69)),
    Case(
        "no_upscale keeps a small original", "/unsafe/500x0/filters:no_upscale()/GF.png", format="png", size=(202, 259)
    ),
    Case(
        "no_upscale limits each side to the original",
        "/unsafe/500x200/filters:no_upscale()/GF.png",
        format="png",
        size=(202, 200),
    ),
    Case(
        "the crop filter follows the resize",
        "/unsafe/300x300/filters:crop(0.1,0.1,0.8,0.8)/GO.png",
        format="png",
        size=(240, 240),
    ),
    Case("a crop in pixels reaches the edge", "/unsafe/30x20:100x150/DB.gif", format="gif", size=(70, 108)),
    Case("a crop in shares of the sides", "/unsafe/0.1x0.2:0.89x0.72/DB.gif", format="gif", size=(96, 66)),
    Case(
        "fit-in, turned, filled, with padding",
        "/unsafe/fit-in/100x210/10x20:15x3/filters:rotate(90):fill(yellow)/GF.png",
        format="png",
        size=(233, 125),
        checks=[pixel(2, 2, YELLOW)],
    ),
    Case(
        "proportion above one is a percentage", "/unsafe/filters:proportion(10)/GO.png", format="png", size=(163, 222)
    ),
    Case("proportion below one is a share", "/unsafe/filters:proportion(0.1)/GO.png", format="png", size=(163, 222)),
    Case("stretch distorts to the box", "/unsafe/stretch/100x100/T.png", size=(100, 100), checks=distorted_border()),
    Case("a box is filled from its centre", "/unsafe/100x100/T.png", size=(100, 100), checks=cut_border()),
    Case(
        "fit-in filled, with padding",
        "/unsafe/fit-in/100x100/10x5/filters:fill(white)/GO.png",
        format="png",
        size=(120, 110),
        checks=[pixel(2, 2, WHITE)],
    ),
    Case(
        "mirrored, filled, with padding by filter",
        "/unsafe/fit-in/-180x180/10x10/filters:fill(yellow):padding(white,10,20,30,40):format(jpeg)/GO.png",
        format="jpeg",
        size=(240, 260),
        checks=[pixel(4, 4, WHITE), pixel(15, 130, YELLOW)],
    ),
    Case(
        "fill, then corners of a colour by the smaller radius",
        "/unsafe/fit-in/0x210/filters:fill(yellow):round_corner(40,60,green)/GO.png",
        size=(154, 210),
        checks=[
            pixel(1, 1, (0, 128, 0)),
            pixel(20, 3, (0, 128, 0)),
            pixel(3, 15, (0, 128, 0)),
            pixel(1, 50, RED),
            pixel(45, 1, RED),
        ],
    ),
    Case("top keeps the top", "/unsafe/200x100/top/GO.png", format="png", size=(200, 100), checks=[pixel(5, 95, RED)]),
    Case(
        "orient comes before the resize",
        "/unsafe/100x200/left/filters:orient(90)/GO.png",
        format="png",
        size=(100, 200),
        checks=[pixel(95, 5, GREEN), pixel(95, 195, RED)],
    ),
    Case("a JPEG of an animation", "/unsafe/filters:fill(white):format(jpeg)/DB.gif", format="jpeg", size=(121, 128)),
    Case(
        "the format filter makes AVIF",
        "/unsafe/filters:format(avif):quality(70)/GF.png",
        format="avif",
        size=(202, 259),
    ),
    Case(
        "the format filter makes TIFF",
        "/unsafe/filters:format(tiff):quality(70)/GF.png",
        format="tiff",
        size=(202, 259),
    ),
    Case(
        "page gives a single frame", "/unsafe/filters:page(5)/DB.gif", format="gif", size=(121, 128), checks=[frames(1)]
    ),
    Case(
        "an overlay off the canvas is invisible",
        "/unsafe/fit-in/300x300/filters:image(/100x100/GO.png,5000,0)/GO.png",
        format="png",
        size=(220, 300),
    ),
    Case(
        "an overlay of its parent's size",
        "/unsafe/fit-in/500x500/filters:fill(white):image(fxf/GO.png,0,0)/GO.png",
        format="png",
        size=(500, 500),
        checks=[pixel(5, 5, RED), pixel(494, 494, YELLOW)],
    ),
    Case(
        "rotate turns the sides after fit-in",
        "/unsafe/fit-in/500x500/filters:rotate(90)/GO.png",
        format="png",
        size=(500, 367),
        checks=[pixel(5, 5, GREEN)],
    ),
    Case("a colour is one pixel", "/unsafe/color:green", format="jpeg", size=(1, 1), checks=[pixel(0, 0, (0, 128, 0))]),
    Case(
        "a focal region in shares",
        "/unsafe/300x100/filters:fill(white):format(jpeg):focal(0.35x0.25:0.6x0.3)/GO.png",
        format="jpeg",
        size=(300, 100),
        checks=[pixel(5, 95, RED)],
        differs_from="/unsafe/300x100/filters:format(jpeg)/GO.png",
    ),
    Case(
        "pixelate mixes the colours of a block",
        "/unsafe/filters:pixelate()/GF.png",
        format="png",
        size=(202, 259),
        checks=[pixel(105, 50, (89, 243, 0)), pixel(5, 5, RED)],
    ),
    Case(
        "a valid signature, a missing original",
        "/_-19cQt1szHeUV0WyWFntvTImDI=/foo.jpg",
        status=404,
        mount="imagor-signed",
    ),
    Case(
        "a wrong signature is rejected",
        "/_-19cQt1szHeUV0WyWFntvTImD=/foo.jpg",
        status=403,
        answers=JSON,
        body="url signature mismatch",
        mount="imagor-signed",
    ),
    Case(
        "an expired URL is gone", "/unsafe/filters:expire(1000)/GF.png", status=410, answers=JSON, body='"status":410'
    ),
    Case(
        "a missing original is not found",
        "/unsafe/nope.jpg",
        status=404,
        answers=JSON,
        body='{"message":"not found","status":404}',
    ),
    Case("a damaged original is not acceptable", "/unsafe/bad.jpg", status=406, answers=JSON),
    Case(
        "attachment appends the extension to its name",
        "/unsafe/filters:attachment(foo.png)/L.jpg",
        format="jpeg",
        size=(1200, 800),
        answers={"content-disposition": "foo.png.jpg"},
    ),
]

NESTED = "/unsafe/500x500/filters:image({path})/L.jpg"

OTHERS = [
    Case("SHA-256, cut", signed("300x200/L.jpg", "sha256", 40), size=(300, 200), mount="imagor-sha256"),
    Case("SHA-256, whole", signed("300x200/L.jpg", "sha256"), status=403, mount="imagor-sha256"),
    Case("SHA-1 where SHA-256 is", signed("300x200/L.jpg", "sha1"), status=403, mount="imagor-sha256"),
    Case(
        "escaped as a whole, signed as it reads",
        f"/GSqGN9NrCj-DlGT38BaycScxM9g=/{quote('filters:fill(red)/gopher.png', safe='/')}",
        status=404,
        mount="imagor-signed",
    ),
    Case("unsafe where only signatures are answered", "/unsafe/L.jpg", status=403, mount="imagor-signed"),
    Case("a size is no signature", "/0000000949x1000/L.jpg", status=403),
    Case("signed, several slashes in front", "//" + signed("300x200/L.jpg"), size=(300, 200), mount="imagor-signed"),
    Case("base64", "/unsafe/300x200/b64:TC5qcGc", size=(300, 200)),
    Case("no base64 after all", "/unsafe/300x200/b64:!", status=(400, 404)),
    Case("a plus is a space", "/unsafe/no+pe.jpg", status=404),
    Case("an absolute URL", "/unsafe/300x200/{origin}/L.jpg", size=(300, 200)),
    Case("landing page", "/", body="imagor"),
    Case("health", "/healthcheck", body=""),
    Case("no image", "/unsafe/300x200/", status=400, answers=JSON),
    Case(
        "params",
        "/params/unsafe/fit-in/-300x0/10x20/left/smart/filters:fill(a,b):grayscale()/a%20b.jpg",
        answers=JSON,
        checks=[
            fact("image", equals="a b.jpg"),
            fact("unsafe", equals=True),
            fact("width", equals=300),
            fact("h_flip", equals=True),
            fact("padding_bottom", equals=20),
            fact("filters", equals=[{"name": "fill", "args": "a,b"}, {"name": "grayscale"}]),
        ],
    ),
    Case(
        "meta",
        "/unsafe/meta/fit-in/67x67/DB.gif",
        answers=JSON,
        checks=[
            fact("format", equals="gif"),
            fact("content_type", equals="image/gif"),
            fact("width", equals=63),
            fact("height", equals=67),
            fact("pages", equals=8),
        ],
    ),
    Case(
        "meta of pixels",
        "/unsafe/meta/filters:avgcolor():thumbhash()/S.jpg",
        checks=[fact("width", equals=100)],
        body="average_color",
    ),
    Case("EXIF applied", "/unsafe/100x0/E6.jpg", size=(100, 150)),
    Case("EXIF replaced", "/unsafe/filters:orient(180)/E6.jpg", size=(300, 200), checks=[pixel(5, 5, YELLOW)]),
    Case("top alone keeps the left", "/unsafe/100x100/top/L.jpg", size=(100, 100), checks=[pixel(70, 10, RED)]),
    Case(
        "where nothing is shrunk on load it does not",
        "/unsafe/100x-100/top/L.jpg",
        size=(100, 100),
        checks=[pixel(10, 10, BLUE), pixel(90, 10, YELLOW)],
    ),
    Case("bottom", "/unsafe/100x100/bottom/P.jpg", size=(100, 100), checks=[pixel(5, 30, BLUE)]),
    Case("crop to the end", "/unsafe/1000x700:0x0/L.jpg", size=(200, 100)),
    Case("shares to the end", "/unsafe/0.5x0.5:1x1/L.jpg", size=(600, 400), checks=[uniform(YELLOW)]),
    Case("a crop of the result, in pixels", "/unsafe/300x200/filters:crop(150,100,500,500)/L.jpg", size=(150, 100)),
    Case("a crop outside", "/unsafe/300x200/filters:crop(400,10,50,50)/L.jpg", size=(300, 200)),
    Case(
        "focal point",
        "/unsafe/200x200/filters:focal(1100x400)/L.jpg",
        checks=[pixel(20, 20, RED), pixel(80, 20, GREEN), pixel(180, 180, YELLOW)],
    ),
    Case(
        "focal point with a comma",
        "/unsafe/200x200/filters:focal(0.1,0.5)/L.jpg",
        checks=[pixel(135, 20, RED), pixel(180, 20, GREEN)],
    ),
    Case("no fill, no padding", "/unsafe/fit-in/100x100/10x5/GO.png", size=(73, 100)),
    Case(
        "no_upscale and fill",
        "/unsafe/500x200/filters:no_upscale():fill(aqua)/GF.png",
        size=(500, 200),
        checks=[pixel(5, 100, (0, 255, 255))],
    ),
    Case("filled around a free side", "/unsafe/fit-in/0x300/filters:fill(red)/GF.png", size=(202, 300)),
    Case(
        "transparent around", "/unsafe/fit-in/300x300/filters:fill(none)/GF.png", size=(300, 300), checks=[has_alpha()]
    ),
    Case(
        "the average around",
        "/unsafe/fit-in/300x300/filters:fill(auto)/GF.png",
        size=(300, 300),
        checks=[pixel(5, 5, (128, 128, 64))],
    ),
    Case(
        "blur around",
        "/unsafe/fit-in/300x300/filters:fill(blur)/GF.png",
        size=(300, 300),
        checks=[pixel(5, 5, RED)],
        differs_from="/unsafe/300x300/GF.png",
    ),
    Case(
        "an image in an image",
        NESTED.format(path="200x100/W.png,10,20"),
        size=(500, 500),
        checks=[pixel(12, 22, RED), pixel(200, 110, YELLOW)],
    ),
    Case(
        "with filters of its own",
        NESTED.format(path="/unsafe/100x100/filters:grayscale():rotate(90)/W.png,right,bottom,0,normal"),
        size=(500, 500),
        checks=[pixel(495, 495, (76, 76, 76), tolerance=60)],
    ),
    Case(
        "in three levels",
        NESTED.format(path="200x200/filters:image(50x50/filters:image(10x10/A.png)/W.png)/S.jpg,0,0"),
        checks=[pixel(40, 40, YELLOW), pixel(10, 40, BLUE), pixel(60, 60, RED), pixel(150, 60, GREEN)],
    ),
    Case(
        "deeper",
        NESTED.format(path="9x9/filters:image(9x9/filters:image(9x9/filters:image(9x9/A.png)/A.png)/A.png)/A.png"),
        status=400,
    ),
    Case("half the parent, less", NESTED.format(path="f-300xf-400/W.png,0,0"), checks=[pixel(195, 95, YELLOW)]),
    Case("a colour as an image", NESTED.format(path="100x50/color:0000ff,-0.1,0"), checks=[pixel(440, 10, BLUE)]),
    Case("a colour of a size", "/unsafe/200x100/color:f00", format="jpeg", size=(200, 100), checks=[uniform(RED)]),
    Case("a colour of one side", "/unsafe/30x0/color:red", size=(30, 30)),
    Case(
        "a mask",
        NESTED.format(path="fxf/A.png,0,0,0,mask").replace("L.jpg", "W.png"),
        format="png",
        checks=[has_alpha()],
    ),
    Case(
        "a text",
        "/unsafe/300x200/filters:text(Hello%20world,10,10,sans-bold-24,0000ff)/L.jpg",
        size=(300, 200),
        differs_from="/unsafe/300x200/L.jpg",
    ),
    Case(
        "a text in base64",
        "/unsafe/300x200/filters:text(b64:SGVsbG8,center,center,sans-80)/L.jpg",
        size=(300, 200),
        differs_from="/unsafe/300x200/L.jpg",
    ),
    Case(
        "a label",
        "/unsafe/300x200/filters:label(Hi,center,-10,80,white,20,monospace)/L.jpg",
        size=(300, 200),
        differs_from="/unsafe/300x200/L.jpg",
    ),
    Case(
        "a label elsewhere",
        "/unsafe/300x200/filters:label(Hi,center,10,80,white,20,monospace)/L.jpg",
        differs_from="/unsafe/300x200/filters:label(Hi,center,-10,80,white,20,monospace)/L.jpg",
    ),
    Case("an empty text", "/unsafe/300x200/filters:text()/L.jpg", size=(300, 200)),
    Case("watermark, far", "/unsafe/400x400/filters:watermark(W.png,-10,-10,0)/L.jpg", checks=[pixel(192, 292, RED)]),
    Case(
        "watermark beyond", "/unsafe/400x400/filters:watermark(W.png,right-100,0,0)/L.jpg", checks=[pixel(302, 2, RED)]
    ),
    Case("watermark missing", "/unsafe/400x400/filters:watermark(nope.png,0,0,0)/L.jpg", status=404, answers=JSON),
    Case("grey", "/unsafe/300x200/filters:grayscale()/L.jpg", checks=[is_grey()]),
    Case("hue", "/unsafe/300x200/filters:hue(120)/L.jpg", size=(300, 200), checks=[pixel(5, 5, (0, 157, 60))]),
    Case("numbers that are none", "/unsafe/300x200/filters:brightness(abc):blur():sharpen(x)/L.jpg", size=(300, 200)),
    Case(
        "lossless",
        "/unsafe/filters:format(webp):lossless()/W.png",
        format="webp",
        checks=[pixel(0, 0, RED, tolerance=0)],
    ),
    Case("few frames", "/unsafe/filters:max_frames(3)/DB.gif", format="gif", checks=[frames(3)]),
    Case("raw", "/unsafe/10x10/filters:raw()/bad.jpg", status=(406, 415)),
    Case("raw image", "/unsafe/10x10/filters:raw()/L.jpg", size=(1200, 800)),
    Case(
        "download by its own name",
        "/unsafe/filters:attachment()/L.jpg",
        answers={"content-disposition": 'filename="L.jpg"'},
    ),
    Case("later", f"/unsafe/filters:expire({int(time.time() + 3_600) * 1000})/L.jpg", size=(1200, 800)),
    Case("lifetime", "/unsafe/filters:max_age(60)/L.jpg", answers={"cache-control": "max-age=6"}),
    Case(
        "AVIF by Accept",
        signed("9x9/L.jpg", "sha256", 40),
        format="avif",
        headers={"Accept": "image/avif,image/webp"},
        mount="imagor-sha256",
    ),
    Case(
        "WebP by Accept",
        signed("9x9/L.jpg", "sha256", 40),
        format="webp",
        headers={"Accept": "image/webp"},
        answers={"vary": "Accept"},
        mount="imagor-sha256",
    ),
    Case(
        "neither", signed("9x9/L.jpg", "sha256", 40), format="jpeg", answers={"vary": "Accept"}, mount="imagor-sha256"
    ),
    Case("trim in the middle", "/unsafe/filters:padding(white,20):trim(10)/T.png", size=(260, 160)),
]


@pytest.mark.parametrize("case", OF_IMAGOR, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("imagor", case)


@pytest.mark.parametrize("case", OTHERS, ids=str)
def test_other_urls(service: Service, case: Case) -> None:
    service.check("imagor", case)
