"""The application: its routes, and the middleware that every request passes, outermost first.

Dialects are asked before the fixed routes, so that one with a host of its own may have any path there.
"""

from dataclasses import replace

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from pixmill.api.context import ApiContext
from pixmill.api.fastpath.middleware import FastPathMiddleware
from pixmill.api.http.compression import Compressor
from pixmill.api.middleware.awaited_work import AwaitedWorkMiddleware
from pixmill.api.middleware.compression import CompressionMiddleware
from pixmill.api.middleware.guards import (
    CorsPreflightMiddleware,
    DrainMiddleware,
    InFlightMiddleware,
    RateLimitMiddleware,
    RequestSizeMiddleware,
)
from pixmill.api.middleware.path_prefix import PathPrefixMiddleware
from pixmill.api.middleware.request_context import EXCEPTION_HANDLERS, ErrorMiddleware, RequestContextMiddleware
from pixmill.api.middleware.response_body import ResponseBodyMiddleware
from pixmill.api.middleware.tracing import TracingMiddleware
from pixmill.api.routes.dialects import DialectRoutes
from pixmill.api.routes.health import get_health, get_live, get_metrics, get_ready
from pixmill.api.routes.openapi import get_openapi
from pixmill.api.routes.peer_purges import get_peer_purges, post_peer_purges
from pixmill.api.routes.playground import get_asset, get_config, get_images, get_page, post_convert, post_upload
from pixmill.api.routes.purge import get_purges, post_purge
from pixmill.api.routes.warm import get_warm, post_warm
from pixmill.ports.purges import PEER_PATH

DOCUMENT_ROUTES = [
    Route("/openapi.json", get_openapi),
]
PROBE_ROUTES = [
    Route("/health/live", get_live),
    Route("/health/ready", get_ready),
]
ADMIN_ROUTES = [
    Route("/health", get_health),
    Route("/metrics", get_metrics),
    Route("/admin/purge", post_purge, methods=["POST"]),
    Route("/admin/purges", get_purges),
    Route(PEER_PATH, post_peer_purges, methods=["POST"]),
    Route(PEER_PATH, get_peer_purges),
    Route("/admin/warm", post_warm, methods=["POST"]),
    Route("/admin/warm", get_warm),
]
PLAYGROUND_ROUTES = [
    Route("/", get_page),
    Route("/playground", get_page),
    Route("/playground/config.json", get_config),
    Route("/playground/images.json", get_images),
    Route("/playground/upload", post_upload, methods=["POST"]),
    Route("/playground/convert", post_convert, methods=["POST"]),
    Route("/playground/{name}", get_asset),
]
FIXED_ROUTES = [*DOCUMENT_ROUTES, *PROBE_ROUTES, *ADMIN_ROUTES]
"""All but those of dialects."""


def create_app(context: ApiContext, *, has_root_path: bool = False, has_admin_routes: bool = True) -> ASGIApp:
    """Return the public application; without the admin routes if they have a listener of their own.

    ``has_root_path``: the server, or an application that mounts this one, may say below which path it is.
    """
    context = replace(context, has_admin_routes=has_admin_routes and not context.config.admin_listen)
    admin_routes = ADMIN_ROUTES if context.has_admin_routes else []
    playground_routes = PLAYGROUND_ROUTES if context.playground else []
    routes = [DialectRoutes(context), *DOCUMENT_ROUTES, *PROBE_ROUTES, *admin_routes, *playground_routes]
    fast_path = FastPathMiddleware(
        _build_app(context, routes),
        context.images.request_cache,
        context.images.resizer.lookup.results,
        context.limits.load_shedder,
        context.telemetry.batch,
        response_bodies=context.limits.response_bodies,
        in_flight=context.lifecycle.in_flight,
        trusted_proxies=context.config.proxy_networks(),
    )
    app = _below_prefix(context, fast_path, has_root_path=has_root_path)
    if context.config.await_writes:
        app = AwaitedWorkMiddleware(app, context.lifecycle.finish_work)
    return TracingMiddleware(app, context.telemetry.tracer) if context.telemetry.tracer else app


def create_admin_app(context: ApiContext, *, has_root_path: bool = False) -> ASGIApp:
    """Return the application of the admin listener: probes and admin routes."""
    app = _build_app(context, [*PROBE_ROUTES, *ADMIN_ROUTES])
    return _below_prefix(context, app, has_root_path=has_root_path)


def _below_prefix(context: ApiContext, app: ASGIApp, *, has_root_path: bool) -> ASGIApp:
    """Return the application below its prefix; as it is, without any cost, at the root of its host."""
    prefix = context.config.prefix_for(context.images.dialects)
    return PathPrefixMiddleware(app, prefix) if prefix.configured or has_root_path else app


def _build_app(context: ApiContext, routes: list[BaseRoute]) -> Starlette:
    config = context.config
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(
                RequestContextMiddleware,
                request_metrics=context.telemetry.request_metrics,
                access_log=context.telemetry.access_log,
            ),
            Middleware(ErrorMiddleware, display=config.error_display()),
            Middleware(ResponseBodyMiddleware, bodies=context.limits.response_bodies),
            Middleware(CompressionMiddleware, compressor=Compressor(), codings=config.codings()),
            Middleware(
                RateLimitMiddleware,
                limiter=config.rate_limiter(context.limits.rate_buckets),
                trusted_proxies=config.proxy_networks(),
                observer=context.telemetry.observer,
            ),
            Middleware(DrainMiddleware, is_draining=context.lifecycle.draining.is_set),
            Middleware(InFlightMiddleware, requests=context.lifecycle.in_flight),
            Middleware(RequestSizeMiddleware, max_url_bytes=config.max_url_bytes),
            Middleware(CorsPreflightMiddleware),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    app.router.redirect_slashes = False
    app.state.context = context
    return app
