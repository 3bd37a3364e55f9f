"""Reads the colours that AVIF and HEIC name by code points (ISO/IEC 14496-12 §12.1.5, 23000-22 §7.3.6.4).

Those of the primary image or of the first track: its box ``colr`` of type ``nclx``, for a grid without one that of its
first tile, else the sequence header of AV1. Parses untrusted data: short and linear; what is damaged is not found.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pixmill.engine.codecs.av1_header import read_av1_colours
from pixmill.engine.codecs.isobmff import IsobmffBox, boxes, find_box
from pixmill.engine.raster.cicp import cicp_profile

_BT709, _SRGB_TRANSFER = 1, 13
_VISUAL_SAMPLE_ENTRY_BYTES: Final = 78
_AV1_CONFIG_BYTES: Final = 4
_HIGH_BIT_DEPTH: Final = 0x40
_FULL_BOX_BYTES: Final = 4
_MAX_SEQUENCE_BYTES: Final = 4_096
_MDCV_UNIT: Final = 10_000
_LONG_IDS, _LONG_INDEXES = 1, 1
_IN_FILE, _IN_IDAT = 0, 1

Property = tuple[bytes, IsobmffBox]
Children = Mapping[bytes, IsobmffBox]


@dataclass(frozen=True, slots=True)
class CodePoints:
    """Colour primaries and transfer characteristics of ITU-T H.273; the brightest light in cd/m², 0 if unknown."""

    primaries: int
    transfer: int
    max_nits: float = 0
    more_than_8_bits: bool = False
    """Told of AV1 only."""

    def profile(self, *, grey: bool) -> bytes:
        """The ICC profile; empty for sRGB. What is unspecified or not known is taken for that of sRGB."""
        profiles = (
            cicp_profile(primaries, transfer, grey=grey, bt1886=False, max_nits=self.max_nits)
            for primaries, transfer in (
                (self.primaries, self.transfer),
                (_BT709, self.transfer),
                (self.primaries, _SRGB_TRANSFER),
            )
        )
        return next((profile for profile in profiles if profile is not None), b"")


def read_code_points(source: memoryview, *, sequence: bool = False) -> CodePoints | None:
    """Return what the primary image, or the first track, says; None if it says nothing."""
    file = IsobmffBox(0, source)
    properties, coded = _track_properties(file) if sequence else _image_properties(file)
    named = next((box for kind, box in properties if kind == b"colr" and bytes(box.data[:4]) == b"nclx"), None)
    if named is not None:
        points: tuple[int, int] | None = (named.read_uint(4, 2), named.read_uint(6, 2))
    else:
        points = read_av1_colours(coded)
    return None if points is None else CodePoints(*points, _max_nits(properties), _is_deep(properties))


def _is_deep(properties: list[Property]) -> bool:
    """Whether the configuration of AV1 says ``high_bitdepth`` (AV1-ISOBMFF §2.3)."""
    return any(kind == b"av1C" and box.read_uint(2, 1) & _HIGH_BIT_DEPTH for kind, box in properties)


def _max_nits(properties: list[Property]) -> float:
    """The luminance of the brightest pixel, else of the display that the image was made on."""
    found = dict(reversed(properties))
    content = found[b"clli"].read_uint(0, 2) if b"clli" in found else 0
    return content or (found[b"mdcv"].read_uint(16) / _MDCV_UNIT if b"mdcv" in found else 0)


def _track_properties(file: IsobmffBox) -> tuple[list[Property], memoryview]:
    """The boxes of the sample entry of the first track, and a part of it that may hold a sequence header."""
    description = find_box(file, "moov", "trak", "mdia", "minf", "stbl", "stsd")
    entry = description and find_box(description.after(8), "av01")
    properties = list(boxes(entry.after(_VISUAL_SAMPLE_ENTRY_BYTES))) if entry else []
    return properties, _configured_header(properties)


def _configured_header(properties: list[Property]) -> memoryview:
    configuration = next((box.data for kind, box in properties if kind == b"av1C"), memoryview(b""))
    return configuration[_AV1_CONFIG_BYTES:]


def _image_properties(file: IsobmffBox) -> tuple[list[Property], memoryview]:
    """The properties of the primary item, and its coded pixels up to where a sequence header ends."""
    container = find_box(file, "meta")
    meta = _children(container.after(_FULL_BOX_BYTES)) if container else {}
    if b"pitm" not in meta:
        return [], memoryview(b"")
    primary = meta[b"pitm"]
    item = primary.read_uint(4, 4 if primary.read_uint(0, 1) else 2)
    properties = _item_properties(meta, item)
    kinds = {kind for kind, _ in properties}
    if not kinds & {b"colr", b"av1C", b"hvcC"} and (tile := _first_tile(meta, item)) is not None:
        item = tile
        properties += _item_properties(meta, item)
    if b"av1C" not in {kind for kind, _ in properties}:
        return properties, memoryview(b"")
    return properties, _configured_header(properties) or _coded_pixels(file, meta, item)


def _children(box: IsobmffBox) -> dict[bytes, IsobmffBox]:
    """The first box of each kind in this one."""
    return dict(reversed(list(boxes(box))))


def _item_properties(meta: Children, item: int) -> list[Property]:
    described = _children(meta[b"iprp"]) if b"iprp" in meta else {}
    if not described.keys() >= {b"ipco", b"ipma"}:
        return []
    properties, numbers = list(boxes(described[b"ipco"])), _property_numbers(described[b"ipma"], item)
    return [properties[number - 1] for number in numbers if 0 < number <= len(properties)]


def _property_numbers(associations: IsobmffBox, item: int) -> list[int]:
    """The numbers of the item's properties (23008-12 §9.3.1)."""
    id_bytes = 4 if associations.read_uint(0, 1) else 2
    index_bytes = 2 if associations.read_uint(3, 1) & _LONG_INDEXES else 1
    at = 8
    for _ in range(associations.read_uint(4)):
        if at + id_bytes >= len(associations.data):
            break
        entry_item, count = associations.read_uint(at, id_bytes), associations.data[at + id_bytes]
        at += id_bytes + 1
        if entry_item == item:
            essential_bit = 1 << (8 * index_bytes - 1)
            return [
                associations.read_uint(at + number * index_bytes, index_bytes) & (essential_bit - 1)
                for number in range(count)
            ]
        at += count * index_bytes
    return []


