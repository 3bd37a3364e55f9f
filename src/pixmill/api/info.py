"""``/info``: the facts of an original, as JSON."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.connection import while_connected
from pixmill.api.reading import read_request
from pixmill.api.services import services_of

CACHE_CONTROL = "public, max-age=60"
"""Facts are cheap and follow the original: a minute spares a page that asks twice."""


async def get_info(request: Request) -> Response:
    """GET and HEAD: size as displayed, format, frames, alpha, orientation, colour space, bytes."""
    services = services_of(request)
    image, _ = read_request(request, services)
    facts = await while_connected(request.receive, services.resizer.inspect(image.source))
    body = msgspec.json.encode(facts)
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": CACHE_CONTROL,
        "cache-status": "Pixmill; fwd=bypass",
    }
    return Response(b"" if request.method == "HEAD" else body, headers=headers)
