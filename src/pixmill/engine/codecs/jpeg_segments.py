"""Rebuilds the headers and ends of damaged JPEGs, which browsers read and Pillow's parser refuses.

Knows the markers of ITU-T T.81 annex B; must never know pixels. Parses untrusted data: short, linear, bounded.
"""

import re
from typing import Final

START_OF_IMAGE: Final = b"\xff\xd8"
END_OF_IMAGE: Final = b"\xff\xd9"
_START_OF_SCAN: Final = 0xDA
_SEGMENT: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""A marker that begins a segment: not a stuffed zero, TEM, RST0 to RST7, SOI or a fill byte."""

_MIN_SEGMENT_LENGTH: Final = 4

_MIN_SEGMENT_BYTES: Final = {0xE0: 16, 0xEE: 14}
"""The whole length of APP0 (JFIF) and APP14 (Adobe), with the marker: shorter ones are ignored by libjpeg."""

_KEPT_APPLICATION_SEGMENTS: Final = (0xE0, 0xE1, 0xE2, 0xEE)
"""JFIF, EXIF and XMP, ICC profile, Adobe: others do not affect what is shown."""

_APPLICATION_SEGMENTS: Final = range(0xE0, 0xF0)
_FRAME: Final = re.compile(rb"\xff[\xc0-\xc3\xc9-\xcb].{7}", re.DOTALL)
"""A start of frame, up to the number of its components."""

_PROGRESSIVE: Final = (0xC2, 0xCA)
_SCAN: Final = re.compile(rb"\xff\xda..[\x01-\x04]", re.DOTALL)
"""A start of scan, with the number of its components."""

_COEFFICIENTS: Final = 64
_SCAN_PARAMETERS: Final = 3
_MAX_SEGMENTS: Final = 10_000
_MAX_SEGMENT_BYTES: Final = 2 + 65_535


def rebuild_header(source: memoryview) -> bytes:
    """Return the file without what lies between its segments before the first scan, and without broken segments.

    Raises ValueError if there is no scan.
    """
    data, out, at = bytes(source), bytearray(START_OF_IMAGE), len(START_OF_IMAGE)
    for _ in range(_MAX_SEGMENTS):
        found = _SEGMENT.search(data, at)
        if found is None:
            break
        at, marker = found.start(), data[found.start() + 1]
        if marker == _START_OF_SCAN:
            return bytes(out + data[at:])
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end < at + _MIN_SEGMENT_LENGTH:
            break
        if _is_kept(marker, end - at):
            out += data[at:end]
        at = end
    raise ValueError("No scan")


def without_partial_segment(data: bytes) -> bytes:
    """Return a file that is cut off without its last segment if that is not whole, and without half a marker."""
    last = None
    for found in _SEGMENT.finditer(data, max(0, len(data) - _MAX_SEGMENT_BYTES)):
        last = found
    if last and last.start() + 2 + int.from_bytes(data[last.start() + 2 : last.start() + 4]) > len(data):
        data = data[: last.start()]
    return data.rstrip(b"\xff")


def has_all_scans(data: bytes) -> bool:
    """Whether the scans of a file contain all coefficients of all components, to the last bit.

    A marker cannot be part of coded data, where 0xFF is followed by a zero.
    """
    frame = next(_FRAME.finditer(data), None)
    if frame is None:
        return False
    count, is_progressive = int.from_bytes(data[frame.end() : frame.end() + 1]), frame[0][1] in _PROGRESSIVE
    missing = {number: set(range(_COEFFICIENTS)) for number in data[frame.end() + 1 : frame.end() + 1 + 3 * count : 3]}
    for scan in _SCAN.finditer(data):
        start, components = scan.end(), data[scan.end() - 1]
        parameters = data[start + 2 * components : start + 2 * components + 3]
        if len(parameters) < _SCAN_PARAMETERS or (is_progressive and parameters[2] & 0x0F):  # not the last bit (Al)
            continue
        sent = range(parameters[0], parameters[1] + 1) if is_progressive else range(_COEFFICIENTS)
        for number in data[start : start + 2 * components : 2]:
            missing.get(number, set()).difference_update(sent)
    return not any(missing.values())


def _is_kept(marker: int, length: int) -> bool:
    if marker in _APPLICATION_SEGMENTS and marker not in _KEPT_APPLICATION_SEGMENTS:
        return False
    return length >= _MIN_SEGMENT_BYTES.get(marker, 0)
