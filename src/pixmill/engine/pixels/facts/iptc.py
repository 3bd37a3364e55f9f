"""IPTC (IIM 4.1, record 2) as names and texts.

A dataset is a marker, record, number, two bytes of length, and the value. Reads untrusted data: once from left to
right, bounded in bytes.
"""

from collections.abc import Iterator
from typing import Final

MAX_BYTES: Final = 8_000
_MAX_DATASETS: Final = 200
_MAX_VALUE_BYTES: Final = 2_000
_DATASET_MARKER: Final = 0x1C
_EXTENDED_LENGTH_BIT: Final = 0x8000
"""Marks an extended length, the length of a length; no text needs one."""

_CHARSET_DATASET = (1, 90)
_UTF8_ESCAPE = b"\x1b%G"

_APPLICATION_RECORD: Final = 2
_NAMES: Final = {
    5: "ObjectName",
    7: "EditStatus",
    10: "Urgency",
    12: "SubjectReference",
    15: "Category",
    20: "SupplementalCategories",
    25: "Keywords",
    26: "ContentLocationCode",
    27: "ContentLocationName",
    40: "SpecialInstructions",
    55: "DateCreated",
    60: "TimeCreated",
    62: "DigitalCreationDate",
    63: "DigitalCreationTime",
    65: "OriginatingProgram",
    70: "ProgramVersion",
    80: "By-line",
    85: "By-lineTitle",
    90: "City",
    92: "Sub-location",
    95: "Province-State",
    100: "Country-PrimaryLocationCode",
    101: "Country-PrimaryLocationName",
    103: "OriginalTransmissionReference",
    105: "Headline",
    110: "Credit",
    115: "Source",
    116: "CopyrightNotice",
    118: "Contact",
    120: "Caption-Abstract",
    122: "Writer-Editor",
}
"""Dataset names as in ExifTool."""


def read_iptc(block: bytes) -> dict[str, list[str]]:
    """Return the texts by name, in file order; a repeated dataset has several."""
    texts: dict[str, list[str]] = {}
    charset, bytes_left = "latin-1", MAX_BYTES
    for record, number, value in _datasets(block):
        if (record, number) == _CHARSET_DATASET:
            charset = "utf-8" if value == _UTF8_ESCAPE else "latin-1"
        name = _NAMES.get(number) if record == _APPLICATION_RECORD else None
        text = _decode_text(value[:_MAX_VALUE_BYTES], charset)
        if name is None or not text:
            continue
        bytes_left -= len(text.encode()) + len(name) + 8
        if bytes_left < 0:
            break
        texts.setdefault(name, []).append(text)
    return texts


def _datasets(block: bytes) -> Iterator[tuple[int, int, bytes]]:
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


def _decode_text(value: bytes, charset: str) -> str:
    text = value.decode(charset, "replace")
    return "".join(char for char in text if char.isprintable() or char == "\n").strip()
