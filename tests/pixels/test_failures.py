"""Invalid, truncated and oversized images are rejected with our own errors, before memory is allocated."""

import struct
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image

from pixmill.engine.codecs.sniff import sniff
from pixmill.engine.pixels.error_boundary import decode_errors, process_errors
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import (
    ImageError,
    ImageTooLarge,
    InternalError,
    InvalidParameter,
    ResultTooLarge,
    UndecodableImage,
    UnsupportedImage,
)
from pixmill.media import Format
from pixmill.plan.ops import Crop, Input, Output, Plan, Resize
from tests.pixels.images import LIMITS, encode_image, photo

KINDS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "ICO")
SMALL = Plan(resize=Resize(width=20))


def sample(kind: str) -> bytes:
    return bytes(encode_image(photo(), kind, **({"sizes": [(96, 64)]} if kind == "ICO" else {})))


@pytest.mark.parametrize("data", [b"", b"x", b"<html></html>" * 9, b"%!PS-Adobe-3.0", b"\x7fELF\x02\x01\x01"])
def test_what_is_no_picture_is_unsupported(data: bytes) -> None:
    for ask in (lambda: inspect(memoryview(data), LIMITS), lambda: render(memoryview(data), SMALL, LIMITS)):
        with pytest.raises(UnsupportedImage):
            ask()


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7",
        struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic",
    ],
)
def test_what_only_begins_like_a_picture_is_damaged(data: bytes) -> None:
    for ask in (lambda: inspect(memoryview(data), LIMITS), lambda: render(memoryview(data), SMALL, LIMITS)):
        with pytest.raises(UndecodableImage):
            ask()


def test_a_drawing_of_nothing_is_shown_at_its_default_size() -> None:
    shown = inspect(memoryview(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), LIMITS)
    assert (shown.width, shown.height) == (300, 150)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.95])
