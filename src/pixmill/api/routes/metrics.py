"""``/metrics``, for Prometheus."""

from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import context_of
from pixmill.errors import RouteNotFound


async def get_metrics(request: Request) -> Response:
    """All metrics as text; 404 when they are turned off."""
    context = context_of(request)
    if context.render_metrics is None:
        raise RouteNotFound
    context.telemetry_batch.flush()
    content_type, body = context.render_metrics(request.headers.get("accept", ""))
    return Response(body, headers={"content-type": content_type, "cache-control": "no-store"})
