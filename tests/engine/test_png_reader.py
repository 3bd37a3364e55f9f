"""Our PNG reader: it returns what libvips does, or leaves the file to it."""

import struct
import zlib
from io import BytesIO
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pixmill.engine.codecs import png, png_reader, scanlines, zlib_stream
from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks
from pixmill.engine.codecs.png_reader import read_png
from pixmill.engine.codecs.scanlines import Filtering, Samples, filter_rows
from pixmill.engine.codecs.vips import VipsDecoder
from pixmill.engine.raster.frame import Area, Frame, Layout
from pixmill.media import Format

pytestmark = pytest.mark.skipif(
    not (scanlines.available and zlib_stream.available), reason="built without a compiler, or without libdeflate"
)

COLOUR_TYPES = {Layout.L: 0, Layout.RGB: 2, Layout.LA: 4, Layout.RGBA: 6}


def chunks_of(layout: Layout, width: int, height: int, filtering: Filtering = Filtering.LEAST_SUM) -> list[bytes]:
    """The chunks of a PNG with smooth noise."""
    steps = np.random.default_rng(width).integers(-9, 10, (height, width, layout.channels))
    pixels = np.cumsum(steps, axis=1).astype(np.uint8).tobytes()
    rows = filter_rows(Samples(pixels, width, height, layout.channels, layout.channels), filtering)
    return [
        encode_chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, COLOUR_TYPES[layout], 0, 0, 0)),
        encode_chunk(b"IDAT", zlib.compress(bytes(rows))),
        encode_chunk(b"IEND", b""),
    ]


def file_of(*chunks: bytes) -> memoryview:
    return memoryview(SIGNATURE + b"".join(chunks))


def by_libvips(source: memoryview) -> Frame:
    decoder = VipsDecoder(Format.PNG, png.PNG_LOADER, source)
    size = decoder.header.size
    return decoder.decode(DecodeRequest(Area(0, 0, size.width, size.height), size))


def is_same(one: Frame, other: Frame) -> bool:
    shapes = [(frame.width, frame.height, frame.layout) for frame in (one, other)]
    return shapes[0] == shapes[1] and bytes(one.pixels) == bytes(other.pixels)


@pytest.mark.parametrize(("layout", "filtering"), list(product(COLOUR_TYPES, Filtering)))
def test_it_reads_what_libvips_does(layout: Layout, filtering: Filtering) -> None:
    for width, height in ((1, 1), (2, 3), (3, 2), (7, 9), (33, 5), (260, 11)):
        source = file_of(*chunks_of(layout, width, height, filtering))
        frame = read_png(source)
        assert frame
        assert is_same(frame, by_libvips(source)), (width, height)


def test_rows_in_several_chunks_are_one_stream() -> None:
    header, rows, end = chunks_of(Layout.RGB, 40, 30)
    data = rows[8:-4]
    parts = [encode_chunk(b"IDAT", data[at : at + 7]) for at in range(0, len(data), 7)]
    source = file_of(header, encode_chunk(b"tEXt", b"Title\0x"), *parts, encode_chunk(b"tIME", bytes(7)), end)
    frame = read_png(source)
    assert frame
    assert is_same(frame, by_libvips(source))


