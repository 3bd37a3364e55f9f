"""What foreign failures are called here: aiohttp's exceptions, an origin's statuses, a store's errors.

Knows the three tables. Each is total: the nearest class in an exception's ancestry decides, and a status not named
decides by its hundred.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from pixmill.errors import (
    AddressForbidden,
    ObjectNotFound,
    ObjectTooLarge,
    PixmillError,
    SourceBroken,
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceTimeout,
    SourceTooLarge,
    SourceUnreachable,
    StoreDenied,
    StoreError,
    StoreUnavailable,
    TooManyRedirects,
)
from pixmill.sources.connections import ConnectionLost

Failure = type[SourceError]

HTTP_FAULTS: Final[dict[type[Exception], Failure]] = {
    aiohttp.ClientError: SourceBroken,
    aiohttp.ClientConnectionError: SourceUnreachable,
    ConnectionLost: SourceUnreachable,
    aiohttp.ClientResponseError: SourceBroken,
    aiohttp.ClientPayloadError: SourceBroken,
    aiohttp.TooManyRedirects: TooManyRedirects,
    aiohttp.InvalidURL: SourceUnreachable,
    HttpProcessingError: SourceBroken,
    TimeoutError: SourceTimeout,
    aiohttp.ServerTimeoutError: SourceTimeout,
    OSError: SourceUnreachable,
    UnicodeError: SourceUnreachable,  # a name that IDNA cannot encode
    ValueError: SourceUnreachable,
    RuntimeError: SourceUnreachable,  # uvloop's word for some failed connections
}

STORE_FAULTS: Final[dict[type[Exception], Failure]] = {
    StoreError: SourceBroken,
    ObjectNotFound: SourceNotFound,
    ObjectTooLarge: SourceTooLarge,
    StoreDenied: SourceDenied,
    StoreUnavailable: SourceUnreachable,
    TimeoutError: SourceTimeout,
}

GOOD_STATUSES: Final = frozenset({200, 203})
NOT_MODIFIED: Final = 304
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

STATUSES: Final[dict[int, Failure]] = {
    401: SourceDenied,
    402: SourceDenied,
    403: SourceDenied,
    404: SourceNotFound,
    407: SourceDenied,
    408: SourceTimeout,
    410: SourceNotFound,
    451: SourceDenied,
    504: SourceTimeout,
}

_MAX_DETAIL: Final = 500  # some exceptions quote what a stranger sent

# Faults of the connection before any answer: the request may be sent again.
_TRANSIENT: Final = (aiohttp.ClientConnectorError, ConnectionLost)
_LASTING: Final = (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError)


def check_status(status: int) -> None:
    """Return when the answer carries the whole picture; raise a SourceError when not."""
    if status not in GOOD_STATUSES:
        raise STATUSES.get(status, SourceBroken)(detail=f"status {status}")


def may_retry(error: Exception) -> bool:
    """Whether a connection failed before any answer, through no refusal of ours."""
    return isinstance(error, _TRANSIENT) and not isinstance(error, _LASTING) and _refusal(error) is None


@contextmanager
def named_here(faults: dict[type[Exception], Failure]) -> Iterator[None]:
    """Exceptions that the table knows leave as ours; the refusal of an address leaves as itself."""
    try:
        yield
    except PixmillError as error:
        if named := _nearest(error, faults):
            raise named(detail=error.detail) from error
        raise
    except tuple(faults) as error:
        named = _nearest(error, faults) or SourceBroken
        raise _refusal(error) or named(detail=repr(error)[:_MAX_DETAIL]) from error


def _nearest(error: Exception, faults: dict[type[Exception], Failure]) -> Failure | None:
    return next((faults[kind] for kind in type(error).__mro__ if kind in faults), None)


def _refusal(error: BaseException | None) -> AddressForbidden | None:
    """The refusal that other exceptions are wrapped around."""
    while error is not None:
        if isinstance(error, AddressForbidden):
            return error
        error = error.__cause__
    return None
