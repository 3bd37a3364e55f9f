"""URLs of the IIIF Image API, 3.0 and 2.1: ``/iiif/3/{identifier}/{region}/{size}/{rotation}/{quality}.{format}``.

An identifier is one segment of the raw path, which is decoded after the path was split. The base URI of an image
redirects to its ``info.json``. Queries are ignored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import quote

from pixmill.dialects.iiif.canonical import canonical_params
from pixmill.dialects.iiif.grammar import ImageParams, read_params
from pixmill.dialects.iiif.information import PROFILE_LINKS, info_json, media_type
from pixmill.dialects.iiif.options import REQUIRED_FORMATS, IiifOptions, Maximum, Version, prefixes_of
from pixmill.dialects.iiif.plans import plan_of
from pixmill.dialects.iiif.writing import urls
from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.port import FactsRequest, Outcome, Redirect, Text, UrlRoute
from pixmill.errors import (
    BadRequest,
    InvalidParameter,
    PixmillError,
    ResultTooLarge,
    RouteNotFound,
    TooCostly,
    UnsupportedOutput,
)
from pixmill.plan.lengths import Size
from pixmill.plan.limits import DEFAULT_LIMITS, Limits
from pixmill.plan.ops import Plan
from pixmill.plan.output import RenderMode
from pixmill.plan.request import Headers, ImageRequest
from pixmill.plan.source import SourceRef, parse_source

_INFO: Final = "info.json"
_IMAGE_SEGMENTS: Final = 5
_SAFE_IN_SEGMENT: Final = "!$&'()*+,;=:@~"
_NO_UPSCALING: Final = "This service does not upscale images"

_PARAMS: Final = {"crop": "region", "enlarge": "size", "exceeding": "size"}
"""What URLs name differently than plans do."""

_IMPOSSIBLE: Final = (ResultTooLarge, TooCostly, UnsupportedOutput)
"""Values that are not supported for this image, or here: 400."""


class _Kind(Enum):
    """What a path below a prefix is."""

    BASE = ""
    INFO = "/info.json"
    IMAGE = "/{region}/{size}/{rotation}/{quality}.{format}"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class _Location:
    """A path: its prefix, its version, what it is, and its segments behind the prefix."""

    prefix: str
    version: Version
    kind: _Kind
    segments: tuple[bytes, ...]

    @property
    def route_key(self) -> tuple[str, _Kind]:
        return self.prefix, self.kind


class IiifDialect:
    """The image services of one mount."""

    def __init__(
        self,
        options: IiifOptions,
        mount: str = "",
        limits: Limits = DEFAULT_LIMITS,
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``limits`` are those of the server. Raises ValueError."""
        prefixes = prefixes_of(options, mount)
        self._options, self._mode = options, mode
        self._compiled: CompiledCache[tuple[Version, tuple[bytes, ...]], tuple[ImageParams, Plan]] = CompiledCache()
        self._maximum = Maximum.of(options, limits)
        self._base = options.base_url.rstrip("/") or mount
        self._formats = frozenset((*REQUIRED_FORMATS, *options.extra_formats))
        if missing := set(options.preferred_formats) - self._formats:
            raise ValueError(f"preferred_formats has {', '.join(sorted(missing))}, which extra_formats has not")
        if options.base_url and not options.base_url.startswith(("http://", "https://")):
            raise ValueError("base_url must be an http or https URL")
        # The longest prefix wins: one may be below another.
        self._prefixes = tuple(
            (f"{prefix}/".encode(), prefix, version)
            for prefix, version in sorted(prefixes.items(), key=lambda item: -len(item[0]))
        )
        self.prefix = "/iiif/" if all(f"{prefix}/".startswith("/iiif/") for prefix in prefixes) else ""
        self._routes = {(prefix, kind): _route(prefix, kind) for prefix in prefixes for kind in _Kind}
        self.routes: tuple[UrlRoute, ...] = tuple(self._routes.values())

    def match(self, path: bytes) -> UrlRoute | None:
        location = self._locate(path)
        return None if location is None else self._routes[location.route_key]

    def _locate(self, path: bytes) -> _Location | None:
        for start, prefix, version in self._prefixes:
            if path.startswith(start):
                segments = tuple(path[len(start) :].split(b"/", _IMAGE_SEGMENTS))
                return _Location(prefix, version, _kind(segments), segments)
        return None

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        """Accept every request: the API has no signatures."""
        del path, query, now
        return None

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request, {prefix: version for _, prefix, version in self._prefixes})

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        del query
        location = self._locate(path)
        if location is None or upload or location.kind is _Kind.OTHER:
            raise RouteNotFound("There is no such image; slashes of an identifier are written %2F")
        identifier = location.segments[0]
        source = _source(identifier)
        if location.kind is _Kind.BASE:
            base = f"{location.prefix}/{identifier.decode('latin-1')}"
            return Redirect(f"{base}/{_INFO}", 303)
        if location.kind is _Kind.INFO:
            return FactsRequest(ImageRequest(source, Plan(), headers=_headers(location.version)))
        params, plan = self._compiled_of(location)
        if params.size.upscales and location.version is Version.V3 and not self._options.upscaling:
            return Text(_NO_UPSCALING, 501)
        return ImageRequest(source, plan, headers=_headers(location.version))

    def _compiled_of(self, location: _Location) -> tuple[ImageParams, Plan]:
        """Return the parameters of an image, and their plan. Raises BadRequest."""
        key = (location.version, location.segments[1:])
        found = self._compiled.get(key)
        if found is None:
            params = self._params(location)
            plan = plan_of(params, self._options, self._maximum, self._mode)
            found = self._compiled.put(key, (params, plan), sum(map(len, key[1])))
        return found

    def _params(self, location: _Location) -> ImageParams:
        params = read_params([_decoded(segment) for segment in location.segments[1:]], location.version)
        if params.extension not in self._formats:
            raise InvalidParameter(f"The format must be {', '.join(sorted(self._formats))}", param="format")
        return params

    def result_headers(self, path: bytes, query: bytes, source: Size) -> Headers:
        """Return the canonical URL and the profile as one header: the official validator reads no second one."""
        del query
        location = self._locate(path)
        if location is None or location.kind is not _Kind.IMAGE:
            return ()
        params, plan = self._compiled_of(location)
        canonical = canonical_params(params, plan, source, location.version, self._options, self._maximum)
        identifier = quote(_decoded(location.segments[0]), safe=_SAFE_IN_SEGMENT)
        url = f"{self._base}{location.prefix}/{identifier}/{canonical}"
        return (("link", f'<{url}>;rel="canonical", {PROFILE_LINKS[location.version]}'),)

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del query
        location = self._locate(path)
        match facts:
            case {
                "width": int(width),
                "height": int(height),
                "request": {"url": str(url), "accept": str(accept), "is_public_url": bool(is_public_url)},
            } if location:
                if self._options.base_url:
                    url, is_public_url = self._base + path.decode("latin-1"), True
                service_id = url.removesuffix(f"/{_INFO}")
                body = info_json(service_id, width, height, location.version, self._options, self._maximum)
                return Text(
                    body,
                    media_type=media_type(accept, location.version),
                    headers=(("vary", "Accept"),),
                    names_requested_url=not is_public_url,
                )
        raise RouteNotFound

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        name = _PARAMS.get(error.param or "", error.param)
        message = f"{name}: {error.message}" if name and name != error.param else error.message
        return Text(f"{message}\n", 400 if isinstance(error, _IMPOSSIBLE) else status)


