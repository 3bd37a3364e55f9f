"""Wagtail's filter specs: equal plans, order, signatures, images and focal points of the entry, refusals."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.kit.signatures import Key
from pixmill.dialects.port import Text
from pixmill.dialects.wagtail.dialect import WagtailDialect, WagtailImage, WagtailOptions
from pixmill.dialects.wagtail.filters import read_filter, transformed
from pixmill.dialects.wagtail.transform import Rectangle
from pixmill.errors import (
    BadRequest,
    InvalidParameter,
    MalformedRequest,
    RouteNotFound,
    SignatureInvalid,
    SourceNotFound,
    UnsupportedImage,
)
from pixmill.media import Format
from pixmill.plan.fitting import fit
from pixmill.plan.gravity import FocalPixels, PixelRegion, Point
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Crop, Fit, Plan, Resize
from pixmill.plan.request import ImageRequest

DIALECT = WagtailDialect(WagtailOptions())
FOCUS = WagtailImage("original_images/a.jpg", 1200, 800, 850, 150, 100, 100)
SITE = WagtailDialect(WagtailOptions(images={"1": FOCUS, "2": "b.webp"}), (Key(b"secret"),), "/images")


def image(spec: str, dialect: WagtailDialect = DIALECT, image_id: str = "1") -> ImageRequest:
    outcome = dialect.parse(f"/images/x/{image_id}/{spec}/a.jpg".encode(), b"")
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(spec: str, dialect: WagtailDialect = DIALECT) -> Plan:
    return image(spec, dialect).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("width-300%7Cformat-webp", "format-webp|width-300"),
        ("original|width-300", "width-300"),
        ("width-+300", "width-300"),
        ("format-png|format-webp", "format-webp"),
        ("jpegquality-10|jpegquality-60", "jpegquality-60"),
        ("webpquality-10|format-jpeg", "format-jpeg"),
        ("fill-300x200-c50-c0", "fill-300x200"),
        ("fill-300x200-c50", "fill-300x200"),
        ("bgcolor-f00|bgcolor-00ff00|format-jpeg", "bgcolor-FF0000|format-jpeg"),
        ("scale-50.0", "scale-50"),
        ("max-0x300", "max-1x300"),
    ],
)
def test_equal_images_have_equal_plans(one: str, other: str) -> None:
    assert image(one) == image(other)


def test_sizes_are_truncated_and_never_larger() -> None:
    resize = plan("width-333").resize
    assert (resize.width, resize.enlarge, resize.rounding.value) == (333, False, "double_truncate")
    assert plan("scale-150").resize.enlarge
    assert plan("fill-300x200").resize == Resize(300, 200, Fit.COVER)


def test_order_of_work() -> None:
    whole = plan("bgcolor-fff|max-300x300|format-png|fill-100x50")
    assert [stage.resize.width for stage in (whole, *whole.stages)] == [300, 100]
    assert whole.stages[-1].flatten


def test_a_focal_point_places_the_region_as_wagtail_does() -> None:
    whole = plan("fill-300x300", SITE)
    assert (whole.crop, whole.resize) == (
        Crop(283, 0, 801, 800),
        Resize(300, 300, Fit.FILL, enlarge=True),
    )
    assert plan("fill-300x300-c100", SITE).crop == Crop(637, 93, 301, 301)
    unknown = WagtailDialect(WagtailOptions(images={"1": WagtailImage("a.jpg", None, None, 850, 150, 100, 100)}))
    gravity = plan("fill-300x300-c40", unknown).resize.gravity
    assert gravity == FocalPixels((PixelRegion(800, 100, 100, 100),), closeness=0.4)
    assert plan("fill-300x300", DIALECT).resize.gravity == Point()


def test_known_sizes_are_exact() -> None:
    known = WagtailDialect(WagtailOptions(images={"1": WagtailImage("a.jpg", 640, 865)}))
    assert plan("fill-1920x1120", known).crop == Crop(0, 245, 640, 375)
    assert plan("width-900|original", known) == plan("original", known)
    assert plan("max-300x300|fill-100x100", known).stages == ()


@pytest.mark.parametrize(
    ("size", "spec", "focus", "result", "region"),
    [
        ((640, 865), "fill-1920x1120", None, (640, 375), (0, 245, 640, 620)),
        ((100, 80), "fill-300x200", None, (100, 68), (0, 6, 100, 74)),
        ((1200, 800), "fill-300x300", (800, 100, 900, 200), (300, 300), (283, 0, 1084, 800)),
        ((1200, 800), "fill-300x300-c100", (800, 100, 900, 200), (300, 300), (637, 93, 938, 394)),
        ((1200, 800), "fill-123x77-c50", (10, 700, 1100, 790), (123, 77), (10, 77, 1155, 795)),
        ((1200, 800), "fill-900x900-c30", (0, 0, 50, 50), (800, 800), (0, 0, 800, 800)),
        ((333, 499), "width-100|fill-64x64", (300, 20, 320, 60), (64, 64), (0, 43, 333, 382)),
        ((2725, 2225), "scale-33.3|height-320", None, (392, 320), (0, 0, 2725, 2225)),
        ((600, 900), "min-333x200|max-100x100", None, (66, 100), (0, 0, 600, 900)),
        ((1201, 799), "max-333x333", None, (333, 221), (0, 0, 1201, 799)),
        ((7, 4000), "width-3", None, (3, 1714), (0, 0, 7, 4000)),
        ((4000, 3), "max-100x100", None, (100, 1), (0, 0, 4000, 3)),
        ((1999, 1333), "fill-1000x10-c100", (1500, 600, 1600, 700), (1000, 10), (0, 680, 1999, 700)),
        ((500, 821), "scale-111.8", None, (558, 917), (0, 0, 500, 821)),
    ],
)
def test_sizes_and_regions_are_those_of_the_framework(
    size: tuple[int, int],
    spec: str,
    focus: tuple[int, int, int, int] | None,
    result: tuple[int, int],
    region: tuple[int, int, int, int],
) -> None:
    """Wagtail 7.0 and 8.0.1 gave these sizes and regions."""
    transform = transformed(size, read_filter(spec), Rectangle(*focus) if focus else None)
    found = transform.region
    assert (transform.width, transform.height) == result
    assert (found.left, found.top, found.right, found.bottom) == region


@pytest.mark.parametrize(
    ("size", "spec", "result"),
    [
        ((661, 3912), "height-1004", (169, 1004)),
        ((3379, 863), "width-117", (117, 29)),
        ((1383, 2793), "min-761x1008", (761, 1536)),
        ((2078, 3199), "max-1707x1675", (1088, 1675)),
        ((17, 98), "height-4", (1, 4)),
        ((1200, 800), "width-87", (87, 57)),
        ((500, 821), "scale-111.8", (558, 917)),
    ],
)
def test_a_side_that_is_given_is_exact(size: tuple[int, int], spec: str, result: tuple[int, int]) -> None:
    assert fit(Size(*size), plan(spec).resize).output.sides == result


@pytest.mark.parametrize(
    "spec",
    [
        *(
            "bogus-300",
            "",
            "width",
            "width-",
            "width-x",
            "width--3",
            "width-300-4",
            "width-1.5",
            "fill-300",
            "fill-0x3",
        ),
        *("fill-300x200x1", "fill-300x200-d5", "fill-300x200-cx", "max-300", "min-3x", "scale-x", "scale-10001"),
        *("scale-1e99", "format-jpg", "format-WEBP", "format-svg", "format", "jpegquality-101", "jpegquality--1"),
        *("bgcolor-red", "bgcolor-%23fff", "bgcolor-ffff", "original-1", "preserve-png", "width-300||max-3x3"),
        *("width-300 ", "Width-300", "width-" + "9" * 99, "width-١"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(spec: str) -> None:
    with pytest.raises(InvalidParameter, match="Invalid filter spec"):
        image(spec)


def test_outputs() -> None:
    kept = plan("width-3").output
    assert (kept.source_format, kept.fallback_format, kept.quality) == (True, Format.PNG, 85)
    assert Format.WEBP not in kept.original_formats
    newer = WagtailDialect(WagtailOptions(version=8, jpeg_quality=50, images={"1": "a.webp", "2": "a.jpg"}))
    assert Format.WEBP in plan("width-3", newer).output.original_formats
    assert plan("width-3", newer).output.quality == 80
    assert plan("width-3|webpquality-9", newer).output.quality == 9
    assert image("width-3", newer, "2").plan.output.quality == 50
    assert plan("format-avif", newer).output.quality == 61
    assert plan("format-webp-lossless").output.encoding.lossless
    assert plan("format-webp").input.rejected == (Format.SVG,)
    preserved = plan("format-webp|preserve-svg")
    assert (preserved.input.rejected, preserved.output.original_formats) == ((), (Format.SVG,))


def test_signatures_of_the_framework() -> None:
    dialect = WagtailDialect(WagtailOptions(), (Key(b"new"), Key(b"not needed")))
    path = b"/images/xnZOzQyUg6pkfciqcfRJRosOrGg=/100/fill-800x600/x.jpg"
    assert dialect.verify(path, b"", 0) is None
    assert dialect.verify(path.replace(b"=", b"%3D").replace(b"x.jpg", b""), b"a=1", 0) is None
    for changed in (b"/101/", b"/0100/", b"800x700", b"xnZOzQyUg6pkfciqcfRJRosOrGg/"):
        other = {b"/101/": b"/100/", b"/0100/": b"/100/", b"800x700": b"800x600"}.get(changed, changed[:-1] + b"=/")
        with pytest.raises(SignatureInvalid):
            dialect.verify(path.replace(other, changed), b"", 0)
    for key, spec, signature in (
        (b"secret", b"original", b"Z8jHDai4FA0A-lU_LnTHHnEEzck="),
        (b"secret", b"width-300%7Cjpegquality-60", b"U-z2c1wLTVe9nOsRxSwBjL6LLQE="),
    ):
        WagtailDialect(WagtailOptions(), (Key(key),)).verify(b"/" + signature + b"/100/" + spec + b"/", b"", 0)


def test_signs_what_it_verifies() -> None:
    signed = SITE.sign(b"/100/width-300%7Cjpegquality-60/a.jpg", b"")
    assert signed == "/images/U-z2c1wLTVe9nOsRxSwBjL6LLQE=/100/width-300%7Cjpegquality-60/a.jpg"
    SITE.verify(signed.removeprefix("/images").encode(), b"", 0)
    for path, query, expires in (
        (signed.removeprefix("/images").encode(), b"", None),
        (b"/x/width-300/", b"", None),
        (b"/1/width-300/", b"a", None),
        (b"/1/width-300/", b"", 9),
    ):
        with pytest.raises(MalformedRequest):
            SITE.sign(path, query, expires)
    with pytest.raises(MalformedRequest):
        DIALECT.sign(b"/1/width-300/", b"")


def test_images_of_the_entry() -> None:
    assert image("original", SITE).source.text == "original_images/a.jpg"
    assert image("original", SITE, "002").source.text == "b.webp"
    assert image("original", image_id="7").source.text == "7"
    by_name = WagtailDialect(WagtailOptions(path="photos/{id}/{filename}"))
    assert image("original", by_name).source.text == "photos/1/a.jpg"
    with pytest.raises(RouteNotFound):
        image("original", SITE, "3")
    for path in (b"/x/1/original", b"/x/one/original/a", b"/1/original/a", b"/x/1/ori%2Fginal/a", b"/x/1/%00/"):
        with pytest.raises(RouteNotFound):
            DIALECT.parse(path, b"")
    with pytest.raises(RouteNotFound):
        by_name.parse(b"/x/1/original/..", b"")
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/x/1/original/", b"", upload=True)


def test_answers_of_errors() -> None:
    path = b"/x/1/format-webp/"
    assert SITE.error_answer(SourceNotFound(), 404, path, b"") == Text("Source image file not found", 410)
    assert DIALECT.error_answer(SourceNotFound(), 404, path, b"") == Text(SourceNotFound().message, 404)
    refused = UnsupportedImage("Originals in svg are not accepted", param="reject")
    assert SITE.error_answer(RouteNotFound("x"), 404, path, b"") == Text("x", 404)
    assert SITE.error_answer(refused, 415, path, b"") == Text("Invalid filter spec: format-webp", 400)
    assert SITE.error_answer(UnsupportedImage(), 415, path, b"") == Text(UnsupportedImage().message, 415)


@pytest.mark.parametrize(
    "options",
    [
        {"path": "a.jpg"},
        {"path": "../{id}"},
        {"images": {"x": "a.jpg"}},
        {"images": {"01": "a.jpg"}},
        {"images": {"1": "../a.jpg"}},
        {"images": {"1": {"file": "a.jpg", "width": 0}}},
        {"version": 6},
        {"jpeg_quality": 0},
        {"format_conversions": {"webp": "jpeg", "avif": "png"}},
        {"format_conversions": {"webp": "svg"}},
        {"x": 1},
    ],
)
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "wagtail", "host": "a", "options": options}]))


PIECES = ("fill-9x9", "-c50", "max", "width", "-", "|", "7", "x", "format-webp", "preserve-svg", "%7C", "%FF", "/", "=")


def test_a_signature_counts_where_it_covers_the_file() -> None:
    keys = (Key(b"secret"),)
    assert SITE.requires_signature
    assert WagtailDialect(WagtailOptions(path="by-id/{id}.jpg"), keys).requires_signature
    assert not WagtailDialect(WagtailOptions(path="{filename}"), keys).requires_signature
    assert not DIALECT.requires_signature


@given(st.lists(st.sampled_from(PIECES)))
def test_any_path_is_an_image_or_a_refusal(parts: list[str]) -> None:
    for dialect in (DIALECT, SITE):
        with suppress(BadRequest):
            dialect.parse(f"/s/1/{''.join(parts)}/".encode(), b"")
