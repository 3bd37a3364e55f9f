"""imaginary: sizes, canvases, regions, orientation, pipelines, signatures, facts and errors."""

import json
from urllib.parse import quote

import pytest

from tests.compat.runner import Case, Check, Reply, Service, clear, fact, frames, is_grey, lasts, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW, source

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
WEBP = {"Accept": "image/avif,image/webp,*/*"}
JSON = "json"
KEYED = "imaginary-keyed"


def pipeline(*operations: dict[str, object]) -> str:
    return f"/pipeline?file=L.jpg&operations={quote(json.dumps(operations))}"


def operation(name: str, **params: object) -> dict[str, object]:
    return {"operation": name, "params": params}


def shows(colour: tuple[int, int, int], *box: int, expected: bool = True) -> Check:
    """Check whether a region has a pixel of a colour."""

    def holds(reply: Reply) -> bool:
        left, top, right, bottom = box
        found = reply.image.convert("RGB").crop((left, top, right, bottom)).getcolors(1 << 24) or ()
        return (colour in {one for _, one in found}) is expected

    holds.__doc__ = f"{box} shows {colour}: {expected}"
    return holds


def failed(name: str, target: str, message: str, status: int = 400, mount: str = "", method: str = "GET") -> Case:
    return Case(name, target, status, JSON, checks=[fact("status", equals=status)], body=message, mount=mount,
                method=method)  # fmt: skip


