"""Neighbourhood filters, compared with OpenCV and float64; hidden colours never show."""

import json
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from pixmill.engine.pixels.resample.linear_filters import MAX_DIRECT_SIGMA
from pixmill.plan.effects import (
    Adjust,
    Clahe,
    Convolution,
    Effects,
    GradientRamp,
    LabSharpen,
    MorphologyUnit,
    ProgressiveBlur,
    UnsharpMask,
)
from pixmill.plan.ops import BlurSpace
from tests.pixels.images import Pixels, encode_image, photo, pixels_of, render_image
from tests.pixels.reference import Floats

LUMA = (0.2126, 0.7152, 0.0722)


def render_effects(image: Image.Image, **effects: Any) -> Image.Image:
    return render_image(encode_image(image, "PNG"), effects=Effects(**effects))


def render_clahe(image: Image.Image, window: int, slope: int = 3) -> Image.Image:
    return render_image(encode_image(image, "PNG"), adjust=Adjust(clahe=Clahe(window, slope)))


def speckled_image(mode: str = "RGB") -> Image.Image:
    pixels = pixels_of(photo(120, 90)).copy()
    pixels[np.random.default_rng(4).random(pixels.shape) < 0.05] = 255
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("radius", [1, 2, 3, 5])
def test_median_is_that_of_opencv(radius: int, mode: str) -> None:
    image = speckled_image(mode)
    expected = cv2.medianBlur(np.asarray(image), 2 * radius + 1)
    assert np.array_equal(np.asarray(render_effects(image, median=radius)), expected)


MATRICES = [
    (0, -1, 0, -1, 5, -1, 0, -1, 0),
    (-2, -1, 0, -1, 1, 1, 0, 1, 2),
    tuple(np.arange(25) / 300),
    tuple(np.arange(49)[::-1] / 1176),
]


@pytest.mark.parametrize("weights", MATRICES, ids=len)
@pytest.mark.parametrize("offset", [0.0, 40.0])
def test_convolution_is_the_filter_of_opencv(weights: tuple[float, ...], offset: float) -> None:
    image = speckled_image()
    side = int(len(weights) ** 0.5)
    kernel = np.array(weights, np.float64).reshape(side, side)
    expected = cv2.filter2D(
        pixels_of(image).astype(np.float64), -1, kernel, delta=offset, borderType=cv2.BORDER_REPLICATE
    )
    result = render_effects(image, convolution=Convolution(tuple(map(float, weights)), offset))
    assert np.abs(pixels_of(result) - expected.clip(0, 255)).max() <= 0.501


