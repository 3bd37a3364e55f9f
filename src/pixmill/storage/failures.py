"""What obstore's exceptions mean in our words: the one table.

Knows obstore's exception classes and the texts in which its errors carry a server's answer. Must never let
more than the first part of such a text through: what follows repeats it for debugging.
"""

import re
from typing import Final

from obstore import exceptions as obs

from pixmill.errors import ObjectNotFound, StoreCredentials, StoreDenied, StoreError, StoreFull, StoreUnavailable

FAILURES: Final[dict[type[Exception], type[StoreError]]] = {
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

FOREIGN: Final = tuple(FAILURES)
"""For ``except`` clauses."""

# obstore has classes for the answers to single-object requests only; a refused listing is a GenericError
# whose text tells the status.
_STATUSES: Final[dict[int, type[StoreError]]] = {
    401: StoreDenied,
    403: StoreDenied,
    408: StoreUnavailable,
    429: StoreUnavailable,
    507: StoreFull,
}
_STATUS: Final = re.compile(r"non-2xx status code: (\d{3})")
_ANSWER: Final = "Server returned non-2xx status code: "
_CREDENTIALS: Final = re.compile(
    "<Code>(?:InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|TokenRefreshRequired|RequestTimeTooSkewed"
    "|AuthorizationHeaderMalformed|AuthenticationFailed|InvalidAuthenticationInfo)</Code>"
)
"""Codes of S3 and Azure by which they say that they do not know us, or that our clock is wrong; what is missing may look like what is forbidden, but not
like this.
"""
_BUCKET_MISSING: Final = re.compile(r"<Code>(?:NoSuchBucket|ContainerNotFound)</Code>")
_QUERY: Final = re.compile(r"\?\S+")
_DETAIL_CHARACTERS: Final = 500


def translate(error: Exception) -> StoreError:
    """Ours for theirs, to be raised ``from`` it."""
    text = str(error).partition("\n\nDebug source:")[0]
    if _BUCKET_MISSING.search(text):
        return StoreError("The store's bucket does not exist", detail=_shortened(text))
    if _CREDENTIALS.search(text.rpartition(_ANSWER)[2]):  # before that the client's words stand
        return StoreCredentials(detail=_shortened(text))
    return _kind(error, text)(detail=_shortened(text) or type(error).__name__)


def _kind(error: Exception, text: str) -> type[StoreError]:
    kind = next((FAILURES[ancestor] for ancestor in type(error).__mro__ if ancestor in FAILURES), StoreError)
    status = _STATUS.search(text) if isinstance(error, obs.GenericError) else None
    if status is None:
        return kind
    code = int(status[1])
    return _STATUSES.get(code, StoreError if 400 <= code < 500 else kind)  # noqa: PLR2004 - the 4xx class of HTTP


def _shortened(text: str) -> str:
    """Without queries, where signatures can stand."""
    return _QUERY.sub("?…", text)[:_DETAIL_CHARACTERS]
