"""Facts of an original as a JSON response, or as the text of a dialect, with caching headers."""

import math
import time
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.http.dialect_answers import answer_response, own_headers
from pixmill.dialects.port import Text
from pixmill.plan.request import ImageRequest

MAX_AGE_S = 60
"""Facts are cheap and follow the original: a minute covers a page that asks twice."""

_CACHE_STATUS: Final = "Pixmill; fwd=bypass"


def facts_response(
    request: Request, facts: msgspec.Struct, expires: int | None, *, is_private: bool = False
) -> Response:
    """Encode facts as JSON that may be cached for a minute, and no longer than a signed URL is valid.

    ``is_private``: not by caches that answer others.
    """
    body = msgspec.json.encode(facts)
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        **_caching_headers(MAX_AGE_S, expires, is_private=is_private),
    }
    return Response(b"" if request.method == "HEAD" else body, headers=headers)


def own_facts_response(request: Request, answer: Text, image_request: ImageRequest, expires: int | None) -> Response:
    """Return facts in the form of a dialect, for as long as ``facts_response`` unless the URL says how long.

    An answer that names the URL of the request is for its client alone.
    """
    max_age_s = MAX_AGE_S if image_request.max_age_s is None else image_request.max_age_s
    headers = {
        **own_headers(image_request.headers),
        **_caching_headers(max_age_s, expires, is_private=answer.names_requested_url),
    }
    return answer_response(answer, headers, head=request.method == "HEAD")


def _caching_headers(max_age_s: int, expires: int | None, *, is_private: bool = False) -> dict[str, str]:
    remaining_s = max_age_s if expires is None else min(max_age_s, max(0, expires - math.ceil(time.time())))
    scope = "private" if is_private else "public"
    return {"cache-control": f"{scope}, max-age={remaining_s}", "cache-status": _CACHE_STATUS}
