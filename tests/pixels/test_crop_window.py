"""Parts that are cut out without scaling: the same pixels as in the original, wherever the gravity puts them."""

from io import BytesIO

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from pixmill.engine.pixels.batch import render_all
from pixmill.engine.pixels.pipeline import render
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.gravity import Faces, FocalPixels, Gravity, Interest, PixelRegion, Point, Smart
from pixmill.plan.ops import Crop, CropInsets, CropOverflow, CropWindow, Fit, Input, Output, Plan, Resize, Stage
from pixmill.ports.values import Rendered
from tests.pixels.images import LIMITS, Pixels, decode_result, difference, encode_image, photo, pixels_of, render_image
from tests.pixels.test_gravity import encode_oriented, has_face, image_with_faces

SMART: tuple[Gravity, ...] = (Smart(), Smart(Interest.ENTROPY))


def scene() -> Image.Image:
    """Grey, 600 × 400, with fine red detail in x 400 to 480 and y 60 to 120."""
    pixels = np.full((400, 600, 3), 120, np.uint8)
    noise = np.random.default_rng(3).integers(0, 256, (60, 80))
    pixels[60:120, 400:480, 0], pixels[60:120, 400:480, 1:] = 255 - noise // 3, noise[..., None] // 4
    return Image.fromarray(pixels)


def place_of(part: Pixels, whole: Pixels) -> tuple[int, int] | None:
    """Return where the part is found in the whole, exactly."""
    height, width = part.shape[:2]
    for y, x in zip(*np.nonzero((whole == part[0, 0]).all(axis=-1)), strict=True):
        if np.array_equal(whole[y : y + height, x : x + width], part):
            return int(x), int(y)
    return None


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [
        (Point(), 70, 55),
        (Point(1, 1, -3, -4), 137, 106),
        (Point(0.9, 0.1), 140, 0),
        (Point(0.25, 0.5, proportional=True), 35, 55),
        (FocalPixels((PixelRegion(60, 30),)), 10, 5),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_the_pixels_are_those_of_the_original(gravity: Gravity, left: int, top: int, kind: str) -> None:
    image = photo()
    result = render_image(encode_image(image, kind), crop=CropWindow(100, 50, gravity))
    assert np.array_equal(pixels_of(result), pixels_of(image)[top : top + 50, left : left + 100])


@pytest.mark.parametrize("orientation", [1, 3, 5, 6])
def test_insets_count_in_the_image_as_oriented(orientation: int) -> None:
    upright = photo()
    result = render_image(encode_oriented(upright, orientation), crop=CropInsets(7, 20, -101, 30))
    assert np.array_equal(pixels_of(result), pixels_of(upright)[20:130, 7:101])


@pytest.mark.parametrize("orientation", [1, 3, 5, 6])
@pytest.mark.parametrize("gravity", SMART)
def test_a_smart_window_holds_the_detail_unscaled(gravity: Gravity, orientation: int) -> None:
    upright = scene()
    result = pixels_of(render_image(encode_oriented(upright, orientation), crop=CropWindow(120, 100, gravity)))
    assert result.shape == (100, 120, 3)
    assert place_of(result, pixels_of(upright)) is not None
    red = (result[..., 0].astype(int) - result[..., 1]) > 60
    assert red.sum() > 0.9 * 60 * 80


def test_a_smart_window_is_scaled_and_cut_again() -> None:
    upright = scene()
    crop = CropWindow(200, 100, Smart())
    resize = Resize(40, 40, Fit.COVER, Smart())
    result = pixels_of(render_image(encode_oriented(upright, 6), crop=crop, resize=resize)).astype(int)
    assert result.shape == (40, 40, 3)
    assert ((result[..., 0] - result[..., 1]) > 60).sum() > 500


def test_faces_place_the_window_of_an_image_and_of_a_later_stage() -> None:
    image = encode_image(image_with_faces(900), "PNG")
    crop = CropWindow(300, 300, Faces())
    for operations in ({"crop": crop}, {"stages": (Stage(crop=crop),)}, {"crop": crop, "resize": Resize(150)}):
        result = render_image(image, **operations)
        assert result.width == result.height
        assert has_face(result)


def test_a_window_of_a_large_drawing_is_found_on_a_small_one() -> None:
    drawing = memoryview(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="400"><path fill="#888" d="M0 0h600v400H0z"/>'
        b'<path fill="red" d="M420 60h60v60h-60z"/></svg>'
    )
    plan = Plan(
        crop=CropWindow(120, 120, Smart()),
        resize=Resize(60, 60, Fit.COVER, Smart()),
        output=Output(formats=(Format.PNG,)),
    )
    expected = pixels_of(decode_result(render(drawing, plan, LIMITS)))
    small = replace(LIMITS, max_result_pixels=10_000)
    actual = pixels_of(decode_result(render(drawing, plan, small)))
    assert actual.shape == (60, 60, 3)
    assert (actual[..., 0] > 200).mean() == pytest.approx((expected[..., 0] > 200).mean(), abs=0.03)
    assert (actual[..., 0] > 200).mean() > 0.15


def test_all_frames_have_the_window_of_the_first() -> None:
    frames = [scene(), *(Image.fromarray(np.roll(pixels_of(scene()), -shift, axis=1)) for shift in (10, 20))]
    animation = encode_image(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True, duration=100)
    plan = Plan(crop=CropWindow(120, 100, Smart()), output=Output(formats=(Format.WEBP,)))
    result = Image.open(BytesIO(render(animation, plan, LIMITS).body))
    assert (result.size, getattr(result, "n_frames", 1)) == ((120, 100), 3)


def test_several_results_of_one_original_place_their_own_windows() -> None:
    source = encode_image(scene(), "PNG")
    png = Output(formats=(Format.PNG,))
    plans = [
        Plan(crop=CropWindow(120, 100, gravity), resize=Resize(width), output=png)
        for gravity in (Smart(), Point(), Point(0, 0))
        for width in (120, 60)
    ]
    for number, result in render_all(source, plans, LIMITS):
        assert isinstance(result, Rendered)
        alone = render(source, plans[number], LIMITS)
        assert difference(pixels_of(decode_result(result)), pixels_of(decode_result(alone))) < 1


def test_a_given_orientation_comes_before_the_window() -> None:
    image = photo()
    result = render_image(encode_image(image, "PNG"), input=Input(orientation=6), crop=CropWindow(50, 100, Point(1, 0)))
    turned = pixels_of(image.transpose(Image.Transpose.ROTATE_270))
    assert np.array_equal(pixels_of(result), turned[:100, -50:])


def test_an_error_names_the_stage() -> None:
    plan = Stage(crop=Crop(0, 0, 500, 500, overflow=CropOverflow.REFUSE))
    with pytest.raises(InvalidParameter, match="Stage 2"):
        render_image(encode_image(photo(), "PNG"), stages=(plan,))
