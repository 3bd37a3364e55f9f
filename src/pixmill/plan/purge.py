"""What is purged: one original, a tag, everything below a prefix, or all.

Knows how each is written, once for all spellings. Must never know where results are kept.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from pixmill.errors import InvalidParameter
from pixmill.plan.source import SourceKind, check_folders, kind_of, parse_source
from pixmill.plan.url import MAX_URL, canonical_beginning

MAX_TAG: Final = 128
"""Bytes of one tag, as many as Akamai's cache tags may have."""

MAX_TAGS: Final = 16
"""That a request may name."""

TAG: Final = r"[!#-+\--~]{1,128}"

_TAG = re.compile(TAG)
_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(/?|//.*)", re.DOTALL)
_HIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff\\]")


class Scope(StrEnum):
    """By what results are found: the original or another picture in them, a tag, the start of such an original, or any."""

    SOURCE = "source"
    TAG = "tag"
    PREFIX = "prefix"
    ALL = "all"


class Target(Struct, frozen=True):
    """What is to be purged, and whether it is gone at once (``hard``) or only stale from now on."""

    scope: Scope
    value: str = ""
    hard: bool = True


class Purge(Struct, frozen=True):
    """A target and the time at which it was purged: whatever does not heed that time is not served as fresh any more."""

    target: Target
    at: float


def target(scope: Scope, text: str = "", *, hard: bool = True) -> Target:
    """The target in its canonical spelling. Raises InvalidParameter."""
    return Target(scope, _SPELLED[scope](text), hard)


def is_tag(text: str) -> bool:
    """Printable ASCII without space, comma and quotation mark, which separate tags in lists and headers."""
    return _TAG.fullmatch(text) is not None


def _source(text: str) -> str:
    return parse_source(text).text


def _tag(text: str) -> str:
    if not is_tag(text):
        raise InvalidParameter(
            f"A tag has 1 to {MAX_TAG} printable ASCII characters, no space, comma or quotation mark", param="tags"
        )
    return text


def _prefix(text: str) -> str:
    """As what begins with it is spelled; what nothing can begin with is refused, so that no purge is in vain."""
    found = _ORIGIN.fullmatch(text)
    try:
        spelled = _beginning(found[1].lower(), found[2]) if found else text.removeprefix("/")
        if not found:
            check_folders(spelled)
    except InvalidParameter as error:
        raise InvalidParameter(f"No source begins with {text[:200]}: {error.message}", param="prefixes") from error
    if not spelled or max(len(text), len(spelled)) > MAX_URL or _HIDDEN.search(text):
        raise InvalidParameter(
            f"A prefix has 1 to {MAX_URL} characters, no spaces, control characters or backslashes", param="prefixes"
        )
    return spelled


def _beginning(scheme: str, rest: str) -> str:
    """Of a URL of the web or of a store."""
    kind = kind_of(scheme)
    if not rest.startswith("//"):
        return f"{scheme}:{rest}"
    if kind is SourceKind.HTTP:
        return canonical_beginning(scheme, rest[2:])
    check_folders(rest[2:].partition("/")[2])
    return f"{scheme}:{rest}"


_SPELLED: Final[dict[Scope, Callable[[str], str]]] = {
    Scope.SOURCE: _source,
    Scope.TAG: _tag,
    Scope.PREFIX: _prefix,
    Scope.ALL: lambda _: "",
}
