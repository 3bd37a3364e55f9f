"""What clients get besides images: errors in ``X-Cld-Error``, and the sizes of ``fl_getinfo``. Knows no pixels."""

import json
from collections.abc import Mapping
from typing import Final

from msgspec import Struct, convert

from pixmill.dialects.port import Text
from pixmill.errors import (
    AddressForbidden,
    BadRequest,
    Forbidden,
    ImageError,
    PixmillError,
    SourceBadResponse,
    SourceDenied,
    SourceForbidden,
    SourceNotFound,
    SourceTimeout,
    SourceUnreachable,
    TooManyRedirects,
)

HEADER: Final = "X-Cld-Error"
JSON: Final = "application/json"
_MAX_MESSAGE: Final = 256
_NOT_FOUND: Final = 404
_STATUSES: Final[tuple[tuple[type[PixmillError], int], ...]] = (
    (SourceNotFound, _NOT_FOUND),
    (SourceDenied, _NOT_FOUND),
    (SourceForbidden, 401),
    (AddressForbidden, 401),
    (Forbidden, 401),
    (ImageError, 400),
    (SourceTimeout, 502),
    (SourceUnreachable, 502),
    (SourceBadResponse, 502),
    (TooManyRedirects, 502),
)
"""The first that fits counts; others keep the status of the server."""


def error_text(error: PixmillError, status: int, name: str) -> Text:
    """Return the answer to an error: no body, and the message in a header."""
    is_ours = isinstance(error, BadRequest)
    own = status if is_ours else next((number for kind, number in _STATUSES if isinstance(error, kind)), status)
    message = f"Resource not found - {name}" if own == _NOT_FOUND and name else error.message
    plain = "".join(one if " " <= one <= "~" else "?" for one in message[:_MAX_MESSAGE])
    return Text("", own, headers=((HEADER, plain),))


class _Size(Struct):
    width: int
    height: int


class _Facts(Struct):
    """What is read of the facts about an original and the result."""

    width: int
    height: int
    format: str = ""
    bytes: int = 0
    result: _Size | None = None


def sizes(facts: Mapping[str, object]) -> Text:
    """Return the sizes of the original and of the result; without the latter where it depends on the pixels."""
    read = convert(dict(facts), _Facts)
    document: dict[str, object] = {
        "input": {"width": read.width, "height": read.height, "bytes": read.bytes, "format": read.format}
    }
    if read.result is not None:
        document["output"] = {"width": read.result.width, "height": read.result.height}
    return Text(json.dumps(document), media_type=JSON)
