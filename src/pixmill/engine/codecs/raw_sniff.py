"""Detects camera raw files among TIFFs by the tags of the first directory.

Knows tags of TIFF, DNG and manufacturers. Parses untrusted data: short, linear, never raises.
"""

import struct
from typing import Final

_ENTRY_BYTES: Final = 12
_MAX_ENTRIES: Final = 500
_SHORT: Final = 3
_SUBFILE_TYPE, _COMPRESSION, _PHOTOMETRIC, _SUB_IFDS, _DNG_VERSION = 254, 259, 262, 330, 50706
_REDUCED_IMAGE: Final = 1
_RAW_PHOTOMETRICS: Final = (32803, 34892)
"""Photometric interpretations of DNG: CFA, LinearRaw."""
_RAW_COMPRESSIONS: Final = (32767, 34713, 65535)
"""Compressions of Sony, Nikon and Pentax."""
_CR2_SIGNATURE: Final = b"CR\x02"


def is_raw(source: memoryview) -> bool:
    """Detect DNG by its version, CR2 by its signature.

    Others have a reduced image first and the sensor data in sub-IFDs.
    """
    if bytes(source[8:11]) == _CR2_SIGNATURE:
        return True
    tags = _first_directory(source)
    return (
        _DNG_VERSION in tags
        or tags.get(_COMPRESSION) in _RAW_COMPRESSIONS
        or tags.get(_PHOTOMETRIC) in _RAW_PHOTOMETRICS
        or (tags.get(_SUBFILE_TYPE) == _REDUCED_IMAGE and _SUB_IFDS in tags)
    )


def _first_directory(source: memoryview) -> dict[int, int]:
    """The tags of the first directory with their inline values; empty for BigTIFF."""
    byte_order = "<" if bytes(source[:2]) == b"II" else ">"
    try:
        (start,) = struct.unpack_from(byte_order + "I", source, 4)
        (count,) = struct.unpack_from(byte_order + "H", source, start)
        tags = {}
        for number in range(min(count, _MAX_ENTRIES)):
            at = start + 2 + number * _ENTRY_BYTES
            tag, kind = struct.unpack_from(byte_order + "HH", source, at)
            (tags[tag],) = struct.unpack_from(byte_order + ("H" if kind == _SHORT else "I"), source, at + 8)
    except struct.error:
        return {}
    return tags
