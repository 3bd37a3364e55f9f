"""IIIF URLs as plans, and the information about an image."""

import json
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from pixmill.dialects.iiif.dialect import IiifDialect
from pixmill.dialects.iiif.grammar import read_region, read_rotation, read_size
from pixmill.dialects.iiif.information import media_type
from pixmill.dialects.iiif.options import IiifOptions, Version
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.port import FactsRequest, Redirect, RendersFacts, Text
from pixmill.errors import BadRequest, InvalidParameter, ResultTooLarge, RouteNotFound, SourceNotFound
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest

LIMITS = "max_width=16383&max_height=16383&max_area=50000000"
IIIF = IiifDialect(IiifOptions())


def plan_of(target: str, dialect: IiifDialect = IIIF, prefix: str = "/iiif/3") -> Plan:
    outcome = dialect.parse(f"{prefix}/a.jpg/{target}".encode(), b"")
    assert isinstance(outcome, ImageRequest)
    return outcome.plan


def native(query: str, light: str = "") -> Plan:
    outcome = NativeDialect().parse(b"/resize", f"url=a.jpg&animated=false{light}&{query}".encode())
    assert isinstance(outcome, ImageRequest)
    return outcome.plan


NO_ENLARGING = "enlarge=error"


@pytest.mark.parametrize(
    ("target", "query"),
    [
        ("full/max/0/default.jpg", f"{LIMITS}&format=jpeg"),
        ("full/max/360/color.png", f"{LIMITS}&format=png"),
        ("full/^300,/0/default.jpg", f"{LIMITS}&exceeding=error&width=300&enlarge=true&format=jpeg"),
        ("full/^,300/0/default.jpg", f"{LIMITS}&exceeding=error&height=300&enlarge=true&format=jpeg"),
        ("full/^300,200/0/default.jpg", "width=300&height=200&fit=fill&enlarge=true&format=jpeg"),
        ("full/^!300,200/0/default.jpg", f"{LIMITS}&width=300&height=200&enlarge=true&format=jpeg"),
        ("full/^pct:150/0/default.jpg", f"{LIMITS}&exceeding=error&zoom=1.5&enlarge=true&format=jpeg"),
        ("full/^max/0/default.jpg", f"{LIMITS}&width=16383&height=16383&enlarge=true&format=jpeg"),
        ("square/max/0/default.jpg", f"{LIMITS}&crop_aspect=1:1&format=jpeg"),
        ("1,2,3,4/max/0/default.jpg", f"{LIMITS}&crop=1,2,3,4&format=jpeg"),
        ("pct:1.5,2,98.5,4/max/0/default.jpg", f"{LIMITS}&crop=pct:1.5,2,98.5,4&format=jpeg"),
        ("pct:0,0,100,100/max/0/default.jpg", f"{LIMITS}&format=jpeg"),
        ("full/max/90/default.jpg", f"{LIMITS}&then=rotate=90&format=jpeg"),
        ("full/max/!90/default.jpg", f"{LIMITS}&then=rotate=270%26flip=h&format=jpeg"),
        ("full/max/!0/gray.jpg", f"{LIMITS}&then=flip=h%26grayscale=true&format=jpeg"),
        ("full/max/22.50/default.png", f"{LIMITS}&then=rotate=22.5&format=png"),
        ("full/max/!300.25/default.png", f"{LIMITS}&then=flip=h%26rotate=300.25&format=png"),
        ("full/max/0/bitonal.png", f"{LIMITS}&grayscale=true&threshold=128&format=png"),
    ],
)
def test_plans(target: str, query: str) -> None:
    """In linear light: content, which may differ between tiles, does not decide."""
    assert plan_of(target) == native(query, light="&light=linear")


@pytest.mark.parametrize(
    ("target", "expected"),
    [("full/300,200/0/default.jpg", (300, 200)), ("full/!300,200/0/default.jpg", (300, 200))],
)
def test_no_size_upscales_unless_it_says_so(target: str, expected: tuple[int, int]) -> None:
    resize = plan_of(target).resize
    assert (resize.width, resize.height, resize.enlarge, resize.enlarge_drawings) == (*expected, False, False)
    assert resize.refuse_enlarging is ("!" not in target)


