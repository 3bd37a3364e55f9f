"""The Host header of a request, as it was sent."""

from starlette.types import Scope


def host_header(scope: Scope) -> bytes:
    """Return the first Host header, empty if there is none."""
    return next((value for name, value in scope["headers"] if name == b"host"), b"")
