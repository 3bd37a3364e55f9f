"""What aiohttp's exceptions are called here. Apart from ``faults.py``, so that stores do without the client."""

from typing import Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from pixmill.errors import SourceBroken, SourceTimeout, SourceUnreachable, TooManyRedirects
from pixmill.sources.connections import ConnectionLost
from pixmill.sources.faults import Failure, refusal

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

# Faults of the connection before any answer: the request may be sent again.
_TRANSIENT: Final = (aiohttp.ClientConnectorError, ConnectionLost)
_LASTING: Final = (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError)


def may_retry(error: Exception) -> bool:
    """Whether a connection failed before any answer, through no refusal of ours."""
    return isinstance(error, _TRANSIENT) and not isinstance(error, _LASTING) and refusal(error) is None
