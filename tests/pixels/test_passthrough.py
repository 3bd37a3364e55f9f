"""Originals that go out as they came: drawings, and bytes of which nothing is to change."""

from io import BytesIO

import pytest
from msgspec.structs import replace
from PIL import Image

from pixmill.engine.pixels.batch import render_all
from pixmill.engine.pixels.pipeline import render
from pixmill.errors import UnsupportedImage, UnsupportedOutput
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.ops import Crop, Fit, Input, Output, Plan, Resize
from pixmill.plan.output import Encoding, Metadata
from pixmill.ports.values import Rendered
from tests.pixels.images import LIMITS, encode_image, photo, pixels_of, render_image

DRAWING = memoryview(
    b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><script>x</script><rect width="40" height="20" fill="red"/></svg>'
)
AUTO = Plan(output=Output(negotiated=True, formats=(Format.AVIF, Format.WEBP)))
ORIGINAL = Plan(output=Output(source_format=True))
NAMED = Plan(output=Output(formats=(Format.SVG,)))


@pytest.mark.parametrize("plan", [AUTO, ORIGINAL, NAMED, replace(NAMED, input=Input(orientation=1))])
def test_a_drawing_stays_one_at_the_size_that_is_wanted(plan: Plan) -> None:
    result = render(DRAWING, replace(plan, resize=Resize(width=100)), LIMITS)
    assert (result.format, result.width, result.height) == (Format.SVG, 100, 50)
    for piece in (b'width="100"', b'height="50"', b'viewBox="0 0 40 20"', b'fill="red"'):
        assert piece in result.body
    assert b"script" not in result.body
    pixels = pixels_of(render_image(memoryview(result.body)), "RGBA")
    assert pixels.shape == (50, 100, 4)
    assert (pixels == (255, 0, 0, 255)).all()


@pytest.mark.parametrize(
    "changed",
    [
        Plan(rotate=90),
        Plan(blur=2.0),
        Plan(crop=Crop(0, 0, 10, 10)),
        Plan(resize=Resize(width=50, height=50, fit=Fit.COVER)),
        Plan(resize=Resize(width=50, height=50, fit=Fit.CONTAIN)),
        Plan(resize=Resize(width=50, height=50, fit=Fit.FILL)),
    ],
)
def test_a_drawing_that_needs_pixels_becomes_some(changed: Plan) -> None:
    assert render(DRAWING, replace(changed, output=AUTO.output), LIMITS).format is not Format.SVG
    with pytest.raises(UnsupportedOutput) as caught:
        render(DRAWING, replace(changed, output=NAMED.output), LIMITS)
    assert caught.value.param == "format"


def test_nothing_else_becomes_a_drawing() -> None:
    with pytest.raises(UnsupportedOutput):
        render(encode_image(photo(), "PNG"), NAMED, LIMITS)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP"])
def test_an_original_of_which_nothing_is_to_change_goes_out_byte_for_byte(kind: str) -> None:
    source = encode_image(photo(), kind)
    for resize in (Resize(), Resize(width=1_000), Resize(width=240, height=160, fit=Fit.CONTAIN)):
        for policy in Metadata:
            output = Output(source_format=True, metadata=policy)
            result = render(source, replace(ORIGINAL, resize=resize, output=output), LIMITS)
            assert result == Rendered(bytes(source), Format(kind.lower()), 240, 160, {}, source_size=(240, 160))


@pytest.mark.parametrize(
    "changed",
    [
        replace(ORIGINAL, resize=Resize(width=100)),
        replace(ORIGINAL, grayscale=True),
        replace(ORIGINAL, background=Colour(1, 2, 3)),
        Plan(output=Output(source_format=True, encoding=Encoding(progressive=True))),
    ],
)
def test_an_original_that_changes_keeps_its_format(changed: Plan) -> None:
    source = encode_image(photo(), "JPEG", quality=95)
    result = render(source, changed, LIMITS)
    if changed.background == Colour():
        assert result.body != bytes(source)
    assert result.format is Format.JPEG


@pytest.mark.parametrize(("recorded", "given", "stays"), [(1, 1, True), (6, 6, True), (6, 1, False), (1, 6, False)])
def test_an_original_stays_if_it_is_to_be_oriented_as_it_is(recorded: int, given: int, *, stays: bool) -> None:
    image = photo()
    image.getexif()[274] = recorded
    source = encode_image(image, "PNG", exif=image.getexif())
    output = Output(source_format=True, metadata=Metadata.ALL)
    result = render(source, Plan(input=Input(orientation=given), output=output), LIMITS)
    assert (result.body == bytes(source)) is stays
    assert (result.width > result.height) is (given == 1)


def test_one_that_cannot_be_written_becomes_what_everybody_reads() -> None:
    drawn = memoryview(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>'
    )
    assert render(drawn, replace(ORIGINAL, rotate=90), LIMITS).format is Format.PNG


def test_several_results_of_one_original_may_hold_itself() -> None:
    source = encode_image(photo(), "JPEG")
    small = Plan(resize=Resize(width=50), output=Output(formats=(Format.PNG,)))
    results = dict(render_all(source, [ORIGINAL, small, small], LIMITS))
    first, second = results[0], results[1]
    assert isinstance(first, Rendered)
    assert isinstance(second, Rendered)
    assert first.body == bytes(source)
    assert second.width == 50


