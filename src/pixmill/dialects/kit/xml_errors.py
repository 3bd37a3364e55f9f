"""Errors as object stores answer them: a short XML document with a code. Must never know a dialect."""

from typing import Final
from xml.sax.saxutils import escape

from pixmill.dialects.port import Text
from pixmill.errors import (
    Forbidden,
    ImageError,
    PixmillError,
    RateLimited,
    RouteNotFound,
    SourceDenied,
    SourceNotFound,
)

_CODES: Final[tuple[tuple[type[PixmillError], str], ...]] = (
    (SourceNotFound, "NoSuchKey"),
    (RouteNotFound, "NoSuchKey"),
    (SourceDenied, "AccessDenied"),
    (Forbidden, "AccessDenied"),
    (RateLimited, "SlowDown"),
)
"""The first that fits counts."""

_SERVER_ERROR: Final = 500


def xml_error(error: PixmillError, status: int, *, invalid_code: str, undecodable_code: str) -> Text:
    """Return the document; ``undecodable_code`` is that of originals which are no usable image."""
    code = next((name for kind, name in _CODES if isinstance(error, kind)), "")
    if not code:
        own = undecodable_code if isinstance(error, ImageError) else invalid_code
        code = own if status < _SERVER_ERROR else "InternalError"
    message = "".join(letter if letter.isprintable() else " " for letter in error.message)
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Text(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n', status, "application/xml")
