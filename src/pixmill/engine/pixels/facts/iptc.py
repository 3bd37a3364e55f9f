"""IPTC (IIM 4.1, record 2) as names and texts.

Knows how datasets follow one another: a mark, record, number, two bytes of length, the value. Reads what strangers wrote:
once from left to right, and only so much of it.
"""

from collections.abc import Iterator
from typing import Final

MAX_BYTES: Final = 8_000
_MAX_DATASETS: Final = 200
_MAX_VALUE: Final = 2_000
_MARK: Final = 0x1C
_EXTENDED: Final = 0x8000
"""A length with this bit is that of a length; no text needs one."""

_CHARSET = (1, 90)
_UTF8 = b"\x1b%G"

_APPLICATION: Final = 2
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
"""Datasets by the names that people know from ExifTool."""


def iptc_of(block: bytes) -> dict[str, list[str]]:
    """The texts by name, in their order; several of one name are several."""
    told: dict[str, list[str]] = {}
    charset, room = "latin-1", MAX_BYTES
    for record, number, value in _datasets(block):
        if (record, number) == _CHARSET:
            charset = "utf-8" if value == _UTF8 else "latin-1"
        name = _NAMES.get(number) if record == _APPLICATION else None
        text = _text(value[:_MAX_VALUE], charset)
        if name is None or not text:
            continue
        room -= len(text.encode()) + len(name) + 8
        if room < 0:
            break
        told.setdefault(name, []).append(text)
    return told


def _datasets(block: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    for _ in range(_MAX_DATASETS):
        head = block[at : at + 5]
        if len(head) < 5 or head[0] != _MARK:  # noqa: PLR2004 - the bytes before a value
            return
        size = int.from_bytes(head[3:])
        if size & _EXTENDED or at + 5 + size > len(block):
            return
        yield head[1], head[2], block[at + 5 : at + 5 + size]
        at += 5 + size


def _text(value: bytes, charset: str) -> str:
    text = value.decode(charset, "replace")
    return "".join(char for char in text if char.isprintable() or char == "\n").strip()
