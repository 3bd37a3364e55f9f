"""Finds boxes of ISO base media files (ISO/IEC 14496-12 §4.2), such as AVIF and HEIC.

Parses untrusted data: short and linear; whatever is damaged is not found.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_MAX_BOXES = 1_000


@dataclass(frozen=True, slots=True)
class IsobmffBox:
    """The content of a box without its header, and its offset in the file."""

    offset: int
    data: memoryview

    def read_uint(self, offset: int, length: int = 4) -> int:
        """Read an integer; what lies beyond the end is missing from it."""
        return int.from_bytes(self.data[offset : offset + length])

    def after(self, start: int) -> "IsobmffBox":
        """The content from this offset on."""
        return IsobmffBox(self.offset + start, self.data[start:])


def find_box(box: IsobmffBox, *names: str) -> IsobmffBox | None:
    """Find the first box at this path of nested names."""
    for name in names:
        found = next((inner for kind, inner in boxes(box) if kind == name.encode()), None)
        if found is None:
            return None
        box = found
    return box


def boxes(box: IsobmffBox) -> Iterator[tuple[bytes, IsobmffBox]]:
    """Yield the name and content of each box in this one, at most 1,000."""
    at = 0
    for _ in range(_MAX_BOXES):
        length, kind, start = box.read_uint(at), bytes(box.data[at + 4 : at + 8]), 8
        if length == 1:  # a 64-bit length follows
            length, start = box.read_uint(at + 8, 8), 16
        if length == 0:  # up to the end
            length = len(box.data) - at
        if length < start or len(kind) < 4:  # noqa: PLR2004 - a name has four bytes
            return
        yield kind, IsobmffBox(box.offset + at + start, box.data[at + start : at + length])
        at += length
