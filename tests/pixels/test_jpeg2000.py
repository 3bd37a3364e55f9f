"""JPEG 2000 is read as Pillow decodes it in full, and from fewer wavelet levels without a shift."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from pixmill.dialects.native.dialect import parse
from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.codecs.jpeg2000 import Jpeg2000Decoder
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.frame import Area
from pixmill.errors import UndecodableImage
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.output import RenderMode
from tests.mutations import PHOTO

SIZE = (333, 221)


def photo(mode: str = "RGB") -> Image.Image:
    with Image.open(PHOTO) as image:
        return image.convert("RGB").resize(SIZE).convert(mode)


def encoded(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG2000", **options)
    return out.getvalue()


def shown(source: bytes, query: str = "format=png") -> Image.Image:
    rendered = render(memoryview(source), parse(b"/resize", f"url=a&{query}".encode()).plan, Limits())
    return Image.open(io.BytesIO(rendered.body))


def distance(one: Image.Image, other: Image.Image) -> float:
    arrays = [np.asarray(image.convert("RGBA")).astype(float) for image in (one, other)]
    return float(np.abs(arrays[0] - arrays[1]).mean())


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"no_jp2": True},
        {"tile_size": (100, 64)},
        {"num_resolutions": 1},
        {"offset": (3, 5), "tile_size": (512, 512)},
    ],
)
def test_pixels_are_those_that_were_stored(mode: str, options: dict[str, Any]) -> None:
    assert distance(shown(encoded(photo(mode), **options)), photo(mode)) == 0


def test_a_lossy_file_is_what_pillow_decodes() -> None:
    source = encoded(photo(), irreversible=True, quality_mode="rates", quality_layers=[20])
    assert distance(shown(source), Image.open(io.BytesIO(source))) == 0


def test_sixteen_bits_are_rounded() -> None:
    ramp = Image.fromarray(np.linspace(0, 65_535, SIZE[0] * SIZE[1]).astype(np.uint16).reshape(SIZE[::-1]))
    expected = np.round(np.asarray(ramp) / 257)
    assert np.abs(np.asarray(shown(encoded(ramp))).astype(float) - expected).max() <= 1


@pytest.mark.parametrize("mode", RenderMode)
@pytest.mark.parametrize("offset", [(0, 0), (1, 0), (5, 3)])
@pytest.mark.parametrize("factor", [4, 8, 13])
def test_fewer_levels_shift_nothing(mode: RenderMode, offset: tuple[int, int], factor: int) -> None:
    """A step of brightness stays where it is, to a tenth of a pixel of the result."""
    side = 416
    step = np.zeros((side, side), np.uint8)
    step[:, side // 2 :] = step[side // 2 :, :] = 200
    source = encoded(Image.fromarray(step), offset=offset, tile_size=(512, 512))
    image = shown(source, f"width={side // factor}&mode={mode}&format=png").convert("L")
    small = np.asarray(image).astype(float) / 200
    dark = np.clip(1 - small, 0, 1).sum()
    assert abs(dark**0.5 - side / factor / 2) < 0.1, "the side of the dark quarter"


@pytest.mark.parametrize(("factor", "size"), [(1.0, (333, 221)), (4.5, (167, 111)), (9.0, (84, 56)), (40.0, (21, 14))])
def test_a_smaller_result_is_decoded_from_fewer_levels(factor: float, size: tuple[int, int]) -> None:
    decoder = Jpeg2000Decoder(memoryview(encoded(photo())))
    target = Size(max(1, int(SIZE[0] / factor)), max(1, int(SIZE[1] / factor)))
    frame = decoder.decode(DecodeRequest(Area(0, 0, *SIZE), target))
    assert (frame.width, frame.height) == size


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def with_profile(source: bytes, profile: bytes) -> bytes:
    """Put a profile in the place of the enumerated colour space."""
    at = source.index(b"colr") - 4
    old = int.from_bytes(source[at : at + 4])
    new = box(b"colr", b"\2\0\0" + profile)
    header_at = source.index(b"jp2h") - 4
    length = int.from_bytes(source[header_at : header_at + 4]) + len(new) - old
    head = source[:header_at] + struct.pack(">I", length) + source[header_at + 4 : at]
    return head + new + source[at + old :]


def test_a_profile_is_applied() -> None:
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = swapped.replace(b"sRGB", b"wide")
    source = with_profile(encoded(photo()), wide)
    assert Jpeg2000Decoder(memoryview(source)).header.profile == wide
    assert distance(shown(source), photo()) < 1


def test_metadata_boxes_are_read() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    source = encoded(photo())
    source += box(b"uuid", b"JpgTiffExif->JP2" + block)
    source += box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + xmp)
    header = Jpeg2000Decoder(memoryview(source)).header
    assert (bytes(header.exif), bytes(header.xmp)) == (block, xmp)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
@pytest.mark.parametrize("options", [{}, {"no_jp2": True}])
def test_a_file_that_is_cut_off_is_known_as_such(share: float, options: dict[str, Any]) -> None:
    source = encoded(photo(), **options)
    assert not Jpeg2000Decoder(memoryview(source)).header.truncated
    assert Jpeg2000Decoder(memoryview(source)[: int(len(source) * share)]).header.truncated


@pytest.mark.parametrize("end", [12, 40, 60, 90, 120])
@pytest.mark.parametrize("options", [{}, {"no_jp2": True}])
def test_a_file_without_pixels_is_refused(end: int, options: dict[str, Any]) -> None:
    with pytest.raises(UndecodableImage):
        shown(encoded(photo(), **options)[:end])


def test_a_size_that_the_boxes_do_not_share_is_refused() -> None:
    source = bytearray(encoded(photo()))
    at = source.index(b"ihdr") + 4
    source[at : at + 8] = struct.pack(">II", SIZE[1] - 1, SIZE[0])
    with pytest.raises(UndecodableImage):
        shown(bytes(source))