CASES = [
    Case("width", "/resize?width=300&file=L.jpg", 200, "jpeg", (300, 200)),
    Case("height", "/resize?height=300&file=L.jpg", 200, "jpeg", (450, 300)),
    Case("without its sign, rounded", "/resize?width=-299.5&file=L.jpg", 200, "jpeg", (300, 200)),
    Case("an exponent", "/resize?width=3e2&file=L.jpg", 200, "jpeg", (300, 200)),
    Case("the first of two", "/resize?width=300&width=100&file=L.jpg", 200, "jpeg", (300, 200)),
    Case("resize never enlarges", "/resize?width=300&file=S.jpg", 200, "jpeg", (100, 80)),
    Case("nor drawings", "/resize?width=300&type=png&file=V.svg", 200, "png", (200, 100)),
    Case("both sides: a canvas of its edges", "/resize?width=300&height=300&file=L.jpg", 200, "jpeg", (300, 300),
         [pixel(10, 5, RED), pixel(290, 295, YELLOW), pixel(10, 140, RED)]),
    Case("a black canvas", "/resize?width=300&height=300&extend=black&file=L.jpg", 200, "jpeg", (300, 300),
         [pixel(10, 40, BLACK), pixel(10, 60, RED)]),
    Case("a white canvas", "/resize?width=300&height=300&extend=White&file=L.jpg", 200, "jpeg", (300, 300),
         [pixel(10, 40, WHITE), pixel(10, 60, RED)]),
    Case("a canvas of a colour", "/resize?width=300&height=300&extend=background&background=0,999,0&file=L.jpg", 200,
         "jpeg", (300, 300), [pixel(10, 40, GREEN), pixel(10, 60, RED)]),
    Case("the last pixel is the background", "/resize?width=300&height=300&extend=lastpixel&file=L.jpg", 200, "jpeg",
         (300, 300), [pixel(10, 40, BLACK)]),
    Case("a mirrored canvas", "/resize?width=300&height=900&extend=mirror&file=L.jpg", 200, "jpeg", (300, 900),
         [pixel(10, 200, BLUE), pixel(10, 340, RED), pixel(10, 640, BLUE)]),
    Case("a box larger than the image", "/resize?width=300&height=300&file=S.jpg", 200, "jpeg", (100, 80)),
    Case("a box as wide as the image", "/resize?width=100&height=300&extend=white&file=S.jpg", 200, "jpeg", (100, 300),
         [pixel(50, 50, WHITE)]),
    Case("a box wider than the image", "/resize?width=300&height=50&extend=white&file=S.jpg", 200, "jpeg", (300, 50),
         [pixel(50, 25, WHITE)]),
    Case("resize cuts without nocrop", "/resize?width=300&height=300&nocrop=false&file=L.jpg", 200, "jpeg", (300, 300),
         [pixel(10, 5, RED), pixel(160, 160, YELLOW)]),
    Case("one side cut", "/resize?width=300&nocrop=false&file=L.jpg", 200, "jpeg", (300, 800)),
    Case("nocrop is a canvas", "/resize?width=300&height=300&nocrop=true&extend=white&file=L.jpg", 200, "jpeg",
         (300, 300), [pixel(10, 40, WHITE)]),
    Case("forced", "/resize?width=300&height=300&force=true&file=L.jpg", 200, "jpeg", (300, 300),
         [pixel(10, 145, RED), pixel(140, 5, RED), pixel(160, 160, YELLOW)]),
    Case("forced enlarges", "/resize?width=300&force=1&file=S.jpg", 200, "jpeg", (300, 240)),
    Case("smart has no canvas", "/resize?width=300&height=300&gravity=smart&file=L.jpg", 200, "jpeg", (300, 200)),
    Case("fit", "/fit?width=300&height=100&file=L.jpg", 200, "jpeg", (150, 100)),
    Case("fit of a portrait", "/fit?width=300&height=300&file=P.jpg", 200, "jpeg", (200, 300)),
    Case("fit never enlarges", "/fit?width=300&height=300&file=S.jpg", 200, "jpeg", (100, 80)),
    Case("enlarge", "/enlarge?width=300&height=300&file=S.jpg", 200, "jpeg", (300, 300)),
    Case("enlarge without a cut", "/enlarge?width=300&height=300&nocrop=true&file=S.jpg", 200, "jpeg", (300, 240)),
    Case("crop", "/crop?width=300&height=200&file=P.jpg", 200, "jpeg", (300, 200)),
    Case("the other side stays", "/crop?width=300&file=L.jpg", 200, "jpeg", (300, 800), [pixel(140, 10, RED)]),
    Case("cut along the height", "/crop?height=300&gravity=south&file=L.jpg", 200, "jpeg", (1200, 300),
         [pixel(10, 10, BLUE)]),
    Case("west", "/crop?width=100&height=100&gravity=west&file=L.jpg", 200, "jpeg", (100, 100), [pixel(70, 10, RED)]),
    Case("east", "/crop?width=100&height=100&gravity=EAST&file=L.jpg", 200, "jpeg", (100, 100), [pixel(30, 10, GREEN)]),
    Case("an unknown direction", "/crop?width=300&gravity=x&file=L.jpg", 200, "jpeg", (300, 800),
         [pixel(140, 10, RED), pixel(160, 10, GREEN)]),
    Case("no crop of what is smaller", "/crop?width=300&height=300&file=S.jpg", 200, "jpeg", (100, 80)),
    Case("but of what is narrower", "/crop?width=300&height=50&file=S.jpg", 200, "jpeg", (300, 50)),
    Case("smartcrop", "/smartcrop?width=200&height=100&file=L.jpg", 200, "jpeg", (200, 100)),
    Case("aspect of whole quotients", "/crop?width=300&aspectratio=16:9&file=L.jpg", 200, "jpeg", (300, 162)),
    Case("aspect of a height", "/crop?height=300&aspectratio=2:1&file=L.jpg", 200, "jpeg", (600, 300)),
    Case("aspect beside both sides", "/crop?width=300&height=100&aspectratio=2:1&file=L.jpg", 200, "jpeg", (300, 100)),
    Case("extract", "/extract?top=350&left=500&areawidth=300&areaheight=200&file=L.jpg", 200, "jpeg", (300, 200),
         [pixel(90, 40, RED), pixel(110, 60, YELLOW)]),
    Case("extract after a resize", "/extract?top=30&left=50&areawidth=50&areaheight=40&width=150&file=L.jpg", 200,
         "jpeg", (50, 40), [pixel(5, 4, RED), pixel(40, 30, YELLOW)]),
    Case("rotate", "/rotate?rotate=180&file=L.jpg", 200, "jpeg", (1200, 800), [pixel(0, 0, YELLOW)]),
    Case("rotate clockwise", "/rotate?rotate=90&file=L.jpg", 200, "jpeg", (800, 1200), [pixel(0, 0, BLUE)]),
    Case("rounded down to a right angle", "/rotate?rotate=450&file=L.jpg", 200, "jpeg", (800, 1200),
         [pixel(0, 0, GREEN)]),
    Case("rotate in place of EXIF", "/rotate?rotate=180&file=E6.jpg", 200, "jpeg", (300, 200), [pixel(0, 0, YELLOW)]),
    Case("rotate before the size, which does not enlarge", "/thumbnail?width=200&rotate=90&file=S.jpg", 200, "jpeg",
         (80, 100)),
    Case("autorotate", "/autorotate?width=10&file=E6.jpg", 200, "jpeg", (200, 300), [pixel(0, 0, BLUE)]),
    Case("flip mirrors left and right", "/flip?file=L.jpg", 200, "jpeg", (1200, 800), [pixel(0, 0, GREEN)]),
    Case("flop mirrors top and bottom", "/flop?file=L.jpg", 200, "jpeg", (1200, 800), [pixel(0, 0, BLUE)]),
    Case("flip as a parameter", "/resize?width=300&flip=T&file=L.jpg", 200, "jpeg", (300, 200), [pixel(0, 0, GREEN)]),
    Case("an empty flip", "/resize?width=300&flip=&file=L.jpg", 200, "jpeg", (300, 200), [pixel(0, 0, RED)]),
    Case("flip with a size", "/flip?width=300&file=S.jpg", 200, "jpeg", (300, 240), [pixel(0, 0, GREEN)]),
    Case("thumbnail", "/thumbnail?width=100&file=L.jpg", 200, "jpeg", (100, 67)),
    Case("thumbnail distorts", "/thumbnail?width=300&height=300&file=L.jpg", 200, "jpeg", (300, 300),
         [pixel(140, 140, RED), pixel(10, 140, RED)]),
    Case("thumbnail enlarges", "/thumbnail?width=300&file=S.jpg", 200, "jpeg", (300, 240)),
    Case("zoom", "/zoom?factor=1&file=S.jpg", 200, "jpeg", (200, 160)),
    Case("zoom of a region", "/zoom?factor=2&top=100&left=130&areawidth=50&areaheight=40&file=S.jpg", 200, "jpeg",
         (50, 40), [pixel(10, 10, RED), pixel(40, 30, YELLOW)]),
    Case("zoom of a region without a height", "/zoom?factor=2&top=10&left=130&areawidth=50&file=S.jpg", 200, "jpeg",
         (50, 80), [pixel(10, 10, RED), pixel(40, 60, GREEN)]),
    Case("convert", "/convert?type=PNG&file=L.jpg", 200, "png", (1200, 800)),
    Case("convert to WebP", "/convert?type=webp&file=L.jpg", 200, "webp", (1200, 800)),
    Case("the source's format", "/resize?width=40&file=X.webp", 200, "webp", (40, 30)),
    Case("the first frame", "/resize?width=60&file=G.webp", 200, "webp", (60, 45), [frames(1)]),
    Case("auto", "/convert?type=auto&file=W.png", 200, "png", (200, 100), headers={"Accept": "image/png"},
         answers={"Vary": "Accept"}),
    Case("auto by Accept", "/convert?type=auto&file=W.png", 200, "webp", (200, 100), headers=WEBP),
    Case("transparent onto JPEG", "/resize?width=400&type=jpeg&file=A.png", 200, "jpeg", (400, 300),
         [pixel(5, 5, BLACK), pixel(100, 100, RED)]),
    Case("transparent onto a background", "/resize?width=400&background=0,0,255&file=A.png", 200, "png", (400, 300),
         [pixel(5, 5, (0, 0, 255, 255)), pixel(100, 100, RED)]),
    Case("transparent on a canvas", "/resize?width=200&height=200&file=A.png", 200, "png", (200, 200),
         [clear(5, 5), pixel(100, 100, RED)]),
    Case("blur", "/blur?sigma=5&file=L.jpg", 200, "jpeg", (1200, 800), [pixel(600, 200, (120, 130, 0), 20)]),
    Case("no amplitude, no blur", "/blur?minampl=0.5&file=L.jpg", 200, "jpeg", (1200, 800), [pixel(596, 200, RED)]),
    Case("one text", "/watermark?text=Hello&noreplicate=true&opacity=1&type=png&file=L.jpg", 200, "png", (1200, 800),
         [shows(BLACK, 100, 100, 200, 140), shows(BLACK, 600, 0, 1200, 800, expected=False)]),
    Case("texts all over", "/watermark?text=Hello&opacity=1&color=255,255,255&type=png&file=L.jpg", 200, "png",
         (1200, 800), [shows(WHITE, 100, 100, 200, 140), shows(WHITE, 800, 600, 1200, 800)]),
    Case("a pale text", "/watermark?text=Hello&type=png&file=L.jpg", 200, "png", (1200, 800),
         [shows((191, 0, 0), 100, 100, 200, 140), shows(BLACK, 0, 0, 1200, 800, expected=False)]),
    Case("an image over it", "/watermarkimage?image=W.png&top=100&left=700&file=L.jpg", 200, "jpeg", (1200, 800),
         [pixel(690, 110, GREEN), pixel(710, 110, RED), pixel(850, 110, GREEN), pixel(710, 190, BLUE)]),
    Case("half an image over it", "/watermarkimage?image={origin}/W.png&opacity=.5&file=L.jpg", 200, "jpeg",
         (1200, 800), [pixel(180, 10, (128, 128, 0), 20)]),
    Case("a pipeline", pipeline(operation("crop", width=300, height=300), operation("convert", type="webp")), 200,
         "webp", (300, 300)),
    Case("texts and numbers", pipeline(operation("crop", width="300", height=300.7)), 200, "jpeg", (300, 300)),
    Case("in its order", pipeline(operation("flip"), operation("extract", areawidth=100, areaheight=100)), 200, "jpeg",
         (100, 100), [pixel(50, 50, GREEN)]),
    Case("in another order", pipeline(operation("rotate", rotate=90), operation("crop", width=100, gravity="west")),
         200, "jpeg", (100, 1200), [pixel(50, 50, BLUE)]),
    Case("an image in a pipeline", pipeline(operation("watermarkImage", image="W.png", left=700)), 200, "jpeg",
         (1200, 800), [pixel(710, 10, RED)]),
    Case("a failure that is ignored", pipeline(operation("crop") | {"ignore_failure": True}, operation("flip")), 200,
         "jpeg", (1200, 800), [pixel(0, 0, GREEN)]),
    Case("grey", "/resize?width=300&colorspace=bw&file=L.jpg", 200, "jpeg", (300, 200), [is_grey()]),
    Case("EXIF", "/resize?width=100&type=png&file=E6.jpg", 200, "png", (100, 150), [pixel(0, 0, BLUE)]),
    Case("without EXIF", "/resize?width=150&norotation=true&file=E6.jpg", 200, "jpeg", (150, 100), [pixel(0, 0, RED)]),
    Case("quality", "/resize?width=300&quality=10&file=L.jpg", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("interlace", "/resize?width=300&interlace=true&file=L.jpg", 200, "jpeg", (300, 200),
         [lambda reply: bool(reply.image.info.get("progressive"))]),
    Case("palette", "/resize?width=300&palette=true&type=png&file=L.jpg", 200, "png", (300, 200),
         [lambda reply: reply.image.mode == "P"]),
    Case("info", "/info?file=A.png", 200, JSON, checks=[fact("hasAlpha", equals=True), fact("channels", equals=4)]),
    Case("info as stored", "/info?url={origin-escaped}%2FE6.jpg", 200, JSON,
         checks=[lambda reply: reply.json() == {"width": 300, "height": 200, "type": "jpeg", "space": "srgb",
                                                "hasAlpha": False, "hasProfile": False, "channels": 3,
                                                "orientation": 6}]),
    Case("info without EXIF", "/info?file=L.jpg", 200, JSON, checks=[fact("orientation", equals=0)]),
    Case("versions", "/", 200, JSON, checks=[fact("imaginary", equals="1.2.4")]),
    Case("health", "/health", 200, JSON, body='"goroutines"', checks=[lambda reply: reply.json()["cpus"] >= 1]),
    failed("no side", "/resize?file=L.jpg", "Error while processing the image: Missing required param: height or width"),
    failed("no number", "/resize?width=abc&file=L.jpg", 'error while processing parameter \\"width\\" with value'),
    failed("no boolean", "/resize?width=3&flip=maybe&file=L.jpg", "unsupported value"),
    failed("case of names", "/resize?Width=300&file=L.jpg", "height or width"),
    failed("crop needs a side", "/crop?file=L.jpg", "height or width"),
    failed("fit needs both", "/fit?width=300&file=L.jpg", "height, width"),
    failed("convert needs a type", "/convert?file=L.jpg", "Missing required param: type"),
    failed("an unknown type", "/resize?width=3&type=jpg&file=L.jpg", '"Unsupported output image format"'),
    failed("a type that cannot be written", "/convert?type=pdf&file=L.jpg", "Unsupported image output type"),
    failed("extract needs an area", "/extract?areawidth=3&file=L.jpg", "areawidth or areaheight"),
    failed("a region outside", "/extract?left=1190&areawidth=30&areaheight=3&file=L.jpg", "does not lie in the image"),
    failed("rotate needs an angle", "/rotate?file=L.jpg", "rotate"),
    failed("zoom needs an area", "/zoom?factor=1&top=10&file=L.jpg", "areawidth, areaheight"),
    failed("blur needs a sigma", "/blur?file=L.jpg", "sigma or minampl"),
    failed("a disabled endpoint", "/blur?sigma=3&file=L.jpg&key=secret", "Not implemented endpoint", 501, KEYED),
    failed("no source", "/resize?width=300", "Cannot process the image due to missing or invalid params"),
    failed("no file", "/resize?width=300&file=nope.jpg", "Invalid file path"),
    failed("a path out of the folder", "/resize?width=300&file=../../etc/passwd", "must not"),
    failed("no URL", "/resize?width=300&url={origin}/nope.jpg", "error fetching remote http image", 404),
    failed("no image", "/resize?width=300&file=bad.jpg", "Unsupported media type", 406),
    failed("a foreign origin", "/resize?width=300&url=http://example.com/a.jpg", "not allowed", 403),
    failed("no operations", "/pipeline?file=L.jpg&operations=[]", "Missing or invalid pipeline operations JSON"),
    failed("too many operations", pipeline(*[operation("flip")] * 11), "Maximum allowed pipeline operations exceeded"),
    failed("an unknown operation", pipeline(operation("info")), "Unsupported operation name: info"),
    failed("an unknown field", pipeline({"operation": "flip", "foo": 1}), "operations"),
    failed("no number in a pipeline", pipeline(operation("crop", width=True)), "unsupported value"),
    failed("another method", "/resize?width=300&file=L.jpg", "HTTP method not allowed", 405, method="DELETE"),
]  # fmt: skip

SIGNED = [
    Case("signed", "/resize?file=S.jpg&height=200&type=jpeg&width=300&sign={sign}", 200, "jpeg", (100, 80),
         [lasts(600)], answers={"Image-Width": "100", "Image-Height": "80"}),
    Case("in another order", "/resize?width=300&sign={sign}&type=jp%65g&height=200&file=S.jpg", 200, "jpeg", (100, 80)),
    failed("another width", "/resize?file=S.jpg&height=200&type=jpeg&width=301&sign={sign}", "URL signature mismatch",
           403),
    failed("a second width", "/resize?file=S.jpg&height=200&type=jpeg&width=300&width=301&sign={sign}", "mismatch", 403),
    failed("no signature", "/resize?file=S.jpg&height=200&type=jpeg&width=300", "URL signature mismatch", 403),
    Case("an unreadable pair is neither signed nor read", "/resize?width=3%zz&file=S.jpg&height=200&type=jpeg&width=300"
         "&sign={sign}", 200, "jpeg", (100, 80)),
]  # fmt: skip
SIGN = "XzX7pdgA2dwRE36OCvdNr-_tIMqa_ooVb89cD25ZEoY"

KEY_CASES = [
    Case("an API key", "/resize?width=300&file=L.jpg&key=secret", 200, "jpeg", (300, 200)),
    failed("another API key", "/resize?width=300&file=L.jpg&key=Secret", "Invalid or missing API key", 401),
    failed("no API key", "/info?file=L.jpg", "Invalid or missing API key", 401),
    failed("a disabled health", "/health", "Not implemented endpoint", 501),
    Case("versions below a mount", "/", 200, JSON, body="1.2.4"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("imaginary", case)


@pytest.mark.parametrize("case", SIGNED, ids=str)
def test_signatures(service: Service, case: Case) -> None:
    service.check("imaginary-signed", Case(**(vars(case) | {"target": case.target.replace("{sign}", SIGN)})))


@pytest.mark.parametrize("case", KEY_CASES, ids=str)
def test_api_keys(service: Service, case: Case) -> None:
    service.check(KEYED, case)


def test_an_upload_is_the_original(service: Service) -> None:
    reply = service.request("imaginary", "/crop?width=50", "POST", body=source("S.jpg"))
    assert (reply.status, reply.image.size) == (200, (50, 80))
