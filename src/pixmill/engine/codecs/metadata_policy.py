"""Selects the metadata of the original that a result retains, for each value of ``metadata=``.

- ``strip``: nothing
- ``copyright``: EXIF of artist and copyright only, from EXIF, else from XMP, else from IPTC
- ``keep``: EXIF, XMP and IPTC that fit the result and tell no place, as allowlists
- ``all``: also what tells a place, and XMP of unknown namespaces

Blocks are built from the parsed properties; what cannot be parsed is dropped. Must never know formats.
"""

from typing import Final

from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.metadata.exif_block import ExifReader, build_exif, rewrite_exif, text_entry
from pixmill.engine.metadata.exif_tags import ARTIST, COPYRIGHT
from pixmill.engine.metadata.iptc_block import BY_LINE, COPYRIGHT_NOTICE, read_texts, rewrite_iptc
from pixmill.engine.metadata.location_names import find_place_names
from pixmill.engine.metadata.place_names import PlaceNames
from pixmill.engine.metadata.xml_tree import Element
from pixmill.engine.metadata.xmp_packet import XmpContent, parse_xmp, property_texts, wrap_packet, write_xmp
from pixmill.engine.metadata.xmp_properties import DC
from pixmill.plan.output import Metadata

_ASCII: Final = 2
_MAX_TEXT_BYTES: Final = 2_000
_CREDIT_SOURCES: Final = {
    ARTIST: ((DC, "creator"), BY_LINE),
    COPYRIGHT: ((DC, "rights"), COPYRIGHT_NOTICE),
}
"""The XMP property and the IPTC dataset for each EXIF tag."""


def retained_metadata(policy: Metadata, exif: bytes | memoryview, xmp: bytes, iptc: bytes = b"") -> RetainedMetadata:
    """Apply the policy to the metadata of the original. ``exif`` may be a whole TIFF file."""
    if policy is Metadata.STRIP:
        return RetainedMetadata()
    properties = parse_xmp(xmp)
    if policy is Metadata.COPYRIGHT:
        return RetainedMetadata(_credits(exif, properties, iptc))
    location = policy is Metadata.ALL
    places = PlaceNames([] if location else find_place_names(properties, iptc))
    allow_text = _anything if location else places.allows
    content = XmpContent.DETAILS_AND_PLACE if location else XmpContent.DETAILS
    return RetainedMetadata(
        rewrite_exif(exif, location=location, allow_text=allow_text),
        wrap_packet(write_xmp(properties, content, allow_text)),
        rewrite_iptc(iptc, location=location, allow_text=allow_text),
    )


def _anything(_text: str) -> bool:
    return True


def _credits(exif: bytes | memoryview, properties: list[Element], iptc: bytes) -> bytes:
    """Build EXIF of the texts of artist and copyright."""
    entries = {entry.tag: entry for entry in ExifReader(exif).directory() if entry.type == _ASCII}
    iptc_texts = dict(reversed(list(read_texts(iptc, _MAX_TEXT_BYTES))))
    texts: dict[int, bytes] = {}
    for tag, (name, number) in _CREDIT_SOURCES.items():
        from_exif = entries[tag].value[:_MAX_TEXT_BYTES].strip(b"\0 ") if tag in entries else b""
        from_xmp = ", ".join(property_texts(properties, name))
        texts[tag] = from_exif or (from_xmp or iptc_texts.get(number, "")).encode()[:_MAX_TEXT_BYTES]
    return build_exif([text_entry(tag, text) for tag, text in sorted(texts.items()) if text], {})