def test_version_2_upscales_sizes_that_name_a_side() -> None:
    for size, enlarges in (("300,", True), ("300,200", True), ("pct:150", True), ("!300,200", False), ("full", False)):
        assert plan_of(f"full/{size}/0/default.jpg", prefix="/iiif/2").resize.enlarge is enlarges


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0,0,1,1", (0, 0, 1, 1)),
        ("pct:.5,0.25,99.99,.000000000000000001", ("1/2", "1/4", "9999/100", "1/1000000000000000000")),
        ("9999999999,0,9999999999,1", (9_999_999_999, 0, 9_999_999_999, 1)),
    ],
)
def test_regions(text: str, values: tuple[int | str, ...]) -> None:
    region = read_region(text)
    assert (region.left, region.top, region.width, region.height) == tuple(map(Fraction, values))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Full",
        "1,2,3",
        "1,2,3,4,5",
        "-1,0,3,4",
        "1.5,0,3,4",
        "pct:1,2,3",
        "pct:1,2,3,0",
        "pct:1e1,2,3,4",
        "pct:1.,2,3,4",
        "1,2,0,4",
        "1,2,3,0.0",
        "pct:-1,2,3,4",
        "px:1,2,3,4",
        "1, 2,3,4",
        "١,2,3,4",
        "12345678901,2,3,4",
        "square ",
    ],
)
def test_what_is_no_region(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_region(text)
    assert caught.value.param == "region"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "full",
        "^full",
        "0,",
        ",0",
        "0,5",
        "!5,",
        "!,5",
        "!5,0",
        "pct:",
        "pct:0",
        "pct:0.0",
        "^",
        "^^5,",
        "!^5,5",
        "5",
        "5,6,7",
        "-5,",
        "5.5,",
        "+5,",
        "max ",
        "!max",
        "^!max",
        "pct:5,5",
        "!pct:5",
        "12345678901,",
        "١,",
    ],
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_size(text, Version.V3)
    assert caught.value.param == "size"


