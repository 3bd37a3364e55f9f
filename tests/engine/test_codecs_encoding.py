"""What each option does to the file that is written."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms, ImageDraw, JpegImagePlugin

from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.output import Encoding, Profile, Subsampling, TiffCompression, WebPPreset
from tests.pixels.images import LIMITS, decode_result, difference, encode_image, photo, pixels_of, render_image
from tests.pixels.profiles import DISPLAY_P3, SRGB, linear_to_srgb, srgb_to_linear, to_xyz

PHOTO = encode_image(photo(400, 300), "PNG")


def body(kind: Format, source: memoryview = PHOTO, *, quality: int = 80, **encoding: Any) -> bytes:
    output = Output(formats=(kind,), quality=quality, encoding=Encoding(**encoding))
    return render(source, Plan(output=output), LIMITS).body


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def loss(data: bytes) -> float:
    return difference(pixels_of(render_image(memoryview(data))), pixels_of(photo(400, 300)))


@pytest.mark.parametrize("extra", [{}, {"trellis": True}])
@pytest.mark.parametrize("progressive", [True, False])
def test_a_jpeg_is_progressive_if_asked(extra: dict[str, Any], progressive: bool) -> None:
    assert bool(opened(body(Format.JPEG, progressive=progressive, **extra)).info.get("progressive")) is progressive


@pytest.mark.parametrize(("word", "sampling"), [("420", 2), ("422", 1), ("444", 0)])
def test_a_jpeg_has_the_chroma_that_is_asked_for(word: str, sampling: int) -> None:
    assert JpegImagePlugin.get_sampling(opened(body(Format.JPEG, subsampling=Subsampling(word)))) == sampling


def test_mozjpegs_ways_save_bytes_at_about_the_same_looks() -> None:
    plain, pressed = body(Format.JPEG), body(Format.JPEG, trellis=True, optimize_scans=True)
    assert len(pressed) < 0.95 * len(plain)
    assert loss(pressed) < loss(plain) + 0.6


def test_other_tables_quantise_otherwise() -> None:
    tables = {number: getattr(opened(body(Format.JPEG, quant_table=number)), "quantization") for number in (0, 1, 3)}  # noqa: B009 - of JPEGs only
    assert tables[0] != tables[1] != tables[3]


def test_deringing_changes_only_what_it_may() -> None:
    assert body(Format.JPEG, deringing=True) != body(Format.JPEG)
    assert loss(body(Format.JPEG, deringing=True)) < loss(body(Format.JPEG)) + 0.3


@pytest.mark.parametrize("kind", [Format.WEBP, Format.AVIF, Format.JXL])
def test_lossless_is_lossless(kind: Format) -> None:
    assert loss(body(kind, lossless=True)) == 0
    assert loss(body(kind)) > 0


def test_near_lossless_is_nearly_so_and_smaller() -> None:
    noise = np.random.default_rng(1).integers(-6, 7, (300, 400, 3))
    noisy = (pixels_of(photo(400, 300)) + noise).clip(0, 255).astype(np.uint8)
    source = encode_image(Image.fromarray(noisy), "PNG")
    near = body(Format.WEBP, source, near_lossless=20)
    assert 0 < difference(pixels_of(opened(near)), noisy) < 3
    assert len(near) < 0.8 * len(body(Format.WEBP, source, lossless=True))


def test_a_preset_of_webp_is_heard() -> None:
    assert body(Format.WEBP, webp_preset=WebPPreset.DRAWING) != body(Format.WEBP, webp_preset=WebPPreset.PHOTO)


@pytest.mark.parametrize("depth", [8, 10, 12])
def test_an_avif_has_the_depth_that_is_asked_for(depth: int) -> None:
    data = body(Format.AVIF, depth=depth)
    config = data[data.index(b"av1C") + 4 :]
    high, twelve = config[2] >> 6 & 1, config[2] >> 5 & 1
    assert 8 + 2 * high + 2 * twelve == depth
    assert loss(data) < 3


@pytest.mark.parametrize(("word", "bits"), [("420", 0b11), ("422", 0b10), ("444", 0b00)])
def test_an_avif_has_the_chroma_that_is_asked_for(word: str, bits: int) -> None:
    data = body(Format.AVIF, subsampling=Subsampling(word))
    assert data[data.index(b"av1C") + 6] >> 2 & 0b11 == bits


def drawing() -> Image.Image:
    """Red and blue lines on white, in steps of brightness, of more than 256 colours."""
    image = Image.new("RGB", (300, 200), "white")
    draw = ImageDraw.Draw(image)
    for number in range(40):
        draw.line((number * 8, 0, 299 - number * 7, 199), fill=((220, 0, 5 * number), (0, 30, 255))[number % 2])
    return image.resize((240, 160), Image.Resampling.LANCZOS)


@pytest.mark.parametrize(("kind", "most"), [(Format.WEBP, 0.9), (Format.AVIF, 0.7), (Format.HEIC, 0.7)])
def test_a_drawing_keeps_its_chroma(kind: Format, most: float) -> None:
    source = encode_image(drawing(), "PNG")
    plain = BytesIO()
    if kind is Format.WEBP:
        drawing().save(plain, "WEBP", quality=84, method=4)
    halved = plain.getvalue() or body(kind, source, subsampling=Subsampling.S420)
    errors = [
        difference(pixels_of(render_image(memoryview(data))), pixels_of(drawing()))
        for data in (body(kind, source), halved)
    ]
    assert errors[0] < most * errors[1]


@pytest.mark.parametrize(("size", "bits"), [((200, 150), 0b00), ((240, 180), 0b11)])
def test_an_avif_of_few_pixels_keeps_its_chroma(size: tuple[int, int], bits: int) -> None:
    data = body(Format.AVIF, encode_image(photo(*size), "PNG"))
    assert data[data.index(b"av1C") + 6] >> 2 & 0b11 == bits


def test_a_drawing_of_few_colours_is_a_lossless_webp() -> None:
    image = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(image).rectangle((50, 40, 200, 120), fill="navy")
    data = body(Format.WEBP, encode_image(image, "PNG"))
    assert b"VP8L" in data
    assert (pixels_of(opened(data)) == pixels_of(image)).all()


@pytest.mark.parametrize("kind", [Format.WEBP, Format.AVIF, Format.PNG, Format.GIF, Format.JXL])
def test_effort_rises_and_saves_bytes(kind: Format) -> None:
    numbers = [codec_effort(kind, Encoding(effort=effort)) for effort in range(10)]
    assert numbers in (sorted(numbers), sorted(numbers, reverse=True))
    assert len(body(kind, effort=9)) <= 1.02 * len(body(kind, effort=0))


@pytest.mark.parametrize(("asked", "most"), [(2, 2), (4, 4), (15, 4), (16, 16), (200, 16), (256, 256)])
def test_a_png_has_a_palette_of_at_most_so_many_colours(asked: int, most: int) -> None:
    image = opened(body(Format.PNG, colours=asked))
    assert image.mode == "P"
    assert most / 4 < len(image.getcolors() or ()) <= most


@pytest.mark.parametrize(("asked", "most"), [(2, 2), (100, 64), (256, 256)])
def test_a_gif_has_a_palette_of_at_most_so_many_colours(asked: int, most: int) -> None:
    assert len(opened(body(Format.GIF, colours=asked)).getcolors() or ()) <= most


@pytest.mark.parametrize("kind", [Format.PNG, Format.GIF])
def test_without_dither_areas_are_even(kind: Format) -> None:
    gradient = encode_image(Image.linear_gradient("L").convert("RGB"), "PNG")
    even, mixed = (pixels_of(opened(body(kind, gradient, colours=4, dither=dither))) for dither in (0.0, 1.0))
    assert (np.diff(even.astype(int), axis=1) != 0).mean() < 0.01
    assert (np.diff(mixed.astype(int), axis=1) != 0).mean() > 0.05


def test_a_palette_keeps_half_transparent_pixels_in_a_png() -> None:
    image = photo()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    alpha = pixels_of(render_image(memoryview(body(Format.PNG, encode_image(image, "PNG"), colours=256))), "RGBA")[
        ..., 3
    ]
    assert len(np.unique(alpha)) > 10


@pytest.mark.parametrize("kind", [Format.PNG, Format.GIF])
def test_what_loads_coarse_to_fine_is_interlaced(kind: Format) -> None:
    data = body(kind, progressive=True)
    if kind is Format.PNG:
        assert data[28] == 1  # IHDR
    else:
        assert pyvips.Image.gifload_buffer(data).get("interlaced") == 1


@pytest.mark.parametrize(
    ("packed", "number"), [("none", 1), ("lzw", 5), ("jpeg", 7), ("deflate", 8), ("packbits", 32773)]
)
def test_a_tiff_is_packed_as_asked(packed: str, number: int) -> None:
    data = body(Format.TIFF, quality=95, tiff_compression=TiffCompression(packed))
    assert opened(data).tag_v2[259] == number  # type: ignore[attr-defined]  # of TIFFs only
    assert loss(data) < (4 if packed == "jpeg" else 0.01)


@pytest.mark.parametrize("kind", [Format.HEIC, Format.JXL])
def test_quality_rises_with_quality_there_too(kind: Format) -> None:
    numbers = [codec_quality(kind, quality) for quality in range(1, 101)]
    assert numbers == sorted(numbers)
    sizes = [len(body(kind, quality=quality)) for quality in (1, 30, 60, 80, 90, 100)]
    assert sizes == sorted(sizes)


# ---------------------------------------------------------------- colours of other profiles


def profile_of(name: str) -> bytes:
    return bytes(pyvips.Image.profile_load(name))


def wide(colour: tuple[int, int, int] = (255, 0, 0)) -> memoryview:
    """A colour of Display P3, tagged so."""
    return encode_image(Image.new("RGB", (16, 16), colour), "PNG", icc_profile=profile_of("p3"))


def plan(kind: Format, profile: Profile) -> Plan:
    return Plan(resize=Resize(width=8), output=Output(formats=(kind,), quality=95, profile=profile))


CARRIES = [Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.TIFF]


@pytest.mark.parametrize("kind", CARRIES)
def test_a_wide_gamut_is_kept_with_its_profile(kind: Format) -> None:
    result = decode_result(render(wide(), plan(kind, Profile.KEEP), LIMITS))
    assert result.info["icc_profile"] == profile_of("p3")
    assert np.abs(pixels_of(result).astype(int) - (255, 0, 0)).max() <= 6


@pytest.mark.parametrize("kind", [*CARRIES, Format.GIF, Format.BMP])
def test_srgb_is_written_without_a_profile(kind: Format) -> None:
    result = decode_result(render(wide((200, 100, 50)), plan(kind, Profile.SRGB), LIMITS))
    assert not result.info.get("icc_profile")
    light = srgb_to_linear(np.array([200, 100, 50]) / 255)
    expected = 255 * linear_to_srgb(np.linalg.inv(to_xyz(SRGB)) @ to_xyz(DISPLAY_P3) @ light)
    assert np.abs(pixels_of(result).astype(float) - expected).max() <= 7


@pytest.mark.parametrize("kind", CARRIES)
def test_srgb_becomes_display_p3(kind: Format) -> None:
    result = decode_result(
        render(encode_image(Image.new("RGB", (16, 16), (255, 0, 0)), "PNG"), plan(kind, Profile.P3), LIMITS)
    )
    expected = 255 * linear_to_srgb(np.linalg.inv(to_xyz(DISPLAY_P3)) @ to_xyz(SRGB) @ np.array([1.0, 0, 0]))
    assert np.abs(pixels_of(result).astype(float) - expected).max() <= 6
    name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(result.info["icc_profile"])))
    assert "P3" in name


def test_formats_without_profiles_get_srgb_whatever_is_asked() -> None:
    for profile in Profile:
        result = decode_result(render(wide((200, 100, 50)), plan(Format.BMP, profile), LIMITS))
        assert pixels_of(result)[0, 0, 0] > 205


def test_grey_has_no_wide_gamut() -> None:
    source = encode_image(Image.new("L", (16, 16), 77), "PNG")
    result = decode_result(render(source, plan(Format.PNG, Profile.P3), LIMITS))
    assert (result.mode, "icc_profile" in result.info) == ("L", False)


def test_a_heic_keeps_its_profile_too() -> None:
    data = memoryview(render(wide(), plan(Format.HEIC, Profile.KEEP), LIMITS).body)
    again = decode_result(render(data, plan(Format.PNG, Profile.KEEP), LIMITS))
    assert again.info["icc_profile"] == profile_of("p3")
