"""Blur and grayscale against their formulas, in float64."""

import numpy as np
import pytest
from PIL import Image

from pixmill.plan.ops import Resize
from tests.pixels.images import difference, encode_image, photo, pixels_of, render_image
from tests.pixels.reference import Floats, to_linear, to_srgb


def gaussian(light: Floats, sigma: float) -> Floats:
    """Blur along both axes; edge pixels are repeated."""
    reach = int(np.ceil(4 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        padding = [(reach, reach) if at == axis else (0, 0) for at in range(3)]
        padded = np.pad(light, padding, mode="edge")
        light = np.apply_along_axis(np.convolve, axis, padded, weights, mode="valid")
    return light


@pytest.mark.parametrize("sigma", [0.6, 2.0, 5.0, 9.0, 30.0])
def test_blur_is_a_gaussian_in_linear_light(sigma: float) -> None:
    """A wide one goes on beyond the edge as the last few pixels do, not as the very last one does."""
    image = photo(120, 80)
    expected = to_srgb(gaussian(to_linear(pixels_of(image) / 255), sigma)) * 255
    result = pixels_of(render_image(encode_image(image, "PNG"), blur=sigma)).astype(float)
    assert np.abs(result - expected).mean() < (1 if sigma < 10 else 2)
    assert np.abs(result - expected).max() < (6 if sigma < 10 else 9)


def test_blur_lets_no_hidden_colour_out() -> None:
    pixels = np.full((64, 64, 4), (0, 255, 0, 0), np.uint8)
    pixels[16:48, 16:48] = (255, 0, 0, 255)
    result = pixels_of(render_image(encode_image(Image.fromarray(pixels), "PNG"), blur=4.0), "RGBA").astype(int)
    assert result[result[..., 3] > 8][:, 1].max() <= 8
    assert 100 < result[16, 32, 3] < 156


def test_the_widest_blur_of_the_smallest_picture_works() -> None:
    assert render_image(encode_image(photo(1, 1), "PNG"), blur=250.0).size == (1, 1)


def test_grayscale_is_luminance() -> None:
    image = photo()
    result = render_image(encode_image(image, "PNG"), grayscale=True)
    luminance = to_linear(pixels_of(image) / 255) @ (0.2126, 0.7152, 0.0722)
    assert result.mode == "L"
    assert difference(pixels_of(result, "L"), np.rint(to_srgb(luminance) * 255).astype(np.uint8)) < 1


def test_grayscale_keeps_alpha() -> None:
    image = photo().convert("RGBA")
    image.putalpha(77)
    result = render_image(encode_image(image, "PNG"), grayscale=True, resize=Resize(width=50))
    assert result.mode == "LA"
    assert set(np.asarray(result)[..., 1].flat) == {77}
