"""A request's URL, as sent, made into an ImageRequest that may be served.

Knows which checks come before any work: signature and expiry, the grammar, negotiation.
"""

import time

from msgspec.structs import replace
from starlette.requests import Request

from pixmill.api.context import ApiContext
from pixmill.api.http.negotiation import negotiate
from pixmill.dialects.native.srcset import SrcsetRequest
from pixmill.errors import InvalidParameter, LoopDetected
from pixmill.plan.purge import MAX_REQUEST_TAGS, is_tag
from pixmill.plan.request import ImageRequest
from pixmill.plan.url import CDN_ID


def parse_image_request(
    request: Request, context: ApiContext, *, upload: bool = False
) -> tuple[ImageRequest, int | None]:
    """The request and, when its URL is signed for a time only, when that ends (seconds since the epoch).

    Raises BadRequest and Forbidden; works on the raw path and query, so that what was signed is what is read.
    """
    path, query, expires = _verified_target(request, context)
    image_request = context.dialects.parse(path, query, upload=upload)
    if header := context.config.tag_header:
        image_request = _with_header_tags(image_request, request.headers.getlist(header), header)
    return negotiate(image_request, request.headers.getlist("accept"), context.negotiable_formats), expires


def parse_srcset_request(request: Request, context: ApiContext) -> tuple[SrcsetRequest, int | None]:
    """The same for a set of pictures."""
    _, query, expires = _verified_target(request, context)
    return context.native_dialect.parse_srcset(query), expires


def _verified_target(request: Request, context: ApiContext) -> tuple[bytes, bytes, int | None]:
    """The raw path and query of a request that fetches an original, and when its signature ends."""
    _check_loop(request)
    path, query = request.scope["raw_path"], request.scope["query_string"]
    return path, query, context.keyring.verify(path, query, time.time()) if context.keyring else None


def _check_loop(request: Request) -> None:
    """Raises LoopDetected for a request that was made to fetch an original (RFC 8586): by redirects it could lead to any number of others."""
    hops = (hop.partition(";")[0].strip() for line in request.headers.getlist("cdn-loop") for hop in line.split(","))
    if CDN_ID in hops:
        raise LoopDetected


def _with_header_tags(image_request: ImageRequest, values: list[str], header: str) -> ImageRequest:
    """With the tags of a header, separated by commas or spaces."""
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
