"""Uploadcare's operations: equal plans, order, positions, sources, tokens, refusals."""

import hmac
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.kit.signatures import Key
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.port import FactsRequest, Text
from pixmill.dialects.uploadcare.dialect import UploadcareDialect, UploadcareOptions
from pixmill.errors import BadRequest, InvalidParameter, MalformedRequest, RouteNotFound, SignatureInvalid
from pixmill.media import Format
from pixmill.plan.facts import Fact
from pixmill.plan.gravity import Faces, Point, Smart
from pixmill.plan.ops import Crop, CropUnit, CropWindow, Fit, ImageOverlay, Plan
from pixmill.plan.overlays import TextOverlay
from pixmill.plan.request import ImageRequest

UUID = "00000000-0000-4000-8000-00000000000a"
DIALECT = UploadcareDialect(UploadcareOptions())
SIGNED = UploadcareDialect(UploadcareOptions(), (Key(bytes.fromhex("aabb")),), "/cdn")


def image(operations: str, dialect: UploadcareDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(f"/{UUID}{operations}".encode(), b"")
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(operations: str, dialect: UploadcareDialect = DIALECT) -> Plan:
    return image(operations, dialect).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/-/preview/2048x2048/", "/-/preview/"),
        ("/-/preview/-/format/webp/", "/-/format/png/-/format/webp/-/preview/"),
        ("/-/crop/50%25x200/", "/-/crop/50px200/"),
        ("/-/crop/50%x200/", "/-/crop/50px200/"),
        ("/-/scale_crop/30x20/center/", "/-/scale_crop/30x20/50p,50p/"),
        ("/-/scale_crop/30x20/top/", "/-/scale_crop/30x20/50p,0p/"),
        ("/-/scale_crop/30x20/bottom,right/", "/-/scale_crop/30x20/100p,100p/"),
        ("/-/scale_crop/30x20/right,25p/", "/-/scale_crop/30x20/100p,25p/"),
        ("/-/scale_crop/30x20/", "/-/scale_crop/30x20/0,0/"),
        ("/-/crop/30x20/", "/-/crop/30x20/0,0/"),
        ("/-/crop/16:9/", "/-/crop/32:18/center/"),
        ("/-/preview/-/rotate/450/", "/-/preview/-/rotate/90/"),
        ("/-/preview/-/blur/", "/-/preview/-/blur/10/100/"),
        ("/-/preview/-/sharp/0/-/gamma/100/-/blur/0/", "/-/preview/"),
        ("/-/preview/-/setfill/f00/-/setfill/00f/-/format/jpeg/", "/-/setfill/0000ff/-/preview/-/format/jpeg/"),
        ("/-/preview/-/strip_meta/all/-/srgb/icc/-/max_icc_size/5/-/rasterize/-/inline/yes/", "/-/preview/"),
        ("/-/resize/300x", "/-/resize/300x/"),
        ("//-/preview/", "/-/preview/"),
    ],
)
def test_equal_images_have_equal_plans(one: str, other: str) -> None:
    assert plan(one) == plan(other)


def test_order_of_work() -> None:
    whole = plan("/-/crop/300x200/center/-/stretch/off/-/resize/150x/-/stretch/on/-/resize/x900/-/flip/")
    assert [stage.resize.width for stage in (whole, *whole.stages)] == [0, 150, 0, 0]
    assert [stage.resize.enlarge for stage in (whole, *whole.stages)] == [False, False, True, False]
    turned = plan("/-/preview/-/grayscale/-/rotate/90/")
    assert (turned.grayscale, turned.stages[0].rotate) == (True, 270)
    assert plan("/-/rotate/90/-/flip/-/preview/").stages == ()
    with pytest.raises(InvalidParameter, match="further stages"):
        plan("/-/preview" * 12 + "/")


def test_positions() -> None:
    assert plan("/-/scale_crop/30x20/20p,80p/").resize.gravity == Point(0.2, 0.8, proportional=True)
    assert plan("/-/scale_crop/30x20/smart/").resize.gravity == Smart()
    assert plan("/-/scale_crop/30x20/smart_faces_objects/left/").resize.gravity == Faces()
    crop = plan("/-/crop/30x20/-5,7/")
    assert crop.crop == Crop(0, 7, 25, 20)
    assert crop.canvas
    assert (crop.canvas.width, crop.canvas.gravity.offset_x) == (30, 5)
    assert plan("/-/crop/50px20/100p,0p/").crop == CropWindow(50, 20, Point(1, 0), CropUnit.PERCENT_PIXELS)
    faces = plan("/-/crop/face/200px100p/center/").crop
    assert isinstance(faces, CropWindow)
    assert (faces.gravity, faces.aspect and faces.aspect.width) == (Faces(), 2)


