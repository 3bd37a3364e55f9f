"""What foreign failures are called here: an origin's statuses, a store's errors; those of the HTTP client are in ``http/errors.py``.

Each table is total: the nearest class in an exception's ancestry decides, and a status not named
decides by its hundred.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pixmill.errors import (
    AddressForbidden,
    ObjectNotFound,
    ObjectTooLarge,
    PixmillError,
    SourceBadResponse,
    SourceCredentials,
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceTimeout,
    SourceTooLarge,
    SourceUnreachable,
    StoreCredentials,
    StoreDenied,
    StoreError,
    StoreUnavailable,
)

SourceErrorType = type[SourceError]

STORE_ERROR_TYPES: Final[dict[type[Exception], SourceErrorType]] = {
    StoreError: SourceBadResponse,
    ObjectNotFound: SourceNotFound,
    ObjectTooLarge: SourceTooLarge,
    StoreDenied: SourceDenied,
    StoreCredentials: SourceCredentials,
    StoreUnavailable: SourceUnreachable,
    TimeoutError: SourceTimeout,
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

_MAX_DETAIL_CHARACTERS: Final = 500  # some exceptions quote what a stranger sent


def check_status(status: int) -> None:
    """Return when the answer carries the whole picture; raise a SourceError when not."""
    if status not in COMPLETE_STATUSES:
        raise STATUS_ERROR_TYPES.get(status, SourceBadResponse)(detail=f"status {status}")


@contextmanager
def translate_errors(error_types: dict[type[Exception], SourceErrorType]) -> Iterator[None]:
    """Exceptions that the table knows leave as ours; the refusal of an address leaves as itself."""
    try:
        yield
    except PixmillError as error:
        if error_type := _nearest_error_type(error, error_types):
            raise error_type(detail=error.detail) from error
        raise
    except tuple(error_types) as error:
        error_type = _nearest_error_type(error, error_types) or SourceBadResponse
        raise find_address_forbidden(error) or error_type(detail=repr(error)[:_MAX_DETAIL_CHARACTERS]) from error


def _nearest_error_type(
    error: Exception, error_types: dict[type[Exception], SourceErrorType]
) -> SourceErrorType | None:
    return next((error_types[kind] for kind in type(error).__mro__ if kind in error_types), None)


def find_address_forbidden(error: BaseException | None) -> AddressForbidden | None:
    """The refusal that other exceptions are wrapped around."""
    while error is not None:
        if isinstance(error, AddressForbidden):
            return error
        error = error.__cause__
    return None