HEADER, ROWS, END = chunks_of(Layout.RGB, 40, 30)
HEADER_DATA = struct.pack(">2I5B", 40, 30, 8, 2, 0, 0, 0)
PIXELS = zlib.decompress(ROWS[8:-4])
LEFT = {
    "no signature": memoryview(b"x" + bytes(file_of(HEADER, ROWS, END))[1:]),
    "no end": file_of(HEADER, ROWS),
    "cut off": file_of(HEADER, ROWS, END)[:-40],
    "no rows": file_of(HEADER, END),
    "no header": file_of(ROWS, END),
    "two headers": file_of(HEADER, HEADER, ROWS, END),
    "short header": file_of(encode_chunk(b"IHDR", HEADER_DATA[:12]), ROWS, END),
    "wrong checksum of rows": file_of(HEADER, ROWS[:-1] + bytes((ROWS[-1] ^ 1,)), END),
    "wrong checksum of other data": file_of(HEADER, encode_chunk(b"tEXt", b"a\0b")[:-1] + b"x", ROWS, END),
    "wrong checksum of the stream": file_of(HEADER, encode_chunk(b"IDAT", ROWS[8:-5] + b"x"), END),
    "rows in two places": file_of(
        HEADER, encode_chunk(b"IDAT", ROWS[8:50]), encode_chunk(b"tIME", bytes(7)), ROWS, END
    ),
    "an unknown filter": file_of(HEADER, encode_chunk(b"IDAT", zlib.compress(b"\x05" + PIXELS[1:])), END),
    "too few rows": file_of(HEADER, encode_chunk(b"IDAT", zlib.compress(PIXELS[:-1])), END),
    "too many rows": file_of(HEADER, encode_chunk(b"IDAT", zlib.compress(PIXELS + b"\0")), END),
    "a bomb": file_of(HEADER, encode_chunk(b"IDAT", zlib.compress(bytes(50_000_000))), END),
    "a transparent colour": file_of(HEADER, encode_chunk(b"tRNS", bytes(6)), ROWS, END),
    "an unknown critical chunk": file_of(HEADER, encode_chunk(b"ABCD", b""), ROWS, END),
    "no pixels": file_of(encode_chunk(b"IHDR", bytes(8) + HEADER_DATA[8:]), ROWS, END),
    "a palette": file_of(encode_chunk(b"IHDR", HEADER_DATA[:9] + b"\x03\0\0\0"), ROWS, END),
    "16 bits": file_of(encode_chunk(b"IHDR", HEADER_DATA[:8] + b"\x10\x02\0\0\0"), ROWS, END),
    "interlaced": file_of(encode_chunk(b"IHDR", HEADER_DATA[:12] + b"\1"), ROWS, END),
    "huge": file_of(encode_chunk(b"IHDR", struct.pack(">2I", 60_000, 60_000) + HEADER_DATA[8:]), ROWS, END),
}


@pytest.mark.parametrize("name", LEFT)
def test_anything_else_is_left_to_libvips(name: str) -> None:
    assert read_png(LEFT[name]) is None


def test_without_libdeflate_all_is_left_to_libvips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zlib_stream, "available", False)
    assert read_png(file_of(HEADER, ROWS, END)) is None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_of_a_damaged_file_it_reads_what_libvips_does_or_nothing(data: st.DataObject) -> None:
    layout = data.draw(st.sampled_from(list(COLOUR_TYPES)))
    chunks = chunks_of(layout, data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20)))
    contents = list(iter_chunks(file_of(*chunks)))
    number = data.draw(st.integers(0, 1))
    content = bytearray(contents[number][1])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    chunks[number] = encode_chunk(contents[number][0], bytes(content))
    source = file_of(*chunks)
    frame = read_png(source)
    assert frame is None or is_same(frame, by_libvips(source))


@given(st.binary(max_size=400))
def test_any_rows_are_unfiltered_or_refused(rows: bytes) -> None:
    for channels, width in product((1, 2, 3, 4), (1, 5)):
        height = len(rows) // (1 + channels * width)
        if not height:
            continue
        try:
            pixels = scanlines.unfilter_rows(bytearray(rows), width, height, channels)
        except ValueError:
            assert any(rows[at] > 4 for at in range(0, height * (1 + channels * width), 1 + channels * width))
        else:
            assert len(pixels) == width * height * channels


def test_an_area_is_that_of_the_file() -> None:
    source = file_of(*chunks_of(Layout.RGB, 64, 64))
    decoder = png.PngDecoder(source)
    whole = np.frombuffer(decoder.decode(DecodeRequest(Area(0, 0, 64, 64), decoder.header.size)).pixels, np.uint8)
    for area in (Area(3, 40, 20, 10), Area(3, 2, 20, 10)):
        frame = decoder.decode(DecodeRequest(area, decoder.header.size))
        assert frame.area
        pixels = np.frombuffer(frame.pixels, np.uint8).reshape(frame.height, frame.width, 3)
        left, top = int(frame.area.left), int(frame.area.top)
        found = pixels[top : top + 10, left : left + 20]
        assert (found == whole.reshape(64, 64, 3)[int(area.top) :, int(area.left) :][:10, :20]).all()


def test_a_profile_stays() -> None:
    from PIL import ImageCms  # noqa: PLC0415 - of this test only

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    out = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(out, "PNG", icc_profile=profile)
    source = memoryview(out.getvalue())
    assert png_reader.read_png(source)
    decoder = png.PngDecoder(source)
    assert decoder.decode(DecodeRequest(Area(0, 0, 256, 256), decoder.header.size)).profile == profile
