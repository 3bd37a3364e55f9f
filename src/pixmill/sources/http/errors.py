"""Maps the exceptions of aiohttp, and HTTP statuses, to source errors. Apart from ``sources/errors.py``: stores need
no HTTP client.
"""

import re
from collections.abc import Mapping
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

_WITHOUT_CONTENT: Final = frozenset({204, 205})
_PARTIAL: Final = 206
_WHOLE_RANGE: Final = re.compile(r"bytes\s+0-(\d{1,18})/(?:(\d{1,18})|\*)", re.IGNORECASE)
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


def is_complete(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the response carries the whole image, by its status: as browsers read it, and RFC 9110 §15.

    An unknown status of 2xx means 200. A 206 that nobody asked for is complete if it does not say that it is a part.
    """
    if status == _PARTIAL:
        content_range = headers.get("Content-Range", "").strip()
        found = _WHOLE_RANGE.fullmatch(content_range)
        return not content_range or (found is not None and (not found[2] or int(found[1]) + 1 == int(found[2])))
    return status // 100 == 2 and status not in _WITHOUT_CONTENT  # noqa: PLR2004 - 2xx


def check_received(status: int, headers: Mapping[str, str], size: int) -> None:
    """Raise SourceBadResponse if a 206 has fewer bytes than it says. Of an encoded one the decoder knows the end."""
    found = _WHOLE_RANGE.fullmatch(headers.get("Content-Range", "").strip()) if status == _PARTIAL else None
    if found and size <= int(found[1]) and "Content-Encoding" not in headers:
        raise SourceBadResponse(detail=f"{size} bytes of {found[0][:100]}")


def check_complete(status: int, headers: Mapping[str, str]) -> None:
    """Raise a SourceError unless the response carries the whole image."""
    if not is_complete(status, headers):
        error = STATUS_ERROR_TYPES.get(status, SourceBadResponse)(detail=f"status {status}")
        error.upstream_status = status
        raise error
