"""EXIF and XMP of an original made fit for a result.

Knows where EXIF keeps the orientation (a TIFF directory, CIPA DC-008 §4.5). Reads what strangers wrote: short and linear.
"""

from dataclasses import dataclass
from typing import Literal

_PREFIX = b"Exif\0\0"
_ORIENTATION_TAG = 274
_ENTRY_BYTES = 12


@dataclass(frozen=True, slots=True)
class Kept:
    """What goes along into the result: EXIF as a bare TIFF block, and XMP; empty for none."""

    exif: bytes = b""
    xmp: bytes = b""


def upright(exif: bytes) -> bytes:
    """The EXIF block saying that nothing needs to be turned any more; empty if it cannot be read."""
    block = bytearray(exif.removeprefix(_PREFIX))
    order = {b"II": "little", b"MM": "big"}.get(bytes(block[:2]))
    if order is None:
        return b""
    return bytes(block) if _straighten(block, "little" if order == "little" else "big") else b""


def _straighten(block: bytearray, order: Literal["little", "big"]) -> bool:
    """Set the orientation in the first directory to 1, if it is there; False if the directory is not all there."""
    start = int.from_bytes(block[4:8], order)
    count = int.from_bytes(block[start : start + 2], order)
    end = start + 2 + count * _ENTRY_BYTES
    if not count or end > len(block):
        return False
    for at in range(start + 2, end, _ENTRY_BYTES):
        if int.from_bytes(block[at : at + 2], order) == _ORIENTATION_TAG:
            block[at + 8 : at + 10] = (1).to_bytes(2, order)
    return True
