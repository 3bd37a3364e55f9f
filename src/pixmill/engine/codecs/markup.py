"""Whether some bytes are an SVG: what is the name of the first element?

Knows how XML begins. Linear, and looks at the first bytes only.
"""

import re
import zlib

from pixmill.errors import ImageTooLarge

_LOOK = 65_536
"""Bytes; drawing programs put comments and declarations of some kilobytes first."""
_MAX_BYTES = 32 * 2**20
_GZIP = b"\x1f\x8b"
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_BEFORE = (("<?", "?>"), ("<!--", "-->"))
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,63}:)?svg[\s>/]")


def is_svg(source: memoryview) -> bool:
    """Does a root element named svg come first, maybe compressed (svgz)?"""
    head = bytes(source[:_LOOK])
    if head.startswith(_GZIP):
        head = _inflated(head, _LOOK)
    start = next((bom for bom in _BOMS if head.startswith(bom)), b"")
    text = head[len(start) :].decode(_BOMS.get(start, "latin-1"), "replace")
    return _ROOT.match(text, _root(text)) is not None


def plain_xml(source: memoryview) -> bytes:
    """The bytes of an SVG, no longer compressed. Raises ImageTooLarge."""
    data = bytes(source)
    if data.startswith(_GZIP):
        data = _inflated(data, _MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ImageTooLarge(f"An SVG may have at most {_MAX_BYTES} bytes")
    return data


def _inflated(data: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(data, most)
    except zlib.error:
        return b""


def _root(text: str) -> int:
    """Where the first element begins, after declarations and comments; the end if there is none."""
    at = _past_space(text, 0)
    while at < len(text):
        for opening, closing in _BEFORE:
            if text.startswith(opening, at):
                at = _past(text, closing, at + len(opening))
                break
        else:
            if text[at : at + 9].upper() != "<!DOCTYPE":
                return at
            at = _past_doctype(text, at)
        at = _past_space(text, at)
    return at


def _past_doctype(text: str, at: int) -> int:
    """Its own declarations, if it has any, stand in brackets."""
    end, bracket = text.find(">", at), text.find("[", at)
    return _past(text, ">", text.find("]", bracket)) if 0 <= bracket < end else _past(text, ">", at)


def _past(text: str, closing: str, at: int) -> int:
    found = text.find(closing, at) if at >= 0 else -1
    return len(text) if found < 0 else found + len(closing)


def _past_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
