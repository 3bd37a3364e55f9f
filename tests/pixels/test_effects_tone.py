"""Each channel for itself: tables against their formulas in float64, scipy's PCHIP and Pillow."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy.interpolate import PchipInterpolator

from pixmill.dialects.native.params import PARAMS
from pixmill.plan.effects import Adjust, Curves, Levels, ToneAdjustment
from tests.pixels.images import Pixels, encode_image, photo, pixels_of, render_image
from tests.pixels.reference import Floats, to_linear, to_srgb

CODES = np.arange(256)


def render_tone(image: Image.Image, **tone: Any) -> Image.Image:
    return render_image(encode_image(image, "PNG"), adjust=Adjust(tone=ToneAdjustment(**tone)))


def assert_tone(expected: Floats, **tone: Any) -> None:
    """Assert that each grey follows the formula, from 0 to 1; half a value may round either way."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    result = render_tone(ramp, **tone)
    assert result.mode == "L"
    assert np.abs(pixels_of(result, "L").ravel() - np.clip(expected, 0, 1) * 255).max() <= 0.5001


def contrast_reference(x: Floats, change: float) -> Floats:
    c = 2.55 * change
    return (x - 0.5) * (259 * (c + 255) / (255 * (259 - c))) + 0.5


def exposure_reference(x: Floats, stops: float) -> Floats:
    return np.asarray(to_srgb(np.clip(to_linear(x) * 2.0**stops, 0, 1)))


X: Floats = CODES / 255


