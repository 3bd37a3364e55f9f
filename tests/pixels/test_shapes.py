"""Corners, masks and borders against shapes drawn with many points in each pixel."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.shapes import Border, CornerRadii, Ellipse, ImageMask, MaskChannel, Polygon, Shape, Star
from pixmill.plan.source import parse_source
from pixmill.plan.transforms import Extend
from tests.pixels.images import LIMITS, decode_result, encode_image, photo, pixels_of, render_image

FINE = 16
WIDTH, HEIGHT = 90, 60
Coverage = NDArray[np.float64]


def draw_coverage(draw: Callable[[ImageDraw.ImageDraw], None]) -> Coverage:
    """The part of each pixel that a drawing covers, by points in a grid of 16 × 16."""
    fine = Image.new("L", (WIDTH * FINE, HEIGHT * FINE))
    draw(ImageDraw.Draw(fine))
    codes: Coverage = np.asarray(fine, dtype=np.float64)
    return np.asarray(codes.reshape(HEIGHT, FINE, WIDTH, FINE).mean(axis=(1, 3)) / 255, dtype=np.float64)


def on_circle(corners: int, step: int = 1, shrink: float = 0) -> list[tuple[float, float]]:
    angles = [-math.pi / 2 + 2 * math.pi * corner * step / corners for corner in range(corners)]
    middle, radius = (WIDTH / 2 * FINE, HEIGHT / 2 * FINE), (HEIGHT / 2 - shrink) * FINE
    return [(middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)) for angle in angles]


def star() -> list[tuple[float, float]]:
    """Return the outline of a pentagram: its inner corners are on a circle smaller by the golden ratio squared."""
    inner = HEIGHT / 2 * (1 - 1 / ((1 + math.sqrt(5)) / 2) ** 2)
    outside, inside = on_circle(10), on_circle(10, shrink=inner)
    return [point for pair in zip(outside[::2], inside[1::2], strict=True) for point in pair]


def ellipse(across: float, down: float) -> Callable[[ImageDraw.ImageDraw], None]:
    x, y = WIDTH / 2 * FINE, HEIGHT / 2 * FINE
    box = (x - across * FINE, y - down * FINE, x + across * FINE - 1, y + down * FINE - 1)
    return lambda draw: draw.ellipse(box, fill=255)


def render_shape(shape: Shape, mode: str = "RGB") -> Image.Image:
    return render_image(encode_image(photo(WIDTH, HEIGHT).convert(mode), "PNG"), shape=shape)


@pytest.mark.parametrize(
    ("mask", "draw"),
    [
        (Ellipse(circle=True), ellipse(HEIGHT / 2, HEIGHT / 2)),
        (Ellipse(), ellipse(WIDTH / 2, HEIGHT / 2)),
        (Polygon(3), lambda draw: draw.polygon(on_circle(3), fill=255)),
        (Polygon(12), lambda draw: draw.polygon(on_circle(12), fill=255)),
        (Star(), lambda draw: draw.polygon(star(), fill=255)),
    ],
)
def test_a_mask_is_as_opaque_as_its_form_covers_each_pixel(
    mask: Ellipse | Polygon | Star, draw: Callable[[ImageDraw.ImageDraw], None]
) -> None:
    """Only at sharp points, where a pixel sees two edges, does the first order stray by more than a tenth."""
    alpha = np.asarray(render_shape(Shape(mask=mask)))[..., 3] / 255
    away = np.abs(alpha - draw_coverage(draw))
    assert away.mean() < 0.003
    assert (away > 0.11).sum() <= 12
    assert away.max() < 0.6


def test_corners_are_quarters_of_circles() -> None:
    alpha = np.asarray(render_shape(Shape(corner_radii=CornerRadii(10, 20, 0, 30))))[..., 3] / 255

    def draw(on: ImageDraw.ImageDraw) -> None:
        on.rectangle((0, 0, WIDTH * FINE, HEIGHT * FINE), fill=255)
        for radius, x, y in ((10, 0, 0), (20, 1, 0), (30, 0, 1)):
            r = radius * FINE
            left, top = x * (WIDTH * FINE - r), y * (HEIGHT * FINE - r)
            on.rectangle((left, top, left + r - 1, top + r - 1), fill=0)
            corner = (left - x * r, top - y * r, left - x * r + 2 * r - 1, top - y * r + 2 * r - 1)
            on.pieslice(corner, 180 + 90 * (x + 3 * y), 270 + 90 * (x + 3 * y), fill=255)

    assert np.abs(alpha - draw_coverage(draw)).max() < 0.08


def test_radii_that_do_not_fit_shrink_together() -> None:
    """As in CSS: 100 and 50 along a side of 90 become 60 and 30."""
    assert render_shape(Shape(corner_radii=CornerRadii(100, 50))) == render_shape(
        Shape(corner_radii=CornerRadii(60, 30))
    )
    assert render_shape(Shape(corner_radii=CornerRadii(50, 50, 50, 50, percent=True))) == render_shape(
        Shape(corner_radii=CornerRadii(30, 30, 30, 30))
    )


def test_colours_stay_where_pixels_only_become_less_opaque() -> None:
    image = photo(WIDTH, HEIGHT)
    result = np.asarray(render_image(encode_image(image, "PNG"), shape=Shape(mask=Ellipse())))
    assert (result[..., :3] == pixels_of(image)).all()


def test_grey_stays_grey_and_alpha_is_multiplied() -> None:
    grey = photo(WIDTH, HEIGHT).convert("LA")
    grey.putalpha(100)
    result = render_image(
        encode_image(grey, "PNG"), shape=Shape(corner_radii=CornerRadii(9, 9, 9, 9), border=Border(2))
    )
    assert result.mode == "LA"
    inside = render_image(encode_image(grey, "PNG"), shape=Shape(corner_radii=CornerRadii(9, 9, 9, 9)))
    assert np.asarray(inside)[30, 45, 1] == 100
    assert np.asarray(inside)[0, 0, 1] == 0


def test_without_transparency_the_background_shows() -> None:
    result = render_image(
        encode_image(photo(WIDTH, HEIGHT), "PNG"),
        Format.JPEG,
        quality=100,
        shape=Shape(mask=Star()),
        background=Colour(10, 200, 30),
    )
    assert np.abs(pixels_of(result)[:8, :8].astype(int) - (10, 200, 30)).max() < 6


def test_a_border_lies_inside_and_follows_the_corners() -> None:
    """A ring between two rounded rectangles, the inner one with radii smaller by the width."""
    result = np.asarray(
        render_shape(Shape(corner_radii=CornerRadii(20, 20, 20, 20), border=Border(6, Colour(255, 0, 0)))), dtype=float
    )
    assert result.shape == (HEIGHT, WIDTH, 4)

    def rounded(inset: int) -> Coverage:
        box = (inset * FINE, inset * FINE, (WIDTH - inset) * FINE - 1, (HEIGHT - inset) * FINE - 1)
        return draw_coverage(lambda on: on.rounded_rectangle(box, (20 - inset) * FINE, fill=255))

    outer, inner = rounded(0), rounded(6)[..., None]
    expected = pixels_of(photo(WIDTH, HEIGHT)) * inner + np.array([255, 0, 0]) * (1 - inner)
    assert np.abs(result[..., 3] / 255 - outer).max() < 0.08
    assert np.abs(result[..., :3] - expected).max() < 20
    assert np.abs(result[..., :3] - expected).mean() < 0.5


def test_a_border_one_sees_through_is_laid_over() -> None:
    result = pixels_of(render_shape(Shape(border=Border(5, Colour(0, 0, 255, 51))))).astype(float)
    before = pixels_of(photo(WIDTH, HEIGHT)).astype(float)
    assert np.abs(result[:5] - (before[:5] * 0.8 + np.array([0, 0, 51]))).max() <= 1
    assert (result[5:-5, 5:-5] == before[5:-5, 5:-5]).all()


def render_mask(stencil: Image.Image, channel: MaskChannel) -> NDArray[np.uint8]:
    ref = parse_source("mask.png")
    plan = Plan(resize=Resize(WIDTH), shape=Shape(mask=ImageMask(ref, channel)), output=Output(formats=(Format.PNG,)))
    original = encode_image(photo(WIDTH, HEIGHT), "PNG")
    return np.asarray(
        decode_result(render(original, plan, LIMITS, {ref: encode_image(stencil, "PNG")})).convert("RGBA")
    )


def test_a_picture_as_mask_is_stretched_and_read_by_alpha_or_light() -> None:
    half = Image.new("RGBA", (18, 12), (255, 255, 255, 255))
    half.paste((0, 0, 0, 0), (0, 0, 9, 12))
    for channel in MaskChannel:
        alpha = render_mask(half, channel)[..., 3]
        assert alpha[:, : WIDTH // 2 - 16].max() == 0
        assert alpha[:, WIDTH // 2 + 16 :].min() == 255


def test_luminance_is_that_of_linear_light() -> None:
    """Pure green has 0.7152 of white's light, which is code 220."""
    assert set(render_mask(Image.new("RGB", (4, 4), (0, 255, 0)), MaskChannel.LUMINANCE)[..., 3].flat) == {220}
    assert render_mask(Image.new("RGB", (4, 4), (0, 255, 0)), MaskChannel.ALPHA)[..., 3].min() == 255


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 3)])
def test_the_smallest_pictures_take_every_shape(size: tuple[int, int]) -> None:
    for mask in (Ellipse(), Ellipse(circle=True), Star(), Polygon(7), None):
        shape = Shape(CornerRadii(40, 40, 40, 40), mask, Border(1000))
        assert render_image(encode_image(photo(*size), "PNG"), shape=shape).size == size


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize("opacity", [0.0, 12.5, 60.0])
def test_opacity_multiplies_alpha_and_leaves_colours(mode: str, opacity: float) -> None:
    image = photo(WIDTH, HEIGHT).convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
    before = pixels_of(image, "RGBA").astype(float)
    result = pixels_of(render_image(encode_image(image, "PNG"), opacity=opacity), "RGBA")
    assert np.abs(result[..., 3] - before[..., 3] * opacity / 100).max() <= 0.501
    visible = result[..., 3] > 0
    assert np.array_equal(result[visible][:, :3], before[visible][:, :3])


