"""Maps the exceptions of aiohttp, and HTTP statuses, to source errors. Apart from ``sources/errors.py``: stores need
no HTTP client.
"""

from typing import Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from pixmill.errors import (
    SourceBadResponse,
    SourceDenied,
    SourceNotFound,
    SourceTimeout,
    SourceUnreachable,
    TooManyRedirects,
)
from pixmill.sources.errors import SourceErrorType, find_address_forbidden
from pixmill.sources.http.connections import ConnectionLost

HTTP_ERROR_TYPES: Final[dict[type[Exception], SourceErrorType]] = {
    aiohttp.ClientError: SourceBadResponse,
    aiohttp.ClientConnectionError: SourceUnreachable,
    ConnectionLost: SourceUnreachable,
    aiohttp.ClientResponseError: SourceBadResponse,
    aiohttp.ClientPayloadError: SourceBadResponse,
    aiohttp.TooManyRedirects: TooManyRedirects,
    aiohttp.InvalidURL: SourceUnreachable,
    HttpProcessingError: SourceBadResponse,
    TimeoutError: SourceTimeout,
    aiohttp.ServerTimeoutError: SourceTimeout,
    OSError: SourceUnreachable,
    UnicodeError: SourceUnreachable,  # a name that IDNA cannot encode
    ValueError: SourceUnreachable,
    RuntimeError: SourceUnreachable,  # uvloop raises it for some failed connections
}

COMPLETE_STATUSES: Final = frozenset({200, 203})
NOT_MODIFIED: Final = 304
REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})

STATUS_ERROR_TYPES: Final[dict[int, SourceErrorType]] = {
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

# The connection failed before any response: the request may be sent again.
_TRANSIENT: Final = (aiohttp.ClientConnectorError, ConnectionLost)
_PERMANENT: Final = (
    aiohttp.ClientSSLError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientConnectorDNSError,  # the resolver has repeated its query, and caches the failure
)


def is_retryable(error: Exception) -> bool:
    """Whether a connection failed before any response, and not by the address guard."""
    return isinstance(error, _TRANSIENT) and not isinstance(error, _PERMANENT) and find_address_forbidden(error) is None


def check_status(status: int) -> None:
    """Raise a SourceError unless the response carries the whole image."""
    if status not in COMPLETE_STATUSES:
        raise STATUS_ERROR_TYPES.get(status, SourceBadResponse)(detail=f"status {status}")
