"""The application: what is answered where, and what every request passes on its way."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from pixmill.api.context import ApiContext
from pixmill.api.fastpath.middleware import FastPathMiddleware
from pixmill.api.middleware.cors import CorsPreflightMiddleware
from pixmill.api.middleware.drain import DrainMiddleware
from pixmill.api.middleware.errors import EXCEPTION_HANDLERS, ErrorMiddleware
from pixmill.api.middleware.in_flight import InFlightMiddleware
from pixmill.api.middleware.rate_limit import RateLimitMiddleware
from pixmill.api.middleware.request_context import RequestContextMiddleware
from pixmill.api.middleware.request_size import RequestSizeMiddleware
from pixmill.api.routes.health import get_health, get_live, get_metrics, get_ready
from pixmill.api.routes.images import get_image, post_image
from pixmill.api.routes.info import get_info
from pixmill.api.routes.openapi import get_openapi
from pixmill.api.routes.purge import get_purges, post_purge
from pixmill.api.routes.srcset import get_srcset
from pixmill.api.routes.warm import get_warm, post_warm

IMAGE_ROUTES = [
    Route("/resize", get_image, methods=["GET"]),
    Route("/resize", post_image, methods=["POST"]),
    Route("/info", get_info),
    Route("/srcset", get_srcset),
    Route("/api/v1/resize", get_image, methods=["GET"]),
    Route("/api/v1/resize", post_image, methods=["POST"]),
    Route("/api/v1/info", get_info),
    Route("/api/v1/srcset", get_srcset),
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
    Route("/admin/warm", post_warm, methods=["POST"]),
    Route("/admin/warm", get_warm),
]
ROUTES = [*IMAGE_ROUTES, *PROBE_ROUTES, *ADMIN_ROUTES]


def create_app(context: ApiContext) -> FastPathMiddleware:
    """The ASGI application over these services; what operators ask is left out where they have a listener of their own."""
    app = _build_app(context, [*IMAGE_ROUTES, *PROBE_ROUTES] if context.config.admin_listen else ROUTES)
    return FastPathMiddleware(
        app, context.request_cache, context.resizer.results, context.load_shedder, context.telemetry_batch
    )


def create_admin_app(context: ApiContext) -> Starlette:
    """What operators ask, and nothing else."""
    return _build_app(context, [*PROBE_ROUTES, *ADMIN_ROUTES])


def _build_app(context: ApiContext, routes: list[Route]) -> Starlette:
    config, limiter = context.config, context.config.rate_limiter()
    rate_limit_middleware = (
        [
            Middleware(
                RateLimitMiddleware, limiter=limiter, trusted_proxies=config.proxy_networks(), observer=context.observer
            )
        ]
        if limiter is not None
        else []
    )
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(
                RequestContextMiddleware, request_metrics=context.request_metrics, access_log=context.access_log
            ),
            Middleware(ErrorMiddleware),
            *rate_limit_middleware,
            Middleware(DrainMiddleware, is_draining=context.draining.is_set),
            Middleware(InFlightMiddleware, requests=context.in_flight),
            Middleware(RequestSizeMiddleware, max_url_bytes=config.max_url_bytes),
            Middleware(CorsPreflightMiddleware),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    app.router.redirect_slashes = False
    app.state.context = context
    return app
