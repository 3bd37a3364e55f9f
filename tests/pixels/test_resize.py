"""Sizes are exact for every fit, and pixels are those of Lanczos3 in linear light over the correct area."""

from itertools import product

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.geometry import resolve
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Clamp, Crop, CropUnit, Fit, Kernel, Output, Plan, Resize
from tests.pixels import reference
from tests.pixels.images import (
    LIMITS,
    Pixels,
    decode_result,
    difference,
    encode_image,
    photo,
    pixels_of,
    render_image,
    render_plan,
    render_resized,
)
from tests.pixels.reference import Floats

SIDES = (1, 7, 64, 100, 333)


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("source", [(200, 100), (67, 101), (9, 100)])
def test_sizes_are_those_of_the_geometry(source: tuple[int, int], fit: Fit) -> None:
    image = encode_image(photo(*source), "JPEG")
    for width, height, enlarge in product((0, *SIDES), SIDES, (False, True)):
        plan = Plan(resize=Resize(width=width, height=height, fit=fit, enlarge=enlarge))
        geometry = resolve(Size(*source), plan, LIMITS)
        rendered = render(image, plan, LIMITS)
        assert Size(rendered.width, rendered.height) == geometry.output
        assert decode_result(rendered).size == (geometry.output.width, geometry.output.height)


def expected(image: Image.Image, box: tuple[float, float, float, float], size: tuple[int, int]) -> Pixels:
    codes, _ = reference.resample(pixels_of(image) / 255, box, size, alpha=False)
    return np.asarray(np.rint(codes * 255), dtype=np.uint8)


@pytest.mark.parametrize("width", [50, 119, 239, 400])
def test_pixels_are_resampled_in_linear_light(width: int) -> None:
    image = photo()
    result = render_resized(encode_image(image, "PNG"), width=width, enlarge=True)
    assert difference(pixels_of(result), expected(image, (0, 0, 240, 160), result.size)) < 0.1


def test_a_window_is_the_same_part_of_the_scaled_picture() -> None:
    image = photo()
    result = render_resized(encode_image(image, "PNG"), width=40, height=80, fit=Fit.COVER, gravity=Point(0.9, 0.5))
    whole = render_resized(encode_image(image, "PNG"), height=80)
    left = 120 - 40  # 0.9 is nearer to the edge than half a window
    inner = np.s_[:, 4:-4]  # at its edges a window sees nothing of what lies beyond
    assert difference(pixels_of(result)[inner], pixels_of(whole)[:, left : left + 40][inner]) < 0.6


def test_a_crop_is_cut_before_the_resize() -> None:
    image = photo()
    result = render_image(
        encode_image(image, "PNG"), crop=Crop(25, 50, 50, 25, CropUnit.PERCENT), resize=Resize(width=30)
    )
    assert result.size == (30, 10)
    assert difference(pixels_of(result), expected(image, (60, 80, 120, 40), (30, 10))) < 0.1


def test_a_clamped_cover_cuts_without_resampling() -> None:
    image = photo()
    result = render_resized(encode_image(image, "PNG"), width=500, height=50, fit=Fit.COVER, clamp=Clamp.SIDES)
    assert np.array_equal(pixels_of(result), pixels_of(image)[55:105])


def test_an_image_that_may_not_shrink_keeps_its_pixels_on_a_larger_canvas() -> None:
    image = photo()
    result = render_resized(encode_image(image, "PNG"), width=300, height=50, fit=Fit.CONTAIN, shrink=False)
    assert result.size == (300, 160)
    assert np.array_equal(pixels_of(result)[:, 30:270], pixels_of(image))


def test_nothing_is_resampled_when_nothing_changes() -> None:
    image = photo()
    assert np.array_equal(pixels_of(render_resized(encode_image(image, "PNG"), width=240)), pixels_of(image))
    cut = render_image(encode_image(image, "PNG"), crop=Crop(10, 20, 100, 50))
    assert np.array_equal(pixels_of(cut), pixels_of(image)[20:70, 10:110])


@pytest.mark.parametrize("width", [240, 100, 40, 20])
def test_a_jpeg_decoded_at_a_scale_looks_like_one_decoded_in_full(width: int) -> None:
    image = photo(960, 640)
    source = encode_image(image, "JPEG", quality=95)
    lossless = encode_image(decode_result(render(source, Plan(output=Output(formats=(Format.PNG,))), LIMITS)), "PNG")
    assert (
        difference(pixels_of(render_resized(source, width=width)), pixels_of(render_resized(lossless, width=width)))
        < 1.5
    )


