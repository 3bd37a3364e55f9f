"""Answers to errors, as clients of Next.js and Vercel expect them. Must never know a URL's grammar."""

from typing import Final

from pixmill.dialects.nextjs.config import Flavour
from pixmill.dialects.port import Text
from pixmill.errors import (
    AddressForbidden,
    BadRequest,
    Forbidden,
    ImageError,
    PixmillError,
    RouteNotFound,
    SourceError,
    SourceTimeout,
    SourceTooLarge,
    SourceUnreachable,
    TooManyRedirects,
)

NOT_ALLOWED: Final = '"url" parameter is not allowed'
INVALID_IMAGE: Final = "The requested resource isn't a valid image."
FORBIDDEN_TYPE: Final = '"url" parameter is valid but image type is not allowed'
TIMED_OUT: Final = '"url" parameter is valid but upstream response timed out'
UPSTREAM: Final = '"url" parameter is valid but {} response is invalid'

_STATUS: Final[tuple[tuple[type[PixmillError], int], ...]] = (
    (TooManyRedirects, 508),
    (SourceTimeout, 504),
    (SourceTooLarge, 413),
    (SourceUnreachable, 500),
)

_CODES: Final[tuple[tuple[tuple[type[PixmillError], ...], int, str], ...]] = (
    ((SourceError, AddressForbidden), 502, "OPTIMIZED_EXTERNAL_IMAGE_REQUEST_FAILED"),
    ((BadRequest, Forbidden, ImageError), 400, "INVALID_IMAGE_OPTIMIZE_REQUEST"),
)
_INVALID_CODE: Final = "OPTIMIZED_EXTERNAL_IMAGE_REQUEST_INVALID"
_UNAUTHORIZED_CODE: Final = "OPTIMIZED_EXTERNAL_IMAGE_REQUEST_UNAUTHORIZED"
_FIRST_ERROR: Final = 400
_UNAUTHORIZED: Final = frozenset({401, 403, 407})


def error_text(error: PixmillError, status: int, flavour: Flavour, *, is_local: bool) -> Text | None:
    """Return the answer to an error; ``is_local``: the original is a path of the site."""
    if isinstance(error, RouteNotFound):
        return None
    if flavour.has_error_codes:
        return _coded_text(error, status)
    if isinstance(error, SourceError):
        return Text(_source_message(error, is_local=is_local), _source_status(error, status))
    if isinstance(error, Forbidden):
        return Text(NOT_ALLOWED, 400)
    if isinstance(error, ImageError):
        return Text(FORBIDDEN_TYPE if error.param == "reject" else INVALID_IMAGE, 400)
    return Text(error.message, status)


def _source_message(error: SourceError, *, is_local: bool) -> str:
    return TIMED_OUT if isinstance(error, SourceTimeout) else UPSTREAM.format("internal" if is_local else "upstream")


def _source_status(error: SourceError, status: int) -> int:
    """Return the status of the source's own answer, else that of the kind of failure."""
    if error.upstream_status:
        return error.upstream_status if error.upstream_status >= _FIRST_ERROR else 400
    return next((code for kind, code in _STATUS if isinstance(error, kind)), status)


def _coded_text(error: PixmillError, status: int) -> Text:
    """Return Vercel's answer: its code in the body and in a header."""
    code = ""
    for kinds, code_status, kind_code in _CODES:
        if isinstance(error, kinds):
            status, code = code_status, kind_code
            break
    if isinstance(error, SourceError) and error.upstream_status:
        code = _UNAUTHORIZED_CODE if error.upstream_status in _UNAUTHORIZED else _INVALID_CODE
    return Text(code, status, headers=(("x-vercel-error", code),)) if code else Text(error.message, status)
