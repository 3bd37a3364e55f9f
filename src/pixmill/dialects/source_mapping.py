"""Where the sources of a mount are: relative ones below its base, and which others it may name.

Knows references. Must never know a dialect, nor the patterns of an allow-list.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import quote, unquote

from msgspec import structs

from pixmill.errors import BadRequest, SourceForbidden
from pixmill.plan.request import Fallback
from pixmill.plan.source import SourceKind, SourceRef, parse_source

AllowsSource = Callable[[SourceRef], bool]

_PLACEHOLDER: Final = "{path}"
_SAFE_IN_PATH: Final = "/!$&'()*+,;=:@~"
_SAFE_IN_QUERY: Final = "/!$'()*,;:@~"
_FETCHED_KINDS: Final = frozenset({SourceKind.HTTP, SourceKind.STORE, SourceKind.PATH})
_BASE: Final = re.compile(r"[^:\\]*(?:://[^/\\{}]+(?:/[^\\]*)?)?\Z")
"""``parse_source`` takes other spellings, which nothing can be appended to. A host is never a part of the path."""


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """The sources of a mount.

    ``base``: relative sources are below it, or replace its ``{path}``; empty for the image root. ``allows`` is the
    check of the mount's own allow-list, None without one; what is below the base needs none. ``relative_only``: nothing
    else may be named. ``trusts`` says to which other URLs the server may redirect, None for none.
    """

    base: str = ""
    allows: AllowsSource | None = None
    relative_only: bool = False
    trusts: AllowsSource | None = None

    @property
    def is_trivial(self) -> bool:
        """Whether every source stays what it is."""
        return not self.base and self.allows is None and not self.relative_only

    def resolve(self, ref: SourceRef) -> SourceRef:
        """Return the source that a reference of a URL means. Raises InvalidParameter, SourceForbidden."""
        if ref.kind not in _FETCHED_KINDS:
            return ref
        if self.base and ref.kind is SourceKind.PATH:
            return resolve_source(self.base, ref)
        if self.relative_only or not (self.allows is None or self.allows(ref) or self._is_below_base(ref)):
            raise SourceForbidden(detail=ref.text)
        return ref

    def _is_below_base(self, ref: SourceRef) -> bool:
        """Whether it is a path of the base, written out because it has a query, which relative sources do not."""
        is_prefix = self.base.startswith(("http://", "https://")) and _PLACEHOLDER not in self.base
        return is_prefix and ref.kind is SourceKind.HTTP and ref.text.startswith(_canonical_prefix(self.base))

    def names_of(self, ref: SourceRef) -> tuple[SourceRef, ...]:
        """Return the references by which a URL may name this source, best first: relative to the base, or itself.

        Which of them mean it is found by ``resolve``.
        """
        path = _below(self.base, ref.text) if self.base and ref.kind in _FETCHED_KINDS else None
        if path is None:
            return (ref,)
        return structs.replace(ref, kind=SourceKind.PATH, text=path), ref

    def redirect_location(self, fallback: Fallback) -> str | None:
        """Return where a fallback redirects to; None if the server must not redirect there."""
        text = fallback.redirect
        if text.startswith("/") and not text.startswith(("//", "/\\")):
            return text
        try:
            ref = parse_source(text) if text or fallback.source is None else fallback.source
            resolved = self.resolve(ref)
        except (BadRequest, SourceForbidden):
            return None
        is_own = ref.kind is SourceKind.PATH
        is_trusted = is_own or (self.trusts is not None and self.trusts(resolved))
        return resolved.text if resolved.kind is SourceKind.HTTP and is_trusted else None


def _below(base: str, text: str) -> str | None:
    """Return the path below a base, or in the place of its ``{path}``, that resolves to this text; None without one."""
    start, _, end = base.partition(_PLACEHOLDER) if _PLACEHOLDER in base else (f"{base.rstrip('/')}/", "", "")
    is_http = start.startswith(("http://", "https://"))
    if is_http and "?" not in start:
        start = _canonical_prefix(start) if start.endswith("/") else start
    if not (text.startswith(start) and text.endswith(end) and len(text) > len(start) + len(end)):
        return None
    path = text[len(start) : len(text) - len(end)]
    return unquote(path) if is_http else path


@cache
def _canonical_prefix(base: str) -> str:
    return parse_source(f"{base.rstrip('/')}/").text


UNMAPPED: Final = SourceMapping()
"""Every source is what it says."""


def resolve_source(base: str, ref: SourceRef) -> SourceRef:
    """Resolve a relative source against ``base``. Raises InvalidParameter.

    It cannot leave the base: a relative source has no dot segments.
    """
    if ref.kind is not SourceKind.PATH:
        return ref
    start, _, end = base.partition(_PLACEHOLDER) if _PLACEHOLDER in base else (f"{base.rstrip('/')}/", "", "")
    path = ref.text
    if start.startswith(("http://", "https://")):
        path = quote(path, safe=_SAFE_IN_QUERY if "?" in start else _SAFE_IN_PATH)
    resolved = parse_source(start + path + end)
    return structs.replace(resolved, version=ref.version, is_version_signed=ref.is_version_signed)


def check_base(base: str) -> None:
    """Check the base of a mount. Raises ValueError, BadRequest."""
    start, placeholder, end = base.partition(_PLACEHOLDER)
    if _PLACEHOLDER in end:
        raise ValueError("source has {path} once")
    if "#" in base or ("?" in base and not placeholder):
        raise ValueError("source has no fragment, and a query only around {path}: relative sources are appended to it")
    if not _BASE.match(start) or (placeholder and "://" in start and start.count("/") < _SLASHES_BEFORE_PATH):
        raise ValueError("source must be scheme://host/path, or a path below the image root; {path} is not in the host")
    resolve_source(base, SourceRef(SourceKind.PATH, "x"))


_SLASHES_BEFORE_PATH: Final = 3
