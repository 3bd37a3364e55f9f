"""Depths, palettes, grey and transparency, as they come in the wild."""

import numpy as np
import pytest
import pyvips
from PIL import Image

from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.output import Profile
from tests.pixels.images import (
    LIMITS,
    decode_result,
    difference,
    encode_image,
    photo,
    pixels_of,
    render_image,
    render_resized,
)
from tests.pixels.profiles import ADOBE_RGB, in_srgb, matrix_profile


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_sixteen_bits_are_rounded_to_eight(bands: int) -> None:
    deep = np.linspace(0, 65_535, 64 * 32 * bands).reshape(32, 64, bands).astype(np.uint16)
    image = pyvips.Image.new_from_array(deep).copy(interpretation="rgb16" if bands > 2 else "grey16")
    result = render_image(memoryview(image.pngsave_buffer()))
    assert result.mode == ("L", "LA", "RGB", "RGBA")[bands - 1]
    expected = np.floor(deep / 257 + 0.5).astype(int)
    assert np.abs(np.asarray(result).reshape(expected.shape).astype(int) - expected).max() == 0


@pytest.mark.parametrize("bands", [3, 4])
def test_sixteen_bits_of_linear_light_become_srgb_before_they_are_rounded(bands: int) -> None:
    light = np.linspace(0, 1, 64 * 32).reshape(32, 64, 1) ** 4  # much of it near black
    deep = np.round(65_535 * np.repeat(light, bands, axis=-1)).astype(np.uint16)
    image = pyvips.Image.new_from_array(deep).copy(interpretation="rgb16")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", matrix_profile(ADOBE_RGB, 1.0))
    result = np.asarray(render_image(memoryview(image.pngsave_buffer()))).astype(float)
    expected = in_srgb(deep[..., :3] / 65_535, ADOBE_RGB)
    assert np.abs(result[..., :3] - expected).max() <= 1
    assert bands == 3 or np.array_equal(result[..., 3], np.floor(deep[..., 3] / 257 + 0.5))


def test_linear_light_is_kept_with_its_profile_where_that_is_asked_for() -> None:
    profile = matrix_profile(ADOBE_RGB, 1.0)
    image = pyvips.Image.new_from_array(np.full((8, 8, 3), 257 * 60, np.uint16)).copy(interpretation="rgb16")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    output = Output(formats=(Format.PNG,), profile=Profile.KEEP)
    result = decode_result(render(memoryview(image.pngsave_buffer()), Plan(output=output), LIMITS))
    assert result.info["icc_profile"] == profile
    assert result.getpixel((0, 0)) == (60, 60, 60)


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_sixteen_bits_of_tiff_are_rounded_too(mode: str) -> None:
    deep = np.linspace(0, 65_535, 64 * 32).reshape(32, 64).astype(np.uint16)
    image = Image.frombytes(mode, (64, 32), deep.astype(">u2" if mode.endswith("B") else "<u2").tobytes())
    assert np.array_equal(np.asarray(render_image(encode_image(image, "TIFF"))), np.floor(deep / 257 + 0.5))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "BMP"])
def test_a_palette_is_looked_up_before_the_resize(kind: str) -> None:
    image = photo().quantize(32)
    expected = render_resized(encode_image(image.convert("RGB"), "PNG"), width=60)
    assert difference(pixels_of(render_resized(encode_image(image, kind), width=60)), pixels_of(expected)) < 0.5


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_black_and_white_becomes_grey(kind: str) -> None:
    result = render_resized(encode_image(photo().convert("1"), kind), width=60)
    assert result.mode == "L"
    assert len(set(pixels_of(result, "L").flat)) > 10


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "AVIF"])
def test_grey_stays_grey(kind: str) -> None:
    grey = photo().convert("L")
    for target in (Format.JPEG, Format.PNG, Format.AVIF):
        result = render_resized(encode_image(grey, kind), kind=target, width=60)
        assert result.mode == "L"
    assert difference(pixels_of(render_image(encode_image(grey, kind)), "L"), pixels_of(grey, "L")) < 2


