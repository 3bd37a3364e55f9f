"""Directus: sizes, transformations in JSON, presets, formats by Accept, and its errors."""

import json
from typing import Final
from urllib.parse import quote

import pytest

from tests.compat.runner import Case, Check, Reply, Service, fact, frames, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW, source

BLACK, WHITE, CYAN = (0, 0, 0), (255, 255, 255), (0, 255, 255)
ID: Final = "8CBB43FE-4cdf-4991-8352-c461779cec02"
OTHERS: Final = {"1bbb": "A.png", "2bbb": "G.gif", "3bbb": "V.svg", "4bbb": "E6.jpg", "5bbb": "S.jpg"}
CHROME = {"Accept": "image/avif,image/webp,*/*"}
WEBP = {"Accept": "image/webp,*/*"}


def asset(part: str) -> str:
    return f"/assets/8cbb43fe-{part}-4991-8352-c461779cec02"


def transforms(*operations: object, more: str = "", part: str = "") -> str:
    text = quote(json.dumps(operations))
    return f"{asset(part) if part else '/assets/' + ID}?{more}transforms={text}"


def failure(name: str, target: str, reason: str, mount: str = "") -> Case:
    """Return a case that Directus answers with an invalid query."""
    checks: list[Check] = [
        fact("errors", 0, "extensions", "code", equals="INVALID_QUERY"),
        fact("errors", 0, "extensions", "reason", equals=reason),
        fact("errors", 0, "message", equals=f"Invalid query. {reason}."),
    ]
    return Case(name, target, 400, "json", checks=checks, mount=mount)


def is_mixed(reply: Reply) -> bool:
    """Red beside green is not red."""
    return not pixel(148, 10, RED)(reply)


def is_original(reply: Reply) -> bool:
    """The bytes are those of the original."""
    return reply.body == source("L.jpg")


FORBIDDEN: Final = fact("errors", 0, "extensions", "code", equals="FORBIDDEN")

