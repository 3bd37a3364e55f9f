"""EXIF as names and readable values, and the GPS location.

Reads untrusted data by Pillow, which never reads beyond the block. The output is bounded in bytes; tags that are not
meant for people (maker notes, thumbnails, strip offsets) are left out, and so is the location, which is a fact of its
own.
"""

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from PIL import ExifTags, Image

from pixmill.engine.metadata.exif_block import TextFilter
from pixmill.engine.metadata.exif_tags import CREDIT_TAGS
from pixmill.engine.pixels.facts.exif_labels import EXIF_LABELS
from pixmill.plan.facts import ExifValue, GpsLocation

MAX_BYTES: Final = 12_000
_MAX_VALUE_CHARS: Final = 1_000
_MAX_NUMBERS: Final = 16
_USER_COMMENT_CHARSETS = {b"ASCII\0\0\0": "utf-8", b"UNICODE\0": "utf-16", b"\0\0\0\0\0\0\0\0": "utf-8"}
"""The character code in front of a user comment (EXIF 2.32, tag 37510)."""

_EXCLUDED_TAGS = frozenset(
    (
        *("ExifOffset", "GPSInfo", "ExifInteroperabilityOffset", "MakerNote", "PrintImageMatching"),
        *("XMLPacket", "IPTCNAA", "ImageResources", "InterColorProfile", "ColorMap", "TransferFunction"),
        *("StripOffsets", "StripByteCounts", "TileOffsets", "TileByteCounts", "JPEGTables"),
        *("JpegIFOffset", "JpegIFByteCount", "Padding", "OffsetSchema"),
    )
)


def read_exif(exif: Image.Exif, *, allow_text: TextFilter) -> dict[str, ExifValue]:
    """Return the image and exposure tags by their standard names, without texts that must not be returned."""
    values: dict[str, ExifValue] = {}
    bytes_left = MAX_BYTES
    for tag, raw in (*_readable_items(exif), *_readable_items(exif.get_ifd(ExifTags.IFD.Exif))):
        name = ExifTags.TAGS.get(tag, "")
        value = _to_value(name, raw) if name and name not in _EXCLUDED_TAGS else None
        if isinstance(value, str) and tag not in CREDIT_TAGS and not allow_text(value):
            continue
        if value is not None and (size := _wire_bytes(name) + _wire_bytes(value)) <= bytes_left:
            values[name] = value
            bytes_left -= size
    return values


def read_gps(exif: Image.Exif) -> GpsLocation | None:
    """Return the location in degrees, north and east positive; None if latitude or longitude is missing."""
    tags = exif.get_ifd(ExifTags.IFD.GPSInfo)
    latitude = _degrees(tags, ExifTags.GPS.GPSLatitude, "S", 90)
    longitude = _degrees(tags, ExifTags.GPS.GPSLongitude, "W", 180)
    if latitude is None or longitude is None:
        return None
    return GpsLocation(latitude, longitude, _altitude(tags))


def _readable_items(tags: Mapping[int, Any]) -> Iterable[tuple[int, Any]]:
    """Yield tags with their values, without unreadable ones."""
    for tag in sorted(tags):
        with suppress(Exception):  # a broken value raises anything, and must not hide the others
            yield tag, tags[tag]


def _degrees(tags: Mapping[int, Any], tag: int, negative_ref: str, max_degrees: int) -> float | None:
    parts = tags.get(tag)
    if not isinstance(parts, tuple) or len(parts) != 3:  # noqa: PLR2004 - degrees, minutes and seconds
        return None
    numbers = [_number(part) for part in parts]
    if None in numbers:
        return None
    degrees = sum((number or 0) / 60**place for place, number in enumerate(numbers))
    sign = -1 if str(tags.get(tag - 1, "")).upper().startswith(negative_ref) else 1
    return round(sign * degrees, 7) if abs(degrees) <= max_degrees else None


def _altitude(tags: Mapping[int, Any]) -> float | None:
    """Return metres above sea level; the reference 1 is below (tag 5)."""
    metres = _number(tags.get(ExifTags.GPS.GPSAltitude))
    below = tags.get(ExifTags.GPS.GPSAltitudeRef) in (1, b"\x01")
    return None if metres is None else round(-metres if below else metres, 3)


def _to_value(name: str, raw: Any) -> ExifValue | None:
    if isinstance(raw, bytes):
        return _clean_text(_decode_bytes(name, raw))
    if isinstance(raw, str):
        return _clean_text(_repair_utf8(raw))
    if isinstance(raw, tuple):
        return _numbers(raw)
    number = _number(raw)
    labels = EXIF_LABELS.get(name, {})
    return None if number is None else labels.get(int(number), number)


def _numbers(raw: tuple[Any, ...]) -> ExifValue | None:
    numbers = [_number(part) for part in raw[: _MAX_NUMBERS + 1]]
    if None in numbers or not 0 < len(numbers) <= _MAX_NUMBERS:
        return None
    return tuple(number for number in numbers if number is not None)


def _number(raw: Any) -> int | float | None:
    """Return an integer if the number is whole; None for an invalid one, such as a fraction over 0."""
    try:
        number = float(raw)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else round(number, 9)


def _decode_bytes(name: str, raw: bytes) -> str:
    if name.startswith("XP"):  # Windows' own tags are UTF-16
        return raw.decode("utf-16-le", "replace")
    if name == "UserComment":
        return raw[8:].decode(_USER_COMMENT_CHARSETS.get(raw[:8], "utf-8"), "replace")
    return raw.decode("ascii", "replace") if raw.isascii() else ""


def _repair_utf8(text: str) -> str:
    """Decode as UTF-8, which nearly all software writes; Pillow reads Latin-1."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _clean_text(text: str) -> str | None:
    """Cut at the first NUL and drop control characters; None if nothing is left."""
    text = text.partition("\0")[0][:_MAX_VALUE_CHARS]
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text).strip() or None


def _wire_bytes(value: object) -> int:
    """Return the maximum number of encoded bytes."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace")) + 5
    return 9 * (len(value) if isinstance(value, tuple) else 1) + 5
