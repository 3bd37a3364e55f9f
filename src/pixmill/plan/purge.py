"""What is purged: one original, a tag, everything below a prefix, or all.

Knows how each is written, once for all spellings. Must never know where results are kept.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from pixmill.errors import InvalidParameter
from pixmill.plan.source import parse_source
from pixmill.plan.url import MAX_URL

MAX_TAG: Final = 128
"""Bytes of one tag, as many as Akamai's cache tags may have."""

MAX_TAGS: Final = 16
"""That a request may name."""

TAG: Final = r"[!#-+\--~]{1,128}"

_TAG = re.compile(TAG)
_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)
_HIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff\\]")
_PORTS: Final = {"http": ":80", "https": ":443"}


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
    """The host in the spelling that canonical URLs have; the rest as it is."""
    found = _ORIGIN.fullmatch(text)
    spelled = text.removeprefix("/")
    if found:
        scheme = found[1].lower()
        spelled = f"{scheme}://{found[2].lower().removesuffix(_PORTS.get(scheme, chr(0)))}{found[3]}"
    if not spelled or len(text) > MAX_URL or _HIDDEN.search(text):
        raise InvalidParameter(
            f"A prefix has 1 to {MAX_URL} characters, no spaces, control characters or backslashes", param="prefixes"
        )
    return spelled


_SPELLED: Final[dict[Scope, Callable[[str], str]]] = {
    Scope.SOURCE: _source,
    Scope.TAG: _tag,
    Scope.PREFIX: _prefix,
    Scope.ALL: lambda _: "",
}
