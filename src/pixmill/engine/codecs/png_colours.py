"""Reads what a PNG says of its colours outside ICC, as an ICC profile (PNG specification, third edition, §4.3, §11.3).

The order of precedence is cICP, iCCP, sRGB, gAMA with cHRM. Chunks that are damaged or mean nothing are ignored, as in
browsers. Parses untrusted data: short and linear.
"""

import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from pixmill.engine.codecs.png_chunks import iter_chunks_with_crc
from pixmill.engine.raster.cicp import cicp_profile
from pixmill.engine.raster.gamuts import SRGB, Gamut, gamut_icc_profile
from pixmill.engine.raster.icc import is_readable_profile

_LENGTHS: Final = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"cLLI": 8, b"mDCV": 24}
_BEFORE_PALETTE: Final = (b"cICP",)
_DISPLAY_GAMMA: Final = 2.2
_GAMMA_TOLERANCE: Final = 0.05
"""gAMA this close to 1 / 2.2 means sRGB where nothing else is said, as in libpng (PNG_GAMMA_THRESHOLD) and browsers."""
_MAX_NAME_BYTES: Final = 81
_ICC_HEADER_BYTES: Final = 128
_NITS_UNIT: Final = 10_000


def png_profile(source: memoryview, embedded: bytes, *, grey: bool) -> bytes:
    """Return the ICC profile of the colours; empty for sRGB. ``embedded`` is that of the chunk iCCP."""
    chunks = _colour_chunks(source)
    if not chunks:
        return embedded
    signalled = _cicp_profile(chunks, grey=grey) if b"cICP" in chunks else None
    if signalled is not None:
        return signalled
    if b"gAMA" not in chunks or is_readable_profile(embedded) or _is_of_other_colours(chunks.get(b"iCCP"), grey=grey):
        return embedded
    return b"" if b"sRGB" in chunks else _gamma_profile(bytes(chunks[b"gAMA"]), bytes(chunks.get(b"cHRM", b"")), grey)


def _colour_chunks(source: memoryview) -> dict[bytes, memoryview]:
    """The first of each chunk before the pixels that has its length and its checksum."""
    found, after_palette = dict[bytes, memoryview](), False
    for kind, data, crc in iter_chunks_with_crc(source):
        if kind == b"IDAT":
            break
        after_palette |= kind == b"PLTE"
        if (
            len(data) == _LENGTHS.get(kind, len(data) if kind == b"iCCP" else -1)
            and kind not in found
            and not (after_palette and kind in _BEFORE_PALETTE)
            and zlib.crc32(data, zlib.crc32(kind)) == crc
        ):
            found[kind] = data
    return found


def _cicp_profile(chunks: Mapping[bytes, memoryview], *, grey: bool) -> bytes | None:
    """The profile of cICP; None if it is unknown, of another matrix than RGB, or of narrow range."""
    primaries, transfer, matrix, full_range = chunks[b"cICP"]
    if matrix or full_range != 1:
        return None
    return cicp_profile(primaries, transfer, grey=grey, max_nits=_max_nits(chunks))


def _is_of_other_colours(iccp: memoryview | None, *, grey: bool) -> bool:
    """Whether the profile is one of grey in a colour image, or the reverse: then nothing is said of the colours."""
    if iccp is None:
        return False
    _, _, compressed = bytes(iccp[:_MAX_NAME_BYTES]).partition(b"\0")
    try:
        header = zlib.decompressobj().decompress(compressed[1:] + bytes(iccp[_MAX_NAME_BYTES:]), _ICC_HEADER_BYTES)
    except zlib.error:
        return False
    return header[36:40] == b"acsp" and (header[16:20] == b"GRAY") != grey


def _max_nits(chunks: Mapping[bytes, memoryview]) -> float:
    """The luminance of the brightest pixel, else of the display that the image was made on; 0 if unknown."""
    content = int.from_bytes(chunks[b"cLLI"][:4]) if b"cLLI" in chunks else 0
    display = int.from_bytes(chunks[b"mDCV"][16:20]) if b"mDCV" in chunks else 0
    return (content or display) / _NITS_UNIT


@lru_cache(maxsize=16)
def _gamma_profile(gamma: bytes, chromaticities: bytes, grey: bool) -> bytes:
    """The profile of gAMA and cHRM; empty for sRGB, and if they cannot be. cHRM alone says nothing of the curve."""
    (encoding_gamma,) = struct.unpack(">I", gamma)
    if not encoding_gamma:
        return b""
    curve = 100_000 / encoding_gamma
    points = [number / 100_000 for number in struct.unpack(">8i", chromaticities)] if chromaticities else []
    if not points and abs(_DISPLAY_GAMMA / curve - 1) < _GAMMA_TOLERANCE:
        return b""
    if not all(0 <= number <= 1 for number in points):
        return b""
    white, red, green, blue = (
        zip(points[::2], points[1::2], strict=True) if points else (SRGB.white, SRGB.red, SRGB.green, SRGB.blue)
    )
    name = f"Gamma {curve:.2f}"
    if points:
        name += " with primaries of its own"
    try:
        return gamut_icc_profile(Gamut(name, red, green, blue, white, curve), grey=grey)
    except (ArithmeticError, ValueError, struct.error):
        return b""