def unsharp(codes: Floats, sigma: float, amount: float, threshold: int) -> Floats:
    light = codes @ LUMA
    detail = light - cv2.GaussianBlur(light, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    detail = np.where(np.abs(detail) > threshold, detail, 0)
    return np.asarray((codes + amount * detail[..., None]).clip(0, 255))


@pytest.mark.parametrize(("sigma", "amount"), [(0.5, 1.0), (1.0, 1.0), (2.0, 3.0), (8.0, 0.7)])
def test_sharpening_is_an_unsharp_mask_of_luma(sigma: float, amount: float) -> None:
    image = speckled_image()
    expected = unsharp(pixels_of(image).astype(float), sigma, amount, 0)
    gone = np.abs(pixels_of(render_effects(image, sharpen=UnsharpMask(sigma, amount))) - expected)
    assert gone.mean() < 0.7
    assert gone.max() <= 1 + 2 * amount  # the tail of the Gaussian that is cut off


def test_a_threshold_spares_what_is_nearly_even() -> None:
    codes = np.full((40, 40), 100, np.uint8)
    codes[:, 10:20], codes[:, 25:] = 106, 220
    result = pixels_of(render_effects(Image.fromarray(codes), sharpen=UnsharpMask(1.0, 2.0, 12)), "L")
    assert np.array_equal(result[:, :20], codes[:, :20])
    assert result[:, 25].min() > 225
    assert result[:, 24].max() < 106


def blur_values(codes: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(codes, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


@pytest.mark.parametrize("sigma", [0.5, 2.0, 6.0, 20.0])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_blur_of_srgb_values_is_opencvs(mode: str, sigma: float) -> None:
    image = photo(240, 160).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.radial_gradient("L").resize(image.size))
    codes = pixels_of(image, "RGBA").astype(float)
    alpha = codes[..., 3:] / 255
    blurred_alpha = blur_values(alpha[..., 0], sigma)[..., None]
    expected = blur_values(codes[..., :3] * alpha, sigma)
    result = render_image(encode_image(image, "PNG"), blur=sigma, blur_space=BlurSpace.SRGB)
    assert result.mode == mode
    got = pixels_of(result, "RGBA").astype(float)
    most = 4 if sigma <= MAX_DIRECT_SIGMA else 7  # beyond it the edge of a reduced image is as wide as its pixels
    assert np.abs(got[..., 3] - blurred_alpha[..., 0] * 255).max() <= most
    gone = np.abs(got[..., :3] * got[..., 3:] / 255 - expected)
    assert gone.mean() < 1
    assert gone.max() <= most


SHARP_ROW = (10, 10, 12, 40, 90, 200, 210, 208, 120, 60, 58, 200, 30, 30, 33, 36)
SHARP = {
    (1.0, 1.0, 2.0): "[10,8,30,7,5,28,0,0,25,24,17,43,71,54,91,228,187,249,234,191,254,237,194,255,114,91,134,19,1,36,17,0,34,228,187,249,9,0,29,19,9,37,33,26,53,37,30,57]",
    (2.0, 0.0, 3.0): "[10,8,30,0,0,24,0,0,25,10,0,29,72,55,92,228,187,249,238,196,255,237,194,255,105,81,125,19,1,36,17,0,34,228,187,249,9,0,29,9,0,29,20,11,38,36,29,56]",
    (0.6, 2.0, 4.0): "[10,8,30,9,7,29,1,0,25,34,26,54,71,54,91,228,187,249,214,172,234,237,194,255,114,91,134,37,26,57,17,0,34,228,187,249,9,0,29,29,23,50,33,26,53,37,30,57]",
}  # fmt: skip
"""What sharp 0.35.5 makes of rows with red = SHARP_ROW, green = 0.8 red, blue = red + 20: sigma, m1, m2."""


@pytest.mark.parametrize("values", SHARP)
def test_sharpening_in_lab_is_sharps(values: tuple[float, float, float]) -> None:
    row = [(red, round(red * 0.8), min(255, red + 20)) for red in SHARP_ROW]
    image = Image.fromarray(np.array([row] * 5, np.uint8))
    result = pixels_of(render_effects(image, sharpen_lab=LabSharpen(*values)))
    assert np.abs(result[2].ravel().astype(int) - json.loads(SHARP[values])).max() <= 1


@pytest.mark.parametrize("window", [9, 25])
def test_equalising_without_a_limit_is_the_rank_in_the_window(window: int) -> None:
    codes = np.random.default_rng(3).integers(60, 120, (40, 50)).astype(np.uint8)
    result = pixels_of(render_clahe(Image.fromarray(codes), window, 100), "L")
    half = window // 2
    for y, x in ((20, 25), (14, 30), (26, 14)):
        around = codes[y - half : y - half + window, x - half : x - half + window]
        rank = (around <= codes[y, x]).sum() / around.size * 255
        assert abs(int(result[y, x]) - rank) <= 256 / window + 2


def local_contrast(light: Floats) -> float:
    """Mean deviation within blocks of 8 × 8."""
    return float(light.reshape(10, 8, 15, 8).std(axis=(1, 3)).mean())


def test_equalising_brings_out_contrast_and_keeps_the_differences_of_channels() -> None:
    before = (pixels_of(photo(120, 80)).astype(float) / 5 + 90).astype(np.uint8)
    after = pixels_of(render_clahe(Image.fromarray(before), 32)).astype(int)
    assert local_contrast(after.astype(float) @ LUMA) > 1.4 * local_contrast(before.astype(float) @ LUMA)
    inside = (after > 0).all(-1) & (after < 255).all(-1)
    assert np.array_equal(
        (after[..., 0] - after[..., 2])[inside], (before[..., 0].astype(int) - before[..., 2])[inside]
    )


@pytest.mark.parametrize("window", [2, 64])
def test_equalising_a_single_pixel_works(window: int) -> None:
    assert render_clahe(photo(1, 1), window).size == (1, 1)


EFFECTS: dict[str, dict[str, Any]] = {
    "median": {"median": 2},
    "sharpen": {"sharpen": UnsharpMask(3.0, 4.0)},
    "sharpen_lab": {"sharpen_lab": LabSharpen(2.0, 1.0, 3.0)},
    "convolution": {"convolution": Convolution((1 / 25,) * 25)},
    "progressive_blur": {"progressive_blur": ProgressiveBlur(5.0, GradientRamp())},
    "pixelate": {"pixelate": 7},
}


@pytest.mark.parametrize("name", EFFECTS)
def test_no_hidden_colour_comes_out(name: str) -> None:
    """A red square in the middle of a green that nobody sees: the result is the same as in the middle of black."""
    pixels = np.full((64, 64, 4), (0, 255, 0, 0), np.uint8)
    pixels[16:48, 16:48] = (200, 30, 20, 255)
    other = pixels.copy()
    other[pixels[..., 3] == 0] = 0
    one, two = (pixels_of(render_effects(Image.fromarray(each), **EFFECTS[name]), "RGBA") for each in (pixels, other))
    actual = (one[..., 3] > 0) | (two[..., 3] > 0)
    assert np.array_equal(one[actual], two[actual])
    assert one[one[..., 3] > 30][:, 1].max() < 120


def test_equalising_does_not_look_at_what_is_hidden() -> None:
    pixels = np.dstack([pixels_of(photo(64, 64)), np.zeros((64, 64), np.uint8)])
    pixels[16:48, 16:48, 3] = 255
    other = pixels.copy()
    other[pixels[..., 3] == 0] = 0
    one, two = (pixels_of(render_clahe(Image.fromarray(each), 24), "RGBA") for each in (pixels, other))
    assert np.array_equal(one[16:48, 16:48], two[16:48, 16:48])


@pytest.mark.parametrize("name", ["sharpen", "sharpen_lab", "convolution"])
def test_these_leave_alpha_alone(name: str) -> None:
    image = photo().convert("RGBA")
    image.putalpha(Image.radial_gradient("L").resize(image.size))
    result = render_effects(image, **EFFECTS[name])
    assert np.array_equal(pixels_of(result, "RGBA")[..., 3], pixels_of(image, "RGBA")[..., 3])


@pytest.mark.parametrize("name", EFFECTS)
@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2)])
def test_every_kind_of_small_picture_works(name: str, mode: str, size: tuple[int, int]) -> None:
    image = photo(*size).convert(mode)
    if mode != "L":
        image.putalpha(100)
    result = render_effects(image, **EFFECTS[name])
    assert (result.mode, result.size) == (mode, size)


