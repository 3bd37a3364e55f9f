"""Effects that depend on a pixel's position: ramps, regions, blocks, vignette, grain."""

from math import cos, radians, sin
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pixmill.plan.colour import Colour
from pixmill.plan.effects import (
    Effects,
    Gradient,
    GradientRamp,
    ProgressiveBlur,
    RedactionBox,
    RegionBlur,
    RegionPixelation,
)
from pixmill.plan.ops import Resize
from tests.pixels.images import difference, encode_image, photo, pixels_of, render_image
from tests.pixels.reference import Floats, to_linear, to_srgb
from tests.pixels.test_effects import gaussian


def render_effects(image: Image.Image, **effects: Any) -> Image.Image:
    return render_image(encode_image(image, "PNG"), effects=Effects(**effects))


def ramp_reference(ramp: GradientRamp, width: int, height: int) -> Floats:
    """From CSS Images 3 §3.1.1: a line through the centre whose ends are where the corners project on it."""
    right, down = sin(radians(ramp.angle)), -cos(radians(ramp.angle))
    y, x = np.mgrid[0:height, 0:width] + 0.5
    corners = [(cx - width / 2) * right + (cy - height / 2) * down for cx in (0, width) for cy in (0, height)]
    at = ((x - width / 2) * right + (y - height / 2) * down - min(corners)) / (max(corners) - min(corners))
    if ramp.stop <= ramp.start:
        return np.asarray((at >= ramp.start / 100).astype(float))
    return np.asarray(((at * 100 - ramp.start) / (ramp.stop - ramp.start)).clip(0, 1))


RAMPS = [
    GradientRamp(),
    GradientRamp(0.0),
    GradientRamp(90.0),
    GradientRamp(270.0, 20.0, 70.0),
    GradientRamp(45.0),
    GradientRamp(200.0, 30.0, 30.0),
    GradientRamp(123.4, 10.0),
]


@pytest.mark.parametrize("ramp", RAMPS, ids=str)
def test_a_gradient_is_composited_as_css_does(ramp: GradientRamp) -> None:
    image, first, last = photo(), (255, 40, 0, 200), (0, 0, 90, 30)
    at = ramp_reference(ramp, *image.size)[..., None]
    over = [np.array([*(part * colour[3] / 255 for part in colour[:3]), colour[3] / 255]) for colour in (first, last)]
    mixed = over[0] * (1 - at) + over[1] * at
    expected = pixels_of(image) * (1 - mixed[..., 3:]) + mixed[..., :3]
    result = pixels_of(render_effects(image, gradient=Gradient(ramp, Colour(*first), Colour(*last))))
    assert np.abs(result - expected).max() <= 0.51


def test_a_gradient_stays_within_what_is_seen() -> None:
    image = photo().convert("RGBA")
    image.putalpha(Image.radial_gradient("L").resize(image.size))
    result = render_effects(image, gradient=Gradient(GradientRamp(), Colour(), Colour(0, 0, 0)))
    assert np.array_equal(pixels_of(result, "RGBA")[..., 3], pixels_of(image, "RGBA")[..., 3])


def test_only_a_coloured_gradient_colours_a_grey_picture() -> None:
    grey = photo().convert("L")
    assert render_effects(grey, gradient=Gradient(GradientRamp(), Colour(0, 0, 0, 9), Colour(9, 9, 9))).mode == "L"
    assert render_effects(grey, gradient=Gradient(GradientRamp(), Colour(0, 0, 0, 9), Colour(9, 9, 8))).mode == "RGB"


@pytest.mark.parametrize("ramp", [GradientRamp(), GradientRamp(90.0, 30.0, 80.0), GradientRamp(45.0)], ids=str)
def test_a_growing_blur_is_everywhere_a_gaussian_of_its_place(ramp: GradientRamp) -> None:
    image, most = photo(160, 120), 8.0
    light = to_linear(pixels_of(image) / 255)
    sigmas = np.array([0.01, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 7, 8])
    blurred = np.stack([light, *(gaussian(light, sigma) for sigma in sigmas[1:])])
    sigma = ramp_reference(ramp, *image.size) * most
    above = np.searchsorted(sigmas, sigma).clip(1, len(sigmas) - 1)
    part = ((sigma - sigmas[above - 1]) / (sigmas[above] - sigmas[above - 1])).clip(0, 1)[..., None]
    y, x = np.mgrid[0:120, 0:160]
    expected = to_srgb(blurred[above - 1, y, x] * (1 - part) + blurred[above, y, x] * part) * 255
    gone = np.abs(pixels_of(render_effects(image, progressive_blur=ProgressiveBlur(most, ramp))) - expected)
    assert gone.mean() < 1
    assert np.quantile(gone, 0.99) < 7
    assert gone.max() < 20  # on the edge of the red spot, between two levels


