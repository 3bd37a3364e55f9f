"""Exchanges the metadata of files made of chunks or boxes, PNG, WebP and JPEG XL, without touching their coded data.

Each is an allowlist of chunks that affect what is shown. Parses untrusted data: one pass, bounded in chunks.
"""

from collections.abc import Iterator
from typing import Final

from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks

_PNG_CHUNKS: Final = frozenset(
    (
        *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"),
        *(b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"pHYs"),
    )
)
_PROFILE_NAME: Final = b"ICC Profile"
"""Instead of the name of the profile, which may be that of somebody's monitor."""

_MAX_PROFILE_NAME_BYTES: Final = 79
_PNG_XMP: Final = b"XML:com.adobe.xmp\0\0\0\0\0"

_WEBP_CHUNKS: Final = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_FRAME_CHUNKS: Final = frozenset((b"VP8 ", b"VP8L", b"ALPH"))
_FRAME_HEADER_BYTES: Final = 16
_ALPHA_FLAG, _EXIF_FLAG, _XMP_FLAG = 0x10, 0x08, 0x04
_MAX_WEBP_CHUNKS: Final = 100_000

_JXL_BOXES: Final = frozenset((b"JXL ", b"ftyp", b"jxll", b"jxlc", b"jxlp", b"jxli"))
_JXL_SIGNATURE: Final = b"\0\0\0\x0cJXL "
_MAX_BOXES: Final = 1_000


class DamagedFile(Exception):
    """A chunk or box that is longer than the file."""


def replace_png_metadata(source: memoryview, metadata: RetainedMetadata) -> bytes | None:
    """Return the file up to its end, with this metadata only; None if it is cut off."""
    out = bytearray(SIGNATURE)
    for kind, data in iter_chunks(source):
        if kind == b"iCCP":
            out += encode_chunk(kind, _PROFILE_NAME + data[_profile_name_bytes(data) :])
        elif kind in _PNG_CHUNKS:
            out += encode_chunk(kind, data)
        if kind == b"IHDR":
            out += encode_chunk(b"eXIf", metadata.exif) if metadata.exif else b""
            out += encode_chunk(b"iTXt", _PNG_XMP + metadata.xmp) if metadata.xmp else b""
        if kind == b"IEND":
            return bytes(out)
    return None


def _profile_name_bytes(data: memoryview) -> int:
    """The length of the name in front of a profile; nothing of the chunk stays without one."""
    end = bytes(data[: _MAX_PROFILE_NAME_BYTES + 1]).find(b"\0")
    return len(data) if end < 0 else end


def find_png_exif(source: memoryview) -> bytes:
    """Return the EXIF block; empty if absent."""
    return next((bytes(data) for kind, data in iter_chunks(source) if kind == b"eXIf"), b"")


def find_webp_exif(source: memoryview) -> bytes:
    """Return the EXIF block; empty if absent."""
    try:
        return next((bytes(data) for kind, data in _riff_chunks(source[12:]) if kind == b"EXIF"), b"")
    except DamagedFile:
        return b""


def replace_webp_metadata(source: memoryview, metadata: RetainedMetadata) -> bytes | None:
    """Return the file with this metadata only; None if it is damaged."""
    try:
        chunks = [(kind, data) for kind, data in _riff_chunks(source[12:]) if kind in _WEBP_CHUNKS]
        frames: list[tuple[bytes, bytes | memoryview]] = [
            (kind, _without_unknown(data) if kind == b"ANMF" else data) for kind, data in chunks
        ]
    except DamagedFile:
        return None
    blocks = [(name, block) for name, block in ((b"EXIF", metadata.exif), (b"XMP ", metadata.xmp)) if block]
    if not frames:
        return None
    if blocks and frames[0][0] != b"VP8X":
        frames.insert(0, (b"VP8X", _extended_header(*frames[0])))
    if frames[0][0] == b"VP8X":
        flags = frames[0][1][0] & ~(_EXIF_FLAG | _XMP_FLAG) if frames[0][1] else 0
        flags |= (_EXIF_FLAG if metadata.exif else 0) | (_XMP_FLAG if metadata.xmp else 0)
        frames[0] = (b"VP8X", bytes((flags,)) + bytes(frames[0][1][1:]))
    body = b"WEBP" + b"".join(_riff_chunk(kind, data) for kind, data in (*frames, *blocks))
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _extended_header(kind: bytes, data: bytes | memoryview) -> bytes:
    """Return the header that a simple file lacks (WebP container specification; RFC 6386 §9.1)."""
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
    else:
        sides = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        width, height, alpha = *(max(0, side - 1) for side in sides), 0
    return bytes((alpha * _ALPHA_FLAG, 0, 0, 0)) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


def _riff_chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    for _ in range(_MAX_WEBP_CHUNKS):
        if at + 8 > len(data):
            return
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + size > len(data):
            raise DamagedFile
        yield bytes(data[at : at + 4]), data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _riff_chunk(kind: bytes, data: bytes | memoryview) -> bytes:
    return kind + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)


def _without_unknown(frame: memoryview) -> bytes:
    """Return an animation frame without chunks that a decoder ignores."""
    chunks = _riff_chunks(frame[_FRAME_HEADER_BYTES:])
    return bytes(frame[:_FRAME_HEADER_BYTES]) + b"".join(
        _riff_chunk(kind, data) for kind, data in chunks if kind in _FRAME_CHUNKS
    )


def replace_jxl_metadata(source: memoryview, metadata: RetainedMetadata) -> bytes | None:
    """Return the file with this metadata only; None if it is damaged, or without a container and there is metadata.

    The box for the reconstruction of a JPEG is dropped, since it contains the metadata of that.
    """
    if bytes(source[:8]) != _JXL_SIGNATURE:
        return None if metadata.exif or metadata.xmp else bytes(source)
    try:
        kept = [box for kind, box in _boxes(source) if kind in _JXL_BOXES]
    except DamagedFile:
        return None
    blocks = ((b"Exif", metadata.exif and bytes(4) + metadata.exif), (b"xml ", metadata.xmp))
    new = [(len(block) + 8).to_bytes(4) + kind + block for kind, block in blocks if block]
    return b"".join((*kept[:2], *new, *kept[2:]))


def _boxes(source: memoryview) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and bytes of each box; one without a length, which ends the file, gets its length."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(source):
            return
        kind, size = bytes(source[at + 4 : at + 8]), int.from_bytes(source[at : at + 4])
        if size == 1:
            size = int.from_bytes(source[at + 8 : at + 16])
        elif not size:
            size = len(source) - at
            yield kind, (size).to_bytes(4) + bytes(source[at + 4 :]) if size < 2**32 else bytes(source[at:])
            return
        if size < 8 or at + size > len(source):  # noqa: PLR2004 - the bytes of its header
            raise DamagedFile
        yield kind, bytes(source[at : at + size])
        at += size
