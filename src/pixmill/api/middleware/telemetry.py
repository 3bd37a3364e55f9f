"""Ports of request metrics and the access log. Must never know who counts and where the log goes."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from starlette.types import Scope

from pixmill.api.middleware.paths import raw_path


class RequestMetrics(Protocol):
    """Counts requests."""

    in_flight: int
    """Incremented and decremented by the middleware that answers the request."""

    def record(self, route: str, status: int, format_name: str, body_bytes: int, durations_s: Sequence[float]) -> None:
        """Count one response per duration, each with ``body_bytes`` bytes."""


AccessRecord = tuple[Any, str, bytes, float, float]
"""A formatted record, the client's address, the request id, the end (seconds since the epoch), the duration in
seconds."""


class AccessLogger(Protocol):
    """Writes one line per request, at level ``info`` or ``warning``, with secrets redacted."""

    def format(self, level: str, event: str, fields: dict[str, object]) -> Any:
        """Format what requests with these fields share, for ``write``; None if nothing is to be written."""

    def write(self, records: Iterable[AccessRecord]) -> None:
        """Write a line per record."""


def access_fields(
    scope: Scope, route: str, status: int, format_name: str, body_bytes: int, cache_status: str
) -> dict[str, object]:
    """Return the fields of an access-log record that do not differ between identical requests."""
    return {
        "method": scope["method"],
        "route": route,
        "path": raw_path(scope).decode("ascii", "backslashreplace"),
        "query": scope["query_string"].decode("ascii", "backslashreplace"),
        "status": status,
        "format": format_name,
        "bytes": body_bytes,
        "cache": cache_status,
    }


def remote_address(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""
