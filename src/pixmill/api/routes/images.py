"""Image routes: from the raw URL to the bytes of a result.

Knows HTTP and the resize service; must never know where originals come from or how results are made.
"""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import ApiContext
from pixmill.api.fastpath.request_cache import CachedRequest, RequestKey
from pixmill.api.http.cache_headers import (
    entity_tags,
    image_headers,
    not_modified_since,
    redirect_headers,
    server_timing,
)
from pixmill.api.http.dialect_answers import ANSWER_HEADERS, answer_response, result_headers
from pixmill.api.http.path_prefix import prefix_of
from pixmill.api.request_parsing import parse_request
from pixmill.api.routes.fallback import fallback_response
from pixmill.api.routes.info import own_facts
from pixmill.api.routes.results import find_result, in_first_possible_format
from pixmill.dialects.port import FactsRequest, ImageRedirect, ImmutableImage, Redirect, Text
from pixmill.dialects.registry import DialectMatch
from pixmill.errors import PixmillError
from pixmill.plan.request import ImageRequest
from pixmill.services.results.answer import ResizeResult


async def get_image(context: ApiContext, request: Request) -> Response:
    """GET and HEAD: the result for the image at ``url``."""
    request_key: RequestKey = request.scope["request_key"]
    match: DialectMatch = request.scope["dialect_match"]
    outcome, expires = parse_request(request, context)
    if isinstance(outcome, Redirect | Text):
        return answer_response(outcome, ANSWER_HEADERS, head=request.method == "HEAD", prefix=prefix_of(request.scope))
    if isinstance(outcome, FactsRequest):
        return await own_facts(context, request, outcome, expires)
    if isinstance(outcome, ImageRedirect):
        try:
            with context.limits.load_shedder.track(request_key):
                return await _redirect_to_result(request, context, outcome.request, expires)
        except PixmillError as error:
            return await fallback_response(request, context, outcome.request, error, expires)
    image_request = outcome.request if isinstance(outcome, ImmutableImage) else outcome
    request.state.vary = ", ".join(image_request.vary)
    if_none_match = request.headers.get("if-none-match")
    client_etags = entity_tags(if_none_match) if if_none_match else frozenset()
    try:
        with context.limits.load_shedder.track(request_key):
            image_request, (key, result) = await in_first_possible_format(
                image_request, lambda one: find_result(request, context, one, client_etags)
            )
    except PixmillError as error:
        return await fallback_response(request, context, image_request, error, expires)
    if result.tier:
        context.limits.load_shedder.record_hit(request_key)
    if_modified_since = request.headers.get("if-modified-since")
    if if_modified_since and not client_etags and not_modified_since(result.meta, if_modified_since):
        result = replace(result, entry=None)
    etag_prefix = outcome.etag_prefix if isinstance(outcome, ImmutableImage) else ""
    context.images.request_cache.put(
        request_key,
        CachedRequest(
            image_request,
            key,
            expires,
            etag_prefix,
            match.route.label,
            match if match.adds_headers else None,
            match.route.methods,
        ),
    )
    return image_response(request, image_request, result, context, expires=expires, etag_prefix=etag_prefix)


async def _redirect_to_result(
    request: Request, context: ApiContext, image_request: ImageRequest, expires: int | None
) -> Response:
    """Render into the cache, and redirect to where the dialect serves the result.

    The redirect may be cached for as long as the result.
    """
    image_request, (_, result) = await in_first_possible_format(
        image_request, lambda one: find_result(request, context, one)
    )
    match: DialectMatch = request.scope["dialect_match"]
    redirect = match.result_location(request.scope["query_string"], result.meta.etag, expires)
    return answer_response(redirect, redirect_headers(image_request, result, expires), prefix=prefix_of(request.scope))


def image_response(
    request: Request,
    image_request: ImageRequest,
    result: ResizeResult,
    context: ApiContext,
    *,
    expires: int | None = None,
    etag_prefix: str = "",
) -> Response:
    """Return 200 with the image, or 304 without."""
    entry = result.entry
    own = result_headers(
        request.scope["dialect_match"], request.scope["query_string"], result.meta, prefix_of(request.scope)
    )
    headers = image_headers(image_request, result, expires, etag_prefix, own)
    is_local_only = context.playground is not None and context.playground.local_only
    if (context.config.server_timing or is_local_only) and result.seconds:
        headers["server-timing"] = server_timing(result)
    if entry is None:
        return Response(status_code=304, headers=headers)
    request.state.format = entry.format.value
    request.state.entry = entry  # held while it is sent: the cache gives it to others who ask meanwhile
    return Response(b"" if request.method == "HEAD" else entry.body, headers=headers)
