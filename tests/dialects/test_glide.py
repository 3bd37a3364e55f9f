"""Glide: equal plans of equal images, what is ignored, the order of work, presets and signatures."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.glide.dialect import GlideDialect, GlideOptions
from pixmill.dialects.glide.values import colour
from pixmill.dialects.kit.signatures import keys_of
from pixmill.dialects.port import Text
from pixmill.errors import BadRequest, Forbidden, MalformedRequest, RouteNotFound, SignatureInvalid, SignatureMissing
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.gravity import Point
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Crop, CropOverflow, Fit, ImageOverlay, Plan
from pixmill.plan.overlays import Length
from pixmill.plan.request import ImageRequest

DIALECT = GlideDialect(GlideOptions())
PRESETS = GlideDialect(
    GlideOptions(
        defaults={"w": 90, "q": "50"},
        presets={"small": {"w": 20, "h": 10, "fit": "crop"}, "grey": {"filt": "greyscale", "h": 5}},
        watermarks="/marks/",
    )
)
SIGNED = GlideDialect(GlideOptions(), keys_of((b"new", b"old")), "/img")


def image(query: bytes, dialect: GlideDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(b"/a/b%20c.jpg", query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes, dialect: GlideDialect = DIALECT) -> Plan:
    return image(query, dialect).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"w=300&h=200", b"h=200&w=300&fit=contain"),
        (b"w=1&w=300", b"w=300"),
        (b"w=300.9&foo=1&h=", b"w=%20300"),
        (b"w=300&dpr=2", b"w=600"),
        (b"w=300&dpr=9&dpr=0", b"w=300"),
        (b"w=300&fit=x", b"w=300"),
        (b"w=3&h=9&fit=crop-50-50", b"w=3&h=9&fit=crop-center"),
        (b"w=3&h=9&fit=crop-101-0", b"w=3&h=9&fit=crop"),
        (b"w=3&h=9&fit=crop-0-0-0.5", b"w=3&h=9&fit=crop-top-left"),
        (b"w=3&fm=bmp", b"w=3&fm=jpg"),
        (b"w=3&fm=pjpg", b"w=3&fm=jpg&interlace=1"),
        (b"w=3&q=101&bri=101&con=--5&gam=10&sharp=-1&blur=101&pixel=1001&filt=x&flip=x&or=45", b"w=3"),
        (b"w=3&crop=1,2,3&border=x&markpos=x&bg=nocolour", b"w=3"),
        (b"w=3&border=5,f00", b"w=3&border=5,red,overlay"),
        (b"w=3&border=5&bg=00f", b"w=3&border=5,ffffff,x&bg=blue"),
        (b"w=3&border=5w,red", b"w=3"),
        (b"w=3&mark=a.png&markpad=5", b"w=3&mark=/a.png&markx=5&marky=5&markpos=bottom-right"),
        (b"w=3&mark=a.png&markw=5h", b"w=3&mark=a.png"),
        (b"w=3&mark=http://a/b.png&mark=../x", b"w=3"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)
    assert image(one).source.text == "a/b c.jpg"


def test_fits() -> None:
    resize = plan(b"w=3&h=9&fit=crop-25-75-2").resize
    assert (resize.fit, resize.gravity, resize.enlarge) == (Fit.COVER, Point(0.25, 0.75, zoom=2.0), True)
    assert not plan(b"w=3&fit=max").resize.enlarge
    assert plan(b"w=3&h=9&fit=fill").background == TRANSPARENT
    assert plan(b"w=3&h=9&fit=fill&bg=f00").background == Colour(255, 0, 0)
    assert plan(b"crop=5,6.9,0,1").crop == Crop(0, 1, 5, 6, overflow=CropOverflow.IGNORE)


def test_order_of_work() -> None:
    whole = plan(b"or=90&crop=9,9,0,0&w=5&con=5&gam=2&sharp=20&flip=h&blur=4&mark=a.png&bg=f00&border=1,0f0,expand")
    assert (whole.rotate, whole.input.orientation, whole.resize.width) == (270, 1, 5)
    names = ("adjust", "effects", "flip", "blur", "overlays", "flatten", "extend")
    used = [
        [name for name in names if getattr(stage, name) != getattr(plan(b"w=1"), name)]
        for stage in (whole, *whole.stages)
    ]
    assert used == [["adjust"], ["adjust", "effects"], ["flip", "blur", "overlays"], ["flatten"], ["extend"]]


def test_the_orientation_of_exif_counts_unless_the_url_has_another() -> None:
    assert plan(b"w=3").input.orientation == plan(b"w=3&or=auto").input.orientation == 0
    assert plan(b"w=3&or=0").input.orientation == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f00", Colour(255, 0, 0)),
        ("5F00", Colour(255, 0, 0, 128)),
        ("50ff0000", Colour(255, 0, 0, 128)),
        ("0f00", TRANSPARENT),
        ("Red", Colour(255, 0, 0)),
    ],
)
def test_colours(text: str, expected: Colour) -> None:
    assert colour(text) == expected


def test_watermarks_are_below_their_folder() -> None:
    (overlay,) = plan(b"mark=a.png&markw=50w&markh=20h&markalpha=50&markpos=top&marky=3&dpr=2", PRESETS).overlays
    assert isinstance(overlay, ImageOverlay)
    assert overlay.source.text == "marks/a.png"
    assert (overlay.width, overlay.height) == (Length(50, percent=True), Length(20, percent=True))
    assert (overlay.placement.x, overlay.placement.offset_y, overlay.placement.opacity) == (0.5, Length(6), 50)


def test_presets_lie_between_defaults_and_the_url() -> None:
    assert plan(b"p=small,grey&h=7", PRESETS) == plan(b"w=20&h=7&fit=crop&filt=greyscale&q=50")
    assert plan(b"p=unknown", PRESETS) == plan(b"w=90&q=50")


def test_formats() -> None:
    assert plan(b"w=3&fm=webp").output.formats == (Format.WEBP,)
    assert plan(b"w=3").output.fallback_format is Format.JPEG
    assert plan(b"w=3").output.quality == 90


def test_signatures_cover_mount_path_and_sorted_parameters() -> None:
    url = SIGNED.sign(b"/a%20b.jpg", b"w=3&fit=crop&x=%C3%A4+b")
    path, _, query = url.encode().partition(b"?")
    assert SIGNED.verify(path.removeprefix(b"/img"), query, 0) is None
    assert SIGNED.verify(b"/a%20b.jpg", b"fit=crop&" + query.replace(b"&fit=crop", b""), 0) is None
    for changed in (query.replace(b"w=3", b"w=4"), query + b"&y=1", b"s=" + b"0" * 32, b"s=%FF"):
        with pytest.raises((SignatureInvalid, BadRequest)):
            SIGNED.verify(b"/a%20b.jpg", changed, 0)
    with pytest.raises(SignatureMissing):
        SIGNED.verify(b"/a.jpg", b"w=3", 0)
    assert DIALECT.verify(b"/a.jpg", b"", 0) is None
    with pytest.raises(MalformedRequest):
        SIGNED.sign(b"/a.jpg", b"", 1)
    with pytest.raises(MalformedRequest):
        DIALECT.sign(b"/a.jpg", b"")


def test_errors_have_the_words_of_glide() -> None:
    assert DIALECT.error_answer(SignatureMissing(), 403, b"", b"") == Text("Signature is missing.", 403)
    assert DIALECT.error_answer(SignatureInvalid(), 403, b"", b"") == Text("Signature is not valid.", 403)
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)


@given(st.binary(max_size=80))
def test_any_bytes_give_an_image_or_a_refusal(query: bytes) -> None:
    with suppress(Forbidden, BadRequest):
        SIGNED.verify(b"/a.jpg", query, 0)
    with suppress(BadRequest):
        assert canonical_json(plan(query))


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}, {"presets": {"a": 1}}, {"max_image_size": -1}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "glide", "host": "a", "options": options}]))


def test_lengths_have_decimals() -> None:
    assert plan(b"w=100&dpr=1.5") == plan(b"w=150")
