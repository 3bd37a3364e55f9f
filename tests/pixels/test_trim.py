"""Borders are found exactly, in every orientation, and only if they have one colour."""

import numpy as np
import pytest
from PIL import Image

from pixmill.engine.pixels.batch import render_all
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.ops import Crop, Plan, Resize
from pixmill.plan.transforms import FreeRotation, LengthUnit, Trim, TrimCorner
from pixmill.ports.values import Rendered
from tests.pixels.images import LIMITS, decode_result, difference, encode_image, photo, pixels_of, render_image

LEFT, TOP, RIGHT, BOTTOM = 11, 7, 23, 31
INNER = (60, 40)


def framed_image(colour: tuple[int, ...] = (200, 210, 220), mode: str = "RGB") -> Image.Image:
    """Return an image with borders of four widths. No pixel at its edges is close to the border's colour."""
    canvas = Image.new(mode, (LEFT + INNER[0] + RIGHT, TOP + INNER[1] + BOTTOM), colour)
    inner = Image.new(mode, INNER, (20, 30, 40, 255)[: len(mode)])
    inner.paste(photo(*INNER).crop((2, 2, 58, 38)).convert(mode), (2, 2))
    canvas.paste(inner, (LEFT, TOP))
    return canvas


def inner_image(image: Image.Image) -> Image.Image:
    return image.crop((LEFT, TOP, LEFT + INNER[0], TOP + INNER[1]))


def test_what_is_left_is_the_picture_to_the_pixel() -> None:
    image = framed_image()
    assert np.array_equal(
        pixels_of(render_image(encode_image(image, "PNG"), trim=Trim(5))), pixels_of(inner_image(image))
    )


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA"])
def test_grey_and_transparent_pictures_are_trimmed_too(mode: str) -> None:
    image = framed_image().convert(mode)
    assert render_image(encode_image(image, "PNG"), trim=Trim(5)).size == INNER


@pytest.mark.parametrize(("tolerance", "trimmed"), [(9, False), (10, True), (11, True)])
def test_the_tolerance_is_the_largest_difference_that_still_is_border(tolerance: int, trimmed: bool) -> None:
    image = framed_image()
    image.putpixel((0, image.height - 1), (200, 200, 220))
    size = render_image(encode_image(image, "PNG"), trim=Trim(tolerance)).size
    assert (size == INNER) is trimmed


def test_a_colour_that_is_asked_for_is_the_only_one_cut_off() -> None:
    image = encode_image(framed_image(), "PNG")
    assert render_image(image, trim=Trim(5, Colour(200, 210, 220))).size == INNER
    assert render_image(image, trim=Trim(5, Colour(255, 255, 255))).size == framed_image().size


def test_transparent_borders_go_whatever_their_hidden_colour() -> None:
    canvas = np.zeros((50, 70, 4), np.uint8)
    canvas[..., :3] = np.arange(50 * 70 * 3).reshape(50, 70, 3) % 256
    canvas[10:30, 20:60, 3] = 255
    source = encode_image(Image.fromarray(canvas), "PNG")
    assert render_image(source, trim=Trim(5)).size == (40, 20)
    assert render_image(source, trim=Trim(5, TRANSPARENT)).size == (40, 20)


def test_an_opaque_picture_has_no_transparent_borders() -> None:
    assert render_image(encode_image(framed_image(), "PNG"), trim=Trim(5, TRANSPARENT)).size == framed_image().size


@pytest.mark.parametrize("size", [(1, 1), (40, 30)])
def test_a_picture_that_is_all_border_stays(size: tuple[int, int]) -> None:
    assert render_image(encode_image(Image.new("RGB", size, (9, 9, 9)), "PNG"), trim=Trim(5)).size == size


@pytest.mark.parametrize(
    ("trim", "size"),
    [
        (Trim(5, equal_horizontal=True), (INNER[0] + RIGHT - LEFT, INNER[1])),
        (Trim(5, equal_vertical=True), (INNER[0], INNER[1] + BOTTOM - TOP)),
        (Trim(5, equal_horizontal=True, equal_vertical=True), (INNER[0] + RIGHT - LEFT, INNER[1] + BOTTOM - TOP)),
    ],
)
def test_equal_sides_lose_the_lesser_of_both(trim: Trim, size: tuple[int, int]) -> None:
    assert render_image(encode_image(framed_image(), "PNG"), trim=trim).size == size