@pytest.mark.parametrize(
    ("tone", "expected"),
    [
        ({"gamma": 2.2}, X ** (1 / 2.2)),
        ({"gamma": 0.1}, X**10),
        ({"brightness": 20.0}, X + 0.2),
        ({"brightness": -100.0}, X * 0),
        ({"contrast": 40.0}, contrast_reference(X, 40)),
        ({"contrast": -60.0}, contrast_reference(X, -60)),
        ({"contrast": -100.0}, X * 0 + 0.5),
        ({"brightness_factor": 1.5}, X * 1.5),
        ({"brightness_factor": 0.0}, X * 0),
        ({"brightness_factor": 1.4, "brightness": -20.0}, X * 1.4 - 0.2),
        ({"exposure": 1.0}, exposure_reference(X, 1)),
        ({"exposure": -2.5}, exposure_reference(X, -2.5)),
        ({"highlights": -80.0}, X - 1.5 * 0.8 * X**3 * (1 - X)),
        ({"highlights": 50.0}, X + 0.5 * X**3 * (1 - X)),
        ({"shadows": 100.0}, X + 1.5 * X * (1 - X) ** 3),
        ({"shadows": -100.0, "highlights": 100.0}, X + X**3 * (1 - X) - X * (1 - X) ** 3),
        ({"levels": Levels(30, 1.0, 220)}, (CODES - 30) / 190),
        ({"levels": Levels(30, 1.6, 220)}, np.clip((CODES - 30) / 190, 0, 1) ** (1 / 1.6)),
        ({"levels": Levels(200, 1.0, 50)}, (200 - CODES) / 150),
        ({"levels": Levels(99, 1.0, 99)}, (CODES >= 99) * 1.0),
        ({"invert": True}, 1 - X),
        ({"brightness": 60.0, "contrast": -50.0}, contrast_reference(X + 0.6, -50)),
        ({"gamma": 1.5, "brightness": -10.0, "invert": True}, 1 - (X ** (1 / 1.5) - 0.1)),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_each_code_becomes_what_the_formula_says(tone: dict[str, Any], expected: Floats) -> None:
    assert_tone(expected, **tone)


THUMBOR_VALUES = (0, 1, 40, 100, 127, 128, 129, 160, 200, 254, 255)
THUMBOR_BRIGHTNESS = {
    -50: (0, 0, 0, 0, 0, 1, 2, 33, 73, 127, 128),
    -7: (0, 0, 23, 83, 110, 111, 112, 143, 183, 237, 238),
    7: (17, 18, 57, 117, 144, 145, 146, 177, 217, 255, 255),
    50: (127, 128, 167, 227, 254, 255, 255, 255, 255, 255, 255),
}
THUMBOR_CONTRAST = {
    -20: (47, 47, 72, 111, 128, 128, 128, 148, 174, 208, 209),
    20: (0, 0, 2, 88, 127, 128, 129, 174, 231, 255, 255),
    50: (0, 0, 0, 65, 126, 128, 130, 200, 255, 255, 255),
}
"""What thumbor 7.8.0 makes of these values, recorded from its C extensions."""


def tone_of_thumbor_values(**tone: Any) -> Any:
    ramp = Image.fromarray(np.array([THUMBOR_VALUES] * 3, dtype=np.uint8))
    return pixels_of(render_tone(ramp, **tone), "L").astype(int)[1].ravel()


@pytest.mark.parametrize("change", THUMBOR_BRIGHTNESS)
def test_brightness_and_rgb_are_thumbors_up_to_rounding(change: int) -> None:
    recorded = np.array(THUMBOR_BRIGHTNESS[change])
    assert np.abs(tone_of_thumbor_values(brightness=float(change)) - recorded).max() <= 1
    ramp = Image.fromarray(np.array([THUMBOR_VALUES] * 3, dtype=np.uint8)).convert("RGB")
    assert np.abs(pixels_of(render_tone(ramp, red=float(change)))[1, :, 0].astype(int) - recorded).max() <= 1


@pytest.mark.parametrize(("change", "ours", "thumbors"), [(20, 1.5, 1.4), (50, 3.0, 2.3)])
def test_contrast_differs_from_thumbors_as_the_description_says(change: int, ours: float, thumbors: float) -> None:
    at = THUMBOR_VALUES.index(129 if change > 20 else 160)
    steps = THUMBOR_VALUES[at] - 128
    assert (THUMBOR_CONTRAST[change][at] - 128) / steps == pytest.approx(thumbors, abs=0.35)
    assert (tone_of_thumbor_values(contrast=float(change))[at] - 127.5) / (steps + 0.5) == pytest.approx(ours, abs=0.1)
    description = next(param.description for param in PARAMS if param.name == "contrast")
    assert f"{ours} at {change}" in description
    assert str(thumbors) in description


@pytest.mark.parametrize(
    "points",
    [
        ((0, 0), (64, 40), (192, 220), (255, 255)),
        ((0, 255), (100, 20), (101, 200), (255, 0)),
        ((50, 10), (60, 240)),
        ((10, 200), (20, 200), (90, 10), (250, 255), (255, 0)),
        ((0, 0), (1, 255), (255, 255)),
    ],
)
def test_a_curve_is_what_scipy_draws_through_its_points(points: tuple[tuple[int, int], ...]) -> None:
    at, value = np.array(points, float).T
    assert_tone(PchipInterpolator(at, value)(CODES.clip(at[0], at[-1])) / 255, curves=Curves(points))


def test_a_curve_through_one_point_is_level() -> None:
    assert_tone(X * 0 + 77 / 255, curves=Curves(((9, 77),)))


def test_channels_have_curves_and_shifts_of_their_own() -> None:
    image = photo()
    before = pixels_of(image).astype(float)
    result = pixels_of(render_tone(image, curves=Curves(green=((0, 255), (255, 0))), red=10.0, blue=-20.0))
    expected = np.stack([before[..., 0] + 25.5, 255 - before[..., 1], before[..., 2] - 51], axis=-1)
    assert np.abs(result - expected.clip(0, 255)).max() <= 0.5001


def test_inverting_is_what_pillow_does() -> None:
    image = photo()
    assert np.array_equal(pixels_of(render_tone(image, invert=True)), pixels_of(ImageOps.invert(image)))


def test_alpha_stays() -> None:
    image = photo().convert("RGBA")
    alpha: Pixels = np.arange(240 * 160, dtype=np.uint32).reshape(160, 240).astype(np.uint8)
    image.putalpha(Image.fromarray(alpha))
    result = render_tone(image, invert=True, brightness=30.0)
    assert np.array_equal(pixels_of(result, "RGBA")[..., 3], alpha)
    grey = render_tone(image.convert("LA"), invert=True)
    assert grey.mode == "LA"
    assert np.array_equal(np.asarray(grey)[..., 1], alpha)


def test_a_grey_picture_takes_on_colour_where_channels_differ() -> None:
    result = render_tone(Image.new("L", (4, 4), 100), red=10.0)
    assert result.getpixel((0, 0)) == (126, 100, 100)


def test_normalising_stretches_from_the_first_to_the_last_hundredth() -> None:
    codes = np.repeat(np.arange(50, 150, dtype=np.uint8), 100).reshape(100, 100)
    result = pixels_of(render_tone(Image.fromarray(codes), normalise=True), "L")
    assert np.abs(result - ((codes - 50.0) / (148 - 50) * 255).clip(0, 255)).max() <= 0.5001


def test_normalising_does_not_look_at_what_is_hidden() -> None:
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[:10] = (255, 255, 255, 0)
    pixels[10:, :10] = (60, 60, 60, 255)
    pixels[10:, 10:] = (90, 90, 90, 255)
    result = np.asarray(render_tone(Image.fromarray(pixels), normalise=True).convert("RGBA"))
    assert set(result[10:, :, 0].flat) == {0, 255}


@pytest.mark.parametrize("code", [0, 7, 255])
def test_normalising_leaves_one_even_colour(code: int) -> None:
    image = Image.new("RGB", (5, 5), (code, code, 9))
    assert np.array_equal(pixels_of(render_tone(image, normalise=True)), pixels_of(image))


@pytest.mark.parametrize("highlights", [-100.0, 0.0, 100.0])
@pytest.mark.parametrize("shadows", [-100.0, 0.0, 100.0])
def test_highlights_and_shadows_keep_black_white_and_the_order_of_tones(highlights: float, shadows: float) -> None:
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    result = pixels_of(render_tone(ramp, highlights=highlights, shadows=shadows), "L").ravel().astype(int)
    assert (result[0], result[255]) == (0, 255)
    assert (np.diff(result) >= 0).all()


@pytest.mark.parametrize(("warmth", "kelvin"), [(100.0, 3939.2), (-90.0, 15685.0), (30.0, 5442.0)])
def test_warmth_moves_white_to_another_black_body(warmth: float, kelvin: float) -> None:
    """Against Planck's law, integrated over the colour matching functions (fits of Wyman et al., JCGT 2013)."""
    expected = planck_srgb(kelvin) / planck_srgb(6504.0)
    expected /= expected @ (0.2126, 0.7152, 0.0722)
    grey = Image.new("RGB", (4, 4), (100, 100, 100))
    light = to_linear(pixels_of(render_tone(grey, warmth=warmth))[0, 0] / 255)
    assert light / to_linear(np.array([100 / 255])) == pytest.approx(expected, abs=0.03)
    assert light @ (0.2126, 0.7152, 0.0722) == pytest.approx(to_linear(np.array([100 / 255]))[0], rel=0.02)


def planck_srgb(kelvin: float) -> Floats:
    """Linear sRGB of a black body with luminance 1."""
    nm = np.arange(360.0, 831.0)

    def lobe(centre: float, left: float, right: float) -> Floats:
        return np.asarray(np.exp(-0.5 * ((nm - centre) * np.where(nm < centre, left, right)) ** 2))

    x = 0.362 * lobe(442.0, 0.0624, 0.0374) + 1.056 * lobe(599.8, 0.0264, 0.0323) - 0.065 * lobe(501.1, 0.0490, 0.0382)
    y = 0.821 * lobe(568.8, 0.0213, 0.0247) + 0.286 * lobe(530.9, 0.0613, 0.0322)
    z = 1.217 * lobe(437.0, 0.0845, 0.0278) + 0.681 * lobe(459.0, 0.0385, 0.0725)
    radiance = nm**-5.0 / np.expm1(1.4388e7 / (nm * kelvin))
    xyz = np.array([x, y, z]) @ radiance
    matrix = [[3.2404542, -1.5371385, -0.4985314], [-0.969266, 1.8760108, 0.041556], [0.0556434, -0.2040259, 1.0572252]]
    return np.asarray(np.array(matrix) @ xyz / xyz[1])


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_equalising_is_what_pillow_does(mode: str) -> None:
    image = photo().convert(mode)
    assert np.array_equal(pixels_of(render_tone(image, equalise=True), mode), pixels_of(ImageOps.equalize(image), mode))


def test_equalising_does_not_look_at_what_is_hidden() -> None:
    image = photo().convert("RGBA")
    image.paste((255, 255, 255, 0), (0, 0, 240, 80))
    result = pixels_of(render_tone(image, equalise=True), "RGBA")
    visible = ImageOps.equalize(photo().crop((0, 80, 240, 160)))
    assert np.abs(result[80:, :, :3].astype(int) - pixels_of(visible)).max() <= 1


@pytest.mark.parametrize("code", [0, 7, 255])
def test_equalising_leaves_one_even_colour(code: int) -> None:
    image = Image.new("RGB", (5, 5), (code, code, 9))
    assert np.array_equal(pixels_of(render_tone(image, equalise=True)), pixels_of(image))
