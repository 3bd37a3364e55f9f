"""EXIF and XMP blocks: their size limit, and the orientation tag, which is read and reset.

Knows the TIFF directory of EXIF (CIPA DC-008 §4.5). Parses untrusted data: short and linear.
"""

from dataclasses import dataclass
from typing import Literal

_PREFIX = b"Exif\0\0"
ORIENTATION_TAG = 274
_ENTRY_BYTES = 12
_MAX_METADATA_BYTES = 2**20
"""Larger blocks are not carried into results."""

ByteOrder = Literal["little", "big"]


@dataclass(frozen=True, slots=True)
class RetainedMetadata:
    """The metadata to embed in the result: EXIF as a bare TIFF block, and XMP; empty if absent."""

    exif: bytes = b""
    xmp: bytes = b""


def metadata_if_small(metadata: object) -> bytes:
    """Return a metadata block, or nothing if it is too large."""
    return metadata if isinstance(metadata, bytes) and len(metadata) <= _MAX_METADATA_BYTES else b""


def exif_orientation(exif: bytes) -> int:
    """Read the orientation, 1 to 8; 1 if it is absent or invalid."""
    block, byte_order = _tiff_block(exif)
    for at in _entry_offsets(block, byte_order):
        if int.from_bytes(block[at : at + 2], byte_order) == ORIENTATION_TAG:
            value = int.from_bytes(block[at + 8 : at + 10], byte_order)
            return value if value in range(1, 9) else 1
    return 1


def reset_orientation(exif: bytes) -> bytes:
    """Set the orientation to 1, for pixels that are already upright; empty if the block cannot be parsed."""
    block, byte_order = _tiff_block(exif)
    entries = _entry_offsets(block, byte_order)
    for at in entries:
        if int.from_bytes(block[at : at + 2], byte_order) == ORIENTATION_TAG:
            block[at + 8 : at + 10] = (1).to_bytes(2, byte_order)
    return bytes(block) if entries else b""


def _tiff_block(exif: bytes) -> tuple[bytearray, ByteOrder]:
    """The TIFF block and its byte order."""
    block = bytearray(exif.removeprefix(_PREFIX))
    return block, "big" if block.startswith(b"MM") else "little"


def _entry_offsets(block: bytearray, byte_order: ByteOrder) -> range:
    """The offsets of the entries of the first directory; empty if it is truncated."""
    start = int.from_bytes(block[4:8], byte_order)
    count = int.from_bytes(block[start : start + 2], byte_order)
    first, end = start + 2, start + 2 + count * _ENTRY_BYTES
    is_complete = block.startswith((b"II", b"MM")) and end <= len(block)
    return range(first, end if is_complete else first, _ENTRY_BYTES)