def test_opacity_lets_the_background_show_through_but_not_through_padding_and_overlays() -> None:
    source = encode_image(Image.new("RGB", (40, 40), (0, 0, 0)), "PNG")
    result = render_image(
        source, Format.JPEG, quality=95, opacity=50.0, background=Colour(255, 0, 0), extend=Extend(top=20)
    )
    assert np.abs(pixels_of(result)[50, 20].astype(int) - (128, 0, 0)).max() <= 3
    assert np.abs(pixels_of(result)[10, 20].astype(int) - (255, 0, 0)).max() <= 3
    bordered = render_image(source, opacity=50.0, shape=Shape(border=Border(5, Colour(255, 255, 255))))
    assert set(pixels_of(bordered, "RGBA")[..., 3].flat) == {128}


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize("colour", [Colour(255, 0, 0), Colour(90, 90, 90), Colour(0, 80, 200, 128)])
def test_a_colour_behind_the_image_is_composited_on_srgb_values(mode: str, colour: Colour) -> None:
    image = photo(WIDTH, HEIGHT).convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
    result = pixels_of(render_image(encode_image(image, "PNG"), flatten=colour), "RGBA").astype(float)
    sheet = Image.new("RGBA", image.size, (colour.red, colour.green, colour.blue, colour.alpha))
    expected = pixels_of(Image.alpha_composite(sheet, image.convert("RGBA")), "RGBA").astype(float)
    assert np.abs(result[..., 3] - expected[..., 3]).max() <= 1
    assert np.abs((result - expected)[..., :3] * expected[..., 3:] / 255).max() <= 2


def test_a_colour_behind_the_image_fills_its_corners_but_not_the_padding() -> None:
    source = encode_image(Image.new("RGB", (40, 40), (0, 0, 0)), "PNG")
    result = pixels_of(
        render_image(
            source,
            shape=Shape(CornerRadii(20, 20, 20, 20)),
            flatten=Colour(255, 0, 0),
            extend=Extend(top=10),
            background=Colour(0, 0, 255),
        ),
        "RGBA",
    )
    assert tuple(result[0, 0]) == (0, 0, 255, 255)
    assert tuple(result[10, 0]) == (255, 0, 0, 255)
    assert tuple(result[30, 20]) == (0, 0, 0, 255)
