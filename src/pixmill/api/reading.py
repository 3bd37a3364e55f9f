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
    path, query, expires = _admitted(request, services)
    image = services.dialects.parse(path, query, upload=upload)
    if header := services.config.tag_header:
        image = _tagged(image, request.headers.getlist(header), header)
    return negotiate(image, request.headers.getlist("accept"), services.negotiable), expires


def read_set(request: Request, services: ApiServices) -> tuple[SetRequest, int | None]:
    """The same for a set of pictures."""
    _, query, expires = _admitted(request, services)
    return services.native.parse_set(query), expires


def _admitted(request: Request, services: ApiServices) -> tuple[bytes, bytes, int | None]:
    """The raw path and query of a request that fetches an original, and when its signature ends."""
    _check_origin(request)
    path, query = request.scope["raw_path"], request.scope["query_string"]
    return path, query, services.keyring.verify(path, query, time.time()) if services.keyring else None


def _check_origin(request: Request) -> None:
    """Raises LoopDetected for a request that was made to fetch an original (RFC 8586): by redirects it could lead to any number of others."""
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
