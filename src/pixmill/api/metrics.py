"""``/metrics``, for Prometheus."""

from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.services import services_of
from pixmill.errors import NoSuchRoute


async def get_metrics(request: Request) -> Response:
    """All metrics as text; 404 when they are turned off."""
    services = services_of(request)
    if services.metrics is None:
        raise NoSuchRoute
    services.books.settle()
    content_type, body = services.metrics(request.headers.get("accept", ""))
    return Response(body, headers={"content-type": content_type, "cache-control": "no-store"})