def _kind(segments: tuple[bytes, ...]) -> _Kind:
    """Return what the segments behind a prefix are. A final slash of a base URI is as good as none."""
    match segments:
        case (b"", *_):
            return _Kind.OTHER
        case (_,) | (_, b""):
            return _Kind.BASE
        case (_, b"info.json"):
            return _Kind.INFO
        case (_, _, _, _, _):
            return _Kind.IMAGE
        case _:
            return _Kind.OTHER


_SUMMARIES: Final = {
    _Kind.BASE: "Redirects to the information about an image.",
    _Kind.INFO: "Information about an image.",
    _Kind.IMAGE: "An image.",
}


def _route(prefix: str, kind: _Kind) -> UrlRoute:
    if kind is _Kind.OTHER:
        return UrlRoute(f"{prefix}/{{+path}}", needs_engine=False, label=f"iiif:{prefix}/other")
    template = f"{prefix}/{{identifier}}{kind.value}"
    return UrlRoute(template, needs_engine=kind is not _Kind.BASE, label=f"iiif:{template}", summary=_SUMMARIES[kind])


def _headers(version: Version) -> tuple[tuple[str, str], ...]:
    return (("link", PROFILE_LINKS[version]),)


def _decoded(segment: bytes) -> str:
    try:
        return percent_decode(segment)
    except ValueError as error:
        raise BadRequest(f"The path has a segment that cannot be decoded: {error}") from None


def _source(identifier: bytes) -> SourceRef:
    """Return the original of an identifier: a URL, or else a path, however many colons it has. Raises RouteNotFound."""
    text = _decoded(identifier)
    try:
        return parse_source(text if "://" in text else f"/{text.removeprefix('/')}")
    except InvalidParameter as error:
        raise RouteNotFound(f"There is no image of this identifier. {error.message}", param="identifier") from None