@pytest.mark.slow
@pytest.mark.parametrize("width", [3000, 1200, 300])
def test_a_large_webp_decoded_at_a_scale_looks_like_one_decoded_in_full(width: int) -> None:
    image = photo(4101, 3001)
    exif = Image.Exif()
    exif[274] = 3
    result = render_resized(encode_image(image, "WEBP", quality=95, method=0, exif=exif), width=width)
    plain = render_resized(encode_image(image.rotate(180), "JPEG", quality=95), width=width)
    assert result.size == plain.size
    assert difference(pixels_of(result), pixels_of(plain)) < 1.5


@pytest.mark.parametrize("size", [(961, 643), (959, 641), (17, 9), (8, 8), (1, 1)])
def test_a_jpeg_of_odd_size_is_not_shifted(size: tuple[int, int]) -> None:
    """A scaled decode covers whole blocks, and more than the image at the right and lower edge."""
    image = Image.fromarray(np.linspace(0, 255, size[0]).astype(np.uint8)[None].repeat(size[1], axis=0))
    result = render_resized(encode_image(image, "JPEG", quality=95), width=max(1, size[0] // 20))
    plain = render_resized(encode_image(image, "PNG"), width=max(1, size[0] // 20))
    assert result.size == plain.size
    assert difference(pixels_of(result), pixels_of(plain)) < 2


def test_a_smart_window_finds_the_spot_however_the_picture_lies() -> None:
    pixels = np.full((400, 1200, 3), 120, np.uint8)
    pixels[150:250, 900:1000] = (230, 60, 40)
    upright = Image.fromarray(pixels)
    resize = Resize(width=100, height=100, fit=Fit.COVER, gravity=Smart())
    for orientation, stored in ((1, upright), (6, upright.rotate(90, expand=True)), (3, upright.rotate(180))):
        exif = Image.Exif()
        exif[274] = orientation
        result = pixels_of(render_image(encode_image(stored, "PNG", exif=exif), resize=resize)).astype(int)
        assert result.shape == (100, 100, 3)
        assert ((result[..., 0] - result[..., 1]) > 100).sum() > 400


def test_a_contained_picture_lies_in_the_middle_of_its_canvas() -> None:
    plan = Plan(resize=Resize(width=100, height=100, fit=Fit.CONTAIN), background=Colour(0, 0, 255))
    result = pixels_of(render_plan(encode_image(photo(200, 100), "PNG"), plan))
    assert result.shape == (100, 100, 3)
    assert (result[:25] == (0, 0, 255)).all()
    assert (result[75:] == (0, 0, 255)).all()
    assert difference(result[25:75], pixels_of(render_resized(encode_image(photo(200, 100), "PNG"), width=100))) == 0


def test_a_canvas_one_sees_through_stays_so_where_the_format_can() -> None:
    plan = Plan(resize=Resize(width=50, height=50, fit=Fit.CONTAIN), background=Colour(9, 9, 9, alpha=0))
    source = encode_image(photo(200, 100), "JPEG")
    assert not pixels_of(render_plan(source, plan), "RGBA")[:12, :, 3].any()
    assert pixels_of(render_plan(source, plan, Format.JPEG, quality=100))[:8].min() > 250
    assert render(source, plan, LIMITS).format is Format.PNG


def test_grey_takes_a_colour_only_where_the_canvas_has_one() -> None:
    source = encode_image(photo(200, 100).convert("L"), "PNG")
    resize = Resize(width=50, height=50, fit=Fit.CONTAIN)
    assert render_image(source, resize=resize, background=Colour(7, 7, 7)).mode == "L"
    assert render_image(source, resize=resize, background=Colour(7, 7, 8)).mode == "RGB"


def at(distance: Floats, kernel: Kernel) -> Floats:
    """The weight of a pixel this far away.

    Mitchell and Netravali 1988 with B, C = 1/3, 1/3; Catmull-Rom with 0, 1/2.
    """
    x = np.abs(distance)
    match kernel:
        case Kernel.LINEAR:
            return np.asarray(np.maximum(0, 1 - x), np.float64)
        case Kernel.LANCZOS2:
            return np.asarray(np.where(x < 2, np.sinc(x) * np.sinc(x / 2), 0), np.float64)
        case Kernel.MITCHELL:
            b, c = 1 / 3, 1 / 3
        case _:
            b, c = 0.0, 0.5
    inner = (12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)
    outer = (-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + (8 * b + 24 * c)
    return np.asarray(np.where(x < 1, inner, np.where(x < 2, outer, 0)) / 6, np.float64)


def weights(side: int, size: int, kernel: Kernel) -> Floats:
    """Rows of weights, one for each pixel of the result; the edges are drawn out."""
    scale = side / size
    reach = int(np.ceil(3 * max(scale, 1)))
    pixels = np.arange(-reach, side + reach)
    distance = (pixels[None, :] + 0.5 - (np.arange(size)[:, None] + 0.5) * scale) / max(scale, 1)
    row = at(distance, kernel)
    row /= row.sum(axis=1, keepdims=True)
    folded = np.zeros((size, side))
    np.add.at(folded.T, pixels.clip(0, side - 1), row.T)
    return folded


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
@pytest.mark.parametrize("width", [31, 90, 200, 239])
@pytest.mark.parametrize("kernel", [Kernel.LINEAR, Kernel.CUBIC, Kernel.MITCHELL, Kernel.LANCZOS2])
def test_other_kernels_weigh_pixels_by_their_formula_in_linear_light(kernel: Kernel, width: int, mode: str) -> None:
    image = photo()
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    image = image.convert(mode)
    result = render_resized(encode_image(image, "PNG"), width=width, kernel=kernel)
    codes = pixels_of(image, "RGBA") / 255
    light = reference.to_linear(codes[..., :3]) * codes[..., 3:]
    down, across = weights(160, result.height, kernel), weights(240, width, kernel)
    alpha = (down @ codes[..., 3] @ across.T)[..., None].clip(0, 1)
    colours = np.einsum("yh,hwc,xw->yxc", down, light, across, optimize=True) / np.maximum(alpha, 1e-9)
    found = pixels_of(result, "RGBA")
    assert difference(found[..., 3:], alpha * 255) < 0.6
    wanted = reference.to_srgb(colours.clip(0, 1)) * 255
    assert difference(found[..., :3] * alpha, wanted * alpha) < 0.8


@pytest.mark.parametrize("kernel", [Kernel.LINEAR, Kernel.CUBIC])
def test_other_kernels_enlarge_by_their_formula(kernel: Kernel) -> None:
    image = photo(60, 40)
    result = render_resized(encode_image(image, "PNG"), width=200, enlarge=True, kernel=kernel)
    light = reference.to_linear(pixels_of(image) / 255)
    down, across = weights(40, result.height, kernel), weights(60, 200, kernel)
    wanted = reference.to_srgb(np.einsum("yh,hwc,xw->yxc", down, light, across, optimize=True).clip(0, 1)) * 255
    assert difference(pixels_of(result), np.asarray(np.rint(wanted), np.uint8)) < 0.1


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "RGBA"])
def test_the_nearest_kernel_makes_blocks_and_no_new_colours(mode: str) -> None:
    image = photo(12, 9)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image = image.convert(mode)
    result = render_resized(encode_image(image, "PNG"), width=60, enlarge=True, kernel=Kernel.NEAREST)
    blocks = pixels_of(image, "RGBA").repeat(5, axis=0).repeat(5, axis=1)
    assert np.array_equal(pixels_of(result, "RGBA"), blocks)
    small = render_image(encode_image(result, "PNG"), resize=Resize(width=12, kernel=Kernel.NEAREST))
    assert np.array_equal(pixels_of(small, "RGBA"), pixels_of(image, "RGBA"))


@pytest.mark.parametrize("kernel", Kernel)
@pytest.mark.parametrize("size", [(37, 91), (480, 50), (300, 20), (900, 901)])
def test_every_kernel_shows_the_same_part_of_the_picture(kernel: Kernel, size: tuple[int, int]) -> None:
    plan = Resize(*size, Fit.COVER, Point(0.8, 0.3), enlarge=True)
    source = encode_image(photo(), "PNG")
    found = pixels_of(render_image(source, resize=replace(plan, kernel=kernel)))
    assert difference(found, pixels_of(render_image(source, resize=plan))) < 9


@pytest.mark.parametrize(("side", "size"), [(87, 7), (100, 7), (97, 96), (41, 40)])
def test_the_nearest_kernel_takes_the_pixel_that_lies_in_the_middle(side: int, size: int) -> None:
    image = photo(side, side)
    result = render_resized(encode_image(image, "PNG"), width=size, kernel=Kernel.NEAREST)
    accepted = np.floor((np.arange(size) + 0.5) * side / size).astype(int)
    assert np.array_equal(pixels_of(result), pixels_of(image)[accepted][:, accepted])


def test_a_drawing_can_be_kept_within_its_own_size() -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><rect width="9" height="9"/></svg>'
    sizes = [
        render_resized(memoryview(drawing), width=300, enlarge_drawings=enlarge_drawings).size
        for enlarge_drawings in (True, False)
    ]
    assert sizes == [(300, 150), (200, 100)]
