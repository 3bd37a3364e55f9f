"""``/admin/warm``: pictures that are to be there before they are asked for.

Knows that each is named as a client would ask for it. What a client is checked for is checked here too, but for the signature.
"""

import re
from typing import Annotated, Final

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.admin import admitted, answer, ordered
from pixmill.api.negotiate import negotiate
from pixmill.api.services import ApiServices, services_of
from pixmill.errors import MalformedRequest, NoSuchRoute, PixmillError, RequestTooLarge
from pixmill.media import MEDIA
from pixmill.plan.request import ImageRequest

MAX_URLS: Final = 1_000
"""In one order."""

WarmOrder = Annotated[list[str], msgspec.Meta(max_length=MAX_URLS)]

_HOST = re.compile("https?://[^/?#]*", re.IGNORECASE)
_PICTURES: Final = b"/resize"
_LOG = structlog.get_logger("admin")


class Refused(msgspec.Struct, frozen=True):
    """A URL that is not warmed, and why."""

    url: str
    code: str
    detail: str


async def post_warm(request: Request) -> Response:
    """Put what the body names in line, which is made in spare time."""
    operated, services = admitted(request), services_of(request)
    urls = await ordered(request, WarmOrder)
    added, refused = 0, []
    for url in urls:
        try:
            added += operated.warmup.add(_read(url, services))
        except PixmillError as error:
            refused.append(Refused(url, error.code, error.message))
    known = len(urls) - added - len(refused)
    _LOG.info("warm", remote=request.client.host if request.client else "", added=added, refused=len(refused))
    return answer({"added": added, "known": known, "refused": refused}, 202)


async def get_warm(request: Request) -> Response:
    """How far it has come."""
    progress = admitted(request).warmup.progress()
    return answer({"waiting": progress.waiting, "at_work": progress.at_work, "done": progress.done})


def _read(url: str, services: ApiServices) -> ImageRequest:
    """What a browser would ask for that knows all formats which are negotiated here. Raises BadRequest."""
    if not url.isascii() or "#" in url:
        raise MalformedRequest("A URL is ASCII, all else percent-encoded, and has no fragment here")
    target = url[found.end() :] if (found := _HOST.match(url)) else url
    if len(target) > services.config.max_url_bytes:
        raise RequestTooLarge(f"Path and query may have at most {services.config.max_url_bytes} bytes")
    path, _, query = target.encode().partition(b"?")
    if not path.endswith(_PICTURES):
        raise NoSuchRoute
    accept = [MEDIA[form].mime for form in services.negotiable]
    return negotiate(services.dialects.parse(path, query), accept, services.negotiable)
