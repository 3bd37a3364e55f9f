"""Allowlist of sources: ``PIXMILL_ALLOWED_SOURCES``.

Knows patterns and canonical references. Must never resolve a name: addresses are checked in ``addresses``.

    https://images.example.com/     everything of this host, by https
    https://*.example.com/photos/   every subdomain (not example.com itself), below /photos/
    s3://bucket/  s3://bucket/pre/  a bucket, or a folder of it
    path:  path:photos/             the image root, or a folder of it
    https:  s3:                     everything of this scheme
"""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from yarl import URL

from pixmill.errors import InvalidParameter
from pixmill.plan.source import OBJECT_STORE_SCHEMES, SourceKind, SourceRef, parse_source
from pixmill.sources.causes import forbidden_source

_BARE_SCHEMES = frozenset({"http", "https", "path", *OBJECT_STORE_SCHEMES})
_SEPARATORS = re.compile(r"[/\\]")


@dataclass(frozen=True, slots=True)
class SourcePattern:
    """One allowed prefix. An empty ``host`` is every host; ``subdomains``: those of ``host``, but not itself."""

    scheme: str
    host: str = ""
    subdomains: bool = False
    path: str = "/"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse one pattern. Raises ValueError with a message for the operator."""
        scheme, _, rest = text.partition(":")
        if scheme in _BARE_SCHEMES and not rest:
            return cls(scheme)
        if scheme == "path":
            return cls(scheme, path="/" + rest.strip("/") + "/")
        has_wildcard = rest.startswith("//*.")
        try:
            return cls._from_url(f"{scheme}://{rest[4:]}" if has_wildcard else text, subdomains=has_wildcard)
        except InvalidParameter as error:
            msg = f"{text!r} is not a source pattern: {error.message[:1].lower()}{error.message[1:]}"
            raise ValueError(msg) from error

    @classmethod
    def _from_url(cls, text: str, *, subdomains: bool) -> Self:
        if "?" in text or "#" in text:
            raise InvalidParameter("A pattern has no query and no fragment")
        scheme, separator, rest = text.partition("://")
        authority, slash, path = rest.partition("/")
        if not separator or not authority or "\\" in text:  # parse_source would take the path for a host
            raise InvalidParameter("A pattern is scheme://host/path, such as https://example.com/")
        folder = "/" + path if slash else "/"
        # Parse a reference below the pattern, so that buckets and hosts without a path are valid.
        location = _SourceLocation.of(parse_source(f"{scheme}://{authority}{folder.rstrip('/')}/x"))
        if subdomains and scheme not in {"http", "https"}:
            raise InvalidParameter("Only web hosts have subdomains")
        return cls(
            location.scheme, location.host, subdomains, _folder_of(location.path, is_folder=folder.endswith("/"))
        )

    def matches(self, location: "_SourceLocation") -> bool:
        return (
            self.scheme == location.scheme and self._matches_host(location.host) and self._matches_path(location.path)
        )

    def _matches_host(self, host: str) -> bool:
        if self.subdomains:
            return host.endswith("." + self.host)
        return not self.host or host == self.host

    def _matches_path(self, path: str) -> bool:
        if self.path == "/":
            return True
        inside = path.startswith(self.path) if self.path.endswith("/") else _is_below(path, self.path)
        return inside and not _has_path_traversal(path)


@dataclass(frozen=True, slots=True)
class _SourceLocation:
    """The parts of a reference that patterns match; ``host`` includes a port other than the scheme's default."""

    scheme: str
    host: str
    path: str

    @classmethod
    def of(cls, ref: SourceRef) -> Self:
        if ref.kind is SourceKind.HTTP:
            url = URL(ref.text, encoded=True)
            return cls(url.scheme, url.raw_authority, url.raw_path)
        scheme, separator, rest = ref.text.partition("://")
        if ref.kind is SourceKind.STORE and separator:
            bucket, _, key = rest.partition("/")
            return cls(scheme, bucket, "/" + key)
        return cls(ref.kind.value, "", "/" + ref.text)


class AllowList:
    """Patterns of allowed sources; without any, every source is allowed."""

    def __init__(self, patterns: tuple[SourcePattern, ...] = ()) -> None:
        self.patterns = patterns

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse comma-separated patterns. Raises ValueError."""
        return cls(tuple(SourcePattern.parse(part.strip()) for part in text.split(",") if part.strip()))

    def allows(self, ref: SourceRef) -> bool:
        """Return whether a pattern matches the reference, or there is none."""
        if not self.patterns:
            return True
        location = _SourceLocation.of(ref)
        return any(pattern.matches(location) for pattern in self.patterns)

    def check(self, ref: SourceRef) -> None:
        """Raise SourceForbidden when no pattern matches the reference."""
        if not self.allows(ref):
            raise forbidden_source(ref)


def _folder_of(path: str, *, is_folder: bool) -> str:
    """Return the path of a pattern from that of a reference ``x`` below it."""
    folder = path[: -len("x")]
    return folder if is_folder else folder.rstrip("/")


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")


def _has_path_traversal(path: str) -> bool:
    """Whether an origin that decodes %2F or strips ;parameters would see ``..``, and so leave the directory."""
    return any(segment.partition(";")[0] == ".." for segment in _SEPARATORS.split(unquote(path)))
