"""Translates the exceptions of obstore, by one table.

Knows obstore's exception classes and the texts that contain the server's response. Must never let
more than the first part of such a text through: the rest repeats it for debugging.
"""

import re
from typing import Final

from obstore import exceptions as obs

from pixmill.errors import ObjectNotFound, StoreCredentials, StoreDenied, StoreError, StoreFull, StoreUnavailable

OBSTORE_ERROR_TYPES: Final[dict[type[Exception], type[StoreError]]] = {
    FileNotFoundError: ObjectNotFound,
    TimeoutError: StoreUnavailable,
    OSError: StoreUnavailable,
    ValueError: StoreError,
    obs.NotFoundError: ObjectNotFound,
    obs.InvalidPathError: StoreError,
    obs.PermissionDeniedError: StoreDenied,
    obs.UnauthenticatedError: StoreDenied,
    obs.GenericError: StoreUnavailable,
    obs.JoinError: StoreUnavailable,
    obs.NotSupportedError: StoreError,
    obs.AlreadyExistsError: StoreError,
    obs.PreconditionError: StoreError,
    obs.NotModifiedError: StoreError,
    obs.UnknownConfigurationKeyError: StoreError,
    obs.BaseError: StoreError,
}

OBSTORE_ERRORS: Final = tuple(OBSTORE_ERROR_TYPES)
"""For ``except`` clauses."""

# obstore has classes for responses to single-object requests only; a rejected listing is a GenericError
# whose text contains the status.
_STATUS_ERROR_TYPES: Final[dict[int, type[StoreError]]] = {
    401: StoreDenied,
    403: StoreDenied,
    408: StoreUnavailable,
    429: StoreUnavailable,
    507: StoreFull,
}
_STATUS_PATTERN: Final = re.compile(r"non-2xx status code: (\d{3})")
_ANSWER_MARKER: Final = "Server returned non-2xx status code: "
_CREDENTIAL_CODES: Final = re.compile(
    "<Code>(?:InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken"
    "|TokenRefreshRequired|RequestTimeTooSkewed|AuthorizationHeaderMalformed"
    "|AuthenticationFailed|InvalidAuthenticationInfo)</Code>"
)
"""Codes of S3 and Azure for invalid credentials, or a wrong clock. A missing object can look like a forbidden one,
but not like this."""
_MISSING_BUCKET_CODES: Final = re.compile(r"<Code>(?:NoSuchBucket|ContainerNotFound)</Code>")
_UNLISTABLE_KEY: Final = re.compile(r'Encountered object with invalid path: Path ("[^"]{1,1024}")')
_QUERY: Final = re.compile(r"\?\S+")
_DETAIL_CHARACTERS: Final = 500


def translate(error: Exception) -> StoreError:
    """Return our error for theirs, to be raised ``from`` it."""
    text = str(error).partition("\n\nDebug source:")[0]
    if _MISSING_BUCKET_CODES.search(text):
        return StoreError("The store's bucket does not exist", detail=_redacted(text))
    if _CREDENTIAL_CODES.search(text.rpartition(_ANSWER_MARKER)[2]):  # the text before it is the client's
        return StoreCredentials(detail=_redacted(text))
    if key := _UNLISTABLE_KEY.search(text):
        return StoreError(
            detail=f"the listing has {key[1]}, a key with empty or dot segments: rename it, or list folders without it"
        )
    return _error_type(error, text)(detail=_redacted(text) or type(error).__name__)


def _error_type(error: Exception, text: str) -> type[StoreError]:
    error_type = next(
        (OBSTORE_ERROR_TYPES[ancestor] for ancestor in type(error).__mro__ if ancestor in OBSTORE_ERROR_TYPES),
        StoreError,
    )
    status = _STATUS_PATTERN.search(text) if isinstance(error, obs.GenericError) else None
    if status is None:
        return error_type
    code = int(status[1])
    return _STATUS_ERROR_TYPES.get(code, StoreError if 400 <= code < 500 else error_type)  # noqa: PLR2004 - the 4xx class of HTTP


def _redacted(text: str) -> str:
    """Return the text without queries, which can contain signatures."""
    return _QUERY.sub("?…", text)[:_DETAIL_CHARACTERS]
