"""``/admin/warm``: queues URLs for cache warming.

URLs are given as a client would request them, and checked in the same way, except for the signature.
"""

import re
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.admin_access import authorize, decode_body, json_response
from pixmill.api.context import ApiContext, context_of
from pixmill.api.http.negotiation import negotiate
from pixmill.dialects.port import Endpoint, FactsRequest, image_of
from pixmill.errors import MalformedRequest, PixmillError, RequestTooLarge, RouteNotFound
from pixmill.media import BROWSER_FORMATS, MEDIA
from pixmill.plan.request import ImageRequest
from pixmill.runtime.event_log import EventLog

MAX_URLS: Final = 1_000
"""Maximum per request."""

WarmUrls = Annotated[list[str], msgspec.Meta(max_length=MAX_URLS)]

_HOST = re.compile("https?://([^/?#]*)", re.IGNORECASE)
_LOG = EventLog("admin")


class RejectedUrl(msgspec.Struct, frozen=True):
    """A URL that was not queued, and why."""

    url: str
    code: str
    detail: str


async def post_warm(request: Request) -> Response:
    """POST: queue the URLs of the body, to be rendered at idle priority."""
    admin, context = await authorize(request), context_of(request)
    urls = await decode_body(request, WarmUrls)
    added, rejected = 0, []
    for url in urls:
        try:
            added += admin.warm_queue.add(_parse_url(url, context))
        except PixmillError as error:
            rejected.append(RejectedUrl(url, error.code, error.message))
    already_queued = len(urls) - added - len(rejected)
    _LOG.info("warm", remote=request.client.host if request.client else "", added=added, rejected=len(rejected))
    return json_response({"added": added, "already_queued": already_queued, "rejected": rejected}, 202)


async def get_warm(request: Request) -> Response:
    """GET: progress of the queues of all server processes."""
    progress = (await authorize(request)).warm_queue.progress()
    if others := context_of(request).others:
        progress = await others.warm_progress(progress)
    return json_response({"queued": progress.queued, "in_progress": progress.in_progress, "done": progress.done})


def _parse_url(url: str, context: ApiContext) -> ImageRequest:
    """Parse a URL as requested by most browsers: with AVIF and WebP, as far as negotiable. Raises BadRequest."""
    if not url.isascii() or "#" in url:
        raise MalformedRequest("A URL must be ASCII, with all else percent-encoded, and have no fragment")
    target = url[origin.end() :] if (origin := _HOST.match(url)) else url
    if len(target) > context.config.max_url_bytes:
        raise RequestTooLarge(f"Path and query may have at most {context.config.max_url_bytes} bytes")
    path, _, query = target.encode().partition(b"?")
    dialects = context.images.dialects
    host = origin[1].encode() if origin else b""
    match = dialects.require(dialects.known_host(host), context.config.prefix_for(dialects).local_path(path, host))
    outcome = match.parse(query) if match.route.endpoint is Endpoint.IMAGE else None
    image_request = None if outcome is None or isinstance(outcome, FactsRequest) else image_of(outcome)
    if image_request is None:
        raise RouteNotFound
    accept = [MEDIA[form].mime for form in BROWSER_FORMATS]
    return negotiate(image_request, accept, context.images.negotiable_formats)
