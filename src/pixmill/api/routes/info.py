"""``/info``: the facts of an original, as JSON."""

import math
import time

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import context_of
from pixmill.api.middleware.in_flight import cancel_on_disconnect
from pixmill.api.request_parsing import parse_image_request

MAX_AGE_S = 60
"""Facts are cheap and follow the original: a minute spares a page that asks twice."""


async def get_info(request: Request) -> Response:
    """GET and HEAD: what the header says, and what ``include`` asks for besides."""
    context = context_of(request)
    image_request, expires = parse_image_request(request, context)
    facts = await cancel_on_disconnect(
        request.receive, context.resizer.inspect(image_request.source, image_request.plan.fact_selection)
    )
    return facts_response(request, facts, expires)


def facts_response(request: Request, facts: msgspec.Struct, expires: int | None) -> Response:
    """What is told about an original, as JSON that may be kept for a while."""
    body = msgspec.json.encode(facts)
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": f"public, max-age={_max_age_s(expires)}",
        "cache-status": "Pixmill; fwd=bypass",
    }
    return Response(b"" if request.method == "HEAD" else body, headers=headers)


def _max_age_s(expires: int | None) -> int:
    """Nobody may keep the facts longer than the signed URL is good."""
    return MAX_AGE_S if expires is None else min(MAX_AGE_S, max(0, expires - math.ceil(time.time())))
