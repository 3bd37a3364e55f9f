"""Reads the common PNGs in a fraction of libvips' time: whole, not interlaced, with 8 bits and without a palette.

CPU ms for a photograph of 2 megapixels: libdeflate 10, our filters 5; libvips 40. Whatever is unusual, damaged
or huge is left to libvips, which has the last word on what a file shows. Parses untrusted data: linear, and what is
decompressed has a known size.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from pixmill.engine.codecs import scanlines, zlib_stream
from pixmill.engine.codecs.png_chunks import SIGNATURE, iter_chunks_with_crc
from pixmill.engine.raster.frame import MAX_SIDE, Frame, Layout

_HEADER: Final = struct.Struct(">2I5B")
_LAYOUTS: Final = {0: Layout.L, 2: Layout.RGB, 4: Layout.LA, 6: Layout.RGBA}
_COMMON: Final = (8, 0, 0, 0)
"""Bits, compression, filter method and interlacing (PNG specification §11.2.1)."""

_CRITICAL: Final = (b"PLTE", b"IDAT")
_ANCILLARY: Final = 0x20
"""A bit of the first letter (§5.4)."""

_MAX_BYTES: Final = 32 << 20
"""Of pixels: as much again is needed for the filtered rows."""


def read_png(source: memoryview) -> Frame | None:
    """Return the pixels without a profile; None if libvips must read the file."""
    if not (scanlines.available and zlib_stream.available) or bytes(source[: len(SIGNATURE)]) != SIGNATURE:
        return None
    try:
        header, *chunks = _checked_chunks(source)
        width, height, layout = _shape(*header)
        compressed = b"".join(_rows(chunks))
        rows = zlib_stream.decompress(compressed, height * (1 + width * layout.channels))
        return Frame(scanlines.unfilter_rows(rows, width, height, layout.channels), width, height, layout)
    except ValueError:
        return None


def _checked_chunks(source: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the chunks up to the last one. Raises ValueError for a wrong checksum, and if there is no last chunk."""
    for kind, data, crc in iter_chunks_with_crc(source):
        if zlib_stream.checksum(data, zlib.crc32(kind)) != crc:
            raise ValueError("wrong checksum")
        if kind == b"IEND":
            return
        yield kind, data
    raise ValueError("cut off")


def _shape(kind: bytes, header: memoryview) -> tuple[int, int, Layout]:
    """Return width, height and layout. Raises ValueError for what we do not read."""
    if kind != b"IHDR" or len(header) != _HEADER.size:
        raise ValueError("no header")
    width, height, bits, colour_type, *others = _HEADER.unpack(header)
    layout = _LAYOUTS.get(colour_type)
    if not layout or (bits, *others) != _COMMON or not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ValueError("uncommon")
    if width * height * layout.channels > _MAX_BYTES:
        raise ValueError("huge")
    return width, height, layout


def _rows(chunks: list[tuple[bytes, memoryview]]) -> list[memoryview]:
    """Return the compressed rows. Raises ValueError for chunks that say something else about the pixels."""
    kinds = [kind for kind, _ in chunks]
    rows = [data for kind, data in chunks if kind == b"IDAT"]
    first = kinds.index(b"IDAT")
    if kinds[first : first + len(rows)] != [b"IDAT"] * len(rows):
        raise ValueError("rows in several places")
    if any(kind == b"tRNS" or (kind not in _CRITICAL and not kind[0] & _ANCILLARY) for kind in kinds):
        raise ValueError("transparent colour, or chunks that only others know")
    return rows
