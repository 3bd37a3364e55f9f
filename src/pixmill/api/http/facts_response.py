"""Facts of an original as a JSON response with caching headers."""

import math
import time

import msgspec
from starlette.requests import Request
from starlette.responses import Response

MAX_AGE_S = 60
"""Facts are cheap and follow the original: a minute covers a page that asks twice."""


def facts_response(request: Request, facts: msgspec.Struct, expires: int | None) -> Response:
    """Encode facts as JSON that may be cached for a minute, and no longer than a signed URL is valid."""
    body = msgspec.json.encode(facts)
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": f"public, max-age={_max_age_s(expires)}",
        "cache-status": "Pixmill; fwd=bypass",
    }
    return Response(b"" if request.method == "HEAD" else body, headers=headers)


def _max_age_s(expires: int | None) -> int:
    return MAX_AGE_S if expires is None else min(MAX_AGE_S, max(0, expires - math.ceil(time.time())))
