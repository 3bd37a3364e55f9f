"""Paths that middleware treats differently."""

from typing import Final

MONITORING_PATHS: Final = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""Answered while draining, and exempt from rate limits. Exact paths: others may belong to a dialect."""

ADMIN_PREFIX: Final = "/admin/"
