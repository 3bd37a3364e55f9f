"""Answers to errors as clients of Cloudflare expect them: a code in the body and in ``Cf-Resized``."""

from typing import Final

from pixmill.dialects.port import Text
from pixmill.errors import (
    AddressForbidden,
    BadRequest,
    Forbidden,
    ImageError,
    ImageTooLarge,
    LoopDetected,
    PixmillError,
    QueueFull,
    RateLimited,
    RenderTimeout,
    ResultTooLarge,
    RouteNotFound,
    SourceBadResponse,
    SourceDenied,
    SourceError,
    SourceForbidden,
    SourceNotFound,
    SourceTimeout,
    SourceTooLarge,
    SourceUnreachable,
    TooManyRedirects,
    UnsupportedOutput,
)

_CODES: Final[tuple[tuple[type[PixmillError], int, int], ...]] = (
    (LoopDetected, 9403, 508),
    (RateLimited, 9422, 429),
    (BadRequest, 9401, 400),
    (AddressForbidden, 9406, 403),
    (SourceForbidden, 9401, 403),
    (Forbidden, 9425, 403),
    (SourceNotFound, 9404, 404),
    (SourceDenied, 9408, 403),
    (SourceTooLarge, 9402, 413),
    (SourceTimeout, 9504, 504),
    (SourceUnreachable, 9510, 523),
    (TooManyRedirects, 9505, 502),
    (SourceBadResponse, 9509, 502),
    (SourceError, 9509, 502),
    (ImageTooLarge, 9413, 403),
    (ResultTooLarge, 9401, 400),
    (UnsupportedOutput, 9520, 415),
    (ImageError, 9412, 415),
    (QueueFull, 9522, 503),
    (RenderTimeout, 9529, 504),
)
"""The first that fits counts."""

_SERVER_ERROR: Final = 9523


def error_text(error: PixmillError, status: int) -> Text | None:
    """Return the answer to an error."""
    if isinstance(error, RouteNotFound):
        return None
    code, status = next(((code, own) for kind, code, own in _CODES if isinstance(error, kind)), (_SERVER_ERROR, status))
    return Text(f"ERROR {code}: {error.message}", status, headers=(("cf-resized", f"err={code}"),))
