"""Translates the errors of stores, and by the tables of ``http/errors.py`` those of origins, to source errors.

Each table is total: the nearest class in an exception's ancestry decides.
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
STORE_ERRORS: Final = tuple(STORE_ERROR_TYPES)

_MAX_DETAIL_CHARACTERS: Final = 500  # some exceptions quote a response


@contextmanager
def translate_errors(error_types: dict[type[Exception], SourceErrorType]) -> Iterator[None]:
    """Translate the exceptions in the table. The address guard's error passes as it is."""
    translatable: tuple[type[Exception], ...] = (PixmillError, *error_types)
    try:
        yield
    except translatable as error:
        translated = source_error(error, error_types)
        if translated is error:
            raise
        raise translated from error


def source_error(error: Exception, error_types: dict[type[Exception], SourceErrorType]) -> PixmillError:
    """Return the error to raise for one of the table, or for an error of ours."""
    error_type = next((error_types[kind] for kind in type(error).__mro__ if kind in error_types), None)
    if isinstance(error, PixmillError):
        return error_type(detail=error.detail) if error_type else error
    detail = repr(error)[:_MAX_DETAIL_CHARACTERS]
    return find_address_forbidden(error) or (error_type or SourceBadResponse)(detail=detail)


def find_address_forbidden(error: BaseException | None) -> AddressForbidden | None:
    """Return the address guard's error that other exceptions are wrapped around."""
    while error is not None:
        if isinstance(error, AddressForbidden):
            return error
        error = error.__cause__
    return None
