"""Whether a TIFF is what a camera wrote before any picture was made of it, by the tags of its first directory.

Knows tags of TIFF, DNG and makers. Reads what strangers wrote: short, linear, and never raises.
"""

import struct
from typing import Final

_ENTRY: Final = 12
_MAX_ENTRIES: Final = 500
_SHORT: Final = 3
_SUBFILE, _COMPRESSION, _PHOTOMETRIC, _SUB_DIRECTORIES, _DNG_VERSION = 254, 259, 262, 330, 50706
_REDUCED: Final = 1
_COLOUR_FILTERS: Final = (32803, 34892)
"""Photometric interpretations of DNG: CFA, LinearRaw."""
_PACKED: Final = (32767, 34713, 65535)
"""Compressions of Sony, Nikon and Pentax."""
_CANON: Final = b"CR\x02"


def is_raw(source: memoryview) -> bool:
    """A DNG says so; Canon has a mark of its own; others put a small copy first and the sensor's data below it."""
    if bytes(source[8:11]) == _CANON:
        return True
    tags = _tags(source)
    return (
        _DNG_VERSION in tags
        or tags.get(_COMPRESSION) in _PACKED
        or tags.get(_PHOTOMETRIC) in _COLOUR_FILTERS
        or (tags.get(_SUBFILE) == _REDUCED and _SUB_DIRECTORIES in tags)
    )


def _tags(source: memoryview) -> dict[int, int]:
    """The tags of the first directory with their numbers, where these stand beside them; nothing of a BigTIFF."""
    order = "<" if bytes(source[:2]) == b"II" else ">"
    try:
        (start,) = struct.unpack_from(order + "I", source, 4)
        (count,) = struct.unpack_from(order + "H", source, start)
        found = {}
        for number in range(min(count, _MAX_ENTRIES)):
            at = start + 2 + number * _ENTRY
            tag, kind = struct.unpack_from(order + "HH", source, at)
            (found[tag],) = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), source, at + 8)
    except struct.error:
        return {}
    return found
