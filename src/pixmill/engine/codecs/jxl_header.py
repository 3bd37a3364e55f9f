"""Parses JPEG XL headers, because pillow-jxl-plugin returns the size only after decoding all pixels.

Knows boxes (ISO/IEC 18181-2) and the first fields of a codestream (18181-1, annexes D and E). Parses untrusted
data: short, linear, bounded; truncated or invalid data raises IndexError or ValueError.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pixmill.plan.lengths import Size

CODESTREAM: Final = b"\xff\x0a"
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_ALPHA: Final = 0
_RGB: Final = 0
_GREY: Final = 1
_CUSTOM: Final = 2
_BT709: Final = 1
_SRGB: Final = (1, 13)
_CODE_POINTS: Final = {(1, 1): 1, (9, 1): 9, (11, 1): 12, (11, 11): 11}
"""Primaries of H.273 by primaries and white point of JPEG XL."""

_MAX_BOXES: Final = 1_000
_MAX_HEADER_BYTES: Final = 65_536
"""Bytes of the codestream that are joined from its boxes; a header has about fifty."""

_SIDE: Final = ((9, 1), (13, 1), (18, 1), (30, 1))
_DEPTH: Final = ((0, 8), (0, 10), (0, 12), (6, 1))
_FLOAT_DEPTH: Final = ((0, 32), (0, 16), (0, 24), (6, 1))
_COUNT: Final = ((0, 0), (0, 1), (4, 2), (12, 1))
_ENUM: Final = ((0, 0), (0, 1), (4, 2), (6, 18))
_CHROMATICITY: Final = ((19, 0), (19, 524_288), (20, 1_048_576), (21, 2_097_152))
_PREVIEW: Final = ((6, 1), (8, 65), (10, 321), (12, 1_345))
_EIGHTHS: Final = ((0, 16), (0, 32), (5, 1), (9, 33))
_TICKS: Final = ((0, 100), (0, 1_000), (10, 1), (30, 1))
_TICK_PARTS: Final = ((0, 1), (0, 1_001), (8, 1), (10, 1))
_LOOPS: Final = ((0, 0), (3, 0), (16, 0), (32, 0))


@dataclass(frozen=True, slots=True)
class JxlHeader:
    """The header facts; ``size`` is the stored size, before ``orientation``."""

    size: Size
    orientation: int
    alpha: bool
    grey: bool
    animated: bool = False
    code_points: tuple[int, int] | None = None
    """Colour primaries and transfer of ITU-T H.273; None for an ICC profile and what has no numbers."""

    exif: bytes = b""
    xmp: bytes = b""


def read_header(source: memoryview) -> JxlHeader:
    """Parse a bare codestream or a container. Raises IndexError, ValueError."""
    if bytes(source[:2]) == CODESTREAM:
        return _read_codestream(_BitReader(bytes(source[:_MAX_HEADER_BYTES])))
    stream, metadata = b"", {b"Exif": b"", b"xml ": b""}
    for kind, content in _boxes(source):
        if kind in (b"jxlc", b"jxlp") and len(stream) < _MAX_HEADER_BYTES:
            stream += bytes(content[4 if kind == b"jxlp" else 0 :][:_MAX_HEADER_BYTES])
        elif kind in metadata:
            metadata[kind] = bytes(content)
    parsed = _read_codestream(_BitReader(stream))
    exif = metadata[b"Exif"]
    tiff = exif[4 + int.from_bytes(exif[:4]) :] if exif else b""
    return replace(parsed, exif=tiff, xmp=metadata[b"xml "])


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
            raise ValueError("A box is shorter than its header")
        yield bytes(source[at + 4 : at + 8]), source[at + head : end]
        at = end


class _BitReader:
    """Reads bits, least significant first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, count: int) -> int:
        value = 0
        for bit in range(count):
            value |= (self._data[self._at >> 3] >> (self._at & 7) & 1) << bit
            self._at += 1
        return value

    def read_u32(self, distributions: tuple[tuple[int, int], ...]) -> int:
        """Read a U32: two bits select how many bits follow and the offset added to them."""
        count, offset = distributions[self.read(2)]
        return self.read(count) + offset