def test_half_a_picture_is_no_picture(kind: str, part: float) -> None:
    data = sample(kind)
    with pytest.raises((UndecodableImage, UnsupportedImage)):
        render(memoryview(data)[: int(len(data) * part)], SMALL, LIMITS)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(noise=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_damaged_picture_gives_a_picture_or_our_own_error(kind: str, noise: list[tuple[float, int]]) -> None:
    data = bytearray(sample(kind))
    for at, value in noise:
        data[int(at * (len(data) - 1))] = value
    for ask in (inspect, lambda source, limits: render(source, SMALL, limits)):
        with suppress(ImageError):
            ask(memoryview(data), LIMITS)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_sniffing_takes_any_bytes(data: bytes) -> None:
    assert sniff(memoryview(data)) in (None, *Format)


def claimed_png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def claimed_jpeg(width: int, height: int) -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8" + frame + b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\1\0\0\x3f\0"


def claimed_gif(width: int, height: int) -> bytes:
    screen = struct.pack("<HHBBB", width, height, 0, 0, 0)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\0;"


def claimed_bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


def claimed_webp(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    canvas = b"VP8X" + struct.pack("<IB3x", 10, 0) + sides
    pixels = b"VP8L" + struct.pack("<IBI", 6, 0x2F, (width - 1) | (height - 1) << 14) + b"\0"
    return b"RIFF" + struct.pack("<I", 4 + len(canvas) + len(pixels)) + b"WEBP" + canvas + pixels


CLAIMS = {"png": claimed_png, "jpeg": claimed_jpeg, "gif": claimed_gif, "bmp": claimed_bmp}
"""Tiny files that claim to be of some size."""


@pytest.mark.parametrize("kind", CLAIMS)
def test_a_size_beyond_the_limit_is_refused_before_memory_is_spent(kind: str) -> None:
    data = memoryview(CLAIMS[kind](60_000, 60_000))
    tracemalloc.start()
    for ask in (lambda: inspect(data, LIMITS), lambda: render(data, SMALL, LIMITS)):
        with pytest.raises(ImageTooLarge):
            ask()
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_side_that_no_format_should_have_is_refused() -> None:
    with pytest.raises(ImageTooLarge):
        render(memoryview(claimed_png(70_000, 10)), SMALL, LIMITS)


@pytest.mark.parametrize("kind", ["png", "jpeg", "bmp"])
def test_a_picture_without_pixels_is_no_picture(kind: str) -> None:
    with pytest.raises(UndecodableImage):
        render(memoryview(CLAIMS[kind](0, 10)), SMALL, LIMITS)


def test_a_webp_canvas_beyond_the_limit_is_refused() -> None:
    with pytest.raises((ImageTooLarge, UndecodableImage)):
        render(memoryview(claimed_webp(16_383, 16_383)), SMALL, LIMITS)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_frames_are_counted_and_bounded_only_where_all_are_made(kind: str) -> None:
    colours = ("red", "lime", "blue")
    first, *rest = (Image.new("RGB", (64, 64), colour) for colour in colours)
    source = encode_image(first, kind, save_all=True, append_images=rest)
    limits = replace(LIMITS, max_frames=2)
    assert inspect(source, limits).frames == 3
    still = replace(SMALL, output=Output(formats=(Format.JPEG,)))
    assert render(source, still, limits).width == 20
    assert render(source, replace(still, input=Input(animated=False, page=3)), limits).width == 20
    if kind != "TIFF":
        with pytest.raises(ImageTooLarge):
            render(source, replace(SMALL, output=Output(formats=(Format.WEBP,))), limits)


def test_a_crop_outside_and_a_result_too_large_are_told_before_decoding() -> None:
    data = sample("PNG")
    cut = memoryview(data)[: len(data) // 2]
    with pytest.raises(InvalidParameter):
        render(cut, Plan(crop=Crop(1000, 0, 10, 10)), LIMITS)
    with pytest.raises(ResultTooLarge):
        render(cut, Plan(resize=Resize(width=20_000, enlarge=True)), LIMITS)


def test_a_progressive_jpeg_of_too_many_scans_is_refused() -> None:
    data = bytes(encode_image(photo(), "JPEG", progressive=True))
    last = data.rindex(b"\xff\xda")
    with pytest.raises(UndecodableImage):
        render(memoryview(data[:last] + data[last:-2] * 120 + b"\xff\xd9"), SMALL, LIMITS)


@pytest.mark.parametrize("pieces", [b"\xff\xfe\0\2" * 100_000, b"\xff" * 200_000, b"\xff\0" * 100_000])
def test_a_jpeg_whose_header_never_ends_is_refused(pieces: bytes) -> None:
    """40 MB of them took half a minute, for the size alone."""
    data = bytes(encode_image(photo(), "JPEG"))
    with pytest.raises(UndecodableImage) as caught:
        inspect(memoryview(data[:2] + pieces + data[2:]), LIMITS)
    assert "reads" in caught.value.detail


def directories(number: int, after: int) -> bytes:
    """A TIFF of so many pages, all the same 8 × 8 pixels, with this place after the last."""
    length = 2 + 9 * 12 + 4
    pixels = 8 + number * length
    messages = ((256, 8), (257, 8), (258, 8), (259, 1), (262, 1), (273, pixels), (277, 1), (278, 8), (279, 64))
    entries = struct.pack("<H", len(messages)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in messages
    )
    places = [*(8 + page * length for page in range(1, number)), after]
    return b"II*\0\x08\0\0\0" + b"".join(entries + struct.pack("<I", place) for place in places) + bytes(64)


@pytest.mark.timeout(20)
def test_pages_of_a_tiff_are_counted_without_reading_them() -> None:
    assert inspect(memoryview(directories(60_000, 0)), LIMITS).pages == 60_000


@pytest.mark.parametrize(("number", "after"), [(1, 8), (3, 8), (3, 8 + 2 * 114), (3, 2**32 - 1), (3, 0)])
def test_pages_of_a_tiff_that_lead_back_or_nowhere_are_counted_once(number: int, after: int) -> None:
    assert inspect(memoryview(directories(number, after)), LIMITS).pages == number


def test_pages_of_a_large_tiff_are_counted() -> None:
    pages = [Image.new("L", (8, 8), shade) for shade in range(3)]
    data = encode_image(pages[0], "TIFF", save_all=True, append_images=pages[1:], big_tiff=True)
    assert bytes(data[2:4]) == b"+\0"
    assert inspect(data, LIMITS).pages == 3


def test_the_private_detail_names_the_cause_and_the_public_message_does_not() -> None:
    with pytest.raises(UndecodableImage) as caught:
        render(memoryview(sample("PNG")[:200]), SMALL, LIMITS)
    assert "pngload" in caught.value.detail or "png" in caught.value.detail
    assert "png" not in caught.value.message


@pytest.mark.parametrize(
    "said",
    [
        "encoding error 1",
        "encoding error 2",
        "unable to write to memory\n  vips_image_write_to_memory: out of memory -- size == 57MB",
        "unable to call webpsave_buffer\n  webpsave: picture memory error",
        "unable to call pngsave_buffer\n  glib: Error creating thread: Resource temporarily unavailable",
    ],
)
def test_a_library_that_runs_out_of_memory_and_has_no_word_for_it_is_no_defect_of_ours(said: str) -> None:
    for border in (process_errors, decode_errors):
        with pytest.raises(ImageTooLarge), border():
            raise ValueError(said)


@pytest.mark.parametrize("said", ["encoding error 5", "encoding error 12", "unable to write to target"])
def test_what_a_library_says_else_is_one(said: str) -> None:
    with pytest.raises(InternalError), process_errors():
        raise ValueError(said)
