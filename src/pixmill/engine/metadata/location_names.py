"""Finds the names of places that XMP and IPTC tell.

Knows which properties and datasets are places, nothing of formats.
"""

from pixmill.engine.metadata.iptc_block import PLACE_NAMES, read_texts
from pixmill.engine.metadata.xml_tree import Element
from pixmill.engine.metadata.xmp_packet import place_names


def find_place_names(properties: list[Element], iptc: bytes) -> list[str]:
    """Return the names of places in XMP properties and IPTC datasets."""
    return [*place_names(properties), *(text for number, text in read_texts(iptc) if number in PLACE_NAMES)]
