"""Recognises TIFF, BMP and ICO files without metadata, which is not exchanged in them.

Knows tags, headers and directories. In doubt, and where bytes are left that nothing refers to, a file counts as one
with metadata. Parses untrusted data: one pass, bounded.
"""

import struct
from typing import Final

from pixmill.engine.codecs.dib import FILE_HEADER_BYTES, read_dib
from pixmill.engine.codecs.lossless.chunks_filter import replace_png_metadata
from pixmill.engine.codecs.lossless.covered_bytes import CoveredBytes
from pixmill.engine.codecs.metadata import NO_METADATA
from pixmill.engine.codecs.png_chunks import SIGNATURE
from pixmill.engine.metadata.exif_block import ByteOrder
from pixmill.errors import UndecodableImage

_SUBFILE_TYPE: Final = 254
_COMPRESSION: Final = 259
_JPEG_COMPRESSIONS: Final = (6, 7)
_DATA_TAGS: Final = {273: 279, 324: 325}
"""Offsets of strips and tiles, and their lengths."""

_READ_TAGS: Final = (*_DATA_TAGS, *_DATA_TAGS.values(), _SUBFILE_TYPE, _COMPRESSION)
_INLINE_BYTES: Final = 4
_TIFF_TAGS: Final = frozenset(
    (
        *(_SUBFILE_TYPE, 256, 257, 258, _COMPRESSION, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282),
        *(283, 284, 286, 287, 290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 332, 334),
        *(336, 338, 339, 340, 341, 529, 530, 531, 532, 34_675),
    )
)
"""Tags without which the pixels are not the same, and the resolution."""

_TIFF_TYPE_BYTES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_CLASSIC_TIFF: Final = (b"II*\0", b"MM\0*")
_TIFF_HEADERS: Final = (b"II*\0\x08", b"MM\0*\0\0\0\x08")
"""Between the pages that Pillow writes, without zeros at the end."""

_TIFF_HEADER_BYTES: Final = 8
_MAX_DIRECTORIES: Final = 1_000
_MAX_STRIPS: Final = 100_000

_BMP_LINKED_OR_EMBEDDED: Final = (b"KNIL", b"DEBM")
_BMP_COLOUR_SPACE_AT: Final = FILE_HEADER_BYTES + 56
_BMP_V4_BYTES: Final = 108
_RUN_LENGTHS: Final = (1, 2, 4)

_ICO_HEADER: Final = struct.Struct("<HHH")
_ICO_ENTRY: Final = struct.Struct("<BBBBHHII")


class _HasMetadata(Exception):
    """A tag that is not structural, or too many entries."""


def is_plain_tiff(source: memoryview) -> bool:
    """Whether all directories of a TIFF have structural tags only, none is a reduced image, and nothing else is left.

    Strips of JPEG are files of their own, and count as metadata.
    """
    try:
        return bytes(source[:4]) in _CLASSIC_TIFF and _TiffDirectories(source).are_all()
    except _HasMetadata:
        return False


