"""Decodes what URLs carry: percent escapes, form encoding, base64. Knows bytes and text; must never know a dialect.

All functions are linear in the length of their input and raise ValueError for what they do not accept; without
``strict``, a percent sign without two hexadecimal digits stands for itself, as most URL libraries read it.
"""

import re
from base64 import b64decode
from typing import Final
from urllib.parse import unquote_to_bytes

_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_BASE64: Final = re.compile(rb"[A-Za-z0-9_-]*={0,2}")
_BASE64_GROUP: Final = 4


def percent_decode(raw: bytes, *, strict: bool = False) -> str:
    """Decode percent escapes once; ``+`` stays. Raises ValueError for control characters and for no UTF-8."""
    if b"%" in raw:
        if strict and _BROKEN_ESCAPE.search(raw):
            raise ValueError("a percent sign must be followed by two hexadecimal digits")
        raw = unquote_to_bytes(raw)
    text = raw.decode()
    if not text.isprintable() and _CONTROL.search(text):  # isprintable is faster and nearly always sufficient
        raise ValueError("control characters are not accepted")
    return text


def form_decode(raw: bytes, *, strict: bool = False) -> str:
    """Decode a value of ``application/x-www-form-urlencoded``: as ``percent_decode``, but ``+`` is a space."""
    return percent_decode(raw.replace(b"+", b" "), strict=strict)


def base64url_decode(text: str | bytes, *, max_bytes: int = 8_192) -> bytes:
    """Decode base64url, with or without padding, or with the letters ``+`` and ``/``.

    Raises ValueError, also if the result would be longer than ``max_bytes``.
    """
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    if len(raw) > max_bytes * 4 // 3 + 4:
        raise ValueError("the base64 text is too long")
    raw = raw.replace(b"+", b"-").replace(b"/", b"_")
    if not _BASE64.fullmatch(raw):
        raise ValueError("not base64")
    digits = raw.rstrip(b"=")
    if len(digits) % _BASE64_GROUP == 1:
        raise ValueError("not base64")
    return b64decode(digits + b"=" * (-len(digits) % _BASE64_GROUP), b"-_")


def base64url_text(text: str | bytes, *, max_bytes: int = 8_192) -> str:
    """Decode base64url into text. Raises ValueError, also for no UTF-8 and for control characters."""
    decoded = base64url_decode(text, max_bytes=max_bytes).decode()
    if not decoded.isprintable() and _CONTROL.search(decoded):
        raise ValueError("control characters are not accepted")
    return decoded
