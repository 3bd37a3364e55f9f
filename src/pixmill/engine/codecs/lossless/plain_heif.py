"""Recognises AVIF and HEIC files without metadata, which cannot be exchanged in them.

Knows boxes, item types and properties (ISO/IEC 14496-12, 23008-12): an allowlist, so that in doubt a file counts as one
with metadata. Also what no image refers to counts as metadata. Parses untrusted data: linear, bounded in boxes.
"""

from collections.abc import Iterator
from typing import Final

from pixmill.engine.codecs.isobmff import IsobmffBox, boxes
from pixmill.engine.codecs.lossless.covered_bytes import CoveredBytes

_CONTAINERS: Final = {
    b"": (b"ftyp", b"meta", b"moov", b"mdat", b"free", b"skip"),
    b"meta": (b"hdlr", b"pitm", b"iloc", b"iinf", b"iprp", b"iref", b"idat", b"dinf", b"free"),
    b"iinf": (b"infe",),
    b"iprp": (b"ipco", b"ipma"),
    b"ipco": (
        *(b"ispe", b"pixi", b"av1C", b"hvcC", b"colr", b"irot", b"imir", b"auxC", b"pasp", b"clli", b"mdcv", b"cclv"),
        *(b"amve", b"a1op", b"a1lx", b"lsel", b"free"),
    ),
    b"iref": (b"dimg", b"auxl", b"prem"),
    b"moov": (b"mvhd", b"trak", b"free"),
    b"trak": (b"tkhd", b"edts", b"tref", b"mdia", b"free"),
    b"edts": (b"elst",),
    b"tref": (b"auxl", b"prem"),
    b"mdia": (b"mdhd", b"hdlr", b"minf", b"free"),
    b"minf": (b"vmhd", b"nmhd", b"hdlr", b"dinf", b"stbl"),
    b"dinf": (b"dref",),
    b"stbl": (b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"co64", b"stss", b"ctts", b"sgpd", b"sbgp"),
}
"""The boxes that boxes may contain. Not among the properties: ``clap``, behind which more of the image is."""

_HEADER_BYTES: Final = {b"meta": 4, b"iref": 4, b"iinf": 6}
"""In front of the first box in a box, where there are some; ``iinf`` with a long count has no place here."""

_PADDING: Final = (b"free", b"skip")
_ITEM_TYPES: Final = (b"av01", b"hvc1", b"grid")
_ITEM_TYPE_AT: Final = 8
_ITEM_VERSION: Final = 2
_ITEM_NAMES: Final = (b"", b"Color", b"Alpha", b"Image")
_HANDLERS: Final = (b"pict", b"auxv")
_HANDLER_NAMES: Final = (b"", b"PictureHandler", b"libavif", b"libheif", b"AMF Video Handler")
_HANDLER_NAME_AT: Final = 20
_ALPHA_TYPES: Final = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_MAX_BOXES: Final = 5_000
_MAX_EXTENTS: Final = 50_000


class _HasMetadata(Exception):
    """A box that is not known, or content that no image refers to."""


def is_plain_heif(source: memoryview) -> bool:
    """Whether a file has only coded images, alpha channels and colour information."""
    try:
        _check_file(IsobmffBox(0, source))
    except _HasMetadata:
        return False
    return True


def _check_file(file: IsobmffBox) -> None:
    covered, media, sample_bytes = CoveredBytes(), list[IsobmffBox](), 0
    for kind, box in _all_boxes(file):
        _check_content(kind, box)
        if kind == b"mdat":
            media.append(box)
        elif kind == b"iloc":
            for start, length in _extents(box):
                covered.add(start, length)
        elif kind == b"stsz":
            sample_bytes += _sample_bytes(box)
    unused = sum(covered.gap_bytes(file.data, box.offset, box.offset + len(box.data)) for box in media)
    if unused > sample_bytes:
        raise _HasMetadata


def _all_boxes(file: IsobmffBox) -> Iterator[tuple[bytes, IsobmffBox]]:
    """Yield the boxes of a file and those in them, where they may be."""
    pending, count = [(b"", file)], 0
    while pending:
        parent, content = pending.pop()
        end = content.offset
        for kind, box in boxes(content):
            count += 1
            end = box.offset + len(box.data)
            if kind not in _CONTAINERS[parent] or count > _MAX_BOXES:
                raise _HasMetadata
            yield kind, box
            if kind in _CONTAINERS:
                pending.append((kind, box.after(_HEADER_BYTES.get(kind, 0))))
        if end != content.offset + len(content.data):
            raise _HasMetadata


def _check_content(kind: bytes, box: IsobmffBox) -> None:
    data = bytes(box.data) if kind in (*_PADDING, b"hdlr", b"infe", b"auxC") else b""
    if kind in _PADDING:
        is_plain = not data.strip(b"\0")
    elif kind == b"hdlr":
        is_plain = data[8:12] in _HANDLERS and data[_HANDLER_NAME_AT:].strip(b"\0") in _HANDLER_NAMES
    elif kind == b"infe":
        name = data[_ITEM_TYPE_AT + 4 :].strip(b"\0")
        is_plain = (
            data[:1] == bytes((_ITEM_VERSION,))
            and data[_ITEM_TYPE_AT : _ITEM_TYPE_AT + 4] in _ITEM_TYPES
            and name in _ITEM_NAMES
        )
    else:
        is_plain = kind != b"auxC" or data[4:].partition(b"\0")[0] in _ALPHA_TYPES
    if not is_plain:
        raise _HasMetadata


def _extents(location: IsobmffBox) -> Iterator[tuple[int, int]]:
    """Yield offset and length of all extents in the file (14496-12 §8.11.3)."""
    version, sizes = location.read_uint(0, 1), location.read_uint(4, 2)
    offset_bytes, length_bytes, base_bytes = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_bytes = sizes & 15 if version else 0
    id_bytes = 4 if version > 1 else 2
    at, found = 6 + id_bytes, 0
    for _ in range(location.read_uint(6, id_bytes)):
        in_file = not version or location.read_uint(at + id_bytes, 2) & 15 == 0
        at += id_bytes + (4 if version else 2)
        base, extents = location.read_uint(at, base_bytes), location.read_uint(at + base_bytes, 2)
        at += base_bytes + 2
        for _ in range(extents):
            found += 1
            if at >= len(location.data) or found > _MAX_EXTENTS:
                raise _HasMetadata
            offset = location.read_uint(at + index_bytes, offset_bytes)
            length = location.read_uint(at + index_bytes + offset_bytes, length_bytes)
            if in_file and length:
                yield base + offset, length
            at += index_bytes + offset_bytes + length_bytes


def _sample_bytes(sizes: IsobmffBox) -> int:
    """The bytes of all samples of a track (14496-12 §8.7.3)."""
    size, count = sizes.read_uint(4), sizes.read_uint(8)
    if size:
        return size * count
    table = bytes(sizes.data[12 : 12 + 4 * min(count, _MAX_EXTENTS)])
    return sum(int.from_bytes(table[at : at + 4]) for at in range(0, len(table), 4))