def _read_codestream(bits: _BitReader) -> JxlHeader:
    if bits.read(16) != int.from_bytes(CODESTREAM, "little"):
        raise ValueError("Not a codestream")
    size = _read_size(bits)
    if bits.read(1):  # all_default
        return JxlHeader(size, 1, alpha=False, grey=False, code_points=_SRGB)
    orientation, animated = _read_extra_fields(bits) if bits.read(1) else (1, False)
    _skip_bit_depth(bits)
    bits.read(1)
    alpha, is_readable = _read_extra_channels(bits)
    grey, code_points = _read_colours(bits) if is_readable else (False, None)
    return JxlHeader(size, orientation, alpha, grey, animated, code_points)


def _read_size(bits: _BitReader) -> Size:
    small = bits.read(1)
    height = _read_side(bits, small)
    ratio = bits.read(3)
    if not ratio:
        return Size(_read_side(bits, small), height)
    width_ratio, height_ratio = _RATIOS[ratio - 1]
    return Size(height * width_ratio // height_ratio, height)


def _read_side(bits: _BitReader, small: int) -> int:
    return (bits.read(5) + 1) * 8 if small else bits.read_u32(_SIDE)


def _read_extra_fields(bits: _BitReader) -> tuple[int, bool]:
    """The orientation, and whether the file is an animation."""
    orientation = bits.read(3) + 1
    if bits.read(1):
        _read_size(bits)
    if bits.read(1):
        _skip_preview(bits)
    animated = bool(bits.read(1))
    if animated:
        bits.read_u32(_TICKS)
        bits.read_u32(_TICK_PARTS)
        bits.read_u32(_LOOPS)
        bits.read(1)
    return orientation, animated


def _skip_preview(bits: _BitReader) -> None:
    distributions = _EIGHTHS if bits.read(1) else _PREVIEW
    bits.read_u32(distributions)
    if not bits.read(3):
        bits.read_u32(distributions)


def _skip_bit_depth(bits: _BitReader) -> None:
    if bits.read(1):
        bits.read_u32(_FLOAT_DEPTH)
        bits.read(4)
    else:
        bits.read_u32(_DEPTH)


def _read_extra_channels(bits: _BitReader) -> tuple[bool, bool]:
    """Whether the first extra channel is alpha, and whether the following fields can be located."""
    count = bits.read_u32(_COUNT)
    for number in range(count):
        if not bits.read(1):  # not the default alpha channel
            return number > 0 or bits.read_u32(_ENUM) == _ALPHA, False
    return count > 0, True


def _read_colours(bits: _BitReader) -> tuple[bool, tuple[int, int] | None]:
    """Whether the image is grey, and its code points (18181-1 §E.2)."""
    bits.read(1)  # XYB
    if bits.read(1):  # all_default
        return False, _SRGB
    has_icc, colour_space = bits.read(1), bits.read_u32(_ENUM)
    grey = not has_icc and colour_space == _GREY
    if has_icc or colour_space not in (_RGB, _GREY):
        return grey, None
    white, primaries = _read_chromaticities(bits, 1), _BT709
    if not grey:
        primaries = _read_chromaticities(bits, 3)
    has_gamma = bits.read(1)
    transfer = 0 if has_gamma else bits.read_u32(_ENUM)
    named = _CODE_POINTS.get((primaries, white))
    return grey, None if named is None or has_gamma else (named, transfer)


def _read_chromaticities(bits: _BitReader, count: int) -> int:
    """Read the number of a white point or of primaries, and skip the points themselves."""
    number = bits.read_u32(_ENUM)
    if number == _CUSTOM:
        for _ in range(2 * count):
            bits.read_u32(_CHROMATICITY)
    return number
