"""What foreign failures are called here: an origin's statuses, a store's errors; those of the HTTP client are in ``http_faults.py``.

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
    SourceBroken,
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

Failure = type[SourceError]

STORE_FAULTS: Final[dict[type[Exception], Failure]] = {
    StoreError: SourceBroken,
    ObjectNotFound: SourceNotFound,
    ObjectTooLarge: SourceTooLarge,
    StoreDenied: SourceDenied,
    StoreCredentials: SourceCredentials,
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


def check_status(status: int) -> None:
    """Return when the answer carries the whole picture; raise a SourceError when not."""
    if status not in GOOD_STATUSES:
        raise STATUSES.get(status, SourceBroken)(detail=f"status {status}")


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
        raise refusal(error) or named(detail=repr(error)[:_MAX_DETAIL]) from error


def _nearest(error: Exception, faults: dict[type[Exception], Failure]) -> Failure | None:
    return next((faults[kind] for kind in type(error).__mro__ if kind in faults), None)


def refusal(error: BaseException | None) -> AddressForbidden | None:
    """The refusal that other exceptions are wrapped around."""
    while error is not None:
        if isinstance(error, AddressForbidden):
            return error
        error = error.__cause__
    return None
