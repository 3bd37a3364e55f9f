"""The header of a JPEG XL, read here because the decoder at hand tells a size only after it has allocated and decoded all.

Knows boxes (ISO/IEC 18181-2) and the first fields of a codestream (18181-1, annexes D and E). Reads what strangers wrote: short, linear,
bounded; whatever is too short or out of order is an IndexError or a ValueError.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pixmill.plan.geometry import Size

CODESTREAM: Final = b"\xff\x0a"
CONTAINER: Final = b"\0\0\0\x0cJXL \r\n\x87\n"
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_ALPHA: Final = 0
_GREY: Final = 1
_MAX_BOXES: Final = 1_000
_LOOK: Final = 65_536
"""Bytes of the codestream that are joined from its boxes; a header takes some fifty."""

_SIDE: Final = ((9, 1), (13, 1), (18, 1), (30, 1))
_DEPTH: Final = ((0, 8), (0, 10), (0, 12), (6, 1))
_FLOAT_DEPTH: Final = ((0, 32), (0, 16), (0, 24), (6, 1))
_COUNT: Final = ((0, 0), (0, 1), (4, 2), (12, 1))
_ENUM: Final = ((0, 0), (0, 1), (4, 2), (6, 18))
_PREVIEW: Final = ((6, 1), (8, 65), (10, 321), (12, 1_345))
_EIGHTHS: Final = ((0, 16), (0, 32), (5, 1), (9, 33))
_TICKS: Final = ((0, 100), (0, 1_000), (10, 1), (30, 1))
_TICK_PARTS: Final = ((0, 1), (0, 1_001), (8, 1), (10, 1))
_LOOPS: Final = ((0, 0), (3, 0), (16, 0), (32, 0))


@dataclass(frozen=True, slots=True)
class JxlHeader:
    """``size`` is as stored, before ``orientation``."""

    size: Size
    orientation: int
    alpha: bool
    grey: bool
    exif: bytes = b""
    xmp: bytes = b""


def read_header(source: memoryview) -> JxlHeader:
    """Raises IndexError, ValueError."""
    if bytes(source[:2]) == CODESTREAM:
        return _codestream(_Bits(bytes(source[:_LOOK])))
    stream, metadata = b"", {b"Exif": b"", b"xml ": b""}
    for kind, content in _boxes(source):
        if kind in (b"jxlc", b"jxlp") and len(stream) < _LOOK:
            stream += bytes(content[4 if kind == b"jxlp" else 0 :][:_LOOK])
        elif kind in metadata:
            metadata[kind] = bytes(content)
    found = _codestream(_Bits(stream))
    exif = metadata[b"Exif"]
    tiff = exif[4 + int.from_bytes(exif[:4]) :] if exif else b""
    return JxlHeader(found.size, found.orientation, found.alpha, found.grey, tiff, metadata[b"xml "])


def _boxes(source: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(source):
            return
        length, head = int.from_bytes(source[at : at + 4]), 8
        if length == 1:
            length, head = int.from_bytes(source[at + 8 : at + 16]), 16
        end = at + length if length else len(source)
        if end < at + head:
            raise ValueError("A box shorter than its head")
        yield bytes(source[at + 4 : at + 8]), source[at + head : end]
        at = end


class _Bits:
    """Bits from the lowest of each byte on."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> int:
        value = 0
        for place in range(count):
            value |= (self._data[self._at >> 3] >> (self._at & 7) & 1) << place
            self._at += 1
        return value

    def choice(self, ways: tuple[tuple[int, int], ...]) -> int:
        """U32: two bits say how many bits follow and what is added to them."""
        count, offset = ways[self.take(2)]
        return self.take(count) + offset


def _codestream(bits: _Bits) -> JxlHeader:
    if bits.take(16) != int.from_bytes(CODESTREAM, "little"):
        raise ValueError("No codestream")
    size = _size(bits)
    if bits.take(1):  # all else is as usual
        return JxlHeader(size, 1, alpha=False, grey=False)
    orientation = _extra_fields(bits) if bits.take(1) else 1
    _depth(bits)
    bits.take(1)
    alpha, plain = _extra_channels(bits)
    return JxlHeader(size, orientation, alpha, grey=plain and _is_grey(bits))


def _size(bits: _Bits) -> Size:
    small = bits.take(1)
    height = _side(bits, small)
    ratio = bits.take(3)
    if not ratio:
        return Size(_side(bits, small), height)
    across, down = _RATIOS[ratio - 1]
    return Size(height * across // down, height)


def _side(bits: _Bits, small: int) -> int:
    return (bits.take(5) + 1) * 8 if small else bits.choice(_SIDE)


def _extra_fields(bits: _Bits) -> int:
    orientation = bits.take(3) + 1
    if bits.take(1):
        _size(bits)
    if bits.take(1):
        _skip_preview(bits)
    if bits.take(1):
        bits.choice(_TICKS)
        bits.choice(_TICK_PARTS)
        bits.choice(_LOOPS)
        bits.take(1)
    return orientation


def _skip_preview(bits: _Bits) -> None:
    ways = _EIGHTHS if bits.take(1) else _PREVIEW
    bits.choice(ways)
    if not bits.take(3):
        bits.choice(ways)


def _depth(bits: _Bits) -> None:
    if bits.take(1):
        bits.choice(_FLOAT_DEPTH)
        bits.take(4)
    else:
        bits.choice(_DEPTH)


def _extra_channels(bits: _Bits) -> tuple[bool, bool]:
    """Whether the first of them is alpha, and whether what follows them can still be read."""
    count = bits.choice(_COUNT)
    for number in range(count):
        if not bits.take(1):  # not an alpha as usual
            return number > 0 or bits.choice(_ENUM) == _ALPHA, False
    return count > 0, True


def _is_grey(bits: _Bits) -> bool:
    bits.take(1)  # XYB
    return not bits.take(1) and not bits.take(1) and bits.choice(_ENUM) == _GREY
