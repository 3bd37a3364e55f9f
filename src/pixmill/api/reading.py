"""A request's URL, as sent, made into an ImageRequest that may be served.

Knows which checks come before any work: signature and expiry, the grammar, negotiation.
"""

import time

from msgspec.structs import replace
from starlette.requests import Request

from pixmill.api.negotiate import negotiate
from pixmill.api.services import ApiServices
from pixmill.dialects.sets import SetRequest
from pixmill.errors import InvalidParameter, LoopDetected
from pixmill.plan.purge import MAX_TAGS, is_tag
from pixmill.plan.request import ImageRequest
from pixmill.plan.url import CDN_ID


def read_request(request: Request, services: ApiServices, *, upload: bool = False) -> tuple[ImageRequest, int | None]:
    """The request and, when its URL is signed for a time only, when that ends (seconds since the epoch).

    Raises BadRequest and Forbidden; works on the raw path and query, so that what was signed is what is read.
    """
    _check_origin(request)
    path, query = request.scope["raw_path"], request.scope["query_string"]
    expires = _verified(path, query, services)
    image = services.dialects.parse(path, query, upload=upload)
    if header := services.config.tag_header:
        image = _tagged(image, request.headers.getlist(header), header)
    return negotiate(image, request.headers.getlist("accept"), services.negotiable), expires


def read_set(request: Request, services: ApiServices) -> tuple[SetRequest, int | None]:
    """The same for a set of pictures."""
    _check_origin(request)
    path, query = request.scope["raw_path"], request.scope["query_string"]
    expires = _verified(path, query, services)
    return services.native.parse_set(query), expires


def _check_origin(request: Request) -> None:
    """Raises LoopDetected for a request that fetches an original (RFC 8586): by redirects it could lead to any number of others."""
    hops = (hop.partition(";")[0].strip() for line in request.headers.getlist("cdn-loop") for hop in line.split(","))
    if CDN_ID in hops:
        raise LoopDetected


def _tagged(image: ImageRequest, values: list[str], header: str) -> ImageRequest:
    """With the tags of a header, separated by commas or spaces."""
    named = [tag for value in values for tag in value.replace(",", " ").split()]
    if len(named) > MAX_TAGS or not all(map(is_tag, named)):
        raise InvalidParameter(
            f"{header} has at most {MAX_TAGS} tags, each as the parameter tags has them", param="tags"
        )
    return replace(image, tags=tuple(dict.fromkeys((*image.tags, *named)))) if named else image


def _verified(path: bytes, query: bytes, services: ApiServices) -> int | None:
    return services.keyring.verify(path, query, time.time()) if services.keyring else None
