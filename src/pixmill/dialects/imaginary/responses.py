"""What clients of imaginary get besides images: errors, facts, health. Knows no pixels.

Errors are JSON: ``{"message": "…", "status": 400}``.
"""

import os
import resource
import threading
import time
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct, convert

from pixmill.dialects.port import Text
from pixmill.errors import (
    AddressForbidden,
    BadRequest,
    Forbidden,
    ImageError,
    ImageTooLarge,
    MethodNotAllowed,
    PixmillError,
    RateLimited,
    RouteNotFound,
    SignatureInvalid,
    SignatureMissing,
    SourceError,
    SourceForbidden,
    SourceNotFound,
    UnsupportedImage,
)

JSON: Final = "application/json"
API_KEY: Final = "key"
INVALID_KEY: Final = "Invalid or missing API key"
MISSING_SOURCE: Final = "Cannot process the image due to missing or invalid params"

UNSUPPORTED_FORMAT: Final = "Unsupported output image format"
_PLAIN: Final = frozenset((MISSING_SOURCE, UNSUPPORTED_FORMAT))
_MISMATCH: Final = "URL signature mismatch"
_FIRST_TRANSPOSED: Final = 5
_KIB: Final = 1024
_STARTED: Final = time.monotonic()
_SPACES: Final = {"rgb": "srgb", "grey": "b-w", "gray": "b-w"}
_CHANNELS: Final = {"b-w": 1, "cmyk": 4}

_STATUSES: Final[tuple[tuple[type[PixmillError], int, str], ...]] = (
    (RateLimited, 429, "Rate limit exceeded"),
    (SignatureMissing, 403, _MISMATCH),
    (SignatureInvalid, 403, _MISMATCH),
    (SourceForbidden, 403, "not allowed remote URL origin"),
    (AddressForbidden, 403, "not allowed remote URL origin"),
    (MethodNotAllowed, 405, "HTTP method not allowed. Try with a POST or GET method"),
    (RouteNotFound, 404, "Not found"),
    (UnsupportedImage, 406, "Unsupported media type"),
    (ImageTooLarge, 422, ""),
)
"""The first that fits counts; an empty message is that of the error."""


def error_text(message: str, status: int) -> Text:
    """Return an error; line breaks are left out."""
    body = {"message": message.replace("\n", ""), "status": status}
    return Text(msgspec.json.encode(body).decode(), status, JSON)


def error_answer(error: PixmillError, status: int, *, is_file: bool) -> Text:
    """Return the answer to an error. ``is_file``: the source is a file, not a URL."""
    if isinstance(error, Forbidden) and error.param == API_KEY:
        return error_text(INVALID_KEY, 401)
    for kind, own, message in _STATUSES:
        if isinstance(error, kind):
            return error_text(message or error.message, own)
    if isinstance(error, SourceError):
        return _source_error(error, status, is_file=is_file)
    if isinstance(error, BadRequest | ImageError):
        return error_text(_explained(error), 400)
    return error_text(error.message, status)


def _source_error(error: SourceError, status: int, *, is_file: bool) -> Text:
    if isinstance(error, SourceNotFound) and is_file:
        return error_text("Invalid file path", 400)
    own = error.upstream_status or status
    return error_text(f"error fetching remote http image: (status={own})", own)


def _explained(error: BadRequest | ImageError) -> str:
    """Return the message as the service introduces it."""
    if error.message.startswith("error while processing parameter"):
        return f"Error while processing parameters, {error.message}"
    if error.message in _PLAIN:
        return error.message
    return f"Error while processing the image: {error.message}"


class _Facts(Struct):
    """What is read of the facts about an original."""

    width: int
    height: int
    format: str = "jpeg"
    alpha: bool = False
    orientation: int = 1
    colour_space: str = "srgb"
    profile: str = ""
    exif: dict[str, object] | None = None


def facts_text(facts: Mapping[str, object]) -> Text:
    """Return ``/info``; width and height are as stored, and an orientation that is not recorded is 0."""
    found = convert(dict(facts), _Facts)
    width, height = found.width, found.height
    if found.orientation >= _FIRST_TRANSPOSED:
        width, height = height, width
    is_recorded = found.orientation != 1 or "Orientation" in (found.exif or {})
    space = _SPACES.get(found.colour_space.lower(), found.colour_space.lower())
    body = {
        "width": width,
        "height": height,
        "type": found.format,
        "space": space,
        "hasAlpha": found.alpha,
        "hasProfile": bool(found.profile),
        "channels": _CHANNELS.get(space, 3) + found.alpha,
        "orientation": found.orientation if is_recorded else 0,
    }
    return Text(msgspec.json.encode(body).decode(), media_type=JSON)


def version_text() -> Text:
    body = {"imaginary": "1.2.4", "bimg": "1.1.7", "libvips": "8.18.0"}
    return Text(msgspec.json.encode(body).decode(), media_type=JSON)


def health_text() -> Text:
    """Return facts about this process, under the names of the service; memory in MB."""
    memory = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB, 2)
    body = {
        "uptime": int(time.monotonic() - _STARTED),
        "allocatedMemory": memory,
        "totalAllocatedMemory": memory,
        "goroutines": threading.active_count(),
        "completedGCCycles": 0,
        "cpus": os.cpu_count() or 1,
        "maxHeapUsage": memory,
        "heapInUse": memory,
        "objectsInUse": 0,
        "OSMemoryObtained": memory,
    }
    return Text(msgspec.json.encode(body).decode(), media_type=JSON, headers=(("Cache-Control", "no-store"),))
