"""Ports of request metrics and the access log. Must never know who counts and where the log goes."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from starlette.types import Scope

from pixmill.api.middleware.paths import raw_path


class RequestMetrics(Protocol):
    """Counts requests."""

    in_flight: int
    """Incremented and decremented by the middleware that answers the request."""

    def record(self, route: str, status: int, format_name: str, body_bytes: int, durations_s: Sequence[float]) -> None:
        """Count one response per duration, each with ``body_bytes`` bytes."""


class RequestTrace(Protocol):
    """The trace that a request belongs to. ``log_fields`` are its ids as fields of JSON, each followed by a comma."""

    @property
    def ids(self) -> Mapping[str, str]: ...

    @property
    def is_sampled(self) -> bool: ...

    @property
    def log_fields(self) -> bytes: ...

    def describe(self, method: str, path: str, query: str) -> None:
        """Say what is requested; for sampled traces."""

    def end(
        self,
        route: str,
        status: int,
        body_bytes: int,
        seconds: float,
        *,
        method: str,
        request_id: str,
        error_code: str = "",
    ) -> None:
        """Record how the request has ended; what follows belongs to it, and is done after the response."""


class RequestTracer(Protocol):
    """Begins traces."""

    def begin(
        self, method: str, headers: Iterable[tuple[bytes, bytes]], peer: str
    ) -> AbstractContextManager[RequestTrace]:
        """Begin the trace of a request from the address ``peer``; in the block it is that of the current task."""


AccessRecord = tuple[Any, str, bytes, float, float, bytes]
"""A formatted record, the client's address, the request id, the end (seconds since the epoch), the duration in
seconds, the ``log_fields`` of its trace."""


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
