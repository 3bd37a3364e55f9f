"""Answers to errors in the JSON of Directus. Must never know the grammar of a URL."""

from typing import Final

import msgspec

from pixmill.dialects.port import Text
from pixmill.errors import (
    BadRequest,
    EngineError,
    Forbidden,
    ImageError,
    InvalidParameter,
    MethodNotAllowed,
    PixmillError,
    RateLimited,
    RouteNotFound,
    SourceDenied,
    SourceError,
    SourceNotFound,
    StoreError,
)

ILLEGAL: Final = "ILLEGAL_ASSET_TRANSFORMATION"
INVALID: Final = "INVALID_QUERY"


def directus_error(reason: str, param: str, code: str = INVALID) -> InvalidParameter:
    """Return an error with the code of Directus."""
    return InvalidParameter(reason, param=param, detail=code)


def error_text(error: PixmillError, status: int, path: bytes) -> Text:
    """Return the answer to an error. Like Directus it hides whether there is an asset that cannot be read."""
    status, message, extensions = _described(error, status, path)
    body = {"errors": [{"message": message, "extensions": extensions}]}
    return Text(msgspec.json.encode(body).decode(), status, "application/json")


def _described(error: PixmillError, status: int, path: bytes) -> tuple[int, str, dict[str, object]]:
    """Return status, message and extensions."""
    for kinds, own, text, code in _FIXED:
        if isinstance(error, kinds):
            return own or status, text, {"code": code}
    if isinstance(error, RouteNotFound):
        shown = path[:200].decode(errors="replace")
        return 404, f"Route {shown} doesn't exist.", {"code": "ROUTE_NOT_FOUND", "path": shown}
    if isinstance(error, ImageError) or (isinstance(error, BadRequest) and error.detail == ILLEGAL):
        names = (error.param or "transforms").split(", ")
        return 400, "Illegal asset transformation.", {"code": ILLEGAL, "invalidTransformations": names}
    reason = error.message.rstrip(".")
    if isinstance(error, BadRequest):
        if error.param and error.detail != INVALID:
            reason = f"{error.param}: {reason}"
        return status, f"Invalid query. {reason}.", {"code": INVALID, "reason": reason}
    if isinstance(error, EngineError | SourceError | StoreError):
        extensions: dict[str, object] = {"code": "SERVICE_UNAVAILABLE", "service": "assets", "reason": reason}
        return status, f'Service "assets" is unavailable. {reason}.', extensions
    return status, "An unexpected error occurred.", {"code": "INTERNAL_SERVER_ERROR"}


_FIXED: Final[tuple[tuple[tuple[type[PixmillError], ...], int, str, str], ...]] = (
    ((SourceNotFound, SourceDenied, Forbidden), 403, "You don't have permission to access this.", "FORBIDDEN"),
    ((RateLimited,), 0, "Too many requests.", "REQUESTS_EXCEEDED"),
    ((MethodNotAllowed,), 0, "Invalid method.", "METHOD_NOT_ALLOWED"),
)
"""Kinds of errors, their status, 0 for that of the error, message and code."""
