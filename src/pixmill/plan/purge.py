"""What is purged: one original, a tag, everything below a prefix, or all.

Knows how each is written, once for all spellings. Must never know where results are kept.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from pixmill.errors import InvalidParameter
from pixmill.plan.source import SourceKind, check_path_segments, kind_of, parse_source
from pixmill.plan.url import MAX_URL_LENGTH, canonical_prefix

MAX_TAG_BYTES: Final = 128
"""Bytes of one tag, as many as Akamai's cache tags may have."""

MAX_REQUEST_TAGS: Final = 16
"""That a request may name."""

TAG_PATTERN: Final = r"[!#-+\--~]{1,128}"

_TAG_RE = re.compile(TAG_PATTERN)
_URL_PREFIX_RE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(/?|//.*)", re.DOTALL)
_FORBIDDEN_RE = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff\\]")


class PurgeScope(StrEnum):
    """By what results are found: the original or another picture in them, a tag, the start of such an original, or any."""

    SOURCE = "source"
    TAG = "tag"
    PREFIX = "prefix"
    ALL = "all"


class PurgeTarget(Struct, frozen=True):
    """What is to be purged, and whether it is gone at once (``hard``) or only stale from now on."""

    scope: PurgeScope
    value: str = ""
    hard: bool = True


class Purge(Struct, frozen=True):
    """A target and the time at which it was purged: whatever does not heed that time is not served as fresh any more."""

    target: PurgeTarget
    at: float


def parse_target(scope: PurgeScope, text: str = "", *, hard: bool = True) -> PurgeTarget:
    """The target in its canonical spelling. Raises InvalidParameter."""
    return PurgeTarget(scope, _CANONICALIZERS[scope](text), hard)


def is_tag(text: str) -> bool:
    """Printable ASCII without space, comma and quotation mark, which separate tags in lists and headers."""
    return _TAG_RE.fullmatch(text) is not None


def _canonical_source(text: str) -> str:
    return parse_source(text).text


def _check_tag(text: str) -> str:
    if not is_tag(text):
        raise InvalidParameter(
            f"A tag has 1 to {MAX_TAG_BYTES} printable ASCII characters, no space, comma or quotation mark",
            param="tags",
        )
    return text


def _canonical_source_prefix(text: str) -> str:
    """As what begins with it is spelled; what nothing can begin with is refused, so that no purge is in vain."""
    found = _URL_PREFIX_RE.fullmatch(text)
    try:
        canonical = _canonical_url_prefix(found[1].lower(), found[2]) if found else text.removeprefix("/")
        if not found:
            check_path_segments(canonical)
    except InvalidParameter as error:
        raise InvalidParameter(f"No source begins with {text[:200]}: {error.message}", param="prefixes") from error
    if not canonical or max(len(text), len(canonical)) > MAX_URL_LENGTH or _FORBIDDEN_RE.search(text):
        raise InvalidParameter(
            f"A prefix has 1 to {MAX_URL_LENGTH} characters, no spaces, control characters or backslashes",
            param="prefixes",
        )
    return canonical


def _canonical_url_prefix(scheme: str, rest: str) -> str:
    """Of a URL of the web or of a store."""
    kind = kind_of(scheme)
    if not rest.startswith("//"):
        return f"{scheme}:{rest}"
    if kind is SourceKind.HTTP:
        return canonical_prefix(scheme, rest[2:])
    check_path_segments(rest[2:].partition("/")[2])
    return f"{scheme}:{rest}"


_CANONICALIZERS: Final[dict[PurgeScope, Callable[[str], str]]] = {
    PurgeScope.SOURCE: _canonical_source,
    PurgeScope.TAG: _check_tag,
    PurgeScope.PREFIX: _canonical_source_prefix,
    PurgeScope.ALL: lambda _: "",
}