LYING = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""Transform from an upright image to the stored one, for each EXIF orientation."""


@pytest.mark.parametrize("orientation", LYING)
def test_sides_and_corners_are_those_of_the_picture_as_it_is_seen(orientation: int) -> None:
    """The border has another colour at the right and the bottom; only the top left one's goes, and across equally."""
    image = framed_image()
    image.paste((90, 90, 90), (image.width - 5, 0, image.width, image.height))
    method = LYING[orientation]
    stored = image if method is None else image.transpose(method)
    exif = Image.Exif()
    exif[274] = orientation
    result = render_image(encode_image(stored, "PNG", exif=exif), trim=Trim(5))
    assert np.array_equal(pixels_of(result), pixels_of(image.crop((LEFT, 0, image.width, image.height))))
    equal = render_image(
        encode_image(stored, "PNG", exif=exif), trim=Trim(5, Colour(200, 210, 220), equal_vertical=True)
    )
    assert equal.size == (image.width - LEFT, image.height)


@pytest.mark.parametrize("orientation", LYING)
@pytest.mark.parametrize(
    ("corner", "shown"),
    [
        (TrimCorner.TOP_LEFT, (LEFT, 0, 94, 78)),
        (TrimCorner.TOP_RIGHT, (0, 0, 89, 78)),
        (TrimCorner.BOTTOM_LEFT, (LEFT, 0, 94, 78)),
        (TrimCorner.BOTTOM_RIGHT, (0, 0, 89, 78)),
    ],
)
def test_a_corner_is_that_of_the_picture_as_it_is_seen(
    orientation: int, corner: TrimCorner, shown: tuple[int, int, int, int]
) -> None:
    """The border has another colour at the right."""
    image = framed_image()
    image.paste((90, 90, 90), (image.width - 5, 0, image.width, image.height))
    method = LYING[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    stored = encode_image(image if method is None else image.transpose(method), "PNG", exif=exif)
    result = render_image(stored, trim=Trim(5, corner=corner))
    assert np.array_equal(pixels_of(result), pixels_of(image.crop(shown)))


@pytest.mark.parametrize(
    ("trim", "box"),
    [
        (Trim(5, padding=4), (LEFT - 4, TOP - 4, LEFT + 64, TOP + 44)),
        (Trim(5, padding=9), (LEFT - 9, 0, LEFT + 69, TOP + 49)),
        (Trim(5, padding=999), (0, 0, 94, 78)),
        (Trim(5, padding=-3), (LEFT + 3, TOP + 3, LEFT + 57, TOP + 37)),
        (Trim(5, padding=-25), (LEFT + 25, TOP + 19, LEFT + 35, TOP + 21)),
        (Trim(5, padding=900, padding_unit=LengthUnit.PERCENT), (LEFT - 5, TOP - 5, LEFT + 65, TOP + 45)),
        (Trim(5, padding=-900, padding_unit=LengthUnit.PERCENT), (LEFT + 5, TOP + 5, LEFT + 55, TOP + 35)),
    ],
)
def test_some_of_the_border_is_kept_or_more_than_it_cut_off(trim: Trim, box: tuple[int, int, int, int]) -> None:
    image = framed_image()
    result = render_image(encode_image(image, "PNG"), trim=trim)
    assert np.array_equal(pixels_of(result), pixels_of(image.crop(box)))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", "TIFF", "AVIF", "BMP"])
def test_every_decoder_hands_over_the_part_within_the_borders(kind: str) -> None:
    image = framed_image().resize((944, 780), Image.Resampling.NEAREST)
    options = {"quality": 95} if kind in ("JPEG", "WEBP", "AVIF") else {}
    result = render_image(encode_image(image, kind, **options), trim=Trim(30), resize=Resize(width=60))
    assert abs(result.width - INNER[0]) <= 1
    assert abs(result.height - INNER[1]) <= 1
    assert difference(pixels_of(result.resize(INNER)), pixels_of(inner_image(framed_image()))) < 12


def test_crop_resize_and_turn_see_the_trimmed_picture() -> None:
    source = encode_image(framed_image(), "PNG")
    cut = render_image(source, trim=Trim(5), crop=Crop(10, 10, 20, 15))
    assert np.array_equal(pixels_of(cut), pixels_of(inner_image(framed_image()).crop((10, 10, 30, 25))))
    assert render_image(source, trim=Trim(5), rotate=90, resize=Resize(width=20)).size == (20, 30)
    assert render_image(source, trim=Trim(5), rotate_free=FreeRotation(45.0)).size == (71, 71)


def test_a_trim_is_the_same_when_several_results_share_a_decode() -> None:
    results = dict(render_all(encode_image(framed_image(), "PNG"), [Plan(trim=Trim(5)), Plan()], LIMITS))
    sizes = {number: decode_result(result).size for number, result in results.items() if isinstance(result, Rendered)}
    assert sizes == {0: INNER, 1: framed_image().size}
