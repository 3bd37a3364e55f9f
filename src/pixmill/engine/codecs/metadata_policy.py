"""Selects the EXIF and XMP of the original that a result retains, for each value of ``metadata=``.

The location is retained by ``all`` only: otherwise the GPS directory of EXIF is erased, and XMP that mentions GPS
is dropped. For ``copyright`` a new block is built of the copyright and artist only, from EXIF, else from XMP. Knows
EXIF directories (CIPA DC-008 §4.6) and XMP names. Parses untrusted data: short and linear; what cannot be parsed is
dropped.
"""

import re
import struct
from collections.abc import Iterator
from html import unescape
from typing import Final

from pixmill.engine.codecs.metadata import ByteOrder, RetainedMetadata, reset_orientation
from pixmill.plan.output import Metadata

_ARTIST: Final = 315
_COPYRIGHT: Final = 33432
_GPS: Final = 34853
_ENTRY_BYTES: Final = 12
_INLINE_BYTES: Final = 4
_ASCII: Final = 2
_TYPE_BYTES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_MAX_TEXT_BYTES: Final = 2_000
_XML_TAG: Final = re.compile(rb"<[^>]*>")
_XMP_NAMES: Final = {_ARTIST: b"dc:creator", _COPYRIGHT: b"dc:rights"}


def retained_metadata(policy: Metadata, exif: bytes, xmp: bytes) -> RetainedMetadata:
    """Apply the policy to the metadata of the original."""
    match policy:
        case Metadata.STRIP:
            return RetainedMetadata()
        case Metadata.ALL:
            return RetainedMetadata(reset_orientation(exif), xmp)
        case Metadata.KEEP:
            return RetainedMetadata(
                _without_gps(reset_orientation(exif)), b"" if b"gps" in xmp.replace(b"\0", b"").lower() else xmp
            )
        case Metadata.COPYRIGHT:
            block = reset_orientation(exif)
            texts = {tag: _exif_text(block, tag) or _xmp_text(xmp, name) for tag, name in _XMP_NAMES.items()}
            return RetainedMetadata(_build_exif({tag: text for tag, text in texts.items() if text}))


def _without_gps(exif: bytes) -> bytes:
    """Erase the GPS directory of an EXIF block; empty if the block cannot be parsed."""
    block = bytearray(exif)
    try:
        for start in _directory_offsets(block):
            for at in _entry_offsets(block, start):
                if _read_uint(block, at, 2) == _GPS:
                    _erase_directory(block, _read_uint(block, at + 8, 4))
    except (struct.error, IndexError):
        return b""
    return bytes(block)


def _erase_directory(block: bytearray, start: int) -> None:
    """Zero a directory, its entries and their values."""
    for at in list(_entry_offsets(block, start)):
        length = _TYPE_BYTES.get(_read_uint(block, at + 2, 2), 1) * _read_uint(block, at + 4, 4)
        if length > _INLINE_BYTES:
            value = _read_uint(block, at + 8, 4)
            block[value : value + length] = bytes(len(block[value : value + length]))
        block[at : at + _ENTRY_BYTES] = bytes(_ENTRY_BYTES)
    block[start : start + 2] = bytes(2)


def _directory_offsets(block: bytearray) -> Iterator[int]:
    """The offsets of the directories of the image and of its thumbnail."""
    if not block:
        return
    first = _read_uint(block, 4, 4)
    yield first
    second = _read_uint(block, first + 2 + _read_uint(block, first, 2) * _ENTRY_BYTES, 4)
    if second:
        yield second


def _entry_offsets(block: bytearray, start: int) -> Iterator[int]:
    for number in range(_read_uint(block, start, 2)):
        yield start + 2 + number * _ENTRY_BYTES


def _read_uint(block: bytearray, offset: int, size: int) -> int:
    """Read an integer in the block's byte order. Raises IndexError beyond the end."""
    if offset + size > len(block):
        raise IndexError
    byte_order: ByteOrder = "little" if block[:2] == b"II" else "big"
    return int.from_bytes(block[offset : offset + size], byte_order)


def _exif_text(exif: bytes, tag: int) -> bytes:
    """Read a text tag of the first directory; empty if absent."""
    block = bytearray(exif)
    try:
        for at in _entry_offsets(block, _read_uint(block, 4, 4)) if block else ():
            if _read_uint(block, at, 2) == tag and _read_uint(block, at + 2, 2) == _ASCII:
                length = _read_uint(block, at + 4, 4)
                value_offset = at + 8 if length <= _INLINE_BYTES else _read_uint(block, at + 8, 4)
                return bytes(block[value_offset : value_offset + min(length, _MAX_TEXT_BYTES)]).strip(b"\0 ")
    except IndexError:
        pass
    return b""


def _xmp_text(xmp: bytes, name: bytes) -> bytes:
    """Read the text of an XMP element; empty if absent."""
    _, _, rest = xmp.partition(b"<" + name + b">")
    content, end, _ = rest.partition(b"</" + name + b">")
    if not end:
        return b""
    texts = (text.strip() for text in _XML_TAG.split(content[: 4 * _MAX_TEXT_BYTES]))
    text = b", ".join(text for text in texts if text).decode(errors="replace")
    return unescape(text).encode()[:_MAX_TEXT_BYTES]


def _build_exif(texts: dict[int, bytes]) -> bytes:
    """Build an EXIF block of one directory; empty without texts.

    ASCII fields hold UTF-8, as is common practice.
    """
    if not texts:
        return b""
    values_offset = 8 + 2 + len(texts) * _ENTRY_BYTES + 4
    entries, values = b"", b""
    for tag, text in sorted(texts.items()):
        value = text + b"\0"
        value_field = (
            struct.pack("<I", values_offset + len(values))
            if len(value) > _INLINE_BYTES
            else value.ljust(_INLINE_BYTES, b"\0")
        )
        entries += struct.pack("<HHI", tag, _ASCII, len(value)) + value_field
        if len(value) > _INLINE_BYTES:
            values += value + b"\0" * (len(value) % 2)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(texts)) + entries + bytes(4) + values
