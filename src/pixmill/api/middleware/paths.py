"""Paths that middleware treats differently, and the path and route template of a request."""

from typing import Final

from starlette.types import Scope

from pixmill.dialects.registry import DialectMatch

MONITORING_PATHS: Final = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""Answered while draining, and exempt from rate limits. Exact paths: others may belong to a dialect."""

ADMIN_PREFIX: Final = "/admin/"


def is_admin_path(scope: Scope) -> bool:
    return bool(scope["path"].startswith(ADMIN_PREFIX))


def raw_path(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or scope["path"].encode(errors="surrogateescape")
    return raw


def route_template(scope: Scope) -> str:
    """Return the template of the matched route, for metrics and logs; ``none`` without a match."""
    match: DialectMatch | None = scope.get("dialect_match")
    return match.route.metrics_label if match else getattr(scope.get("route"), "path", "none")
