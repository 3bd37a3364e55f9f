"""Padding: the image itself does not change, and the rest is the requested fill."""

import cv2
import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Canvas, Fit, Resize
from pixmill.plan.transforms import Extend, Fill, LengthUnit
from tests.pixels.images import Pixels, difference, encode_image, photo, pixels_of, render_image
from tests.pixels.reference import to_linear, to_srgb

MARGINS = Extend(top=5, right=12, bottom=20, left=30)
WIDTHS = ((5, 20), (30, 12))
BOX = Resize(100, 100, Fit.CONTAIN)


def sample_image(mode: str = "RGB") -> Image.Image:
    image = photo(60, 40)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image.convert(mode)


def inner(pixels: Pixels) -> Pixels:
    return pixels[5:-20, 30:-12]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize(("fill", "as_numpy_has_it"), [(Fill.EDGE, "edge"), (Fill.MIRROR, "symmetric")])
def test_edges_are_drawn_out_and_mirrored_as_numpy_does(fill: Fill, as_numpy_has_it: str, mode: str) -> None:
    image = sample_image(mode)
    result = render_image(encode_image(image, "PNG"), extend=replace(MARGINS, fill=fill))
    expected = np.pad(pixels_of(image, "RGBA"), (*WIDTHS, (0, 0)), mode=as_numpy_has_it)  # type: ignore[call-overload]  # a word of numpy's
    assert result.mode == mode
    assert np.array_equal(pixels_of(result, "RGBA"), expected)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_padding_has_the_colour_of_the_background(mode: str) -> None:
    image = sample_image(mode)
    result = pixels_of(render_image(encode_image(image, "PNG"), extend=MARGINS, background=Colour(9, 200, 30)), "RGBA")
    outside = np.ones(result.shape[:2], bool)
    outside[5:-20, 30:-12] = False
    assert (result[outside] == (9, 200, 30, 255)).all()
    assert np.array_equal(inner(result), pixels_of(image, "RGBA"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_a_canvas_cuts_one_side_and_pads_the_other(mode: str) -> None:
    image = sample_image(mode)
    canvas = Canvas(100, 20, gravity=Point(1, 0.5, -10), cut=True)
    result = pixels_of(render_image(encode_image(image, "PNG"), canvas=canvas, background=Colour(9, 200, 30)), "RGBA")
    assert result.shape == (20, 100, 4)
    assert np.array_equal(result[:, 30:90], pixels_of(image, "RGBA")[10:30])
    assert (result[:, :30] == (9, 200, 30, 255)).all()
    assert (result[:, 90:] == (9, 200, 30, 255)).all()


def test_padding_in_percent_follows_the_sides() -> None:
    image = sample_image()
    extend = Extend(Fill.EDGE, 2500, 0, 0, 5000, LengthUnit.PERCENT)
    expected = np.pad(pixels_of(image), ((10, 0), (30, 0), (0, 0)), mode="edge")
    assert np.array_equal(pixels_of(render_image(encode_image(image, "PNG"), extend=extend)), expected)


def test_a_mirror_goes_on_beyond_the_first_reflection() -> None:
    image = photo(10, 8)
    result = render_image(encode_image(image, "PNG"), extend=Extend(Fill.MIRROR, left=35, bottom=50))
    expected = np.pad(pixels_of(image), ((0, 50), (35, 0), (0, 0)), mode="symmetric")
    assert np.array_equal(pixels_of(result), expected)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_blurred_copy_lies_behind_an_opaque_picture(mode: str) -> None:
    image = sample_image(mode)
    result = render_image(encode_image(image, "PNG"), resize=BOX, extend=Extend(Fill.BLUR))
    pixels = pixels_of(result)
    assert result.mode == mode
    assert np.array_equal(pixels[30:70, 20:80], pixels_of(image))
    cover = pixels_of(render_image(encode_image(image, "PNG"), resize=Resize(100, 100, Fit.COVER, enlarge=True)))
    light = cv2.GaussianBlur(to_linear(cover / 255), (0, 0), 128 / 50, borderType=cv2.BORDER_REPLICATE)
    behind = np.rint(to_srgb(np.asarray(light, np.float64)) * 255).astype(np.uint8)
    assert difference(pixels[:30], behind[:30]) < 1
    assert difference(pixels[70:], behind[70:]) < 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_one_sees_the_blurred_copy_through_a_picture(mode: str) -> None:
    image = sample_image(mode)
    result = render_image(encode_image(image, "PNG"), resize=BOX, extend=Extend(Fill.BLUR))
    pixels, own = pixels_of(result, "RGBA").astype(float), pixels_of(image, "RGBA").astype(float)
    assert (pixels[30:70, 20:80, 3] >= own[..., 3]).all()
    solid = own[..., 3] > 250
    assert np.abs(pixels[30:70, 20:80][solid] - own[solid]).max() <= 6


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (40, 40)])
@pytest.mark.parametrize("fill", Fill)
def test_the_size_is_that_of_the_box_and_its_padding(fill: Fill, size: tuple[int, int]) -> None:
    source = encode_image(photo(*size), "PNG")
    assert render_image(source, resize=BOX, extend=replace(MARGINS, fill=fill)).size == (142, 125)


def test_a_picture_lies_where_gravity_says() -> None:
    image = sample_image()
    resize = Resize(100, 100, Fit.CONTAIN, Point(1, 0, -10, 20))
    pixels = pixels_of(render_image(encode_image(image, "PNG"), resize=resize, background=Colour(0, 0, 0)))
    assert np.array_equal(pixels[20:60, 30:90], pixels_of(image))
    assert not pixels[:20].any()


def test_a_fill_leaves_no_hole_in_a_format_without_alpha() -> None:
    pixels = pixels_of(
        render_image(encode_image(sample_image(), "PNG"), Format.JPEG, resize=BOX, extend=Extend(Fill.BLUR))
    )
    assert pixels.shape == (100, 100, 3)
    assert pixels.std() > 20


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_the_average_is_that_of_all_that_is_visible(mode: str) -> None:
    image = sample_image(mode)
    result = pixels_of(render_image(encode_image(image, "PNG"), extend=replace(MARGINS, fill=Fill.AVERAGE)), "RGBA")
    before = pixels_of(image, "RGBA").astype(float)
    weights = before[..., 3:]
    average = (before[..., :3] * weights).sum(axis=(0, 1)) / weights.sum()
    for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        assert np.abs(result[row, column, :3] - average).max() <= 1
        assert result[row, column, 3] == 255
    assert np.array_equal(inner(result), pixels_of(image, "RGBA"))


def test_the_average_of_an_invisible_image_is_black() -> None:
    image = Image.new("RGBA", (8, 8), (200, 100, 50, 0))
    result = pixels_of(render_image(encode_image(image, "PNG"), extend=Extend(Fill.AVERAGE, left=4)), "RGBA")
    assert tuple(result[0, 0]) == (0, 0, 0, 255)
