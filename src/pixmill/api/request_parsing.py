"""Turns a request into what its dialect parses it as.

Runs all checks that come before any work: loop, signature, grammar, negotiation.
"""

import dataclasses
import time

from msgspec.structs import replace
from starlette.requests import Request

from pixmill.api.context import ApiContext
from pixmill.api.http.client_hints import ACCEPT_CH, read_hints, vary_of
from pixmill.api.http.negotiation import negotiate
from pixmill.dialects.port import FactsRequest, ImageRedirect, ImmutableImage, Outcome, image_of
from pixmill.dialects.registry import DialectMatch
from pixmill.errors import InvalidParameter, LoopDetected
from pixmill.plan.freshness import FreshnessPolicy
from pixmill.plan.hints import Hints
from pixmill.plan.purge import MAX_REQUEST_TAGS, is_tag
from pixmill.plan.request import ImageRequest
from pixmill.plan.url import CDN_ID


def parse_request(
    request: Request, context: ApiContext, *, upload: bool = False, fields: bytes = b""
) -> tuple[Outcome, int | None]:
    """Return the outcome of the request, and when its signature expires.

    The expiry is in seconds since the epoch, None if there is none. Raises BadRequest and Forbidden. Works on the
    raw path and query, so that what was signed is what is parsed. ``fields`` of a form are parsed behind the query.
    """
    match, expires = verify_request(request)
    query: bytes = b"&".join(filter(None, (request.scope["query_string"], fields)))
    outcome = match.parse(query, upload=upload)
    if context.config.client_hints:
        outcome = _with_hints(outcome, match, query, request, context, upload=upload)
    return _with_headers(outcome, request, context), expires


def verify_request(request: Request) -> tuple[DialectMatch, int | None]:
    """Authenticate the request by its dialect; return the match, and when the signature expires.

    Raises Forbidden.
    """
    _check_loop(request)
    match: DialectMatch = request.scope["dialect_match"]
    return match, match.mounted.dialect.verify(match.path, request.scope["query_string"], time.time())


def _with_hints(
    outcome: Outcome, match: DialectMatch, query: bytes, request: Request, context: ApiContext, *, upload: bool
) -> Outcome:
    """Parse again with what the client says, if the URL leaves anything to it."""
    image_request = image_of(outcome)
    if image_request is None or image_request.hints is None:
        return outcome
    hinted = read_hints(request.headers, context.config.hint_widths())
    outcome = match.parse(query, upload=upload, hinted=hinted)
    image_request = image_of(outcome) or image_request
    vary = (*image_request.vary, *vary_of(image_request.hints or Hints()))
    return _with_image(outcome, replace(image_request, vary=vary, headers=(*image_request.headers, ACCEPT_CH)))


def _with_image(outcome: Outcome, image_request: ImageRequest) -> Outcome:
    """Return the outcome for another request."""
    if isinstance(outcome, ImmutableImage | ImageRedirect | FactsRequest):
        return dataclasses.replace(outcome, request=image_request)
    return image_request


def _with_headers(outcome: Outcome, request: Request, context: ApiContext) -> Outcome:
    """Apply the tag header, and negotiate the format by Accept."""
    image_request = image_of(outcome)
    if image_request is None:
        return outcome
    if image_request.max_age_s is not None or image_request.min_age_s:
        image_request = _with_limited_max_age(image_request, context.images.freshness)
    if header := context.config.tag_header:
        image_request = _with_header_tags(image_request, request.headers.getlist(header), header)
    if image_request.plan.output.negotiated:
        accept = request.headers.getlist("accept")
        image_request = negotiate(image_request, accept, context.images.negotiable_formats)
    return _with_image(outcome, image_request)


def _with_limited_max_age(image_request: ImageRequest, freshness: FreshnessPolicy) -> ImageRequest:
    """Limit the lifetime that a URL asks for to the operator's, and to that of unsigned versions."""
    limit_s = freshness.max_ttl_s
    if image_request.source.version and not image_request.source.is_version_signed:
        limit_s = min(limit_s, freshness.unsigned_version_ttl_s)
    if image_request.max_age_s is None:
        return replace(image_request, min_age_s=int(min(image_request.min_age_s, limit_s)))
    max_age_s = min(max(image_request.max_age_s, freshness.min_ttl_s), limit_s)
    return replace(image_request, max_age_s=int(max_age_s))


def _check_loop(request: Request) -> None:
    """Raise LoopDetected if this request is our own fetch of an original (RFC 8586).

    Redirects could multiply it without end.
    """
    hops = (hop.partition(";")[0].strip() for line in request.headers.getlist("cdn-loop") for hop in line.split(","))
    if CDN_ID in hops:
        raise LoopDetected


def _with_header_tags(image_request: ImageRequest, values: list[str], header: str) -> ImageRequest:
    """Add the tags of a header, separated by commas or spaces."""
    header_tags = [tag for value in values for tag in value.replace(",", " ").split()]
    if len(header_tags) > MAX_REQUEST_TAGS or not all(map(is_tag, header_tags)):
        raise InvalidParameter(
            f"{header} has at most {MAX_REQUEST_TAGS} tags, each as the parameter tags has them", param="tags"
        )
    return (
        replace(image_request, tags=tuple(dict.fromkeys((*image_request.tags, *header_tags))))
        if header_tags
        else image_request
    )