def animation(kind: str) -> memoryview:
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green", "blue")]
    body = BytesIO()
    frames[0].save(body, kind, save_all=True, append_images=frames[1:], duration=100)
    return memoryview(body.getvalue())


KEEPS = Output(formats=(Format.WEBP,), passthrough=(Format.BMP, Format.SVG), passthrough_animations=True)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_delivered_as_it_is(kind: str) -> None:
    source, plan = animation(kind), Plan(resize=Resize(30), blur=3.0, output=KEEPS)
    expected = Rendered(bytes(source), Format(kind.lower()), 60, 40, {}, source_size=(60, 40))
    assert render(source, plan, LIMITS) == expected
    assert dict(render_all(source, [plan, plan], LIMITS)) == {0: expected, 1: expected}


@pytest.mark.parametrize("options", [Input(animated=False), Input(page=2)])
def test_a_still_of_an_animation_is_rendered(options: Input) -> None:
    result = render(animation("GIF"), Plan(input=options, resize=Resize(30), output=KEEPS), LIMITS)
    assert (result.format, result.width, result.height) == (Format.WEBP, 30, 20)


def test_originals_in_some_formats_are_delivered_as_they_are() -> None:
    source = encode_image(photo(), "BMP")
    plan = Plan(rotate=90, input=Input(rejected=(Format.PDF,)), output=KEEPS)
    assert render(source, plan, LIMITS) == Rendered(bytes(source), Format.BMP, 240, 160, {}, source_size=(240, 160))
    drawing = render(DRAWING, plan, LIMITS)
    assert (drawing.format, drawing.width, drawing.height) == (Format.SVG, 40, 20)
    assert b"script" not in drawing.body
    assert render(encode_image(photo(), "PNG"), plan, LIMITS).format is Format.WEBP


@pytest.mark.parametrize("source", [DRAWING, animation("GIF")])
def test_originals_in_some_formats_are_rejected(source: memoryview) -> None:
    plan = Plan(input=Input(rejected=(Format.GIF, Format.SVG)), output=KEEPS)
    with pytest.raises(UnsupportedImage) as caught:
        render(source, plan, LIMITS)
    assert caught.value.param == "reject"
    assert all(isinstance(outcome, UnsupportedImage) for _, outcome in render_all(source, [plan], LIMITS))


CHOSEN = Output(source_format=True, original_formats=(Format.JPEG, Format.PNG, Format.GIF))


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (encode_image(photo(), "JPEG"), Format.JPEG),
        (encode_image(photo(), "WEBP"), Format.JPEG),
        (encode_image(photo().convert("RGBA").rotate(10, expand=True), "WEBP"), Format.PNG),
        (animation("GIF"), Format.GIF),
        (animation("WEBP"), Format.GIF),
        (DRAWING, Format.JPEG),
    ],
)
def test_only_originals_in_chosen_formats_keep_theirs(source: memoryview, kind: Format) -> None:
    result = render(source, Plan(output=CHOSEN), LIMITS)
    assert result.format is kind
    assert result.body != bytes(source), "it is encoded again"
    results = dict(render_all(source, [Plan(output=CHOSEN), Plan(resize=Resize(20), output=CHOSEN)], LIMITS))
    assert {one.format for one in results.values() if isinstance(one, Rendered)} == {kind}


def test_a_drawing_stays_one_if_its_format_is_chosen() -> None:
    output = replace(CHOSEN, original_formats=(Format.PNG, Format.SVG))
    for options in (Input(), Input(animated=False), Input(animated_formats=(Format.GIF,))):
        assert render(DRAWING, Plan(input=options, resize=Resize(20), output=output), LIMITS).format is Format.SVG


@pytest.mark.parametrize(("kind", "expected"), [("AVIF", "jpeg"), ("WEBP", "jpeg"), ("PNG", "png"), ("GIF", "gif")])
def test_formats_that_are_not_chosen_become_one(kind: str, expected: str) -> None:
    source = encode_image(photo().convert("RGBA") if kind == "WEBP" else photo(), kind)
    output = replace(CHOSEN, fallback_format=Format.JPEG)
    assert render(source, Plan(resize=Resize(30), output=output), LIMITS).format == expected


@pytest.mark.parametrize(
    "output", [replace(CHOSEN, fallback_format=Format.JPEG), replace(CHOSEN, original_formats=(Format.JPEG,))]
)
def test_an_animation_becomes_a_still_where_its_format_becomes_one_of_stills(output: Output) -> None:
    assert render(animation("WEBP"), Plan(output=output), LIMITS).format is Format.JPEG


@pytest.mark.parametrize(("kind", "frames"), [("GIF", 3), ("WEBP", 1)])
def test_only_animations_in_chosen_formats_stay_ones(kind: str, frames: int) -> None:
    plan = Plan(input=Input(animated_formats=(Format.GIF,)), resize=Resize(30), output=Output(formats=(Format.WEBP,)))
    for result in (render(animation(kind), plan, LIMITS), dict(render_all(animation(kind), [plan], LIMITS))[0]):
        assert isinstance(result, Rendered)
        assert getattr(Image.open(BytesIO(result.body)), "n_frames", 1) == frames
