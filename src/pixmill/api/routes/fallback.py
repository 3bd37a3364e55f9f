"""What is sent instead of an error of an original: another image with the same plan, or a redirect.

Must never know why an original failed, only whether it is the original that did.
"""

import math
import time
from typing import Final

from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import ApiContext
from pixmill.api.http.cache_headers import image_headers
from pixmill.api.http.dialect_answers import answer_response
from pixmill.api.http.path_prefix import prefix_of
from pixmill.api.http.problems import CLIENT_ERROR, STATUS, error_cache_control, problem_response
from pixmill.api.middleware.request_context import RequestContext
from pixmill.api.routes.results import find_result, in_first_possible_format
from pixmill.dialects.port import Redirect
from pixmill.dialects.registry import DialectMatch
from pixmill.errors import (
    ImageTooLarge,
    MissingExtra,
    PixmillError,
    RenderCrashed,
    SourceBusy,
    SourceError,
    UndecodableImage,
    UnsupportedImage,
    release_frames,
)
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.ports.observe import Event
from pixmill.runtime.event_log import EventLog

ERRORS_OF_ORIGINALS: Final = (
    SourceError,
    UnsupportedImage,
    UndecodableImage,
    ImageTooLarge,
    MissingExtra,
    RenderCrashed,
)
HEADER: Final = "pixmill-fallback"
"""Names the code of the error that a fallback was sent instead of."""

_VALIDATORS: Final = frozenset({"etag", "last-modified", "age"})
"""Of the image that was sent instead: a client would use them for the one that it asked for."""

_log = EventLog("api")


def is_of_original(error: PixmillError) -> bool:
    """Whether the original could not be fetched or decoded, and not another image, nor for want of capacity."""
    return isinstance(error, ERRORS_OF_ORIGINALS) and not isinstance(error, SourceBusy) and error.param is None


async def fallback_response(
    request: Request,
    context: ApiContext,
    image_request: ImageRequest,
    error: PixmillError,
    expires: int | None = None,
) -> Response:
    """Return the fallback of a request; it may be cached for as long as the error, and as the operator says.

    ``expires`` (seconds since the epoch) is when the signed URL ends: no cache may keep the response longer. Raises the
    error if there is no fallback, if none stands for it, or if the fallback fails too.
    """
    fallback = image_request.fallback
    if fallback is None or not is_of_original(error) or (fallback.is_default and _is_redirected(request, error)):
        raise error
    release_frames(error)
    remaining_s = math.inf if expires is None else max(0.0, expires - time.time())
    headers = _headers(image_request, error, min(context.config.fallback_ttl_s, remaining_s))
    status = fallback.status or STATUS[error.code]
    if status < CLIENT_ERROR:
        headers.pop("retry-after", None)
    if fallback.is_redirect:
        response = answer_response(Redirect(fallback.redirect, status), headers, prefix=prefix_of(request.scope))
    else:
        response = await _other_image(request, context, image_request, fallback, error, status, headers)
    request_context: RequestContext = request.state.request_context
    request_context.error = error
    context.telemetry.observer.increment(Event.FALLBACK, outcome=error.code)
    return response


def _is_redirected(request: Request, error: PixmillError) -> bool:
    """Whether the dialect redirects on this error, as its service or the URL says."""
    match: DialectMatch = request.scope["dialect_match"]
    return isinstance(match.error_answer(error, STATUS[error.code], request.scope["query_string"]), Redirect)


def _headers(image_request: ImageRequest, error: PixmillError, ttl_s: float) -> dict[str, str]:
    """Return the headers of the error, with a lifetime of at most ``ttl_s``."""
    problem = problem_response(error, vary=", ".join(image_request.vary))
    headers = {name: value for name, value in problem.headers.items() if not name.startswith("content-")}
    return headers | {"cache-control": error_cache_control(error, ttl_s), HEADER: error.code}


async def _other_image(
    request: Request,
    context: ApiContext,
    image_request: ImageRequest,
    fallback: Fallback,
    error: PixmillError,
    status: int,
    error_headers: dict[str, str],
) -> Response:
    if fallback.source is None:
        raise error
    substitute = structs.replace(image_request, source=fallback.source, fallback=None)
    try:
        substitute, (_, result) = await in_first_possible_format(
            substitute, lambda one: find_result(request, context, one)
        )
    except PixmillError as second:
        release_frames(second)
        _log.warning("fallback_failed", code=second.code, detail=second.detail or second.message)
        context.telemetry.observer.increment(Event.FALLBACK, outcome="error")
        raise error from None
    entry = result.entry
    if entry is None:
        raise error
    image = image_headers(substitute, result)
    headers = {name: value for name, value in image.items() if name not in _VALIDATORS} | error_headers
    if image["cache-control"] == "no-store":
        headers["cache-control"] = "no-store"
    request.state.format = entry.format.value
    request.state.entry = entry  # held while it is sent, as in ``images.py``
    body = b"" if request.method == "HEAD" else entry.body
    return Response(body, status, headers=headers)
