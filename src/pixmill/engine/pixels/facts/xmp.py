"""XMP as text: nothing is parsed, so that no entity is ever expanded.

The location is left out unless requested: properties of EXIF's GPS group are removed by their local names, whatever the
prefix; a packet that still mentions GPS afterwards, or could hide it, is left out.
"""

import re
from typing import Final

MAX_BYTES: Final = 32_000
"""A longer packet is left out, because a part of an XML document is not one."""

_PACKET_WRAPPER = re.compile(r"<\?xpacket[^>]{0,200}\?>")
_GPS_ATTRIBUTE = re.compile(r"""\s[\w.-]{1,40}:GPS\w{0,60}\s?=\s?(?:"[^"]*"|'[^']*')""")
_GPS_ELEMENT = re.compile(r"<([\w.-]{1,40}:GPS\w{0,60})(?:/>|>[^<]*</\1>)")
_MAY_HIDE_GPS = re.compile(r"\0|<!DOCTYPE|<!ENTITY|&#", re.IGNORECASE)
_MENTIONS_GPS = re.compile("gps", re.IGNORECASE)


def read_xmp(packet: bytes, *, gps: bool) -> str | None:
    """Return the packet without wrapper and padding; None if it is missing, not UTF-8 or too long."""
    if len(packet) > MAX_BYTES * 4:  # padding is a few thousand bytes
        return None
    try:
        text = _PACKET_WRAPPER.sub("", packet.decode("utf-8-sig")).strip("\0 \r\n\t")
    except UnicodeDecodeError:
        return None
    visible = text if gps else _strip_gps(text)
    return visible if visible and len(visible.encode()) <= MAX_BYTES else None


def _strip_gps(text: str) -> str:
    text = _GPS_ELEMENT.sub("", _GPS_ATTRIBUTE.sub("", text))
    may_contain_gps = _MAY_HIDE_GPS.search(text) or _MENTIONS_GPS.search(text)
    return "" if may_contain_gps else text