CASES = [
    Case("cover", f"/assets/{ID}?width=300&height=300&fit=cover", 200, "jpeg", (300, 300), [pixel(140, 10, RED)]),
    Case("cover by default", f"/assets/{ID}?width=300&height=300", 200, "jpeg", (300, 300)),
    Case(
        "contain",
        f"/assets/{ID}?width=300&height=300&fit=contain&format=png",
        200,
        "png",
        (300, 300),
        [pixel(150, 10, BLACK)],
    ),
    Case("inside", f"/assets/{ID}?width=300&height=300&fit=inside", 200, "jpeg", (300, 200)),
    Case("outside", f"/assets/{ID}?width=300&height=300&fit=outside", 200, "jpeg", (450, 300)),
    Case("width", f"/assets/{ID}?width=300", 200, "jpeg", (300, 200)),
    Case("height", f"/assets/{ID}?height=300", 200, "jpeg", (450, 300)),
    Case("enlarged", f"{asset('5bbb')}?width=300", 200, "jpeg", (300, 240)),
    Case("not enlarged", f"{asset('5bbb')}?width=300&withoutEnlargement=true", 200, "jpeg", (100, 80)),
    Case(
        "one side not enlarged",
        f"{asset('5bbb')}?width=300&height=50&withoutEnlargement=true",
        200,
        "jpeg",
        (100, 50),
    ),
    Case(
        "focal point",
        f"/assets/{ID}?width=300&height=300&focal_point_x=1100&focal_point_y=100",
        200,
        "jpeg",
        (300, 300),
        [pixel(100, 10, GREEN), pixel(50, 10, RED)],
    ),
    Case("format", f"/assets/{ID}?format=webp", 200, "webp", (1200, 800)),
    Case("jpg", f"{asset('1bbb')}?format=jpg&width=100", 200, "jpeg", (100, 75), [pixel(2, 2, BLACK)]),
    Case("quality", f"/assets/{ID}?width=300&quality=10", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("AVIF by Accept", f"/assets/{ID}?width=60&format=auto", 200, "avif", (60, 40), headers=CHROME),
    Case("WebP by Accept", f"/assets/{ID}?width=60&format=auto", 200, "webp", (60, 40), headers=WEBP),
    Case("else that of the original", f"/assets/{ID}?width=60&format=auto", 200, "jpeg", (60, 40)),
    Case(
        "grey and blurred",
        transforms(["grayscale"], ["blur", 5], more="width=300&"),
        200,
        "jpeg",
        (300, 200),
        [is_grey()],
    ),
    Case("blurred", transforms(["blur", 20], more="width=300&"), 200, "jpeg", None, [is_mixed]),
    Case(
        "options of resize",
        transforms(["resize", {"width": 300, "height": 300, "fit": "cover", "position": "right"}]),
        200,
        "jpeg",
        (300, 300),
        [pixel(100, 10, GREEN)],
    ),
    Case("sides of resize", transforms(["resize", 300, 100, {"fit": "fill"}]), 200, "jpeg", (300, 100)),
    Case(
        "extract before resize",
        transforms(["extract", {"left": 600, "top": 400, "width": 300, "height": 200}], ["resize", 150]),
        200,
        "jpeg",
        (150, 100),
        [pixel(5, 5, YELLOW)],
    ),
    Case(
        "extract after resize",
        transforms(["resize", 300], ["extract", {"left": 0, "top": 100, "width": 50, "height": 40}]),
        200,
        "jpeg",
        (50, 40),
        [pixel(5, 5, BLUE)],
    ),
    Case(
        "extend",
        transforms(["extend", {"top": 10, "left": 40, "right": 20, "bottom": 30, "background": "red"}], part="5bbb"),
        200,
        "jpeg",
        (160, 120),
        [pixel(5, 5, RED), pixel(150, 110, RED)],
    ),
    Case("rotate", transforms(["rotate", 90]), 200, "jpeg", (800, 1200), [pixel(5, 5, BLUE)]),
    Case(
        "rotate and resize", transforms(["rotate", 90], more="width=300&"), 200, "jpeg", (300, 450), [pixel(5, 5, BLUE)]
    ),
    Case("flip and flop", transforms(["flip"], ["flop"]), 200, "jpeg", None, [pixel(5, 5, YELLOW)]),
    Case("flip off", transforms(["flip", False]), 200, "jpeg", None, [pixel(5, 5, RED)]),
    Case("negate", transforms(["negate"]), 200, "jpeg", None, [pixel(5, 5, CYAN)]),
    Case("threshold", transforms(["threshold", 128]), 200, "jpeg", None, [is_grey(), pixel(1100, 5, WHITE)]),
    Case("recomb", transforms(["recomb", [[0, 0, 1], [0, 1, 0], [1, 0, 0]]]), 200, "jpeg", None, [pixel(5, 5, BLUE)]),
    Case("channel", transforms(["extractChannel", "red"]), 200, "jpeg", None, [is_grey(), pixel(5, 5, WHITE)]),
    Case("modulate", transforms(["modulate", {"saturation": 0}]), 200, "jpeg", None, [is_grey()]),
    Case("linear", transforms(["linear", 0, 255]), 200, "jpeg", None, [pixel(5, 5, WHITE)]),
    Case("colour space", transforms(["toColorspace", "b-w"]), 200, "jpeg", None, [is_grey()]),
    Case(
        "convolve",
        transforms(["convolve", {"width": 3, "height": 3, "kernel": [0, 0, 0, 0, 0, 0, 0, 0, 0], "offset": 255}]),
        200,
        "jpeg",
        None,
        [pixel(5, 5, WHITE)],
    ),
    Case(
        "flatten",
        transforms(["flatten", {"background": {"r": 0, "g": 255, "b": 0}}], part="1bbb"),
        200,
        "png",
        None,
        [pixel(5, 5, GREEN)],
    ),
    Case("trim", transforms(["trim", {"threshold": 10}], part="1bbb"), 200, "png", (200, 150)),
    Case("a format among them", transforms(["webp", {"quality": 5}]), 200, "webp", (1200, 800)),
    Case("the format of the query counts", transforms(["toFormat", "webp"], more="format=png&"), 200, "png"),
    Case("none", transforms(), 200, "jpeg", (1200, 800), [is_original]),
    Case("the original", f"/assets/{ID}", 200, "jpeg", None, [is_original]),
    Case("fit alone", f"/assets/{ID}?fit=cover", 200, "jpeg", None, [is_original]),
    Case("an extension", f"/assets/{ID}.jpg?width=300", 200, "jpeg", (300, 200)),
    Case(
        "a file name",
        f"/assets/{ID}/my%20cat.jpg?width=300",
        200,
        "jpeg",
        (300, 200),
        answers={"Content-Disposition": 'inline; filename="my cat.jpg"'},
    ),
    Case("a download", f"/assets/{ID}?download", 200, "jpeg", answers={"Content-Disposition": "attachment"}),
    Case("another name than a UUID", "/assets/L.jpg?width=300", 200, "jpeg", (300, 200), mount="directus-files"),
    Case("GIF is not transformed", f"{asset('2bbb')}?width=20", 200, "gif", (120, 90), [frames(3)]),
    Case("SVG is not transformed", f"{asset('3bbb')}?width=20&format=png", 200, "svg"),
    Case("EXIF", f"{asset('4bbb')}?width=100", 200, "jpeg", (100, 150)),
    Case("EXIF and an angle", transforms(["rotate", 180], more="width=100&", part="4bbb"), 200, "jpeg", (100, 67)),
    Case("a preset", f"/assets/{ID}?key=system-small-cover", 200, "jpeg", (64, 64)),
    Case("a preset by Accept", f"/assets/{ID}?key=system-small-contain", 200, "avif", (64, 43), headers=CHROME),
    Case("a preset of the project", f"/assets/{ID}?key=thumb", 200, "webp", (150, 50), [is_grey()]),
    Case("a preset, and a width", f"/assets/{ID}?key=thumb&width=90", 200, "webp", (90, 50), [is_grey()]),
    Case("only presets", f"/assets/{ID}?key=thumb", 200, "webp", (150, 50), mount="directus-presets"),
    failure("no such preset", f"/assets/{ID}?key=x", 'Key "x" isn\'t configured'),
    failure(
        "not a preset",
        f"/assets/{ID}?width=300",
        "Only configured presets can be used in asset generation",
        mount="directus-presets",
    ),
    Case("the original of presets", f"/assets/{ID}?foo=1", 200, "jpeg", (1200, 800), mount="directus-presets"),
    failure(
        "no number",
        f"/assets/{ID}?width=abc",
        "Expected positive integer between 1 and 100000000 for width but received NaN of type number",
    ),
    failure("no fit", f"/assets/{ID}?width=3&fit=x", "Expected valid fit for fit but received x of type string"),
    failure(
        "no quality",
        f"/assets/{ID}?quality=0",
        "Expected integer between 1 and 100 for quality but received 0 of type number",
    ),
    failure(
        "no transformation",
        transforms(["composite", []]),
        '"transforms" Parameter does not allow "composite" as a transformation',
    ),
    failure("too many", transforms(*[["flip"]] * 6), '"transforms" Parameter is only allowed 5 transformations'),
    failure(
        "no JSON",
        f"/assets/{ID}?transforms=[[%22blur%22",
        '"transforms" Parameter needs to be a JSON array of allowed transformations',
    ),
    failure(
        "an argument",
        transforms(["blur", "x"]),
        "Expected number between 0.3 and 1000 for sigma but received x of type string",
    ),
    Case(
        "too large",
        f"/assets/{ID}?width=6001",
        400,
        "json",
        checks=[
            fact("errors", 0, "extensions", "code", equals="ILLEGAL_ASSET_TRANSFORMATION"),
            fact("errors", 0, "extensions", "invalidTransformations", equals=["width", "height"]),
        ],
    ),
    Case("not there", f"{asset('9bbb')}?width=300", 403, "json", checks=[FORBIDDEN]),
    Case("another route", "/files/1", 404),
]


@pytest.fixture(scope="module", autouse=True)
def assets(service: Service) -> None:
    service.origin.publish(f"/files/{ID}", source("L.jpg"), {})
    for part, name in OTHERS.items():
        service.origin.publish(f"/files{asset(part).removeprefix('/assets')}", source(name), {})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("directus", case)