@pytest.mark.parametrize("name", EFFECTS)
def test_grey_is_filtered_as_three_equal_channels(name: str) -> None:
    grey = photo().convert("L")
    one: Pixels = pixels_of(render_effects(grey, **EFFECTS[name])).astype(np.int16)
    two = pixels_of(render_effects(grey.convert("RGB"), **EFFECTS[name])).astype(np.int16)
    assert np.abs(one - two).max() <= 1


SQUARES = [("dilate", cv2.dilate), ("erode", cv2.erode)]


@pytest.mark.parametrize(("name", "opencv"), SQUARES)
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("radius", [1, 4, 20])
def test_dilate_and_erode_are_those_of_opencv(name: str, opencv: Any, mode: str, radius: int) -> None:
    image = speckled_image(mode)
    side = 2 * radius + 1
    expected = opencv(np.asarray(image), np.ones((side, side), np.uint8), borderType=cv2.BORDER_REPLICATE)
    assert np.array_equal(np.asarray(render_effects(image, **{name: radius}).convert(mode)), expected)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize(("name", "combine"), [("dilate", np.bitwise_or), ("erode", np.bitwise_and)])
def test_morphology_of_bits_combines_each_bit_of_the_square(name: str, combine: Any, mode: str) -> None:
    image = photo(60, 41).convert(mode)
    padded = np.pad(np.asarray(image), ((2, 2), (2, 2), (0, 0))[: np.asarray(image).ndim], mode="edge")
    rows, columns = image.height, image.width
    squares = [padded[y : y + rows, x : x + columns] for y in range(5) for x in range(5)]
    result = render_effects(image, morphology=MorphologyUnit.BITS, **{name: 2})
    assert np.array_equal(np.asarray(result.convert(mode)), combine.reduce(squares))


def test_dilate_then_erode_closes_gaps_and_keeps_the_rest() -> None:
    image = Image.new("L", (60, 60), 200)
    image.paste(20, (10, 10, 40, 40))
    whole = image.copy()
    image.paste(200, (20, 20, 22, 22))
    image.paste(20, (50, 50, 51, 51))  # a speck
    whole.paste(200, (20, 20, 22, 22))
    assert np.array_equal(np.asarray(render_effects(image, dilate=1, erode=1)), np.asarray(whole))


def test_what_is_hidden_does_not_grow_out() -> None:
    image = Image.new("RGBA", (40, 40), (90, 90, 90, 255))
    image.paste((255, 0, 0, 0), (15, 15, 25, 25))
    grown = pixels_of(render_effects(image, dilate=3), "RGBA")
    assert tuple(grown.reshape(-1, 4).max(axis=0)) == (90, 90, 90, 255)
