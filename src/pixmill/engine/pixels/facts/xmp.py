"""XMP as the text that it is: nothing is parsed, so that no entity is ever expanded.

The place where a picture was taken stays out unless it is asked for: properties of EXIF's GPS group are cut out, by their
local names, whatever the prefix; a packet that still speaks of them afterwards, or that could hide them, is left out.
"""

import re
from typing import Final

MAX_BYTES: Final = 32_000
"""A longer packet is left out: half of an XML document is none."""

_PACKET = re.compile(r"<\?xpacket[^>]{0,200}\?>")
_ATTRIBUTE = re.compile(r"""\s[\w.-]{1,40}:GPS\w{0,60}\s?=\s?(?:"[^"]*"|'[^']*')""")
_ELEMENT = re.compile(r"<([\w.-]{1,40}:GPS\w{0,60})(?:/>|>[^<]*</\1>)")
_HIDING = re.compile(r"\0|<!DOCTYPE|<!ENTITY|&#", re.IGNORECASE)
_SPEAKING = re.compile("gps", re.IGNORECASE)


def xmp_of(packet: bytes, *, gps: bool) -> str | None:
    """The packet without its wrapping and padding; None for none, for one that is no UTF-8 or too long."""
    if len(packet) > MAX_BYTES * 4:  # padding is a few thousand bytes
        return None
    try:
        text = _PACKET.sub("", packet.decode("utf-8-sig")).strip("\0 \r\n\t")
    except UnicodeDecodeError:
        return None
    shown = text if gps else _without_place(text)
    return shown if shown and len(shown.encode()) <= MAX_BYTES else None


def _without_place(text: str) -> str:
    text = _ELEMENT.sub("", _ATTRIBUTE.sub("", text))
    hiding = _HIDING.search(text) or _SPEAKING.search(text)
    return "" if hiding else text
