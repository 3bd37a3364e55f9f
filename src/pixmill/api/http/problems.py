"""Errors as RFC 9457 problem documents.

The only file that maps codes to statuses. Must never let ``detail`` or a foreign exception's text into a body.
"""

import math
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pixmill.errors import (
    BadRequest,
    Forbidden,
    HeadersTooLarge,
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    PixmillError,
    RateLimited,
    RouteNotFound,
    UploadTimeout,
    UploadTooLarge,
)

STATUS: Final[dict[str, int]] = {
    # The request.
    "bad_request": 400,
    "invalid_parameter": 400,
    "unknown_parameter": 400,
    "repeated_parameter": 400,
    "missing_parameter": 400,
    "conflicting_parameters": 400,
    "malformed_request": 400,
    "request_too_large": 414,
    "headers_too_large": 431,  # RFC 6585 §5
    "upload_too_large": 413,
    "upload_timeout": 408,
    "route_not_found": 404,
    "method_not_allowed": 405,
    "rate_limited": 429,  # RFC 6585 §4
    "loop_detected": 508,  # RFC 5842 §7.2
    # Not allowed. Never 401, which would have to name a way to log in (RFC 9110 §15.5.2).
    "forbidden": 403,
    "signature_missing": 403,
    "signature_invalid": 403,
    "signature_expired": 403,
    "admin_denied": 403,
    "source_forbidden": 403,
    "address_forbidden": 403,
    # The source. We are its gateway: what it reports about the image is passed on, its own failures are 502 and 504.
    "source_error": 502,
    "source_not_found": 404,
    "source_denied": 403,
    "source_too_large": 413,
    "source_unreachable": 502,
    "source_timeout": 504,
    "source_bad_response": 502,
    "too_many_redirects": 502,
    "source_credentials": 502,  # the operator must fix them
    "source_busy": 503,  # our own limit of concurrent fetches
    # The image. 422: the request is valid, but not possible for this image, or in this installation.
    "image_error": 422,
    "unsupported_image": 415,
    "undecodable_image": 422,
    "image_too_large": 413,
    "result_too_large": 422,
    "too_costly": 422,
    "unsupported_output": 422,
    "missing_extra": 415,
    # The engine. An image that crashes two workers is bad input, which is no error of the server.
    "engine_error": 503,
    "queue_full": 503,
    "memory_exhausted": 503,
    "render_timeout": 504,
    "render_crashed": 422,
    "no_worker": 503,
    "draining": 503,
    # The stores behind us.
    "store_error": 502,
    "object_not_found": 404,
    "object_too_large": 413,
    "store_denied": 502,  # our rights, not the client's
    "store_credentials": 502,
    "store_unavailable": 503,
    "store_full": 503,
    "internal": 500,
}

CLIENT_ERROR: Final = 400
"""From here up a status is an error."""

SERVER_ERROR: Final = 500
"""From here up a status is a server error."""

RETRY_AFTER_S: Final[dict[str, int]] = {
    "engine_error": 5,
    "no_worker": 5,
    "queue_full": 1,  # about as long as a few renders take
    "memory_exhausted": 2,
    "source_busy": 2,
    "draining": 2,  # another replica, or this one after its restart
    "store_unavailable": 5,
    "store_full": 60,  # until eviction or a person frees space
}
"""Retry-After, unless the error itself has one."""

ERROR_MAX_AGE_S: Final = 10
"""For errors that depend on the URL alone: absorbs a burst on a broken link, and expires soon once it is repaired."""

_UNCACHEABLE_ERRORS = (Forbidden, UploadTimeout, HeadersTooLarge, RateLimited)
_STARLETTE_ERRORS = {404: RouteNotFound, 405: MethodNotAllowed, 413: UploadTooLarge}
_MAX_MESSAGE_CHARS = 500


def problem_response(
    error: PixmillError,
    *,
    request_id: str = "",
    vary: str = "",
    allow: str = "",
    head: bool = False,
    hint: str = "",
) -> Response:
    """Return the response for ``error``; without a body for HEAD.

    ``vary`` is that of the intended response, ``allow`` lists the allowed methods for a 405. ``hint`` is
    for developers only.
    """
    status = STATUS[error.code]
    document = _problem_document(error, status, request_id, hint)
    response = Response(document, status, media_type="application/problem+json")
    headers = {
        "cache-control": error_cache_control(error),
        "retry-after": _retry_after(error),
        "vary": vary,
        "cache-status": _cache_status(error),
        "allow": allow,
        "connection": "close" if isinstance(error, UploadTimeout) else "",  # RFC 9110 §15.5.9
    }
    response.headers.update({name: value for name, value in headers.items() if value})
    if head:
        response.body = b""  # Content-Length stays (RFC 9110 §9.3.2)
    return response


def translate(error: Exception) -> PixmillError:
    """Convert any exception to one of our tree.

    An unknown one is a defect of ours, and its text stays private.
    """
    if isinstance(error, PixmillError):
        return error
    if isinstance(error, HTTPException) and error.status_code < SERVER_ERROR:
        return _STARLETTE_ERRORS.get(error.status_code, MalformedRequest)()
    return InternalError(detail=repr(error))


def error_cache_control(error: PixmillError, limit_s: float = math.inf) -> str:
    """Return Cache-Control; an error in the negative cache lives as long as it does there, and at most ``limit_s``."""
    if STATUS[error.code] >= SERVER_ERROR or isinstance(error, _UNCACHEABLE_ERRORS):
        return "no-store"
    lifetime_s = min(limit_s, ERROR_MAX_AGE_S if error.negative_ttl_s is None else error.negative_ttl_s)
    return f"public, max-age={int(lifetime_s)}" if lifetime_s >= 1 else "public, no-cache"


def _cache_status(error: PixmillError) -> str:
    """Return Cache-Status (RFC 9211): whether the request was forwarded before it failed."""
    if error.from_negative_cache:
        return f"Pixmill; hit; detail=negative-{error.code}"
    forward = "bypass" if isinstance(error, BadRequest | Forbidden) else "uri-miss"
    return f"Pixmill; fwd={forward}; detail={error.code}"


def _problem_document(error: PixmillError, status: int, request_id: str, hint: str) -> bytes:
    document = {
        "type": f"urn:pixmill:error:{error.code}",
        "title": error.title,
        "status": status,
        "detail": _truncate(error.message),
        "code": error.code,
    }
    if error.param is not None:
        document["param"] = _truncate(error.param)
    if hint:
        document["hint"] = _truncate(hint)
    if request_id:
        document["instance"] = f"urn:pixmill:request:{request_id}"
    return msgspec.json.encode(document)


def _truncate(text: str) -> str:
    """Shorten a message that may repeat what the client sent: long texts, lone surrogates."""
    return text[:_MAX_MESSAGE_CHARS].encode(errors="replace").decode()


def _retry_after(error: PixmillError) -> str:
    seconds = RETRY_AFTER_S.get(error.code) if error.retry_after_s is None else error.retry_after_s
    return "" if seconds is None else str(max(1, math.ceil(seconds)))
