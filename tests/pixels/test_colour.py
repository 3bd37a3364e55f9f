"""Colours of other profiles end up as the sRGB that arithmetic says, or as another library's transform has it."""

from io import BytesIO

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.ops import Fit, Plan, Resize
from tests.pixels import profiles
from tests.pixels.images import (
    LIMITS,
    Pixels,
    decode_result,
    difference,
    encode_image,
    photo,
    pixels_of,
    render_image,
    render_resized,
)


def patches() -> Image.Image:
    """64 colours in squares of 8 pixels."""
    levels = np.array([0, 85, 170, 255], np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(8, 8, 3)
    return Image.fromarray(colours.repeat(8, axis=0).repeat(8, axis=1))


def worst(one: Pixels, other: profiles.Matrix) -> float:
    return float(np.abs(one.astype(float) - other).max())


def adobe_as_srgb(image: Image.Image) -> profiles.Matrix:
    light = (pixels_of(image) / 255) ** profiles.ADOBE_GAMMA
    return profiles.in_srgb(light, profiles.ADOBE_RGB)


def test_adobe_rgb_comes_out_right() -> None:
    profile = profiles.matrix_profile(profiles.ADOBE_RGB, profiles.ADOBE_GAMMA)
    result = render_image(encode_image(patches(), "PNG", icc_profile=profile))
    assert worst(pixels_of(result), adobe_as_srgb(patches())) <= 2


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "TIFF"])
def test_a_profile_counts_in_every_format(kind: str) -> None:
    image = photo()
    profile = profiles.matrix_profile(profiles.ADOBE_RGB, profiles.ADOBE_GAMMA)
    options = {"lossless": True} if kind == "WEBP" else {} if kind == "TIFF" else {"quality": 95}
    result = render_image(encode_image(image, kind, icc_profile=profile, **options))
    assert difference(pixels_of(result), adobe_as_srgb(image).astype(np.uint8)) < 3


def test_display_p3_comes_out_right() -> None:
    profile = profiles.matrix_profile(profiles.DISPLAY_P3, profiles.ADOBE_GAMMA)
    result = render_image(encode_image(patches(), "PNG", icc_profile=profile))
    expected = profiles.in_srgb((pixels_of(patches()) / 255) ** profiles.ADOBE_GAMMA, profiles.DISPLAY_P3)
    assert worst(pixels_of(result), expected) <= 1


def test_the_display_p3_of_libvips_comes_out_right() -> None:
    """Its numbers are rounded, which shows where yellow leaves the gamut of sRGB."""
    profile = bytes(pyvips.Image.profile_load("p3"))
    result = render_image(encode_image(patches(), "PNG", icc_profile=profile))
    expected = profiles.in_srgb(profiles.srgb_to_linear(pixels_of(patches()) / 255), profiles.DISPLAY_P3)
    assert worst(pixels_of(result), expected) <= 5


def test_a_profile_is_applied_after_the_resize_to_colours_with_alpha_too() -> None:
    image = patches().convert("RGBA")
    image.putalpha(128)
    profile = profiles.matrix_profile(profiles.ADOBE_RGB, profiles.ADOBE_GAMMA)
    result = render_resized(encode_image(image, "PNG", icc_profile=profile), width=8, height=8)
    assert result.mode == "RGBA"
    assert np.array_equal(pixels_of(result, "RGBA")[..., 3], np.full((8, 8), 128))


def test_a_grey_profile_comes_out_right_and_grey() -> None:
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None, :].repeat(4, axis=0))
    result = render_image(encode_image(ramp, "PNG", icc_profile=profiles.grey_profile(1.8)))
    expected = 255 * profiles.linear_to_srgb((np.arange(256) / 255) ** (461 / 256))
    assert result.mode == "L"
    assert worst(pixels_of(result, "L")[0], expected) <= 1.5


