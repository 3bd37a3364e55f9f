"""Purge targets: one source, a tag (surrogate key), a prefix, or everything.

Knows the canonical spelling of each; must never know where results are stored.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from pixmill.errors import InvalidParameter
from pixmill.plan.source import (
    SourceKind,
    canonical_key,
    check_key_segments,
    check_path_segments,
    kind_of,
    parse_source,
)
from pixmill.plan.url import MAX_URL_LENGTH, canonical_prefix

MAX_TAG_BYTES: Final = 128
"""Maximum bytes of one tag, as for Akamai's cache tags."""

MAX_REQUEST_TAGS: Final = 16
"""Maximum tags of a request."""

TAG_PATTERN: Final = r"[!#-+\--~]{1,128}"

_TAG_RE = re.compile(TAG_PATTERN)
_URL_PREFIX_RE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(/?|//.*)", re.DOTALL)
_FORBIDDEN_RE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PATH_OF_URL_RE = re.compile(r"[^?#]*")


class PurgeScope(StrEnum):
    """What a purge matches: a source of the result (original, overlay or mask), a tag, a prefix of a source, or all."""

    SOURCE = "source"
    TAG = "tag"
    PREFIX = "prefix"
    ALL = "all"


class PurgeTarget(Struct, frozen=True):
    """What to purge, and whether it is removed (``hard``) or marked stale."""

    scope: PurgeScope
    value: str = ""
    hard: bool = True


def parse_target(scope: PurgeScope, text: str = "", *, hard: bool = True) -> PurgeTarget:
    """Parse a target into its canonical spelling. Raises InvalidParameter."""
    return PurgeTarget(scope, _CANONICALIZERS[scope](text), hard)


def is_tag(text: str) -> bool:
    """Check for printable ASCII without space, comma and quotation mark, which separate tags in lists and headers."""
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
    """Normalise a prefix like the sources that begin with it; one that no source can begin with is an error."""
    found = _URL_PREFIX_RE.fullmatch(text)
    try:
        canonical = _canonical_url_prefix(found[1].lower(), found[2]) if found else text.removeprefix("/")
        if not found:
            check_path_segments(canonical)
    except InvalidParameter as error:
        raise InvalidParameter(f"No source begins with {text[:200]}: {error.message}", param="prefixes") from error
    if not canonical or max(len(text), len(canonical)) > MAX_URL_LENGTH or _FORBIDDEN_RE.search(text):
        raise InvalidParameter(
            f"A prefix has 1 to {MAX_URL_LENGTH} characters, no control characters",
            param="prefixes",
        )
    return canonical


def _canonical_url_prefix(scheme: str, rest: str) -> str:
    """Normalise the prefix of an http(s) URL or of a store URL."""
    kind = kind_of(scheme)
    if not rest.startswith("//"):
        return f"{scheme}:{rest}"
    if kind is SourceKind.HTTP:
        return canonical_prefix(scheme, _PATH_OF_URL_RE.sub(lambda found: found[0].replace("\\", "/"), rest, 1)[2:])
    bucket, slash, key = rest[2:].partition("/")
    check_key_segments(key)
    return f"{scheme}://{bucket}{slash}{canonical_key(scheme, key)}"


_CANONICALIZERS: Final[dict[PurgeScope, Callable[[str], str]]] = {
    PurgeScope.SOURCE: _canonical_source,
    PurgeScope.TAG: _check_tag,
    PurgeScope.PREFIX: _canonical_source_prefix,
    PurgeScope.ALL: lambda _: "",
}