def test_overlays() -> None:
    overlays = plan(
        f"/-/preview/-/overlay/{UUID.upper()}/50px50p/10p,90p/40p/-/overlay/self/20p/-/rect/f00/9x9/5,6/"
    ).overlays
    logo, itself, rect = overlays
    assert isinstance(logo, ImageOverlay)
    assert isinstance(itself, ImageOverlay)
    assert isinstance(rect, ImageOverlay)
    assert (logo.source.text, logo.placement.x, logo.placement.y, logo.placement.opacity) == (UUID, 0.1, 0.9, 40)
    assert (itself.source.text, itself.placement.x, itself.placement.opacity) == (UUID, 0, 20)
    assert (rect.source.text, rect.placement.offset_x.value) == ("canvas:1x1,ff0000", 5)
    with pytest.raises(InvalidParameter, match="No native URL"):
        native_url(image(f"/-/preview/-/overlay/{UUID}/50px50p/10p,90p/"))
    text = plan("/-/preview/-/font/30/f00/-/text_align/left/top/-/text/50px50p/center/a~~~s%3Cb%3E~n~x/").overlays[0]
    assert isinstance(text, TextOverlay)
    assert text.markup == "a~/&lt;b&gt;\n~x"
    assert (text.size, text.placement.x, text.placement.offset_x.value) == (30, 0, 25)


def test_outputs() -> None:
    auto = plan("/-/preview/").output
    assert (auto.formats, auto.ordered, auto.source_format) == ((Format.AVIF, Format.WEBP), True, True)
    assert plan("/-/preview/-/format/preserve/").output.formats == ()
    assert plan("/-/preview/-/quality/smart/-/format/jpeg/").output.target_quality
    assert plan("/-/preview/-/autorotate/no/").input.orientation == 1
    assert plan("/").output.source_format
    assert plan("/").input.animated
    named = image("/-/preview/a%20b.jpg")
    assert (named.filename, named.inline) == ("a b.jpg", True)
    assert (image("/-/preview/-/inline/no/").inline, image("/-/preview/-/inline/no/").filename) == (False, "file")


def test_sources() -> None:
    assert image("/").source.text == UUID
    assert image("~3/nth/0/-/preview/").source.text == f"{UUID}~3/nth/0"
    by_name = UploadcareDialect(UploadcareOptions(path="a/{uuid}/{filename}"))
    assert image("/-/preview/b.jpg", by_name).source.text == f"a/{UUID}/b.jpg"
    listed = UploadcareDialect(UploadcareOptions(files={UUID.upper(): "b.jpg"}))
    assert image("/", listed).source.text == "b.jpg"
    proxied = DIALECT.parse(b"/-/preview/-/format/png/https://a.b/c-/d.jpg", b"x=1&token=9")
    assert isinstance(proxied, ImageRequest)
    assert proxied.source.text == "https://a.b/c-/d.jpg?x=1"
    assert proxied.plan.output.formats == (Format.PNG,)
    for path in (b"/a.jpg", b"/-/preview/", f"/{UUID}/a/b".encode(), f"/{UUID}~3/".encode(), f"/{UUID}x/".encode()):
        with pytest.raises(RouteNotFound):
            DIALECT.parse(path, b"")
    with pytest.raises(RouteNotFound):
        by_name.parse(f"/{UUID}/-/preview/..".encode(), b"")
    with pytest.raises(RouteNotFound):
        DIALECT.parse(f"/{UUID}/".encode(), b"", upload=True)


def test_information() -> None:
    request = DIALECT.parse(f"/{UUID}/-/preview/-/main_colors/".encode(), b"")
    assert isinstance(request, FactsRequest)
    assert request.request.plan.fact_selection.palette_colours == 4
    assert Fact.PALETTE in request.request.plan.fact_selection.include
    facts = {
        "width": 3,
        "height": 2,
        "format": "png",
        "frames": 2,
        "alpha": True,
        "colour_space": "grey",
        "exif": {"DateTimeOriginal": "2024:05:01 12:30:00"},
        "gps": {"latitude": 1.5, "longitude": -2.5},
    }
    answer = DIALECT.render_facts(facts, f"/{UUID}/-/json/".encode(), b"")
    document = json.loads(answer.body)
    assert (document["format"], document["sequence"], document["color_mode"]) == ("PNG", True, "LA")
    assert document["datetime_original"] == "2024-05-01T12:30:00"
    assert document["geo_location"] == {"latitude": 1.5, "longitude": -2.5}
    assert "main_colors" not in document


