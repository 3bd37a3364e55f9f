"""Paths that middleware treats differently, and the path of a request as it was sent."""

from typing import Final

from starlette.types import Scope

MONITORING_PATHS: Final = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""Answered while draining, and exempt from rate limits. Exact paths: others may belong to a dialect."""

ADMIN_PREFIX: Final = "/admin/"


def raw_path(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or scope["path"].encode(errors="surrogateescape")
    return raw