class _TiffDirectories:
    """The directories of a file, and the bytes that they refer to."""

    def __init__(self, source: memoryview) -> None:
        self._source = source
        self._byte_order: ByteOrder = "little" if bytes(source[:2]) == b"II" else "big"
        self._covered = CoveredBytes()
        self._covered.add(0, _TIFF_HEADER_BYTES)
        self._strips_left = _MAX_STRIPS

    def are_all(self) -> bool:
        """Whether they refer to all bytes. Raises _HasMetadata."""
        at, visited = self._uint(4, 4), set[int]()
        while at and at not in visited and len(visited) < _MAX_DIRECTORIES:
            visited.add(at)
            entries = self._uint(at, 2)
            if entries > len(_TIFF_TAGS):
                raise _HasMetadata
            end = at + 2 + 12 * entries
            self._covered.add(at, end + 4 - at)
            self._check_directory(dict(self._entry(place) for place in range(at + 2, end, 12)))
            at = self._uint(end, 4)
        return not at and not self._covered.gap_bytes(self._source, 0, len(self._source), _TIFF_HEADERS)

    def _check_directory(self, values: dict[int, list[int]]) -> None:
        is_reduced = bool(values.get(_SUBFILE_TYPE, [0])[0] & 1)
        if is_reduced or values.get(_COMPRESSION, [1])[0] in _JPEG_COMPRESSIONS:
            raise _HasMetadata
        for offsets, lengths in _DATA_TAGS.items():
            for start, length in zip(values.get(offsets, ()), values.get(lengths, ()), strict=False):
                self._covered.add(start, length)

    def _entry(self, place: int) -> tuple[int, list[int]]:
        """Return the tag of an entry, and its values if they matter."""
        tag, kind, count = self._uint(place, 2), self._uint(place + 2, 2), self._uint(place + 4, 4)
        step = _TIFF_TYPE_BYTES.get(kind, 0)
        size = step * count
        if tag not in _TIFF_TAGS or not size:
            raise _HasMetadata
        value_at = self._uint(place + 8, 4) if size > _INLINE_BYTES else place + 8
        self._covered.add(value_at, size)
        if tag not in _READ_TAGS:
            return tag, []
        self._strips_left -= count
        if self._strips_left < 0 or value_at + size > len(self._source):
            raise _HasMetadata
        return tag, [self._uint(value, step) for value in range(value_at, value_at + size, step)]

    def _uint(self, at: int, size: int) -> int:
        """Read an integer; beyond the end, bytes count as missing."""
        return int.from_bytes(self._source[at : at + size], self._byte_order)


def is_plain_bmp(source: memoryview) -> bool:
    """Whether a bitmap has nothing between its palette and its pixels or behind them, and no path or ICC profile.

    What is behind the last run of a compressed bitmap is not known; it counts as one with metadata.
    """
    try:
        dib = read_dib(source[FILE_HEADER_BYTES:])
    except (UndecodableImage, struct.error, ValueError):
        return False
    header_bytes = int.from_bytes(source[FILE_HEADER_BYTES : FILE_HEADER_BYTES + 4], "little")
    has_profile = (
        header_bytes >= _BMP_V4_BYTES
        and bytes(source[_BMP_COLOUR_SPACE_AT : _BMP_COLOUR_SPACE_AT + 4]) in _BMP_LINKED_OR_EMBEDDED
    )
    pixels_at = int.from_bytes(source[10:14], "little")
    gap = source[FILE_HEADER_BYTES + dib.end : max(pixels_at, FILE_HEADER_BYTES + dib.end)]
    rest = source[pixels_at + dib.row_bytes * dib.size.height :]
    return (
        not has_profile
        and dib.compression not in _RUN_LENGTHS
        and not bytes(gap).strip(b"\0")
        and not bytes(rest).strip(b"\0")
    )


def is_plain_ico(source: memoryview) -> bool:
    """Whether an icon has nothing but bitmaps and PNGs without metadata."""
    covered = CoveredBytes()
    try:
        _, _, count = _ICO_HEADER.unpack_from(source)
        entries = [_ICO_ENTRY.unpack_from(source, _ICO_HEADER.size + at * _ICO_ENTRY.size) for at in range(count)]
    except struct.error:
        return False
    covered.add(0, _ICO_HEADER.size + count * _ICO_ENTRY.size)
    for offset, size in {(entry[-1], entry[-2]) for entry in entries}:
        image = source[offset : offset + size]
        if not (_is_plain_png(image) if bytes(image[:8]) == SIGNATURE else _is_plain_icon_bitmap(image)):
            return False
        covered.add(offset, size)
    return not covered.gap_bytes(source, 0, len(source))


def _is_plain_png(image: memoryview) -> bool:
    return replace_png_metadata(image, NO_METADATA) == bytes(image)


def _is_plain_icon_bitmap(image: memoryview) -> bool:
    """Whether nothing is behind the mask of an icon's bitmap."""
    try:
        dib = read_dib(image, is_icon=True)
    except (UndecodableImage, struct.error, ValueError):
        return False
    mask_row_bytes = (dib.size.width + 31) // 32 * 4
    rest = image[dib.end + (dib.row_bytes + mask_row_bytes) * dib.size.height :]
    return not bytes(rest).strip(b"\0")
