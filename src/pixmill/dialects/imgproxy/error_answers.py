"""Errors as imgproxy words them. Knows errors and texts; must never know a request."""

from collections.abc import Mapping
from typing import Final

from pixmill.dialects.imgproxy.signature import UNSIGNED_COLON
from pixmill.dialects.port import Text
from pixmill.errors import (
    AddressForbidden,
    BadRequest,
    Forbidden,
    ImageError,
    MemoryExhausted,
    PixmillError,
    QueueFull,
    RateLimited,
    RenderTimeout,
    RouteNotFound,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    SourceBusy,
    SourceError,
    SourceForbidden,
    SourceNotFound,
    SourceTooLarge,
    StoreError,
    UndecodableImage,
    UnsupportedOutput,
)

_INVALID_URL: Final = "Invalid URL"
_INVALID_SOURCE: Final = "Invalid source URL"
_UNREACHABLE: Final = "Source is unreachable"
_INVALID_IMAGE: Final = "Invalid source image"
_BUSY: Final = "Too many requests"
_SAME_STATUS: Final = 0

_ANSWERS: Final[Mapping[type[PixmillError], tuple[int, str]]] = {
    RouteNotFound: (404, " "),
    RateLimited: (429, _BUSY),
    BadRequest: (404, _INVALID_URL),
    SignatureExpired: (404, _INVALID_URL),
    SignatureMissing: (403, "Forbidden"),
    SignatureInvalid: (403, "Forbidden"),
    SourceForbidden: (404, _INVALID_SOURCE),
    AddressForbidden: (404, _INVALID_SOURCE),
    Forbidden: (403, _INVALID_URL),
    SourceNotFound: (404, _UNREACHABLE),
    SourceTooLarge: (422, _INVALID_IMAGE),
    SourceBusy: (429, _BUSY),
    SourceError: (_SAME_STATUS, _UNREACHABLE),
    StoreError: (_SAME_STATUS, _UNREACHABLE),
    UndecodableImage: (422, "Broken or unsupported image"),
    UnsupportedOutput: (422, _INVALID_URL),
    ImageError: (422, _INVALID_IMAGE),
    QueueFull: (429, _BUSY),
    MemoryExhausted: (429, _BUSY),
    RenderTimeout: (503, "Timeout"),
}
"""Status and text by class: the first that an error is an instance of."""

_SERVER_ERROR: Final = (500, "Internal error")


def error_text(error: PixmillError, status: int, *, development: bool) -> Text:
    """Return the answer to an error; in development its body says what is wrong."""
    found = next((answer for kind, answer in _ANSWERS.items() if isinstance(error, kind)), None)
    own_status, body = found or (_SAME_STATUS, _SERVER_ERROR[1])
    if error.message == UNSIGNED_COLON or (development and body.strip()):
        body = error.message
    return Text(body, own_status or status)
