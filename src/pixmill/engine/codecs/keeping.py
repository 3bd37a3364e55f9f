"""What of an original's EXIF and XMP may go into a result, for each word of ``metadata=``.

Where a picture was taken goes along for ``all`` only: the GPS directory is blanked in EXIF, and XMP that speaks of GPS at all is left
out. For ``copyright`` a block is made of nothing but who holds the rights and who made the picture, from EXIF, else from XMP.
Knows directories of EXIF (CIPA DC-008 §4.6) and names of XMP. Reads what strangers wrote: short and linear; what
cannot be read does not go along.
"""

import re
import struct
from collections.abc import Iterator
from html import unescape
from typing import Final, Literal

from pixmill.engine.codecs.metadata import Kept, upright
from pixmill.plan.output import Metadata

_ARTIST: Final = 315
_COPYRIGHT: Final = 33432
_GPS: Final = 34853
_ENTRY: Final = 12
_INLINE: Final = 4
_ASCII: Final = 2
_WIDTHS: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_MAX_TEXT: Final = 2_000
_TAG_OF_XML: Final = re.compile(rb"<[^>]*>")
_XMP_NAMES: Final = {_ARTIST: b"dc:creator", _COPYRIGHT: b"dc:rights"}

Order = Literal["little", "big"]


def keeping(policy: Metadata, exif: bytes, xmp: bytes) -> Kept:
    """What goes along into the result."""
    match policy:
        case Metadata.STRIP:
            return Kept()
        case Metadata.ALL:
            return Kept(upright(exif), xmp)
        case Metadata.KEEP:
            return Kept(_nowhere(upright(exif)), b"" if b"gps" in xmp.replace(b"\0", b"").lower() else xmp)
        case Metadata.COPYRIGHT:
            block = upright(exif)
            texts = {tag: _text(block, tag) or _said(xmp, name) for tag, name in _XMP_NAMES.items()}
            return Kept(_written({tag: text for tag, text in texts.items() if text}))


def _nowhere(exif: bytes) -> bytes:
    """An EXIF block without its GPS directory; empty where that cannot be found or does not end."""
    block = bytearray(exif)
    try:
        for start in _directories(block):
            for at in _entries(block, start):
                if _number(block, at, 2) == _GPS:
                    _blank(block, _number(block, at + 8, 4))
    except (struct.error, IndexError):
        return b""
    return bytes(block)


def _blank(block: bytearray, start: int) -> None:
    """A directory without entries, its values gone too."""
    for at in list(_entries(block, start)):
        length = _WIDTHS.get(_number(block, at + 2, 2), 1) * _number(block, at + 4, 4)
        if length > _INLINE:
            value = _number(block, at + 8, 4)
            block[value : value + length] = bytes(len(block[value : value + length]))
        block[at : at + _ENTRY] = bytes(_ENTRY)
    block[start : start + 2] = bytes(2)


def _directories(block: bytearray) -> Iterator[int]:
    """Where the directories of the picture and of its thumbnail begin."""
    if not block:
        return
    first = _number(block, 4, 4)
    yield first
    second = _number(block, first + 2 + _number(block, first, 2) * _ENTRY, 4)
    if second:
        yield second


def _entries(block: bytearray, start: int) -> Iterator[int]:
    for number in range(_number(block, start, 2)):
        yield start + 2 + number * _ENTRY


def _number(block: bytearray, at: int, length: int) -> int:
    """Raises IndexError beyond the end."""
    if at + length > len(block):
        raise IndexError
    order: Order = "little" if block[:2] == b"II" else "big"
    return int.from_bytes(block[at : at + length], order)


def _text(exif: bytes, tag: int) -> bytes:
    """A text of the first directory; empty without one."""
    block = bytearray(exif)
    try:
        for at in _entries(block, _number(block, 4, 4)) if block else ():
            if _number(block, at, 2) == tag and _number(block, at + 2, 2) == _ASCII:
                length = _number(block, at + 4, 4)
                where = at + 8 if length <= _INLINE else _number(block, at + 8, 4)
                return bytes(block[where : where + min(length, _MAX_TEXT)]).strip(b"\0 ")
    except IndexError:
        pass
    return b""


def _said(xmp: bytes, name: bytes) -> bytes:
    """The text of an element of XMP; empty without one."""
    _, _, rest = xmp.partition(b"<" + name + b">")
    inside, end, _ = rest.partition(b"</" + name + b">")
    if not end:
        return b""
    texts = (text.strip() for text in _TAG_OF_XML.split(inside[: 4 * _MAX_TEXT]))
    text = b", ".join(text for text in texts if text).decode(errors="replace")
    return unescape(text).encode()[:_MAX_TEXT]


def _written(texts: dict[int, bytes]) -> bytes:
    """An EXIF block of one directory; empty for no texts. UTF-8 stands where ASCII should, as everybody does it."""
    if not texts:
        return b""
    values_at = 8 + 2 + len(texts) * _ENTRY + 4
    entries, values = b"", b""
    for tag, text in sorted(texts.items()):
        value = text + b"\0"
        place = struct.pack("<I", values_at + len(values)) if len(value) > _INLINE else value.ljust(_INLINE, b"\0")
        entries += struct.pack("<HHI", tag, _ASCII, len(value)) + place
        if len(value) > _INLINE:
            values += value + b"\0" * (len(value) % 2)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(texts)) + entries + bytes(4) + values