@pytest.mark.parametrize(
    "operations",
    [
        *(
            "resize/300/",
            "resize/x/",
            "resize/0x3/",
            "resize/50px3/",
            "resize/3.5x3/",
            "resize/99999x/",
            "resize/3x3/4/",
        ),
        *(
            "preview/3y3/",
            "scale_crop/300x/",
            "scale_crop/3x3/up/",
            "scale_crop/3x3/smart/up/",
            "crop/3x/",
            "crop/1:0/",
        ),
        *("crop/3x3/1,2,3/", "crop/3x3/-3,0/", "crop/3x3/-3,5p/", "crop/face/1:1/3x3/4/", "stretch/x/", "setfill/red/"),
        *("border_radius/5,6p/", "border_radius/1,2,3,4,5/", "border_radius/5/6/", "rotate/45/", "rotate//", "flip/1/"),
        *("autorotate/1/", "brightness/101/", "brightness/", "gamma/-1/", "contrast/501/", "blur/5001/", "blur/1/101/"),
        *("blur_region/3x3/", "blur_region/3x3p/1,1/", "sharp/21/", "enhance/101/", "overlay/x/", "overlay/self/z/"),
        *("rect/f00/", "text/3x3/center/", "font/x/", "text_align/top/left/", "text_box/x/", "format/tiff/"),
        *("quality/80/", "progressive/1/", "strip_meta/x/", "srgb/x/", "filter/x/", "smart_resize/3x3/", "gif2video/"),
        *("json/-/preview/", "bogus/", "main_colors/257/", "main_colors/0/", "json/1/", "trim/x/"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(operations: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        DIALECT.parse(f"/{UUID}/-/preview/9x9/-/{operations}".encode(), b"")
    assert operations.partition("/")[0] in caught.value.message
    assert DIALECT.error_answer(caught.value, 400, b"", b"") == Text(caught.value.message, 400)


def test_sizes_have_limits() -> None:
    for operations in ("/-/resize/3001x/", "/-/scale_crop/10x5001/-/format/jpeg/"):
        with pytest.raises(InvalidParameter, match="largest side"):
            plan(operations)
    assert plan("/-/resize/3001x/-/format/webp/").resize.width == 3_001
    assert plan("/-/resize/9000x/-/preview/", DIALECT).stages
    larger = UploadcareDialect(UploadcareOptions(max_side=9_000))
    assert plan("/-/resize/9000x/", larger).resize.fit is Fit.INSIDE


def listed(acl: str) -> bytes:
    signed = f"exp=4102444800~acl={acl}"
    return f"token={signed}~hmac={hmac.new(bytes.fromhex('aabb'), signed.encode(), 'sha256').hexdigest()}".encode()


def test_a_token_of_a_list_covers_overlays() -> None:
    one, other = (f"{number}0000000-0000-4000-8000-000000000000" for number in (1, 2))
    path = f"/{one}/-/preview/-/overlay/{other}/50px50p/".encode()
    assert SIGNED.verify(path, listed(f"/cdn/{one}/*!/cdn/{other}/*"), 0) == 4_102_444_800
    assert SIGNED.verify(path.replace(other.encode(), b"self"), listed(f"/cdn/{one}/*"), 0) == 4_102_444_800
    with pytest.raises(SignatureInvalid):
        SIGNED.verify(path, listed(f"/cdn/{one}/*"), 0)
    signed = SIGNED.sign(path, b"", 4_102_444_800)
    assert SIGNED.verify(path, signed.partition("?")[2].encode(), 0) == 4_102_444_800


def test_a_token_does_not_cover_the_query_of_a_proxied_url() -> None:
    path = b"/-/preview/https://a.b/c.jpg"
    query = SIGNED.sign(path, b"", 4_102_444_800).partition("?")[2].encode()
    assert SIGNED.verify(path, query, 0) == 4_102_444_800
    with pytest.raises(SignatureInvalid):
        SIGNED.verify(path, b"id=2&" + query, 0)


def test_tokens() -> None:
    signed = SIGNED.sign(f"/{UUID}/-/preview/".encode(), b"", 2_000_000_000)
    path, _, query = signed.removeprefix("/cdn").partition("?")
    assert SIGNED.verify(path.encode(), query.encode(), 1) == 2_000_000_000
    with pytest.raises(SignatureInvalid):
        SIGNED.verify(path.encode() + b"-/invert/", query.encode(), 1)
    for wrong in ((b"/a", b"", None), (b"/a", b"x", 9), ("/é".encode(), b"", 9)):
        with pytest.raises(MalformedRequest):
            SIGNED.sign(*wrong)
    with pytest.raises(MalformedRequest):
        DIALECT.sign(b"/a", b"", 9)
    assert DIALECT.verify(b"/a", b"", 0) is None


@pytest.mark.parametrize(
    "entry",
    [
        {"keys": "secret"},
        {"options": {"files": {"x": "a.jpg"}}},
        {"options": {"files": {UUID: "../a.jpg"}}},
        {"options": {"path": "a.jpg"}},
        {"options": {"auto_formats": ["x"]}},
        {"options": {"x": 1}},
    ],
)
def test_entries_that_are_not_valid_stop_the_start(entry: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "uploadcare", "host": "a", **entry}]))


PIECES = (
    "/-/",
    "crop",
    "resize",
    "overlay",
    "self",
    "text",
    "30x20",
    "50px50p",
    "-5,7p",
    "/",
    "center",
    "~n",
    "%25",
    "%FF",
)


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_path_is_an_image_or_a_refusal(pieces: list[str]) -> None:
    with suppress(BadRequest):
        DIALECT.parse(f"/{UUID}{''.join(pieces)}".encode(), b"")
