"""Recognises files without metadata in formats whose metadata cannot be exchanged: AVIF, HEIC, TIFF, ICO.

Knows box types and tags. In doubt a file counts as one with metadata. Parses untrusted data: one pass, bounded.
"""

from typing import Final

from pixmill.engine.metadata.exif_block import ByteOrder

_BOXES: Final = frozenset((b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip"))
_METADATA_MARKS: Final = (b"Exif", b"mime", b"uri ", b"thmb", b"udta", b"tmap", b"cdsc", b"uuid", b"ilst")
_ALPHA_TYPES: Final = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_DESCRIPTIVE_BOXES: Final = (b"meta", b"moov")
_MAX_BOXES: Final = 1_000

_SUBFILE_TYPE: Final = 254
_TIFF_TAGS: Final = frozenset(
    (
        *(_SUBFILE_TYPE, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284),
        *(286, 287, 290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 332, 334, 336, 338),
        *(339, 340, 341, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 34_675),
    )
)
"""Tags without which the pixels are not the same, and the resolution."""

_CLASSIC_TIFF: Final = (b"II*\0", b"MM\0*")
_MAX_DIRECTORIES: Final = 1_000
_PNG_METADATA: Final = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"caBX")


def is_plain_heif(source: memoryview) -> bool:
    """Whether an AVIF or HEIC has only coded images, alpha channels and colour information."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at == len(source):
            return True
        size, kind = int.from_bytes(source[at : at + 4]), bytes(source[at + 4 : at + 8])
        if size == 1:
            size = int.from_bytes(source[at + 8 : at + 16])
        size = size or len(source) - at
        if size < 8 or at + size > len(source) or kind not in _BOXES:  # noqa: PLR2004 - the bytes of its header
            return False
        content = bytes(source[at + 8 : at + size]) if kind != b"mdat" else b""
        if kind in _DESCRIPTIVE_BOXES and not _is_plain_description(content):
            return False
        if kind in (b"free", b"skip") and content.strip(b"\0"):
            return False
        at += size
    return False


def _is_plain_description(content: bytes) -> bool:
    alpha_channels = sum(content.count(kind) for kind in _ALPHA_TYPES)
    return not any(mark in content for mark in _METADATA_MARKS) and content.count(b"auxC") <= alpha_channels


def is_plain_tiff(source: memoryview) -> bool:
    """Whether all directories of a TIFF have structural tags only, and none is a reduced image."""
    mark = bytes(source[:4])
    if mark not in _CLASSIC_TIFF:
        return False
    byte_order: ByteOrder = "little" if mark.startswith(b"II") else "big"
    at, visited = int.from_bytes(source[4:8], byte_order), set[int]()
    while at and at not in visited and len(visited) < _MAX_DIRECTORIES:
        visited.add(at)
        end = at + 2 + 12 * int.from_bytes(source[at : at + 2], byte_order)
        for place in range(at + 2, end, 12):
            tag = int.from_bytes(source[place : place + 2], byte_order)
            is_reduced = tag == _SUBFILE_TYPE and int.from_bytes(source[place + 8 : place + 12], byte_order) & 1
            if tag not in _TIFF_TAGS or is_reduced:
                return False
        at = int.from_bytes(source[end : end + 4], byte_order)
    return not at


def is_plain_ico(source: memoryview) -> bool:
    """Whether no PNG in an icon has metadata."""
    data = bytes(source)
    return not any(mark in data for mark in _PNG_METADATA)