def _first_tile(meta: Children, item: int) -> int | None:
    """The first item that this one is derived from (14496-12 §8.11.12)."""
    references = meta.get(b"iref")
    if not references:
        return None
    id_bytes = 4 if references.read_uint(0, 1) else 2
    for kind, box in boxes(references.after(_FULL_BOX_BYTES)):
        if kind == b"dimg" and box.read_uint(0, id_bytes) == item and box.read_uint(id_bytes, 2):
            return box.read_uint(id_bytes + 2, id_bytes)
    return None


def _coded_pixels(file: IsobmffBox, meta: Children, item: int) -> memoryview:
    """The beginning of the first extent of an item (14496-12 §8.11.3)."""
    location, data = meta.get(b"iloc"), meta.get(b"idat")
    if location:
        for entry_item, method, offset, length in _locations(location):
            if entry_item == item and (method == _IN_FILE or (method == _IN_IDAT and data)):
                container = data.data if method == _IN_IDAT and data else file.data
                return container[offset : offset + min(length or _MAX_SEQUENCE_BYTES, _MAX_SEQUENCE_BYTES)]
    return memoryview(b"")


def _locations(location: IsobmffBox) -> Iterator[tuple[int, int, int, int]]:
    """Yield item, construction method, offset and length of the first extent of each item."""
    version = location.read_uint(0, 1)
    sizes = location.read_uint(4, 2)
    offset_bytes, length_bytes, base_bytes = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_bytes = sizes & 15 if version else 0
    id_bytes = 4 if version > _LONG_IDS else 2
    at = 6 + id_bytes
    for _ in range(location.read_uint(6, id_bytes)):
        if at >= len(location.data):
            return
        item = location.read_uint(at, id_bytes)
        method = location.read_uint(at + id_bytes, 2) & 15 if version else _IN_FILE
        at += id_bytes + (4 if version else 2)
        base = location.read_uint(at, base_bytes)
        extents = location.read_uint(at + base_bytes, 2)
        at += base_bytes + 2
        first = at + index_bytes
        yield (
            item,
            method,
            base + location.read_uint(first, offset_bytes),
            location.read_uint(first + offset_bytes, length_bytes),
        )
        at += extents * (index_bytes + offset_bytes + length_bytes)
