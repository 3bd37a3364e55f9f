"""Detects SVG by the name of the root element, and decompresses svgz.

Parses untrusted data: linear, and the first bytes only.
"""

import re
import zlib

from pixmill.errors import ImageTooLarge

_PREFIX_BYTES = 65_536
"""Graphics editors begin files with comments and declarations of several kilobytes."""
_MAX_BYTES = 32 * 2**20
_GZIP = b"\x1f\x8b"
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_UNMARKED_UTF_16 = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_PROLOG_PARTS = (("<?", "?>"), ("<!--", "-->"))
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,63}:)?svg[\s>/]")


def is_svg(source: memoryview) -> bool:
    """Whether the root element is named svg, also in gzip (svgz)."""
    head = bytes(source[:_PREFIX_BYTES])
    if head.startswith(_GZIP):
        head = _inflate(head, _PREFIX_BYTES)
    byte_order_mark = next((bom for bom in _BOMS if head.startswith(bom)), b"")
    encoding = _BOMS.get(byte_order_mark) or _UNMARKED_UTF_16.get(head[:2], "latin-1")
    text = head[len(byte_order_mark) :].decode(encoding, "replace")
    return _ROOT.match(text, _root_offset(text)) is not None


def decompress_svg(source: memoryview) -> bytes:
    """Decompress an SVG if it is gzipped. Raises ImageTooLarge."""
    data = bytes(source)
    if data.startswith(_GZIP):
        data = _inflate(data, _MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ImageTooLarge(f"An SVG may have at most {_MAX_BYTES} bytes")
    return data


def _inflate(data: bytes, max_bytes: int) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(data, max_bytes)
    except zlib.error:
        return b""


def _root_offset(text: str) -> int:
    """The offset of the first element, after declarations and comments; the end if there is none."""
    at = _skip_space(text, 0)
    while at < len(text):
        for opening, closing in _PROLOG_PARTS:
            if text.startswith(opening, at):
                at = _skip_past(text, closing, at + len(opening))
                break
        else:
            if text[at : at + 9].upper() != "<!DOCTYPE":
                return at
            at = _skip_doctype(text, at)
        at = _skip_space(text, at)
    return at


def _skip_doctype(text: str, at: int) -> int:
    """Skip a DOCTYPE with its internal subset in brackets, if it has one."""
    end, bracket = text.find(">", at), text.find("[", at)
    return _skip_past(text, ">", text.find("]", bracket)) if 0 <= bracket < end else _skip_past(text, ">", at)


def _skip_past(text: str, closing: str, at: int) -> int:
    found = text.find(closing, at) if at >= 0 else -1
    return len(text) if found < 0 else found + len(closing)


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
