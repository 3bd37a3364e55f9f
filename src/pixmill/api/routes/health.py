"""``/health`` and ``/metrics``: probes for orchestrators, monitoring and people.

Must never show a private detail.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import context_of
from pixmill.errors import RouteNotFound
from pixmill.services.health import ComponentHealth, HealthReport


async def get_live(request: Request) -> Response:
    """Liveness: 200 as long as the event loop runs."""
    return _response(context_of(request).lifecycle.health.live())


async def get_ready(request: Request) -> Response:
    """Readiness: 200 if this server's own parts work, else 503; 503 at once while draining. Asks no shared store."""
    return _response(await _for_all(request, await context_of(request).lifecycle.health.ready()))


async def get_health(request: Request) -> Response:
    """Status of each part, also of stores; 503 as for readiness."""
    return _response(await _for_all(request, await context_of(request).lifecycle.health.health()), parts=True)


async def _for_all(request: Request, own: HealthReport) -> HealthReport:
    """Add the other server processes, if there are any: any of them may get the next request."""
    context = context_of(request)
    if context.others is None or own.draining:
        return own
    return own.with_component("processes", await context.others.health(context.config.ready_timeout_s))


def _response(report: HealthReport, *, parts: bool = False) -> Response:
    body: dict[str, object] = {"status": _status(report)}
    if parts:
        body["components"] = {name: _part(part) for name, part in report.components.items()}
    return Response(
        msgspec.json.encode(body),
        200 if report.ok else 503,
        headers={"cache-control": "no-store"},
        media_type="application/json",
    )


def _status(report: HealthReport) -> str:
    if report.draining:
        return "draining"
    if report.degraded:
        return "degraded"
    return "ok" if report.ok else "failing"


def _part(part: ComponentHealth) -> dict[str, object]:
    fields: dict[str, object] = {"ok": part.ok, "required": part.required, "seconds": round(part.seconds, 6)}
    if part.state:
        fields["state"] = part.state
    return fields if part.ok else fields | {"code": part.code}


async def get_metrics(request: Request) -> Response:
    """All metrics as text; 404 if they are disabled."""
    context = context_of(request)
    if context.telemetry.render_metrics is None:
        raise RouteNotFound
    context.telemetry.batch.flush()
    accept = request.headers.get("accept", "")
    content_type, body = (
        await context.others.render_metrics(accept) if context.others else context.telemetry.render_metrics(accept)
    )
    return Response(body, headers={"content-type": content_type, "cache-control": "no-store"})
