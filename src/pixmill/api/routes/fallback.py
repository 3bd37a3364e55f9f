"""What is sent instead of an error of an original: another image with the same plan, or a redirect.

Must never know why an original failed, only whether it is the original that did.
"""

from typing import Final

from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import ApiContext
from pixmill.api.http.cache_headers import image_headers
from pixmill.api.http.dialect_answers import answer_response
from pixmill.api.http.problems import CLIENT_ERROR, problem_response
from pixmill.api.middleware.request_context import RequestContext
from pixmill.api.routes.results import find_result, in_first_possible_format
from pixmill.dialects.port import Redirect
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
from pixmill.plan.request import ImageRequest
from pixmill.ports.observe import Event

ERRORS_OF_ORIGINALS: Final = (
    SourceError,
    UnsupportedImage,
    UndecodableImage,
    ImageTooLarge,
    MissingExtra,
    RenderCrashed,
)
_VALIDATORS: Final = frozenset({"etag", "last-modified", "age"})
"""Of the image that was sent instead: a client would use them for the one that it asked for."""


def is_of_original(error: PixmillError) -> bool:
    """Whether the original could not be fetched or decoded, and not another image, nor for want of capacity."""
    return isinstance(error, ERRORS_OF_ORIGINALS) and not isinstance(error, SourceBusy) and error.param is None


async def fallback_response(
    request: Request, context: ApiContext, image_request: ImageRequest, error: PixmillError
) -> Response:
    """Return the fallback of a request; it may be cached for as long as the error.

    Raises the error if the fallback fails too.
    """
    fallback = image_request.fallback
    if fallback is None:
        raise error
    release_frames(error)
    problem = problem_response(error, vary=", ".join(image_request.vary))
    headers = {name: value for name, value in problem.headers.items() if not name.startswith("content-")}
    status = fallback.status or problem.status_code
    if status < CLIENT_ERROR:
        headers.pop("retry-after", None)
    if fallback.is_redirect:
        response = answer_response(Redirect(fallback.redirect, status), headers)
    else:
        response = await _other_image(request, context, image_request, error, status, headers)
    request_context: RequestContext = request.state.request_context
    request_context.error = error
    context.telemetry.observer.increment(Event.FALLBACK, outcome=error.code)
    return response


async def _other_image(
    request: Request,
    context: ApiContext,
    image_request: ImageRequest,
    error: PixmillError,
    status: int,
    error_headers: dict[str, str],
) -> Response:
    fallback = image_request.fallback
    if fallback is None or fallback.source is None:
        raise error
    substitute = structs.replace(image_request, source=fallback.source, fallback=None)
    try:
        substitute, (_, result) = await in_first_possible_format(
            substitute, lambda one: find_result(request, context, one)
        )
    except PixmillError as second:
        release_frames(second)
        raise error from None
    entry = result.entry
    if entry is None:
        raise error
    headers = {name: value for name, value in image_headers(substitute, result).items() if name not in _VALIDATORS}
    request.state.format = entry.format.value
    request.state.entry = entry  # held while it is sent, as in ``images.py``
    body = b"" if request.method == "HEAD" else entry.body
    return Response(body, status, headers=headers | error_headers)