def test_where_a_growing_blur_has_not_begun_nothing_changes() -> None:
    image = photo()
    result = pixels_of(render_effects(image, progressive_blur=ProgressiveBlur(20.0, GradientRamp(90.0, 50.0))))
    assert np.array_equal(result[:, :120], pixels_of(image)[:, :120])
    assert difference(result[:, 180:], pixels_of(image)[:, 180:]) > 3


def test_blocks_are_means_in_linear_light() -> None:
    image = photo(240, 160)
    means = to_linear(pixels_of(image) / 255).reshape(20, 8, 30, 8, 3).mean(axis=(1, 3))
    expected = (to_srgb(means) * 255).repeat(8, axis=0).repeat(8, axis=1)
    assert np.abs(pixels_of(render_effects(image, pixelate=8)) - expected).max() <= 1


@pytest.mark.parametrize("side", [7, 100, 1000])
def test_blocks_that_the_edge_cuts_are_of_one_colour_too(side: int) -> None:
    result = pixels_of(render_effects(photo(50, 30), pixelate=side))
    for top in range(0, 30, side):
        for left in range(0, 50, side):
            assert len(np.unique(result[top : top + side, left : left + side].reshape(-1, 3), axis=0)) == 1


REGIONS = (
    RedactionBox(10.0, 20.0, 30.0, 40.0),
    RedactionBox(35.5, 50.2, 20.0, 20.0),
    RedactionBox(75.0, 75.0, 25.0, 25.0, percent=True),
    RedactionBox(230.0, 10.0, 999.0, 5.0),
    RedactionBox(900.0, 0.0, 5.0, 5.0),
)
BOXES = ((10, 20, 40, 60), (35, 50, 56, 71), (180, 120, 240, 160), (230, 10, 240, 15))
"""Left, top, right and bottom of the covered area on 240 × 160 pixels."""


@pytest.mark.parametrize(
    ("areas", "whole"),
    [
        ({"blur_areas": RegionBlur(6.0, REGIONS)}, {"blur": 6.0}),
        ({"pixelate_areas": RegionPixelation(9, REGIONS)}, {"effects": Effects(pixelate=9)}),
    ],
    ids=["blur", "pixelate"],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_boxes_are_as_if_all_were_changed_and_the_rest_is_as_before(
    areas: dict[str, Any], whole: dict[str, Any], mode: str
) -> None:
    image = photo().convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.radial_gradient("L").resize(image.size))
    expected, everywhere = np.asarray(image).copy(), np.asarray(render_image(encode_image(image, "PNG"), **whole))
    for left, top, right, bottom in BOXES:
        expected[top:bottom, left:right] = everywhere[top:bottom, left:right]
    assert np.array_equal(np.asarray(render_effects(image, **areas)), expected)


def test_boxes_are_on_the_result() -> None:
    result = render_image(
        encode_image(photo(), "PNG"),
        resize=Resize(width=60),
        effects=Effects(pixelate_areas=RegionPixelation(1000, (RedactionBox(0.0, 0.0, 60.0, 40.0),))),
    )
    assert len(np.unique(pixels_of(result).reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("strength", [40.0, 100.0])
def test_a_vignette_darkens_towards_the_corners(strength: float) -> None:
    image = photo()
    y, x = np.mgrid[0:160, 0:240] + 0.5
    t = ((np.hypot((x - 120) / 120, (y - 80) / 80) / 2**0.5 - 0.25) / 0.75).clip(0, 1)[..., None]
    expected = pixels_of(image) * (1 - strength / 100 * t * t * (3 - 2 * t))
    assert np.abs(pixels_of(render_effects(image, vignette=strength)) - expected).max() <= 0.51


def test_grain_is_gaussian_and_the_same_for_all_channels() -> None:
    result = pixels_of(render_effects(Image.new("RGB", (600, 600), (128, 100, 150)), noise=5.0)).astype(int)
    grain = result - (128, 100, 150)
    assert np.array_equal(grain[..., 0], grain[..., 1])
    assert abs(grain.mean()) < 0.2
    assert abs(grain.std() - 12.75) < 0.3
    assert 0.66 < (np.abs(grain[..., 0]) <= 12.75).mean() < 0.71


def test_grain_is_the_same_each_time_and_another_for_other_effects() -> None:
    once, again = (pixels_of(render_effects(photo(), noise=5.0)) for _ in range(2))
    assert np.array_equal(once, again)
    flat = Image.new("L", (64, 64), 128)
    one, other = (pixels_of(render_effects(flat, noise=amount), "L").astype(float) - 128 for amount in (20.0, 20.5))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("effects", [{"noise": 30.0}, {"vignette": 70.0}])
def test_alpha_and_grey_stay(effects: dict[str, Any]) -> None:
    image = photo().convert("LA")
    image.putalpha(Image.radial_gradient("L").resize(image.size))
    result = render_effects(image, **effects)
    assert result.mode == "LA"
    assert np.array_equal(np.asarray(result)[..., 1], np.asarray(image)[..., 1])
