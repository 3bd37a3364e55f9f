"""The URLs of Photon, the image service of Jetpack and WordPress.com, and of Tachyon.

``/example.com/a.jpg?resize=300,200``, or without the host where the entry has a source. Any bytes give an outcome, or
BadRequest.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.numbers import leading_integer
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.dialects.photon.options import BY_NAME, stages_of
from pixmill.dialects.photon.writing import urls
from pixmill.dialects.port import READ_METHODS, Outcome, Text, UrlRoute
from pixmill.dialects.source_mapping import check_base, resolve_source
from pixmill.errors import (
    BadRequest,
    Forbidden,
    ImageError,
    InvalidParameter,
    PixmillError,
    RateLimited,
    RouteNotFound,
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceTooLarge,
    TooManyRedirects,
)
from pixmill.media import Format
from pixmill.plan.ops import Input, Output, Plan
from pixmill.plan.output import Encoding, Metadata, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind, SourceRef, parse_source

MAX_AGE_S: Final = 63_115_200
_INVALID: Final = "Sorry, the parameters you provided were not valid"
_NOT_FETCHED: Final = "We cannot complete this request, remote data could not be fetched"
_NOT_LOADED: Final = "Error 0004. Unable to load the image."
_KEPT: Final = (Format.JPEG, Format.PNG, Format.GIF, Format.WEBP)
_REJECTED: Final = (Format.SVG, Format.PDF, Format.VIDEO, Format.RAW)
_QUALITY: Final = 80
_TACHYON_QUALITY: Final = 82
_MIN_QUALITY: Final = 20
_MAX_QUALITY: Final = 89
_HANDED_ON: Final = {401: 403, 403: 403, 404: 404, 410: 404, 429: 429, 451: 451}


class PhotonOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``origins``: where the images of a host are, as ``source`` of an entry. ``host_in_path``: paths begin with the host
    of the original; else they are paths of the source, as those of ``files.wordpress.com``. ``respect_orientation``:
    turn images as EXIF says, which Tachyon always does.
    """

    origins: dict[str, str] = {}
    host_in_path: bool = True
    respect_orientation: bool = False


class PhotonDialect:
    """The URLs of one mount."""

    prefix = ""

    def __init__(
        self, options: PhotonOptions, *, is_tachyon: bool = False, mode: RenderMode = RenderMode.BALANCED
    ) -> None:
        for base in options.origins.values():
            check_base(base)
        self._origins = {host.lower(): base for host, base in options.origins.items()}
        self._has_host = options.host_in_path and not is_tachyon
        self._is_tachyon, self._mode = is_tachyon, mode
        self._turns = is_tachyon or options.respect_orientation
        name = "tachyon" if is_tachyon else "photon"
        route = UrlRoute(
            "/{host}/{+path}" if self._has_host else "/{+path}",
            methods=READ_METHODS | {"POST"},
            takes_body=False,
            label=f"{name}:/",
            summary=f"An image, as {name.capitalize()} makes it.",
        )
        self.routes: tuple[UrlRoute, ...] = (route,)
        self._plans: CompiledCache[tuple[bytes, bool], Plan] = CompiledCache()

    def match(self, path: bytes) -> UrlRoute | None:
        return self.routes[0] if len(path) > 1 else None

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del path, query, now
        return None

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request, is_tachyon=self._is_tachyon)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or not path.startswith(b"/"):
            raise RouteNotFound
        values = last_values(pairs(query, BY_NAME))
        source = self._source(path[1:], values)
        is_gif = path[-4:].lower() == b".gif"
        plan = self._plans.get((query, is_gif))
        if plan is None:
            plan = self._plans.put((query, is_gif), self._plan(values, is_gif=is_gif), len(query))
        link = (("link", f'<{source.text}>; rel="canonical"'),) if source.kind is SourceKind.HTTP else ()
        return ImageRequest(source, plan, max_age_s=MAX_AGE_S, headers=link)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        status, message = _answer(error, status)
        return Text(message, status, "text/html")

    def _source(self, raw: bytes, values: Mapping[str, str]) -> SourceRef:
        """Return the source. Raises InvalidParameter."""
        try:
            path = percent_decode(raw)
        except ValueError as error:
            raise InvalidParameter(f"path: {error}", param="path") from None
        if not self._has_host:
            return parse_source("/" + path.lstrip("/"))
        host, slash, rest = path.partition("/")
        if not slash or not rest or ":" in host or "@" in host or "." not in host:
            raise InvalidParameter("The path must be a host without a port, then that of the image", param="path")
        base = self._origins.get(host.lower())
        if base is not None:
            return resolve_source(base, parse_source("/" + rest.lstrip("/")))
        url = f"{'https' if 'ssl' in values else 'http'}://{raw.decode('ascii', 'replace')}"
        return parse_source(f"{url}?{values['q']}" if values.get("q") else url)

    def _plan(self, values: Mapping[str, str], *, is_gif: bool) -> Plan:
        stages = stages_of(values, is_tachyon=self._is_tachyon)
        source = Input(orientation=0 if self._turns else 1, rejected=_REJECTED)
        return plan_of_stages(stages, source, self._output(values, is_gif=is_gif))

    def _output(self, values: Mapping[str, str], *, is_gif: bool) -> Output:
        is_forced = values.get("webp", "") in {"1", "true"}
        is_negotiated = not is_forced and not is_gif
        default = _TACHYON_QUALITY if self._is_tachyon else _QUALITY
        quality = leading_integer(values["quality"], default) if "quality" in values else default
        strips = self._is_tachyon or values.get("strip", "") in {"all", "info"}
        return Output(
            formats=(Format.WEBP,) if is_forced or is_negotiated else (),
            negotiated=is_negotiated,
            ordered=is_negotiated,
            source_format=not is_forced,
            original_formats=() if is_forced else _KEPT,
            quality=min(max(quality, _MIN_QUALITY), _MAX_QUALITY),
            metadata=Metadata.STRIP if strips else Metadata.KEEP,
            encoding=Encoding(mode=self._mode),
        )


_ANSWERS: Final[tuple[tuple[type[PixmillError], int, str], ...]] = (
    (RateLimited, 429, "Too many requests"),
    (BadRequest, 400, _INVALID),
    (Forbidden, 400, _INVALID),
    (ImageError, 400, _NOT_LOADED),
    (TooManyRedirects, 400, "Too many redirects"),
    (SourceTooLarge, 400, "You can only process images up to the size that the server allows."),
    (SourceNotFound, 404, _NOT_FETCHED),
    (SourceDenied, 403, _NOT_FETCHED),
    (SourceError, 400, _NOT_FETCHED),
)
"""The first that fits counts."""


def _answer(error: PixmillError, status: int) -> tuple[int, str]:
    upstream = error.upstream_status
    if upstream in _HANDED_ON:
        return _HANDED_ON[upstream], _NOT_FETCHED
    if upstream and isinstance(error, SourceError):
        reason = f"remote server returned an unexpected status code ({upstream})"
        return 400, f"We cannot complete this request, {reason}"
    return next(((own, text) for kind, own, text in _ANSWERS if isinstance(error, kind)), (status, error.message))
