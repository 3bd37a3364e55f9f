"""Answers to errors in the JSON of ipx, whose form depends on its version. Must never know the grammar of a URL."""

import re
from typing import Final

import msgspec

from pixmill.dialects.port import Text
from pixmill.errors import (
    BadRequest,
    Forbidden,
    ImageError,
    InvalidParameter,
    PixmillError,
    RouteNotFound,
    SourceError,
    SourceForbidden,
    SourceNotFound,
    TooManyRedirects,
    UndecodableImage,
    UnsupportedImage,
)

V3: Final = 3
_OWN: Final = re.compile("([0-9]{3}) (IPX_[A-Z_]+)")
_FORBIDDEN: Final = 403
_ERROR_CODE: Final = "IPX_ERROR"


def ipx_error(status: int, code: str, message: str, *, param: str = "modifiers") -> BadRequest | Forbidden:
    """Return an error with the status and the code of ipx."""
    kind = SourceForbidden if status == _FORBIDDEN else InvalidParameter
    return kind(message, param=param, detail=f"{status} {code}")


def error_text(error: PixmillError, status: int, version: int, *, is_remote: bool) -> Text | None:
    """Return the answer to an error; ``is_remote``: the original is at a URL."""
    if isinstance(error, RouteNotFound):
        return None
    status, code, message = _described(error, status, version, is_remote=is_remote)
    if version == V3:
        document: dict[str, object] = {"error": {"message": f"[{status}] [{code}] {message}"}}
        body = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    else:
        body = msgspec.json.encode({"status": status, "statusText": code, "message": message}).decode()
    return Text(body, status, "application/json")


def _described(error: PixmillError, status: int, version: int, *, is_remote: bool) -> tuple[int, str, str]:
    """Return status, code and message."""
    own = _OWN.fullmatch(error.detail) if isinstance(error, BadRequest | Forbidden) else None
    if own:
        return int(own[1]), own[2], error.message
    if isinstance(error, SourceError):
        is_missing_file = isinstance(error, SourceNotFound) and not is_remote
        code = "IPX_FILE_NOT_FOUND" if is_missing_file else _ERROR_CODE
        return 404 if is_missing_file else _source_status(error, status, version), code, error.message
    if isinstance(error, UnsupportedImage) or (isinstance(error, UndecodableImage) and version != V3):
        return 400, "IPX_INVALID_IMAGE", "Cannot parse image metadata"
    if isinstance(error, Forbidden):
        return 403, "IPX_FORBIDDEN_HOST", error.message
    if isinstance(error, InvalidParameter | ImageError) and version != V3:
        return 400, "IPX_INVALID_MODIFIER", error.message
    return 500 if isinstance(error, InvalidParameter | ImageError) else status, _ERROR_CODE, error.message


def _source_status(error: SourceError, status: int, version: int) -> int:
    if isinstance(error, TooManyRedirects) and version != V3:
        return 502
    return error.upstream_status if error.upstream_status >= 400 else 500 if version == V3 else status  # noqa: PLR2004
