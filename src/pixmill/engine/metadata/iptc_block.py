"""Reads and rewrites IPTC (IIM 4.2): datasets of record 2, and the Photoshop resources that contain them in JPEG.

A dataset is a marker, record, number, two bytes of length, and the value. Parses untrusted data: once from left to
right, bounded in datasets.
"""

from collections.abc import Callable, Iterator
from typing import Final

TextFilter = Callable[[str], bool]
"""Whether a text may stay."""

Dataset = tuple[int, int, bytes]
"""Record, number, value."""

BY_LINE: Final = 80
COPYRIGHT_NOTICE: Final = 116

_MAX_DATASETS: Final = 200
_DATASET_MARKER: Final = 0x1C
_EXTENDED_LENGTH_BIT: Final = 0x8000
"""Marks an extended length, the length of a length; no text needs one."""

_APPLICATION_RECORD: Final = 2
_UTF8_ESCAPE: Final = b"\x1b%G"
_UTF8_CHARSET: Final = (1, 90, _UTF8_ESCAPE)
_VERSION: Final = (2, 0, b"\0\4")

PLACE_NAMES: Final = {
    26: "ContentLocationCode",
    27: "ContentLocationName",
    90: "City",
    92: "Sub-location",
    95: "Province-State",
    100: "Country-PrimaryLocationCode",
    101: "Country-PrimaryLocationName",
}
"""Datasets that tell a place, by ExifTool's names."""

DETAIL_NAMES: Final = {
    5: "ObjectName",
    7: "EditStatus",
    10: "Urgency",
    12: "SubjectReference",
    15: "Category",
    20: "SupplementalCategories",
    25: "Keywords",
    40: "SpecialInstructions",
    55: "DateCreated",
    60: "TimeCreated",
    62: "DigitalCreationDate",
    63: "DigitalCreationTime",
    65: "OriginatingProgram",
    70: "ProgramVersion",
    80: "By-line",
    85: "By-lineTitle",
    103: "OriginalTransmissionReference",
    105: "Headline",
    110: "Credit",
    115: "Source",
    116: "CopyrightNotice",
    118: "Contact",
    120: "Caption-Abstract",
    122: "Writer-Editor",
}
"""Datasets that tell no place. Not among them: previews, sound, orientation and the image description of record 3."""

CREDITS: Final = frozenset((80, 85, 110, 115, 116, 122))
"""Names of people and rights, which stay if they contain the name of a place."""

_PHOTOSHOP: Final = b"Photoshop 3.0\0"
_RESOURCE: Final = b"8BIM\x04\x04\0\0"
"""Signature, number (1028) and empty name of the image resource for IPTC."""

_MAX_BYTES: Final = 60_000


def iter_datasets(block: bytes) -> Iterator[Dataset]:
    """Yield the datasets in front of the first damaged one."""
    offset = 0
    for _ in range(_MAX_DATASETS):
        header = block[offset : offset + 5]
        if len(header) < 5 or header[0] != _DATASET_MARKER:  # noqa: PLR2004 - the bytes in front of a value
            return
        size = int.from_bytes(header[3:])
        if size & _EXTENDED_LENGTH_BIT or offset + 5 + size > len(block):
            return
        yield header[1], header[2], block[offset + 5 : offset + 5 + size]
        offset += 5 + size


def read_texts(block: bytes, max_bytes: int = _MAX_BYTES) -> Iterator[tuple[int, str]]:
    """Yield number and text of the datasets of record 2, each cut after ``max_bytes``.

    UTF-8 is recognised without its escape sequence, which much software omits.
    """
    for record, number, value in iter_datasets(block):
        if record == _APPLICATION_RECORD and number:
            yield number, _decode(value, max_bytes)


def _decode(value: bytes, max_bytes: int) -> str:
    try:
        return value.decode()[:max_bytes].encode()[:max_bytes].decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return value[:max_bytes].decode("latin-1")


def rewrite_iptc(block: bytes, *, location: bool, allow_text: TextFilter) -> bytes:
    """Build a block of the known datasets, in UTF-8; empty if none is left.

    ``location``: with those that tell a place. ``allow_text`` decides about texts other than credits.
    """
    kept = [
        (_APPLICATION_RECORD, number, text.encode())
        for number, text in read_texts(block)
        if (number in DETAIL_NAMES and (number in CREDITS or allow_text(text))) or (location and number in PLACE_NAMES)
    ]
    return encode_datasets(kept)


def encode_datasets(datasets: list[Dataset]) -> bytes:
    """Encode datasets of record 2 in UTF-8 with what must precede them; empty for none."""
    if not datasets:
        return b""
    encoded = (
        bytes((_DATASET_MARKER, record, number)) + len(value).to_bytes(2) + value
        for record, number, value in (_UTF8_CHARSET, _VERSION, *datasets)
        if len(value) < _EXTENDED_LENGTH_BIT
    )
    block = b"".join(encoded)
    return block if len(block) <= _MAX_BYTES else b""


def photoshop_segment(block: bytes) -> bytes:
    """Wrap a block as the content of a JPEG's APP13 segment; empty for none."""
    if not block:
        return b""
    return _PHOTOSHOP + _RESOURCE + len(block).to_bytes(4) + block + b"\0" * (len(block) % 2)
