"""Percent-encoding, and escapes of HTML: small, so that nothing large is imported for them."""

from __future__ import annotations

_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:,;")
_ESCAPES = tuple(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in range(256))
_IN_URL = frozenset(b"!$&'()*+=@?#[]%") | _SAFE
_URL_ESCAPES = tuple(chr(byte) if byte in _IN_URL else f"%{byte:02X}" for byte in range(256))


def quote(text: str) -> str:
    """Encode a value as native URLs spell it: ``/``, ``:``, ``,`` and ``;`` stay as they are."""
    if text.isalnum() and text.isascii():
        return text
    return "".join([_ESCAPES[byte] for byte in text.encode()])


def encode_url(text: str) -> str:
    """Encode what a URL must not contain and leave the rest, with its escapes, as it is."""
    return "".join([_URL_ESCAPES[byte] for byte in text.encode()])


def escape(text: str) -> str:
    """Escape a text for an element or a quoted attribute of HTML."""
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#x27;")
    )
