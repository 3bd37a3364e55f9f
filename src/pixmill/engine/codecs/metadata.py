"""Blocks of metadata: their size limit, and the orientation tag of EXIF.

Must never know formats.
"""

from dataclasses import dataclass
from typing import Final

from pixmill.engine.metadata.exif_block import ExifReader
from pixmill.engine.metadata.exif_tags import ORIENTATION

ORIENTATION_TAG: Final = ORIENTATION
_SHORT: Final = 3
_MAX_METADATA_BYTES: Final = 2**20
"""Larger blocks are not carried into results."""


@dataclass(frozen=True, slots=True)
class RetainedMetadata:
    """The metadata to embed in the result: EXIF as a bare TIFF block, an XMP packet, IPTC datasets; empty if absent."""

    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""


NO_METADATA: Final = RetainedMetadata()


def metadata_if_small(metadata: object) -> bytes:
    """Return a metadata block, or nothing if it is too large."""
    return metadata if isinstance(metadata, bytes) and len(metadata) <= _MAX_METADATA_BYTES else b""


def exif_orientation(exif: bytes) -> int:
    """Read the orientation, 1 to 8; 1 if it is absent or invalid."""
    reader = ExifReader(exif)
    for entry in reader.directory() if exif else ():
        if entry.tag == ORIENTATION_TAG and entry.type == _SHORT:
            value = int.from_bytes(entry.value[:2], reader.byte_order)
            return value if value in range(1, 9) else 1
    return 1
