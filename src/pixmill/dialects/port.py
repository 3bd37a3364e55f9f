"""The port of dialects: what a grammar of URLs provides, and what it can answer.

A dialect is pure: URLs come in as raw bytes, values come out. Must never know HTTP libraries, nor another dialect.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from pixmill.errors import PixmillError
from pixmill.plan.hints import HintValues
from pixmill.plan.lengths import Size
from pixmill.plan.request import Headers, ImageRequest

READ_METHODS: Final = frozenset({"GET", "HEAD"})


class Endpoint(StrEnum):
    """What a route answers: an image (or an answer of the dialect's own), facts, or a set of URLs."""

    IMAGE = "image"
    FACTS = "facts"
    SRCSET = "srcset"


@dataclass(frozen=True, slots=True)
class QueryParam:
    """A query parameter, for the OpenAPI document."""

    name: str
    description: str
    schema: Mapping[str, object]
    required: bool = False


@dataclass(frozen=True, slots=True)
class UrlRoute:
    """A family of paths.

    ``template`` has ``{name}`` for one segment, ``{+name}`` for one or more to the end. ``label`` is the route label of
    metrics and logs, by default the template; never the path of a request: labels must be few. ``needs_engine``: a
    request may be shed while the render queue is full. ``takes_body``: the body of a POST is the original; else a
    POST is answered as a GET.
    """

    template: str
    endpoint: Endpoint = Endpoint.IMAGE
    methods: frozenset[str] = READ_METHODS
    needs_engine: bool = True
    label: str = ""
    summary: str = ""
    params: tuple[QueryParam, ...] = ()
    takes_body: bool = True

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.template)


@dataclass(frozen=True, slots=True)
class Redirect:
    """An answer without a body. A ``location`` that begins with one slash is below the mount.

    ``headers`` take precedence over the standard ones.
    """

    location: str
    status: int = 301
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A short text. ``headers`` take precedence over the standard ones.

    ``names_requested_url``: it repeats what the client says of the host, and is for no other client.
    """

    body: str
    status: int = 200
    media_type: str = "text/plain"
    headers: Headers = ()
    names_requested_url: bool = False


@dataclass(frozen=True, slots=True)
class ImmutableImage:
    """An image whose URL has the beginning of its entity tag: immutable while the result has that tag."""

    request: ImageRequest
    etag_prefix: str


@dataclass(frozen=True, slots=True)
class ImageRedirect:
    """An image that is rendered into the cache, and answered by a redirect to ``RedirectsToResults.location``."""

    request: ImageRequest


@dataclass(frozen=True, slots=True)
class FactsRequest:
    """A request for facts about the original, in the dialect's own form: see ``RendersFacts``.

    Any route may have this outcome. ``fact_selection`` of the plan says which facts.
    """

    request: ImageRequest


Outcome = ImageRequest | ImmutableImage | ImageRedirect | FactsRequest | Redirect | Text


def image_of(outcome: Outcome) -> ImageRequest | None:
    """Return the image that an outcome asks for, None if it is an answer already."""
    if isinstance(outcome, ImmutableImage | ImageRedirect | FactsRequest):
        return outcome.request
    return outcome if isinstance(outcome, ImageRequest) else None


class Dialect(Protocol):
    """A grammar of URLs.

    Each method is a pure function over the path below the mount and the query, both as they were sent.
    """

    prefix: str
    """Paths below this are like no other dialect's; empty if the dialect needs a host or a mount of its own."""

    routes: tuple[UrlRoute, ...]

    def match(self, path: bytes) -> UrlRoute | None:
        """Return the route of a path, whether or not the rest of the URL is well-formed."""

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        """Authenticate a request; return when its signature expires (seconds since the epoch), None if never.

        Raises Forbidden.
        """

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        """Parse a URL; ``upload`` if the original comes with the request.

        Any bytes at all give an outcome or raise BadRequest, in time linear in their number.
        """

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        """Return what clients of this dialect expect for an error; None for a problem document (RFC 9457)."""


@runtime_checkable
class RequiresSignatures(Protocol):
    """A dialect that can require a signature, or a token, of every request for an image.

    Without this, or if it does not, anybody may make its URLs: a mount needs a base of its sources or an allow-list.
    """

    requires_signature: bool


@runtime_checkable
class LimitsSources(Protocol):
    """A dialect that can have an allow-list of its own for absolute URLs."""

    limits_sources: bool


@runtime_checkable
class SignsUrls(Protocol):
    """A dialect that can sign its URLs, for ``pixmill sign``."""

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        """Return path, with the mount, and query, signed. Raises BadRequest."""


@runtime_checkable
class WritesUrls(Protocol):
    """A dialect that can write URLs, for requests of another grammar."""

    def write(self, request: ImageRequest) -> Iterable[str]:
        """Yield paths below the mount with their queries, unsigned, best first, which may mean this request.

        What the grammar has no words for is left out: whether a URL means the same is found by parsing it.
        """


@runtime_checkable
class ConcealsSources(Protocol):
    """A dialect whose URLs can hide the source from those who have them."""

    def conceals_source(self, path: bytes) -> bool:
        """Whether the source of a URL is encrypted: no other URL of the image may be shown. Raises BadRequest."""


@runtime_checkable
class RedirectsToResults(Protocol):
    """A dialect that answers ``ImageRedirect``."""

    def location(self, path: bytes, query: bytes, etag: str, expires: int | None) -> str:
        """Return the URL of a rendered result, as for ``Redirect``."""


@runtime_checkable
class ParsesHints(Protocol):
    """A dialect whose URLs can leave values to the client: ``ImageRequest.hints``."""

    def parse_with_hints(self, path: bytes, query: bytes, hinted: HintValues, *, upload: bool = False) -> Outcome:
        """Parse a URL as ``parse`` does, with what the client says."""


@runtime_checkable
class AddsHeaders(Protocol):
    """A dialect that has headers of images which depend on the size of the original."""

    def result_headers(self, path: bytes, query: bytes, source: Size) -> Headers:
        """Return headers besides those of the request, over which they take precedence.

        ``source`` is the size of the original, oriented and trimmed. Raises BadRequest.
        """


@runtime_checkable
class RendersFacts(Protocol):
    """A dialect that answers ``FactsRequest``."""

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        """Return the answer. Raises BadRequest.

        ``facts`` has the fields of ``plan.facts.Facts`` that are present, as JSON has them, and under ``result`` the
        ``width`` and ``height`` of the image that the plan describes, unless they depend on its pixels or exceed the
        limits. Under ``request`` are the ``url`` that was requested, as the client sees it and without its query, and
        ``accept``; ``is_public_url``: it is the same for all clients.
        """


def template_matcher(routes: Iterable[UrlRoute]) -> Callable[[bytes], UrlRoute | None]:
    """Return a function that finds the route of a raw path: a dictionary, then one pattern per template."""
    by_path = {route.template.encode(): route for route in routes if "{" not in route.template}
    patterns = [(_pattern(route.template), route) for route in routes if "{" in route.template]

    def match(path: bytes) -> UrlRoute | None:
        return by_path.get(path) or next((route for pattern, route in patterns if pattern.fullmatch(path)), None)

    return match


def _pattern(template: str) -> re.Pattern[bytes]:
    start, plus, rest = template.partition("{+")
    if plus and not rest.endswith("}"):
        raise ValueError(f"{template}: nothing follows the segments of {{+name}}")
    pieces = re.split(r"\{[a-z_]+\}", start)
    pattern = b"[^/]+".join(re.escape(piece.encode()) for piece in pieces)
    return re.compile(pattern + b".+" if plus else pattern, re.DOTALL)
