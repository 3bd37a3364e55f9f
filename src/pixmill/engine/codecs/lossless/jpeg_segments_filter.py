"""Exchanges the metadata of a JPEG without touching its coded data.

Knows the markers of ITU-T T.81 annex B and of JFIF. Parses untrusted data: one pass, bounded in segments.
"""

import re
from typing import Final

from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.metadata.iptc_block import photoshop_segment

_START, _END = b"\xff\xd8", b"\xff\xd9"
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends coded data: not a stuffed zero, a restart marker or a fill byte."""

_SCAN: Final = 0xDA
_COMMON_FRAMES: Final = (0xC0, 0xC1, 0xC2)
"""Baseline, extended sequential and progressive with Huffman codes, the processes that browsers decode."""
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""All processes: the range without tables of codes and extensions."""

_APP0, _APP1, _APP2, _APP13, _APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
_CODING_MARKERS: Final = frozenset((*range(0xC0, 0xC8), *range(0xC9, 0xDE)))
"""Frames, tables, scans, line counts and restart intervals; not the extensions, which no decoder here reads."""

_JFIF: Final = b"JFIF\0"
_JFIF_BYTES: Final = 14
_ADOBE: Final = b"Adobe"
_ADOBE_BYTES: Final = 12
_PROFILE: Final = b"ICC_PROFILE\0"
_PROFILE_HEADER_BYTES: Final = 14
_MAX_PROFILE_SEGMENTS: Final = 255
_ICC_MARK_AT: Final = 36
_EXIF: Final = b"Exif\0\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_FILL: Final = 0xFF
_MAX_SEGMENTS: Final = 10_000
_MAX_CONTENT_BYTES: Final = 65_533


def replace_jpeg_metadata(source: memoryview, metadata: RetainedMetadata) -> bytes | None:
    """Return the first image of the file with this metadata only; None if a segment or the ICC profile is damaged.

    JFIF (without its thumbnail), the ICC profile and Adobe's segment stay. All behind the end of the image is dropped.
    """
    data, at = bytes(source), len(_START)
    head, body, profile = bytearray(), bytearray(), list[bytes]()
    for _ in range(_MAX_SEGMENTS):
        if data[at : at + 1] != b"\xff":
            return None
        while data[at + 1 : at + 2] == b"\xff":
            at += 1
        marker = data[at + 1] if at + 1 < len(data) else 0
        if data[at : at + 2] == _END:
            return _build(head, metadata, body + _END, profile)
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end < at + 4 or end > len(data):
            return None
        (head if marker == _APP0 else body).extend(_kept(marker, data[at:end]))
        if marker == _APP2 and data.startswith(_PROFILE, at + 4):
            profile.append(data[at + 4 : end])
        at = end
        if marker == _SCAN:
            found = _NEXT_MARKER.search(data, at)
            at = found.start() if found else len(data)
            body += data[end:at]
            if found is None:
                return _build(head, metadata, body, profile)
    return None


def _build(head: bytearray, metadata: RetainedMetadata, body: bytearray, profile: list[bytes]) -> bytes | None:
    return b"".join((_START, head, _encode(metadata), body)) if not profile or _is_whole(profile) else None


def _is_whole(profile: list[bytes]) -> bool:
    """Whether segments are exactly one ICC profile in order (ICC.1 §B.4, §7.2)."""
    if len(profile) > _MAX_PROFILE_SEGMENTS:
        return False
    numbers = [content[len(_PROFILE) : _PROFILE_HEADER_BYTES] for content in profile]
    icc = b"".join(content[_PROFILE_HEADER_BYTES:] for content in profile)
    is_in_order = numbers == [bytes((number, len(profile))) for number in range(1, len(numbers) + 1)]
    return is_in_order and int.from_bytes(icc[:4]) == len(icc) and icc[_ICC_MARK_AT : _ICC_MARK_AT + 4] == b"acsp"


def find_jpeg_exif(source: memoryview) -> bytes:
    """Return the EXIF block in front of the first scan; empty if absent."""
    at = len(_START)
    for _ in range(_MAX_SEGMENTS):
        marker, size = bytes(source[at : at + 2]), int.from_bytes(source[at + 2 : at + 4])
        if marker[:1] != b"\xff" or marker[1:] in (b"", b"\xda", b"\xd9"):
            break
        if marker == b"\xff\xe1" and bytes(source[at + 4 : at + 10]) == _EXIF:
            return bytes(source[at + 4 : at + 2 + size])
        at += 1 if marker == b"\xff\xff" else 2 + size
    return b""


def is_common_jpeg(source: memoryview) -> bool:
    """Whether the image is coded by a process that every browser decodes: not arithmetic, not lossless."""
    at = len(_START)
    for _ in range(_MAX_SEGMENTS):
        marker = source[at + 1] if at + 1 < len(source) and source[at] == _FILL else _SCAN
        if marker in _FRAMES or marker == _SCAN:
            return marker in _COMMON_FRAMES
        at += 1 if marker == _FILL else 2 + int.from_bytes(source[at + 2 : at + 4])
    return False


def _kept(marker: int, segment: bytes) -> bytes:
    """Return what stays of a segment."""
    content = segment[4:]
    if marker == _APP0 and content.startswith(_JFIF):
        return _segment(_APP0, content[: _JFIF_BYTES - 2] + b"\0\0") if len(content) > _JFIF_BYTES else segment
    if marker == _APP14 and content.startswith(_ADOBE):
        return _segment(_APP14, content[:_ADOBE_BYTES])
    is_profile = marker == _APP2 and content.startswith(_PROFILE)
    return segment if is_profile or marker in _CODING_MARKERS else b""


def _encode(metadata: RetainedMetadata) -> bytes:
    return b"".join(
        _segment(marker, content)
        for marker, content in (
            (_APP1, metadata.exif and _EXIF + metadata.exif),
            (_APP1, metadata.xmp and _XMP + metadata.xmp),
            (_APP13, photoshop_segment(metadata.iptc)),
        )
        if content and len(content) <= _MAX_CONTENT_BYTES
    )


def _segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes((marker,)) + (len(content) + 2).to_bytes(2) + content
