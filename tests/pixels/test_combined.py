"""Any combination of parameters gives the size that its geometry promises, or an error that names the limit."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image

from pixmill.engine.pixels.analysis.borders import find_trim_box
from pixmill.engine.pixels.open_image import open_image
from pixmill.engine.pixels.pipeline import render
from pixmill.errors import InvalidParameter, ResultTooLarge
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.geometry import resolve
from pixmill.plan.gravity import Faces, FocalRegion, FocalRegions, Interest, Point, Smart
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Aspect, Crop, CropUnit, Fit, Flip, Kernel, Output, Plan, Resize
from pixmill.plan.transforms import Extend, Fill, FreeRotation, LengthUnit, Trim, TrimCorner
from tests.pixels.images import decode_result, encode_image, photo

LIMITS = Limits(max_result_pixels=250_000, max_result_side=900)
part = st.floats(0, 1)
shift = st.integers(-40, 40)
side = st.just(0) | st.integers(1, 120)
colours = st.sampled_from([Colour(), TRANSPARENT, Colour(9, 9, 9), Colour(200, 10, 30, 128)])
gravities = (
    st.builds(Point, part, part, shift, shift)
    | st.builds(Smart, st.sampled_from(Interest))
    | st.just(Faces())
    | st.builds(
        FocalRegions, st.lists(st.builds(FocalRegion, part, part, part, part), min_size=1, max_size=3).map(tuple)
    )
)
resizes = st.builds(
    Resize,
    side,
    side,
    st.sampled_from(Fit),
    gravities,
    st.booleans(),
    aspect=st.none() | st.builds(Aspect, st.integers(1, 9), st.integers(1, 9)),
    zoom=st.sampled_from([0.1, 1.0, 3.0]),
    adaptive=st.booleans(),
    min_width=side,
    min_height=side,
    max_width=side,
    max_height=side,
    kernel=st.sampled_from(Kernel),
)
percent = st.floats(1, 99)
units = st.sampled_from(LengthUnit)
margin = st.sampled_from([0, 0, 1, 30])
plans = st.builds(
    Plan,
    rotate=st.sampled_from([0, 90, 180, 270]),
    flip=st.sampled_from(Flip),
    trim=st.none()
    | st.builds(Trim, st.integers(0, 255), st.none() | colours, st.booleans(), st.booleans())
    | st.builds(Trim, corner=st.sampled_from(TrimCorner), padding=st.integers(-60, 60), padding_unit=units),
    crop=st.none() | st.builds(Crop, percent, percent, percent, percent, st.just(CropUnit.PERCENT)),
    resize=resizes,
    rotate_free=st.none() | st.builds(FreeRotation, st.floats(0.01, 359.9), colours),
    extend=st.builds(Extend, st.sampled_from(Fill), margin, margin, margin, margin),
    background=colours,
    output=st.builds(Output, st.sampled_from([(Format.PNG,), (Format.JPEG,)])),
)


def source(mode: str, width: int, height: int, orientation: int) -> memoryview:
    image = Image.new("RGB", (width + 6, height + 6), (250, 250, 250))
    image.paste(photo(width, height), (2, 4))
    exif = Image.Exif()
    exif[274] = orientation
    return encode_image(image.convert(mode), "PNG", exif=exif)


sources = st.builds(
    source,
    st.sampled_from(["RGB", "L", "RGBA", "LA"]),
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from([1, 3, 5, 6]),
)


@settings(max_examples=150, deadline=None)
@given(sources, plans)
def test_every_combination_gives_the_promised_size_or_says_why_not(picture: memoryview, plan: Plan) -> None:
    try:
        result = render(picture, plan, LIMITS)
    except (ResultTooLarge, InvalidParameter):
        return
    header = open_image(picture, LIMITS).header
    actual = find_trim_box(picture, plan, LIMITS)
    promised = resolve(
        header.pending_orientation.oriented_size(actual.size if actual else header.size),
        replace(plan, output=Output()),
        LIMITS,
    ).output
    assert Size(result.width, result.height) == promised
    assert decode_result(result).size == (promised.width, promised.height)