@pytest.mark.parametrize("text", ["", "!", "-1", "360.01", "361", "1e1", "90deg", "!!90", "90!", "+90", "1.", "nan"])
def test_what_is_no_rotation(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_rotation(text)
    assert caught.value.param == "rotation"


@pytest.mark.parametrize(
    "last", ["", "default", "default.", ".jpg", "default.jpeg", "native.jpg", "default.pdf", "gray.JPG"]
)
def test_what_is_no_quality_or_format(last: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan_of(f"full/max/0/{last}")
    assert caught.value.param in ("quality", "format")


@pytest.mark.parametrize(
    ("identifier", "source"),
    [
        ("a%2Fb%20c.jpg", "a/b c.jpg"),
        ("ark:%2F12148%2Fbtv1b", "ark:/12148/btv1b"),
        ("urn:uuid:67352ccc", "urn:uuid:67352ccc"),
        ("http%3A%2F%2Fa.test%2Fb%3Fc%23d", "http://a.test/b?c"),
        ("s3:%2F%2Fbucket%2Fkey", "s3://bucket/key"),
        ("100%25", "100%"),
        ("canvas:9x9,red", "canvas:9x9,red"),
    ],
)
def test_an_identifier_is_decoded_once(identifier: str, source: str) -> None:
    outcome = IIIF.parse(f"/iiif/3/{identifier}/info.json".encode(), b"")
    assert isinstance(outcome, FactsRequest)
    assert outcome.request.source.text == source


@pytest.mark.parametrize(
    "path",
    [
        "a/b",
        "a/b/info.json",
        "a/full/max/0",
        "a/b/full/max/0/default.jpg",
        "/info.json",
        "",
        "..%2Fa/info.json",
        "a%2F%2Fb/info.json",
        "%5C/info.json",
        "gopher:%2F%2Fa/info.json",
        "a/info.json/",
    ],
)
def test_what_is_no_image(path: str) -> None:
    with pytest.raises(RouteNotFound):
        IIIF.parse(f"/iiif/3/{path}".encode(), b"")


def test_broken_text_is_refused() -> None:
    for path in (b"%ff/info.json", b"a%00/info.json", b"a/full/%ff/0/default.jpg"):
        with pytest.raises(BadRequest):
            IIIF.parse(b"/iiif/3/" + path, b"")


@pytest.mark.parametrize(
    ("mount", "options", "paths"),
    [
        ("", IiifOptions(), ["/iiif/3/a", "/iiif/2/a"]),
        ("/iiif", IiifOptions(), ["/3/a", "/2/a"]),
        ("/images/iiif/2", IiifOptions(), ["/a"]),
        ("/images", IiifOptions(prefixes={"/v3": 3, "/v3/old": 2, "": 3}), ["/v3/a", "/v3/old/a", "/a"]),
    ],
)
def test_prefixes(mount: str, options: IiifOptions, paths: list[str]) -> None:
    dialect = IiifDialect(options, mount)
    for path in paths:
        outcome = dialect.parse(path.encode(), b"")
        assert isinstance(outcome, Redirect)
        assert (outcome.status, outcome.location) == (303, f"{path}/info.json")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"prefixes": {}}, "no path"),
        ({"prefixes": {"iiif": 3}}, "must be empty or a path"),
        ({"prefixes": {"/iiif/": 3}}, "must be empty or a path"),
        ({"prefixes": {"/ii%66": 3}}, "must be empty or a path"),
        ({"prefixes": {"/iiif": 1}}, "Invalid enum value 1"),
        ({"max_height": 9}, "needs max_width"),
        ({"preferred_formats": ["jxl"]}, "extra_formats has not"),
        ({"extra_formats": ["jp2"]}, "Invalid enum value"),
        ({"base_url": "images.example.org"}, "http or https"),
        ({"tile_size": 16}, ">= 32"),
        ({"tiles": 16}, "unknown field"),
    ],
)
def test_bad_options(options: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        IiifDialect(msgspec.json.decode(msgspec.json.encode(options), type=IiifOptions))


def information(options: IiifOptions, width: int, height: int, limits: Limits | None = None) -> dict[str, Any]:
    dialect = IiifDialect(options, limits=limits or Limits())
    assert isinstance(dialect, RendersFacts)
    facts = {
        "width": width,
        "height": height,
        "request": {"url": "http://a/iiif/3/x/info.json", "accept": "", "is_public_url": False},
    }
    document: dict[str, Any] = json.loads(dialect.render_facts(facts, b"/iiif/3/x/info.json", b"").body)
    return document


@pytest.mark.parametrize(("width", "height"), [(1, 1), (511, 513), (1_025, 7), (12_000, 9_001)])
def test_every_size_is_half_of_the_next_rounded_up(width: int, height: int) -> None:
    document = information(IiifOptions(), width, height, Limits(max_result_pixels=200_000_000))
    factors = document["tiles"][0]["scaleFactors"]
    assert factors == [2**n for n in range(len(factors))]
    assert [(size["width"], size["height"]) for size in reversed(document["sizes"])] == [
        (-(-width // factor), -(-height // factor)) for factor in factors
    ]
    assert max(document["sizes"][0].values()) <= 512 < max(document["sizes"][-1].values()) or len(factors) == 1


def test_sizes_and_tiles_are_within_the_limits() -> None:
    document = information(IiifOptions(max_width=300, max_area=40_000, tile_size=512), 1_200, 800)
    assert document["sizes"] == [{"width": 150, "height": 100}]
    assert document["tiles"][0]["width"] == 150
    assert (document["maxWidth"], document["maxArea"], "maxHeight" in document) == (300, 40_000, False)


def test_limits_are_never_above_those_of_the_server() -> None:
    document = information(
        IiifOptions(max_width=50_000), 10, 10, Limits(max_result_side=4_000, max_result_pixels=10**6)
    )
    assert (document["maxWidth"], document["maxArea"]) == (4_000, 1_000_000)


LD_3 = 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'


@pytest.mark.parametrize(
    ("accept", "version_3", "version_2"),
    [
        ("", LD_3, "application/json"),
        ("*/*", LD_3, "application/json"),
        ("application/json", "application/json", "application/json"),
        ("application/json,*/*;q=0.1", "application/json", "application/json"),
        ("application/json;q=0.5, */*", LD_3, "application/json"),
        ("application/ld+json", LD_3, "application/ld+json"),
        ("Application/LD+JSON; profile=x; q=0.9, application/json;q=0.8", LD_3, "application/ld+json"),
        ("application/ld+json;q=0.5,application/json", "application/json", "application/json"),
        ("application/ld+json;q=0", LD_3, "application/json"),
        ("application/json;q=nan", LD_3, "application/json"),
        ("text/html," * 1_000 + "application/json", LD_3, "application/json"),
    ],
)
def test_media_types(accept: str, version_3: str, version_2: str) -> None:
    assert (media_type(accept, Version.V3), media_type(accept, Version.V2)) == (version_3, version_2)


def test_errors_are_texts_that_name_a_parameter_of_the_url() -> None:
    answer = IIIF.error_answer(InvalidParameter("It is small", param="enlarge"), 400, b"/iiif/3/a", b"")
    assert answer == Text("size: It is small\n", 400)
    assert IIIF.error_answer(ResultTooLarge("Too large"), 422, b"/iiif/3/a", b"") == Text("Too large\n", 400)
    assert IIIF.error_answer(SourceNotFound(), 404, b"/iiif/3/a", b"").status == 404
