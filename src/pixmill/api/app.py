"""The application: what is answered where, and what every request passes on its way."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from pixmill.api.admin import get_purges, post_purge
from pixmill.api.clients import RateLimit
from pixmill.api.connection import Endable
from pixmill.api.familiar import ShortWay
from pixmill.api.health import get_health, get_live, get_ready
from pixmill.api.images import get_image, post_image
from pixmill.api.info import get_info
from pixmill.api.metrics import get_metrics
from pixmill.api.middleware import EXCEPTION_HANDLERS, Conversation, Draining, Errors, Preflight, UrlLimit
from pixmill.api.openapi import get_openapi
from pixmill.api.services import ApiServices
from pixmill.api.srcset import get_srcset
from pixmill.api.warm import get_warm, post_warm

PICTURES = [
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
PROBES = [
    Route("/health/live", get_live),
    Route("/health/ready", get_ready),
]
OPERATORS = [
    Route("/health", get_health),
    Route("/metrics", get_metrics),
    Route("/admin/purge", post_purge, methods=["POST"]),
    Route("/admin/purges", get_purges),
    Route("/admin/warm", post_warm, methods=["POST"]),
    Route("/admin/warm", get_warm),
]
ROUTES = [*PICTURES, *PROBES, *OPERATORS]


def create_app(services: ApiServices) -> ShortWay:
    """The ASGI application over these services; what operators ask is left out where they have a listener of their own."""
    app = _app(services, [*PICTURES, *PROBES] if services.config.admin_listen else ROUTES)
    return ShortWay(app, services.familiar, services.resizer.results, services.rush, services.books)


def create_operators_app(services: ApiServices) -> Starlette:
    """What operators ask, and nothing else."""
    return _app(services, [*PROBES, *OPERATORS])


def _app(services: ApiServices, routes: list[Route]) -> Starlette:
    config, rates = services.config, services.config.rates()
    limit = (
        [Middleware(RateLimit, rates=rates, trusted=config.proxies(), observer=services.observer)]
        if rates is not None
        else []
    )
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(Conversation, traffic=services.traffic, access_log=services.access_log),
            Middleware(Errors),
            *limit,
            Middleware(Draining, draining=services.closing.is_set),
            Middleware(Endable, under_way=services.under_way),
            Middleware(UrlLimit, max_url_bytes=config.max_url_bytes),
            Middleware(Preflight),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    app.router.redirect_slashes = False
    app.state.services = services
    return app
