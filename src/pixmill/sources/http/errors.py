"""What aiohttp's exceptions are called here. Apart from ``faults.py``, so that stores do without the client."""

from typing import Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from pixmill.errors import SourceBadResponse, SourceTimeout, SourceUnreachable, TooManyRedirects
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
    RuntimeError: SourceUnreachable,  # uvloop's word for some failed connections
}

# Faults of the connection before any answer: the request may be sent again.
_TRANSIENT: Final = (aiohttp.ClientConnectorError, ConnectionLost)
_PERMANENT: Final = (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError)


def is_retryable(error: Exception) -> bool:
    """Whether a connection failed before any answer, through no refusal of ours."""
    return isinstance(error, _TRANSIENT) and not isinstance(error, _PERMANENT) and find_address_forbidden(error) is None
