"""XMP as text, without the place unless requested.

Must never return a packet that could not be parsed, except where the place is requested too.
"""

import re
from typing import Final

from pixmill.engine.metadata.xmp_packet import TextFilter, XmpContent, parse_xmp, write_xmp

MAX_BYTES: Final = 32_000
"""A longer packet is left out, because a part of an XML document is not one."""

_PACKET_WRAPPER = re.compile(r"<\?xpacket[^>]{0,200}\?>")


def read_xmp(packet: bytes, *, gps: bool, allow_text: TextFilter) -> str | None:
    """Return the packet without wrapper and padding; None if it is missing or too long.

    Without ``gps``: the known properties that tell no place; None if it cannot be parsed.
    """
    if len(packet) > MAX_BYTES * 4:  # padding is a few thousand bytes
        return None
    text = _packet_text(packet) if gps else write_xmp(parse_xmp(packet), XmpContent.ORIGINAL_WITHOUT_PLACE, allow_text)
    return text if text and len(text.encode()) <= MAX_BYTES else None


def _packet_text(packet: bytes) -> str:
    """Return a packet in UTF-8 as it is; empty for another encoding."""
    try:
        return _PACKET_WRAPPER.sub("", packet.decode("utf-8-sig")).strip("\0 \r\n\t")
    except UnicodeDecodeError:
        return ""
