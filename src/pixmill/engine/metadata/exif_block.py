"""Rewrites EXIF: builds a new block of allowed tags, so that nothing between or behind them is copied.

Knows the TIFF directories of EXIF (CIPA DC-008 §4.5), of files up to 4 GiB; nothing of BigTIFF. Parses untrusted data:
linear, bounded in entries, in the bytes of a value, and in the bytes of all values, since directories may share them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pixmill.engine.metadata.exif_tags import (
    CREDIT_TAGS,
    EXIF_DIRECTORY,
    EXPOSURE_TAGS,
    GPS_DIRECTORY,
    GPS_TAGS,
    IMAGE_TAGS,
    ORIENTATION,
)

ByteOrder = Literal["little", "big"]
TextFilter = Callable[[str], bool]
"""Whether a text may stay."""

_PREFIX: Final = b"Exif\0\0"
_ENTRY_BYTES: Final = 12
_INLINE_BYTES: Final = 4
_HEADER_BYTES: Final = 8
_MAX_ENTRIES: Final = 1_000
_MAX_VALUE_BYTES: Final = 32_768
_MAX_BYTES: Final = 60_000
"""A JPEG segment holds 65,533."""

_BYTE, _ASCII, _SHORT, _LONG, _UNDEFINED, _UTF8 = 1, 2, 3, 4, 7, 129
_TEXT_TYPES: Final = (_ASCII, _UTF8)
_ONE_BYTE_TYPES: Final = (_BYTE, _ASCII, _UNDEFINED, _UTF8)
_TYPE_BYTES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 129: 1}
_USER_COMMENT: Final = 37_510
_USER_COMMENT_CODE_BYTES: Final = 8
_COMMENT_CODES: Final = (b"ASCII", b"UNICODE", b"JIS", b"")
_MAX_NUMBERS_BYTES: Final = 64
"""The longest are the four fractions of LensSpecification."""


@dataclass(frozen=True, slots=True)
class ExifEntry:
    """A tag with its type, number of values, and encoded values in the byte order of the block."""

    tag: int
    type: int
    count: int
    value: bytes


def rewrite_exif(exif: bytes | memoryview, *, location: bool, allow_text: TextFilter) -> bytes:
    """Build a block of the allowed tags, oriented upright; empty if nothing is left or can be parsed.

    ``location``: with the GPS directory. ``allow_text`` decides about texts other than credits.
    """
    reader = ExifReader(exif)
    directories = {
        EXIF_DIRECTORY: _filter(reader.directory(EXIF_DIRECTORY), EXPOSURE_TAGS, allow_text),
        GPS_DIRECTORY: _filter(reader.directory(GPS_DIRECTORY), GPS_TAGS, _anything) if location else [],
    }
    image = _filter(reader.directory(), IMAGE_TAGS, allow_text)
    image = [_upright(entry, reader.byte_order) if entry.tag == ORIENTATION else entry for entry in image]
    return build_exif(image, {tag: entries for tag, entries in directories.items() if entries}, reader.byte_order)


def with_orientation(exif: bytes, orientation: int) -> bytes:
    """Return a block that ``rewrite_exif`` built with this orientation; unchanged if that is 1."""
    if orientation == 1:
        return exif
    reader = ExifReader(exif)
    entry = ExifEntry(ORIENTATION, _SHORT, 1, orientation.to_bytes(2, reader.byte_order))
    image = [other for other in reader.directory() if other.tag not in (ORIENTATION, EXIF_DIRECTORY, GPS_DIRECTORY)]
    directories = {tag: entries for tag in (EXIF_DIRECTORY, GPS_DIRECTORY) if (entries := reader.directory(tag))}
    return build_exif([*image, entry], directories, reader.byte_order)


class ExifReader:
    """Reads the entries of the directories of a block; what is damaged is left out."""

    def __init__(self, exif: bytes | memoryview) -> None:
        has_prefix = bytes(exif[: len(_PREFIX)]) == _PREFIX
        self._block = memoryview(exif)[len(_PREFIX) if has_prefix else 0 :]
        mark = bytes(self._block[:4])
        self._is_valid = mark in (b"II*\0", b"MM\0*")
        self.byte_order: ByteOrder = "big" if mark.startswith(b"MM") else "little"

    def directory(self, pointer: int = 0) -> list[ExifEntry]:
        """The entries of the first directory, or of the one that this tag of it points to."""
        if not self._is_valid:
            return []
        first = self._uint(4, 4)
        if not pointer:
            return list(self._entries(first))
        for entry in self._entries(first):
            if entry.tag == pointer and entry.type in (_LONG, 13) and entry.count == 1:
                return list(self._entries(int.from_bytes(entry.value, self.byte_order)))
        return []

    def _entries(self, start: int) -> Iterator[ExifEntry]:
        if start < _HEADER_BYTES:
            return
        for number in range(min(self._uint(start, 2), _MAX_ENTRIES)):
            at = start + 2 + number * _ENTRY_BYTES
            if at + _ENTRY_BYTES > len(self._block):
                return
            kind, count = self._uint(at + 2, 2), self._uint(at + 4, 4)
            size = _TYPE_BYTES.get(kind, 0) * count
            value_at = at + 8 if size <= _INLINE_BYTES else self._uint(at + 8, 4)
            if 0 < size <= _MAX_VALUE_BYTES and value_at + size <= len(self._block):
                yield ExifEntry(self._uint(at, 2), kind, count, bytes(self._block[value_at : value_at + size]))

    def _uint(self, at: int, size: int) -> int:
        """Read an integer; beyond the end, bytes count as missing."""
        return int.from_bytes(self._block[at : at + size], self.byte_order)


def entry_texts(entry: ExifEntry) -> list[str]:
    """Decode the text of an entry in all ways that programs do; empty if it has numbers.

    The type may be wrong, and the character code and byte order of a comment or of Windows' own tags too.
    """
    if entry.type not in _ONE_BYTE_TYPES or (entry.type not in _TEXT_TYPES and len(entry.value) <= _INLINE_BYTES):
        return []
    value = entry.value
    if entry.tag == _USER_COMMENT and value[:_USER_COMMENT_CODE_BYTES].strip(b"\0") in _COMMENT_CODES:
        value = value[_USER_COMMENT_CODE_BYTES:]
    return [_decode(value, encoding) for encoding in _encodings(value)]


def _encodings(value: bytes) -> tuple[str, ...]:
    """The encodings that a text may have: wide ones are recognised by zeros, or are not ASCII."""
    if value.rstrip(b"\0").isascii() and b"\0" not in value.rstrip(b"\0"):
        return ("utf-8", "iso2022_jp") if b"\x1b" in value else ("utf-8",)
    return "utf-8", "latin-1", "cp932", "utf-16-le", "utf-16-be"


def text_entry(tag: int, text: bytes) -> ExifEntry:
    """Return a text; ASCII fields hold UTF-8, as is common practice."""
    return ExifEntry(tag, _ASCII, len(text) + 1, text + b"\0")


def build_exif(
    image: list[ExifEntry], directories: Mapping[int, list[ExifEntry]], byte_order: ByteOrder = "little"
) -> bytes:
    """Build a block of a first directory and those it points to; empty without entries."""
    if not image and not directories:
        return b""
    body = bytearray(_HEADER_BYTES)
    body[:4] = b"II*\0" if byte_order == "little" else b"MM\0*"
    body[4:8] = _HEADER_BYTES.to_bytes(4, byte_order)
    pointers = [ExifEntry(tag, _LONG, 1, bytes(4)) for tag in directories]
    pointer_at = _append_directory(body, [*image, *pointers], byte_order)
    for tag, entries in directories.items():
        body[pointer_at[tag] : pointer_at[tag] + 4] = len(body).to_bytes(4, byte_order)
        _append_directory(body, entries, byte_order)
    return bytes(body)


def _append_directory(body: bytearray, entries: list[ExifEntry], byte_order: ByteOrder) -> dict[int, int]:
    """Append a directory and its values; return where the value of each entry is."""
    distinct = {entry.tag: entry for entry in reversed(entries)}
    entries = sorted(_that_fit(distinct.values(), len(body)), key=_tag)
    value_at: dict[int, int] = {}
    head, values = bytearray(len(entries).to_bytes(2, byte_order)), bytearray()
    values_start = len(body) + 2 + len(entries) * _ENTRY_BYTES + 4
    for entry in entries:
        head += entry.tag.to_bytes(2, byte_order) + entry.type.to_bytes(2, byte_order)
        head += entry.count.to_bytes(4, byte_order)
        if len(entry.value) <= _INLINE_BYTES:
            value_at[entry.tag] = len(body) + len(head)
            head += entry.value.ljust(_INLINE_BYTES, b"\0")
        else:
            value_at[entry.tag] = values_start + len(values)
            head += value_at[entry.tag].to_bytes(4, byte_order)
            values += entry.value + b"\0" * (len(entry.value) % 2)
    body += head + bytes(4) + values
    return value_at


def _that_fit(entries: Iterable[ExifEntry], used_bytes: int) -> list[ExifEntry]:
    """Leave out the longest values if all would make the block too large."""
    kept, left = [], _MAX_BYTES - used_bytes
    for entry in sorted(entries, key=_value_bytes):
        size = _ENTRY_BYTES + len(entry.value)
        if size <= left:
            kept.append(entry)
            left -= size
    return kept


def _filter(entries: list[ExifEntry], allowed: frozenset[int], allow_text: TextFilter) -> list[ExifEntry]:
    return [
        entry
        for entry in entries
        if entry.tag in allowed
        and (entry.type in _ONE_BYTE_TYPES or len(entry.value) <= _MAX_NUMBERS_BYTES)
        and (entry.tag in CREDIT_TAGS or all(map(allow_text, entry_texts(entry))))
    ]


def _anything(_text: str) -> bool:
    return True


def _upright(entry: ExifEntry, byte_order: ByteOrder) -> ExifEntry:
    return ExifEntry(entry.tag, _SHORT, 1, (1).to_bytes(2, byte_order))


def _decode(value: bytes, encoding: str) -> str:
    return value.decode(encoding, "replace").strip("\0 ")


def _tag(entry: ExifEntry) -> int:
    return entry.tag


def _value_bytes(entry: ExifEntry) -> int:
    return len(entry.value)
