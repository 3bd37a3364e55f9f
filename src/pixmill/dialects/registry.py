"""Finds the dialect of a request.

Mounted dialects come first, then those with a prefix of their own, then native. Strips mounts, and maps the sources of
a mount. Knows no dialect: ``factory.py`` lists them.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from msgspec import structs

from pixmill.dialects.port import (
    AddsHeaders,
    ConcealsSources,
    Dialect,
    FactsRequest,
    ImageRedirect,
    ImmutableImage,
    Outcome,
    ParsesHints,
    Redirect,
    RedirectsToResults,
    RendersFacts,
    SignsUrls,
    Text,
    UrlRoute,
)
from pixmill.dialects.source_mapping import UNMAPPED, SourceMapping
from pixmill.errors import PixmillError, RouteNotFound, SourceForbidden
from pixmill.plan.hints import HintValues
from pixmill.plan.lengths import Size
from pixmill.plan.references import map_sources
from pixmill.plan.request import Fallback, Headers, ImageRequest


@dataclass(frozen=True, slots=True)
class MountedDialect:
    """A dialect and where it answers.

    ``host`` is empty for all hosts; ``mount`` is a path without a final slash. With neither it answers below its
    own prefix only. ``is_open``: unsigned requests may name any source. ``fallback`` is for requests
    that have none, with its source resolved.
    """

    name: str
    dialect: Dialect
    host: str = ""
    mount: str = ""
    sources: SourceMapping = UNMAPPED
    prefix: bytes = b""
    is_open: bool = False
    fallback: Fallback | None = None

    def match(self, host: bytes, path: bytes) -> "DialectMatch | None":
        """Return the match of a normalised host and a raw path."""
        if self.host and host != self.host.encode():
            return None
        if self.prefix and not path.startswith(self.prefix):
            return None
        local_path = path[len(self.mount) :]
        route = self.dialect.match(local_path)
        return None if route is None else DialectMatch(self, route, local_path)

    def paths(self, other_hosts: Container[bytes] = ()) -> Iterator[str]:
        """Yield what its paths begin with, up to what differs; nothing on one of ``other_hosts``."""
        if self.host and self.host.encode() in other_hosts:
            return
        for route in self.dialect.routes:
            path = (self.mount + route.template).partition("{")[0].rstrip("/")
            if path and (self.mount or path.encode().startswith(self.prefix)):
                yield path

    @property
    def specificity(self) -> tuple[bool, int]:
        return bool(self.host), len(self.mount)


@dataclass(frozen=True, slots=True)
class DialectMatch:
    """The dialect of a request, its route, and the path below the mount."""

    mounted: MountedDialect
    route: UrlRoute
    path: bytes

    def parse(self, query: bytes, *, upload: bool = False, hinted: HintValues | None = None) -> Outcome:
        """Parse the request, with what the client says in hints. Raises BadRequest, SourceForbidden."""
        dialect = self.mounted.dialect
        if hinted is not None and isinstance(dialect, ParsesHints):
            outcome = dialect.parse_with_hints(self.path, query, hinted, upload=upload)
        else:
            outcome = dialect.parse(self.path, query, upload=upload)
        if isinstance(outcome, Redirect):
            return self._below_mount(outcome)
        return self.resolve(outcome)

    def resolve(self, outcome: Outcome) -> Outcome:
        """Resolve and check sources as the mount says."""
        if isinstance(outcome, ImageRequest):
            if outcome.fallback is not None or self.mounted.fallback is not None:
                fallback = outcome.fallback and self._resolve_fallback(outcome.fallback)
                outcome = structs.replace(outcome, fallback=fallback or self.mounted.fallback)
            if self.mounted.sources.is_trivial:
                return outcome
            resolve = self.mounted.sources.resolve
            source, plan = resolve(outcome.source), map_sources(outcome.plan, resolve)
            return structs.replace(outcome, source=source, plan=plan)
        if isinstance(outcome, ImmutableImage | ImageRedirect | FactsRequest):
            resolved = self.resolve(outcome.request)
            return replace(outcome, request=resolved) if isinstance(resolved, ImageRequest) else outcome
        return outcome

    def _resolve_fallback(self, fallback: Fallback) -> Fallback | None:
        """Resolve a fallback; None if its source may not be fetched, or the server may not redirect to it."""
        sources = self.mounted.sources
        if fallback.is_redirect:
            location = sources.redirect_location(fallback)
            if location is None:
                return None
            redirect = self._below_mount(Redirect(location))
            return Fallback(redirect=redirect.location, status=fallback.status)
        if fallback.source is None:
            return None
        try:
            return structs.replace(fallback, source=sources.resolve(fallback.source))
        except SourceForbidden:
            return None

    def sign(self, query: bytes, expires: int | None = None) -> str:
        """Return path and query, signed.

        Raises BadRequest, of it RouteNotFound if the dialect has no signatures.
        """
        if not isinstance(self.mounted.dialect, SignsUrls):
            raise RouteNotFound(f"URLs of {self.mounted.name} cannot be signed")
        return self.mounted.dialect.sign(self.path, query, expires)

    def result_location(self, query: bytes, etag: str, expires: int | None) -> Redirect:
        """Return the redirect to a rendered result, after ``ImageRedirect``."""
        if not isinstance(self.mounted.dialect, RedirectsToResults):
            raise TypeError(f"{self.mounted.name} has no locations of results")
        return self._below_mount(Redirect(self.mounted.dialect.location(self.path, query, etag, expires)))

    @property
    def adds_headers(self) -> bool:
        """Whether ``result_headers`` may return any."""
        return isinstance(self.mounted.dialect, AddsHeaders)

    def result_headers(self, query: bytes, source: Size) -> Headers:
        """Return the headers of an image that depend on the size of its original."""
        dialect = self.mounted.dialect
        return dialect.result_headers(self.path, query, source) if isinstance(dialect, AddsHeaders) else ()

    @property
    def conceals_source(self) -> bool:
        """Whether the URL hides its source. Raises BadRequest."""
        dialect = self.mounted.dialect
        return isinstance(dialect, ConcealsSources) and dialect.conceals_source(self.path)

    def render_facts(self, facts: Mapping[str, object], query: bytes) -> Text:
        """Return the dialect's own answer to ``FactsRequest``."""
        if not isinstance(self.mounted.dialect, RendersFacts):
            raise TypeError(f"{self.mounted.name} has no answer with facts")
        return self.mounted.dialect.render_facts(facts, self.path, query)

    def error_answer(self, error: PixmillError, status: int, query: bytes) -> Redirect | Text | None:
        """Return the dialect's own answer to an error; None for a problem document."""
        answer = self.mounted.dialect.error_answer(error, status, self.path, query)
        return self._below_mount(answer) if isinstance(answer, Redirect) else answer

    def _below_mount(self, redirect: Redirect) -> Redirect:
        location = redirect.location
        is_relative = location.startswith("/") and not location.startswith("//")
        return replace(redirect, location=self.mounted.mount + location) if is_relative else redirect


class DialectRegistry:
    """The dialects of a server.

    Of several mounts that match, one with a host wins, then the longest one, then the first.
    """

    def __init__(self, mounted: Iterable[MountedDialect]) -> None:
        self.mounted = tuple(sorted(mounted, key=lambda one: one.specificity, reverse=True))
        self.hosts = frozenset(one.host.encode() for one in self.mounted if one.host)

    def match(self, host: bytes, path: bytes) -> DialectMatch | None:
        """Return the match of a host, as ``known_host`` returns it, and a raw path."""
        for mounted in self.mounted:
            if match := mounted.match(host, path):
                return match
        return None

    def require(self, host: bytes, path: bytes) -> DialectMatch:
        """Return the match, or raise RouteNotFound."""
        match = self.match(host, path)
        if match is None:
            raise RouteNotFound
        return match

    def known_host(self, host: bytes) -> bytes:
        """Return the host that a Host header names, normalised, if a dialect is mounted on it, else nothing."""
        if not self.hosts:
            return b""
        name, colon, port = host.lower().rpartition(b":")
        if not colon or (port and not port.isdigit()):
            name = host.lower()
        name = name.removesuffix(b".")  # of a fully qualified name
        return name if name in self.hosts else b""
