"""PNG, GIF and WebP with a scratch that browsers show, and files that are cut off: one rule for stills and animations."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pixmill.engine.pixels.pipeline import render
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.limits import Limits, OnTruncated
from pixmill.plan.ops import Input, Output, Plan
from tests.pixels.bitmaps import icon
from tests.pixels.images import LIMITS, Pixels, encode_image, photo

SHOW = Limits(on_truncated=OnTruncated.SHOW)
STILL = Plan(input=Input(animated=False), output=Output(formats=(Format.PNG,)))


def shown(data: bytes, limits: Limits = LIMITS) -> Pixels:
    return np.asarray(Image.open(BytesIO(render(memoryview(data), STILL, limits).body)).convert("RGBA"))


def chunk(kind: bytes, data: bytes, crc: bytes | None = None) -> bytes:
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + (struct.pack(">I", zlib.crc32(kind + data)) if crc is None else crc)
    )


def png(mode: str = "RGB", *, interlaced: bool = False, crc: bytes | None = None, data: bytes | None = None) -> bytes:
    """A PNG of the photo, with these compressed data instead of its own."""
    pixels = np.asarray(photo().convert(mode)).reshape(160, 240, -1)
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    rows = b"".join(b"\0" + row.tobytes() for x, y, dx, dy in passes for row in pixels[y::dy, x::dx])
    header = struct.pack(">IIBBBBB", 240, 160, 8, {"L": 0, "RGB": 2, "RGBA": 6}[mode], 0, 0, interlaced)
    compressed = zlib.compress(rows) if data is None else data
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", compressed, crc) + chunk(b"IEND", b"")


SIGNATURE = b"\x89PNG\r\n\x1a\n"
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def packed(file: bytes) -> bytes:
    return file[41 : 41 + struct.unpack_from(">I", file, 33)[0]]


def window(data: bytes, bits: int) -> bytes:
    """The data with a smaller window in their header than they need."""
    head = (bits - 8) << 12 | 8 << 8
    return struct.pack(">H", head + 31 - head % 31) + data[2:]


SCRATCHES: dict[str, Callable[[bytes], bytes]] = {
    "checksum of the data": lambda data: data[:-4] + bytes(4),
    "no checksum of the data": lambda data: data[:-4],
    "half a checksum": lambda data: data[:-2],
    "a small window": lambda data: window(data, 8),
    "more data": lambda data: data + b"more" * 9,
    "more rows": lambda data: zlib.compress(zlib.decompress(data) + bytes(5_000)),
}


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("scratch", SCRATCHES)
def test_a_png_with_a_scratch_in_its_data_is_shown(scratch: str, interlaced: bool) -> None:
    whole = png(interlaced=interlaced)
    data = png(data=SCRATCHES[scratch](packed(whole)), interlaced=interlaced)
    assert np.array_equal(shown(data), shown(whole))
    assert np.array_equal(shown(icon((240, 160, 32, data))), shown(whole))


def test_a_second_header_of_a_damaged_png_does_not_change_its_size() -> None:
    """The first one is what limits are checked against."""
    other = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 2**31 - 1, 8, 2, 0, 0, 0))
    damaged = png(crc=b"\0\0\0\0")
    assert shown(damaged[:-12] + other + damaged[-12:], SHOW).shape == (160, 240, 4)


def test_a_png_with_a_scratch_in_its_chunks_is_shown() -> None:
    whole = png()
    head, rest = whole[:33], whole[33:]
    expected = shown(whole)
    for data in (
        *(whole[:-missing] for missing in (1, 4, 8, 12, 14)),
        whole + b"more" * 50,
        png(crc=bytes(4)),
        head + chunk(b"tEXt", b"a\0b", bytes(4)) + rest,
        head + chunk(b"abCd", b"??", bytes(4)) + rest,
        head + chunk(b"pHYs", b"???") + rest,
        head + chunk(b"IDAT", b"") + rest,
    ):
        assert np.array_equal(shown(data), expected)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_png_that_is_cut_off_is_refused_or_its_rows_are_shown(mode: str, part: float) -> None:
    whole = png(mode)
    data = whole[: int(len(whole) * part)]
    with pytest.raises(UndecodableImage, match="cut off"):
        shown(data)
    found, expected = shown(data, SHOW), shown(whole)
    rows = found[..., 3].any(axis=1)
    assert part - 0.25 < rows.mean() < 1
    assert np.array_equal(rows, np.sort(rows)[::-1])
    assert np.array_equal(found[rows], expected[rows])
    assert not found[~rows].any()


def test_an_interlaced_png_that_is_cut_off_is_shown_as_coarse_as_it_is() -> None:
    """What is known is enlarged, as in Chromium: after 3 passes to 4 × 4 pixels, of the last one to 2 × 4."""
    rows = zlib.decompress(packed(png(interlaced=True)))
    passes = [len(range(y, 160, dy)) * (1 + 3 * len(range(x, 240, dx))) for x, y, dx, dy in ADAM7]
    row = 1 + 3 * 60
    compressed = zlib.compressobj(0)
    data = compressed.compress(rows[: sum(passes[:3]) + 10 * row]) + compressed.flush(zlib.Z_SYNC_FLUSH)
    cut = png(interlaced=True, data=data)
    with pytest.raises(UndecodableImage, match="cut off"):
        shown(cut)
    pixels = np.asarray(photo())
    coarse = pixels[::4, ::4].repeat(4, axis=0).repeat(4, axis=1)
    fine = pixels[::4, ::2].repeat(4, axis=0).repeat(2, axis=1)
    found = shown(cut, SHOW)
    assert np.array_equal(found[:40, :, :3], fine[:40])
    assert np.array_equal(found[40:, :, :3], coarse[40:])


def test_rows_behind_an_error_in_the_data_are_missing() -> None:
    rows = bytearray(zlib.decompress(packed(png())))
    rows[(1 + 3 * 240) * 100] = 9  # an unknown filter
    found = shown(png(data=zlib.compress(bytes(rows))), SHOW)
    assert np.array_equal(found[..., 3].any(axis=1), np.arange(160) < 100)
    with pytest.raises(UndecodableImage):
        shown(png(data=b"\x78\x9cnot compressed"), SHOW)


def animation(kind: str) -> bytes:
    frames = [photo().rotate(degrees) for degrees in (0, 90, 180, 270)]
    return bytes(encode_image(frames[0], kind, save_all=True, append_images=frames[1:], duration=80, loop=0))


ANIMATIONS = {"GIF": Format.GIF, "PNG": Format.PNG, "WEBP": Format.WEBP}


@pytest.mark.parametrize("kind", ANIMATIONS)
def test_an_animation_that_is_cut_off_is_refused_or_its_whole_frames_are_shown(kind: str) -> None:
    whole = animation(kind)
    plan = Plan(output=Output(formats=(Format.PNG,)))
    frames = []
    for part in (0.5, 0.7, 0.95):
        data = memoryview(whole[: int(len(whole) * part)])
        for refused in (plan, STILL):
            with pytest.raises(UndecodableImage, match="cut off"):
                render(data, refused, LIMITS)
        result = render(data, plan, SHOW)
        assert result.truncated
        with (
            Image.open(BytesIO(result.body)) as image,
            Image.open(BytesIO(render(memoryview(whole), plan, LIMITS).body)) as all_of_it,
        ):
            frames.append(getattr(image, "n_frames", 1))
            for number in range(frames[-1]):
                image.seek(number)
                all_of_it.seek(number)
                assert np.array_equal(np.asarray(image.convert("RGBA")), np.asarray(all_of_it.convert("RGBA")))
    assert frames == sorted(frames)
    assert frames[-1] == 3


@pytest.mark.parametrize("kind", ANIMATIONS)
def test_an_animation_with_a_scratch_is_shown_whole(kind: str) -> None:
    whole, plan = animation(kind), Plan(output=Output(formats=(Format.PNG,)))
    expected = render(memoryview(whole), plan, LIMITS).body
    scratched = {
        "GIF": [whole[:-1], whole[:-2], whole + b"more"],
        "PNG": [whole[:-12], whole[:-4], whole[:-14], whole + b"more"],
        "WEBP": [whole + b"more", whole[:4] + bytes(4) + whole[8:], whole[:4] + b"\xff\xff\xff\x7f" + whole[8:]],
    }
    for data in scratched[kind]:
        result = render(memoryview(data), plan, LIMITS)
        assert (result.body, result.truncated) == (expected, False)


@pytest.mark.parametrize("options", [{}, {"lossless": True}], ids=["lossy", "lossless"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_webp_that_is_cut_off_is_refused_or_its_rows_are_shown(mode: str, options: dict[str, bool]) -> None:
    image = photo().convert(mode)
    if mode == "RGBA":
        image.putalpha(200)
    whole = bytes(encode_image(image, "WEBP", **options))
    data = whole[: len(whole) * 7 // 10]
    with pytest.raises(UndecodableImage, match="cut off"):
        shown(data)
    found, expected = shown(data, SHOW), shown(whole)
    rows = np.asarray(found[..., 3].any(axis=1))
    assert 0.2 < rows.mean() < 1
    upper = max(0, int(rows.sum()) - 16)  # the last rows lack those below, from which chroma is interpolated
    assert np.array_equal(found[:upper], expected[:upper])


def test_a_webp_with_a_wrong_size_or_without_its_metadata_is_shown() -> None:
    whole = bytes(encode_image(photo(), "WEBP", exif=b"Exif\0\0II*\0" + bytes(40)))
    expected = shown(whole)
    for size in (0, len(whole) - 10, len(whole) + 90, 2**32 - 1):
        assert np.array_equal(shown(whole[:4] + struct.pack("<I", size) + whole[8:]), expected)
    assert np.array_equal(shown(whole[:-20]), expected)


def test_a_gif_that_is_cut_off_is_refused_or_what_there_is_of_it_is_shown() -> None:
    whole = bytes(encode_image(photo().quantize(64), "GIF"))
    data = whole[: len(whole) * 6 // 10]
    with pytest.raises(UndecodableImage, match="cut off"):
        shown(data)
    found, expected = shown(data, SHOW), shown(whole)
    visible = found[..., 3] > 0
    assert 0.3 < visible.mean() < 0.9
    assert np.array_equal(found[visible], expected[visible])
