"""Paths that middleware treats differently."""

from typing import Final

from starlette.types import Scope

MONITORING_PATHS: Final = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""Answered while draining, and exempt from rate limits. Exact paths: others may belong to a dialect."""

ADMIN_PREFIX: Final = "/admin/"


def raw_path(scope: Scope) -> bytes:
    """Return the path as it was sent."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode(errors="surrogateescape")
    return raw