def transparent_image() -> Image.Image:
    """Red, opaque on the left, half transparent on the right."""
    pixels = np.full((32, 64, 4), (255, 0, 0, 255), np.uint8)
    pixels[:, 32:, 3] = 128
    return Image.fromarray(pixels)


@pytest.mark.parametrize("target", [Format.PNG, Format.WEBP, Format.AVIF])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF", "ICO"])
def test_transparency_survives_where_the_format_has_it(kind: str, target: Format) -> None:
    options = {"sizes": [(64, 32)]} if kind == "ICO" else {"quality": 100} if kind == "AVIF" else {}
    result = render_resized(encode_image(transparent_image(), kind, **options), kind=target, width=32)
    pixels = pixels_of(result, "RGBA").astype(int)
    assert np.abs(pixels[4:-4, 4:12] - (255, 0, 0, 255)).max() <= 6
    assert np.abs(pixels[4:-4, 20:28] - (255, 0, 0, 128)).max() <= 6


@pytest.mark.parametrize(
    ("background", "expected"),
    [
        (Colour(), (255, 127, 127)),
        (Colour(0, 0, 255), (128, 0, 127)),
        (Colour(0, 0, 255, alpha=0), (255, 127, 127)),
    ],
    ids=["white unless asked", "a colour", "seen through to white"],
)
def test_without_alpha_the_picture_lies_on_the_background(background: Colour, expected: tuple[int, int, int]) -> None:
    pixels = pixels_of(
        render_image(encode_image(transparent_image(), "PNG"), Format.JPEG, quality=100, background=background)
    ).astype(int)
    assert np.abs(pixels[8:24, 8:24] - (254, 0, 0)).max() <= 3
    assert np.abs(pixels[8:24, 40:56] - expected).max() <= 3


def test_a_transparent_colour_of_png_is_transparency() -> None:
    for mode, key in (("RGB", (255, 0, 0)), ("L", 76)):
        source = encode_image(transparent_image().convert("RGB").convert(mode), "PNG", transparency=key)
        assert not pixels_of(render_image(source), "RGBA")[..., 3].any()


def test_what_is_hidden_bleeds_no_colour() -> None:
    pixels = np.full((64, 64, 4), (0, 255, 0, 0), np.uint8)
    pixels[16:48, 16:48] = (255, 0, 0, 255)
    result = pixels_of(render_resized(encode_image(Image.fromarray(pixels), "PNG"), width=20), "RGBA").astype(int)
    assert result[result[..., 3] > 8][:, 1].max() <= 8


def test_an_alpha_that_hides_nothing_is_dropped() -> None:
    assert render_resized(encode_image(photo().convert("RGBA"), "PNG"), width=60).mode == "RGB"


def test_grey_with_alpha_keeps_both() -> None:
    image = photo().convert("LA")
    image.putalpha(100)
    assert render_resized(encode_image(image, "PNG"), width=60).mode == "LA"
    assert render_resized(encode_image(image, "PNG"), kind=Format.JPEG, width=60).mode == "L"


def test_grey_with_alpha_takes_the_colour_of_its_background() -> None:
    image = Image.new("LA", (16, 16), (255, 0))
    plan = Plan(background=Colour(0, 0, 255), output=Output(formats=(Format.JPEG,)))
    assert (
        np.abs(
            pixels_of(decode_result(render(encode_image(image, "PNG"), plan, LIMITS))).astype(int) - (0, 0, 255)
        ).max()
        < 4
    )


def test_the_largest_picture_of_an_icon_is_taken() -> None:
    for options in ({}, {"bitmap_format": "bmp"}):
        source = encode_image(photo(64, 64), "ICO", sizes=[(16, 16), (64, 64), (32, 32)], **options)
        rendered = render(source, Plan(resize=Resize()), LIMITS)
        assert (rendered.format, rendered.width, rendered.height) == (Format.PNG, 64, 64)
        assert difference(pixels_of(decode_result(rendered)), pixels_of(photo(64, 64))) < 1
