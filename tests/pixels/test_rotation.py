"""A turn by any angle, held to Catmull-Rom interpolation in linear light, in float64."""

import numpy as np
import pytest
from PIL import Image

from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.ops import Resize
from pixmill.plan.transforms import FreeRotation
from tests.pixels.images import Pixels, difference, encode_image, photo, pixels_of, render_image
from tests.pixels.reference import Floats, to_linear, to_srgb


def near(distance: Floats) -> Floats:
    """R. Keys, Cubic convolution interpolation for digital image processing, 1981, with a = -0.5."""
    x = np.abs(distance)
    inner, outer = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))


def rotate_reference(light: Floats, degrees: float, size: tuple[int, int], around: Floats) -> Floats:
    """Compute every pixel of the result from the 16 around its source position."""
    height, width, _ = light.shape
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    across, down = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    right, below = x - (size[0] - 1) / 2, y - (size[1] - 1) / 2
    from_x = right * across + below * down + (width - 1) / 2
    from_y = below * across - right * down + (height - 1) / 2
    left, top = np.floor(from_x).astype(int), np.floor(from_y).astype(int)
    result = np.zeros((size[1], size[0], light.shape[2]))
    for dy in range(-1, 3):
        for dx in range(-1, 3):
            column, row = left + dx, top + dy
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            accepted = light[row.clip(0, height - 1), column.clip(0, width - 1)]
            weight = near(from_x - column) * near(from_y - row)
            result += weight[..., None] * np.where(inside[..., None], accepted, around)
    return result


def expected(codes: Pixels, degrees: float, size: tuple[int, int], corners: Colour) -> Pixels:
    around = np.array([corners.red, corners.green, corners.blue, corners.alpha]) / 255
    light = codes / 255.0
    light[..., :3] = to_linear(light[..., :3]) * light[..., 3:]
    around[:3] = to_linear(around[:3]) * around[3]
    light = rotate_reference(light, degrees, size, around)
    alpha = light[..., 3:].clip(0, 1)
    colours = to_srgb((light[..., :3] / np.maximum(alpha, 1e-9)).clip(0, 1))
    result: Pixels = np.rint(np.concatenate([colours, alpha], axis=-1) * 255).astype(np.uint8)
    return result


CORNERS = [Colour(255, 255, 255, 0), Colour(0, 0, 128), Colour(200, 100, 0, 128)]


def premultiplied(pixels: Pixels) -> Pixels:
    """Colours as far as one sees them."""
    result: Pixels = (pixels[..., :3].astype(float) * pixels[..., 3:] / 255).astype(np.uint8)
    return result


@pytest.mark.parametrize("corners", CORNERS)
@pytest.mark.parametrize("degrees", [0.5, 37.5, 120.0, 271.25])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_each_pixel_shows_its_place(mode: str, degrees: float, corners: Colour) -> None:
    image = photo(90, 60)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    image = image.convert(mode)
    result = render_image(encode_image(image, "PNG"), rotate_free=FreeRotation(degrees, corners))
    wanted = expected(pixels_of(image, "RGBA"), degrees, result.size, corners)
    found = pixels_of(result, "RGBA")
    assert difference(found[..., 3], wanted[..., 3]) < 0.5
    assert difference(premultiplied(found), premultiplied(wanted)) < 0.5


def test_a_small_angle_one_way_and_back_is_nearly_the_picture() -> None:
    image = photo()
    there = render_image(encode_image(image, "PNG"), rotate_free=FreeRotation(5.0))
    back = pixels_of(render_image(encode_image(there, "PNG"), rotate_free=FreeRotation(355.0)))
    top, left = (back.shape[0] - 160) // 2, (back.shape[1] - 240) // 2
    assert difference(back[top + 4 : top + 156, left + 4 : left + 236], pixels_of(image)[4:156, 4:236]) < 3


def test_corners_are_clear_where_the_format_can_and_on_the_background_elsewhere() -> None:
    source = encode_image(photo(), "JPEG")
    assert pixels_of(render_image(source, rotate_free=FreeRotation(45.0)), "RGBA")[0, 0, 3] == 0
    flat = render_image(source, Format.JPEG, rotate_free=FreeRotation(45.0), background=Colour(0, 0, 255), quality=95)
    assert difference(pixels_of(flat)[:9, :9], np.full((9, 9, 3), (0, 0, 255), np.uint8)) < 4


def test_an_opaque_picture_on_a_colour_needs_no_alpha_and_a_grey_one_on_grey_no_colour() -> None:
    assert render_image(encode_image(photo(), "PNG"), rotate_free=FreeRotation(45.0, Colour(1, 2, 3))).mode == "RGB"
    grey = encode_image(photo().convert("L"), "PNG")
    assert render_image(grey, rotate_free=FreeRotation(45.0, Colour(9, 9, 9))).mode == "L"
    assert render_image(grey, rotate_free=FreeRotation(45.0, Colour(9, 9, 8))).mode == "RGB"


@pytest.mark.parametrize("degrees", [0.01, 45.0, 359.99])
def test_a_single_pixel_can_be_turned(degrees: float) -> None:
    assert render_image(encode_image(photo(1, 1), "PNG"), rotate_free=FreeRotation(degrees)).size == (2, 2)


def test_the_orientation_comes_first_and_the_angle_after_the_resize() -> None:
    image = photo()
    exif = Image.Exif()
    exif[274] = 6
    stored = render_image(
        encode_image(image, "PNG", exif=exif), resize=Resize(width=80), rotate_free=FreeRotation(20.0)
    )
    upright = render_image(
        encode_image(image.rotate(-90, expand=True), "PNG"), resize=Resize(width=80), rotate_free=FreeRotation(20.0)
    )
    assert stored.size == upright.size
    assert difference(pixels_of(stored, "RGBA"), pixels_of(upright, "RGBA")) < 0.2
