"""Photoshop files show what their merged image shows; Pillow's own reader is the judge where it knows the file."""

import io
import struct
from itertools import product
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.errors import UndecodableImage
from pixmill.plan.limits import Limits
from tests.mutations import photo
from tests.pixels.photoshop import PACKED, RAW, ZIPPED, make_psd

SIZE = (37, 21)
MERGED, PROFILE = 0x0421, 0x040F


def picture(mode: str = "RGB") -> Image.Image:
    image = photo().resize(SIZE)
    if mode == "P":
        return image.quantize(50)
    if mode == "LAB":
        srgb = ImageCms.createProfile("sRGB")
        lab = ImageCms.profileToProfile(image, srgb, ImageCms.createProfile("LAB"), outputMode="LAB")
        assert lab
        return lab
    image = image.convert(mode.removesuffix("A") or mode)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize(SIZE))
    return image


def shown(source: bytes, query: str = "format=png") -> Image.Image:
    rendered = render(memoryview(source), parse(b"/resize", f"url=a&{query}".encode()).plan, Limits())
    return Image.open(io.BytesIO(rendered.body))


def distance(one: Image.Image, other: Image.Image, mode: str = "RGBA") -> float:
    arrays = [np.asarray(image.convert(mode)).astype(float) for image in (one, other)]
    return float(np.abs(arrays[0] - arrays[1]).max())


@pytest.mark.parametrize(
    ("mode", "bits", "compression", "psb"),
    list(product(("L", "RGB", "LA", "RGBA"), (8, 16), (RAW, PACKED, ZIPPED), (False, True))),
)
def test_every_way_to_store_pixels_gives_the_same(mode: str, bits: int, compression: int, psb: bool) -> None:
    source = make_psd(picture(mode), bits=bits, compression=compression, psb=psb)
    assert distance(shown(source), picture(mode)) == 0


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "CMYK", "LAB"])
@pytest.mark.parametrize("compression", [RAW, PACKED])
def test_colours_are_those_of_pillows_reader(mode: str, compression: int) -> None:
    source = make_psd(picture(mode), compression=compression)
    image: Any = Image.open(io.BytesIO(source))
    image.load()
    if mode in ("CMYK", "LAB"):  # converted by profiles, which ``convert`` does not
        tiff = io.BytesIO()
        Image.frombytes(mode, image.size, image.tobytes()).save(tiff, "TIFF")
        image = shown(tiff.getvalue())
    assert distance(shown(source), image, "RGB") <= 1


@pytest.mark.parametrize("compression", [RAW, PACKED])
def test_a_bitmap_has_black_ones(compression: int) -> None:
    """Pillow's reader shows the negative."""
    source = make_psd(picture("1"), bits=1, compression=compression)
    assert distance(shown(source), picture("1"), "L") == 0


def test_sixteen_bits_are_rounded() -> None:
    values = np.arange(SIZE[0] * SIZE[1], dtype=np.uint16).reshape(SIZE[::-1]) * 80
    source = bytearray(make_psd(Image.new("L", SIZE), bits=16, compression=RAW))
    source[-values.size * 2 :] = values.astype(">u2").tobytes()
    expected = np.round(values / 257).astype(np.uint8)
    assert (np.asarray(shown(bytes(source))) == expected).all()


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("psb", [False, True])
def test_with_layers_a_channel_behind_the_colours_is_transparency_only_if_their_number_is_negative(
    bits: int, psb: bool
) -> None:
    selection = Image.linear_gradient("L").resize(SIZE)
    saved = make_psd(picture(), bits=bits, psb=psb, layers=2, more=[selection])
    assert shown(saved).mode == "RGB"
    assert distance(shown(saved), picture()) == 0
    clear = Image.new("L", SIZE, 255)
    on_white = make_psd(picture(), bits=bits, psb=psb, layers=-2, more=[clear, selection])
    assert distance(shown(on_white), picture()) == 0
    assert shown(make_psd(picture(), bits=bits, psb=psb, layers=-2, more=[selection])).mode == "RGBA"


def test_colours_on_the_white_of_the_merged_image_are_straight_again() -> None:
    red = Image.new("RGB", SIZE, (200, 30, 40))
    alpha = Image.new("L", SIZE, 128)
    on_white = Image.composite(red, Image.new("RGB", SIZE, "white"), alpha)
    found = shown(make_psd(on_white, layers=-1, more=[alpha])).convert("RGBA").getpixel((5, 5))
    assert isinstance(found, tuple)
    assert np.abs(np.subtract(found, (200, 30, 40, 128))).max() <= 2


def test_what_is_seen_through_entirely_has_no_fault() -> None:
    source = make_psd(picture(), layers=-1, more=[Image.new("L", SIZE, 0)])
    assert shown(source).convert("RGBA").getchannel("A").getextrema() == (0, 0)


def test_a_profile_is_kept() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = make_psd(picture(), resources=[(PROFILE, profile)])
    assert distance(shown(source), picture(), "RGB") <= 1


def test_a_file_without_merged_image_is_refused_in_words() -> None:
    source = make_psd(picture(), resources=[(MERGED, struct.pack(">IB", 1, 0) + bytes(20))])
    with pytest.raises(UndecodableImage) as refused:
        shown(source)
    assert "maximum compatibility" in refused.value.detail


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("compression", [RAW, PACKED, ZIPPED])
def test_a_file_that_is_cut_off_is_refused(bits: int, compression: int) -> None:
    source = make_psd(picture(), bits=bits, compression=compression)
    for end in (25, 30, 40, len(source) // 2, len(source) - 9):
        with pytest.raises(UndecodableImage):
            shown(source[:end])


@pytest.mark.parametrize(("mode", "bits"), [(3, 32), (3, 1), (5, 8), (0, 8), (2, 16 + 1)])
def test_what_is_not_supported_is_refused(mode: int, bits: int) -> None:
    source = bytearray(make_psd(picture()))
    source[22:26] = struct.pack(">HH", bits, mode)
    with pytest.raises(UndecodableImage):
        shown(bytes(source))