@pytest.mark.parametrize("name", ["srgb", "created", "shouting"])
def test_an_srgb_profile_changes_no_pixel(name: str) -> None:
    made_by = {
        "srgb": lambda: bytes(pyvips.Image.profile_load("srgb")),
        "created": lambda: ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        "shouting": lambda: b"no profile at all, but long enough to be looked at " * 8,
    }
    source = encode_image(patches(), "PNG", icc_profile=made_by[name]())
    assert np.array_equal(pixels_of(render_image(source)), pixels_of(patches()))


def test_a_profile_of_another_colour_space_is_ignored() -> None:
    source = encode_image(patches(), "PNG", icc_profile=bytes(pyvips.Image.profile_load("cmyk")))
    assert np.array_equal(pixels_of(render_image(source)), pixels_of(patches()))


@pytest.mark.parametrize("kind", list(Format)[:5])
def test_a_result_is_srgb_and_carries_no_profile(kind: Format) -> None:
    profile = profiles.matrix_profile(profiles.ADOBE_RGB, profiles.ADOBE_GAMMA)
    assert "icc_profile" not in render_image(encode_image(photo(), "PNG", icc_profile=profile), kind).info


def inks() -> Image.Image:
    made_of = ImageCms.profileToProfile(
        patches(), _srgb(), ImageCms.ImageCmsProfile(BytesIO(_press())), outputMode="CMYK"
    )
    assert made_of is not None
    return made_of


def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _press() -> bytes:
    return bytes(pyvips.Image.profile_load("cmyk"))


def convert_by_libvips(image: Image.Image) -> Pixels:
    raw = pyvips.Image.new_from_memory(image.tobytes(), image.width, image.height, 4, "uchar")
    actual = raw.copy(interpretation="cmyk").icc_transform(
        "srgb", input_profile="cmyk", intent="relative", black_point_compensation=True
    )
    return np.frombuffer(actual.write_to_memory(), np.uint8).reshape(image.height, image.width, 3)


@pytest.mark.parametrize("profile", [True, False], ids=["with profile", "without"])
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_come_out_as_libvips_has_them(kind: str, *, profile: bool) -> None:
    options = {"icc_profile": _press()} if profile else {}
    source = encode_image(inks(), kind, **options, **({"quality": 100} if kind == "JPEG" else {}))
    assert difference(pixels_of(render_image(source)), convert_by_libvips(inks())) < 1.5


def test_inks_without_an_adobe_marker_are_read_as_with_it() -> None:
    data = bytes(encode_image(inks(), "JPEG", quality=100))
    start = data.index(b"\xff\xee\x00\x0eAdobe")
    unmarked = data[:start] + data[start + 16 :]
    assert difference(pixels_of(render_image(memoryview(unmarked))), convert_by_libvips(inks())) < 1.5


def test_inks_are_converted_before_the_resize() -> None:
    source = encode_image(inks(), "JPEG", quality=100, icc_profile=_press())
    rendered = render(source, Plan(resize=Resize(width=4, height=4, fit=Fit.FILL)), LIMITS)
    assert decode_result(rendered).mode == "RGB"


def test_lab_comes_out_right() -> None:
    lab = ImageCms.profileToProfile(patches(), _srgb(), ImageCms.createProfile("LAB"), outputMode="LAB")
    assert lab is not None
    lightness = np.asarray(lab)[..., 0].astype(float)
    a, b = np.moveaxis(np.asarray(lab)[..., 1:].astype(np.int8).astype(float), -1, 0)
    y = (100 * lightness / 255 + 16) / 116
    root = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    xyz = np.where(root > 6 / 29, root**3, 3 * (6 / 29) ** 2 * (root - 4 / 29)) * profiles.D50  # CIE 15
    expected = 255 * profiles.linear_to_srgb(xyz @ np.linalg.inv(profiles.to_xyz(profiles.SRGB)).T)
    assert worst(pixels_of(render_image(encode_image(lab, "TIFF"))), expected) <= 3
