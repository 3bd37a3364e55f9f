"""RIAPI, the queries of ImageResizer and of Imageflow's server: ``/photos/a.jpg?width=300&mode=crop&scale=both``.

Any bytes give an outcome, or BadRequest. As there, what is unknown or cannot be read is ignored, and a URL without
commands gives the original itself.
"""

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.plan_values import path_source
from pixmill.dialects.kit.query import MAX_QUERY_BYTES, pairs, remove
from pixmill.dialects.kit.signatures import Key, Scheme, Spelling, check_signable, hmac_sha256
from pixmill.dialects.port import Outcome, QueryParam, Redirect, Text, UrlRoute, template_matcher
from pixmill.dialects.riapi.options import NOT_FOUND, OPTIONS, PRESET, WATERMARK, commands_of, read_values
from pixmill.dialects.riapi.plans import plan_of
from pixmill.dialects.riapi.values import anchor
from pixmill.dialects.riapi.writing import riapi_urls
from pixmill.errors import (
    Forbidden,
    ImageError,
    InvalidParameter,
    MalformedRequest,
    PixmillError,
    RequestTooLarge,
    ResultTooLarge,
    RouteNotFound,
    SignatureInvalid,
)
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import ImageOverlay, Output, Plan
from pixmill.plan.output import Metadata, RenderMode
from pixmill.plan.overlays import Length, Placement
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.plan.source import parse_source

MAX_PATH_BYTES: Final = 65_536

_SIGNATURE: Final = b"signature"
_SCHEME: Final = Scheme(hmac_sha256, Spelling.BASE64URL, max_bytes=16)
_FOUND: Final = 302
_MAX_NAMES: Final = 16
_ORIGINAL: Final = normal_form(Plan(output=Output(source_format=True, metadata=Metadata.ALL)))
_HEALTH_PATHS: Final = frozenset((b"/imageflow.ready", b"/imageflow.health"))
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    *(
        UrlRoute(path.decode(), needs_engine=False, label=f"riapi:{path.decode()}", summary="Liveness.")
        for path in sorted(_HEALTH_PATHS)
    ),
    UrlRoute(
        "/{+image}",
        label="riapi:/image",
        summary="An image, as ImageResizer and Imageflow deliver it.",
        params=tuple(
            QueryParam(name, option.meaning.replace("`", ""), {"type": "string"})
            for option in OPTIONS
            for name in option.names
        ),
    ),
)


class WatermarkOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """A watermark: the ``source`` of its image, as ``source`` of URLs, and where it lies.

    ``size`` is the share of the sides of the result into which it is fitted, in percent; 0 for its own size.
    """

    source: str
    anchor: str = "bottomright"
    opacity: Annotated[float, Meta(ge=0, le=1)] = 1.0
    size: Annotated[float, Meta(ge=0, le=100)] = 0.0


class RiapiOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``presets``: queries by name. ``presets_only``: no other commands. ``preset_priority``: whether commands of a URL
    or of its presets take precedence. ``defaults``: a query that applies where URLs do not say otherwise.
    ``quality``: without a command. ``watermarks``: by name.
    """

    presets: Annotated[dict[str, str], Meta(max_length=1_000)] = {}
    presets_only: bool = False
    preset_priority: Literal["url", "preset"] = "url"
    defaults: str = ""
    quality: Annotated[int, Meta(ge=1, le=100)] = 90
    watermarks: Annotated[dict[str, WatermarkOptions], Meta(max_length=1_000)] = {}


def _commands(text: str) -> dict[str, str]:
    return commands_of(pairs(text.removeprefix("?").encode()))


class RiapiDialect:
    """The URLs of one server."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        options: RiapiOptions,
        keys: tuple[Key, ...] = (),
        mount: str = "",
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys``: with any, URLs need a signature. Raises BadRequest, ValueError for options that are not valid."""
        self._options = options
        self._keys = keys
        self._mount = mount.encode()
        self._mode = mode
        self._presets = {name.lower(): _commands(text) for name, text in options.presets.items()}
        self._defaults = _commands(options.defaults)
        self._watermarks = {name.lower(): _overlay(one) for name, one in options.watermarks.items()}
        self._match = template_matcher(_ROUTES)
        self.requires_signature = bool(keys)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del now
        if not self._keys or path in _HEALTH_PATHS:
            return None
        given = [piece.partition(b"=")[2] for piece in query.split(b"&") if piece.partition(b"=")[0] == _SIGNATURE]
        _SCHEME.verify(self._keys, self._message(path, query), given[0] if given else b"")
        return None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        check_signable(self._keys, path, query)
        if expires is not None:
            raise MalformedRequest("Signatures of Imageflow do not expire")
        rest = remove(query, {_SIGNATURE})
        try:
            message = self._message(path, rest)
        except SignatureInvalid:
            raise MalformedRequest("The path must be UTF-8") from None
        signature = _SCHEME.signature(self._keys[0], message)
        signed = b"&".join(piece for piece in (rest, _SIGNATURE + b"=" + signature) if piece)
        return f"{(self._mount + path).decode('latin-1')}?{signed.decode()}"

    def _message(self, path: bytes, query: bytes) -> bytes:
        """Return what is signed: the decoded path, and the query without the signature. Raises SignatureInvalid."""
        rest = remove(query, {_SIGNATURE})
        try:
            decoded = percent_decode(self._mount + path).encode()
        except ValueError:
            raise SignatureInvalid from None
        return decoded + (b"?" + rest if rest else b"")

    def write(self, request: ImageRequest) -> Iterable[str]:
        return riapi_urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if path in _HEALTH_PATHS:
            return Text("Imageflow.Server is running.\n")
        if len(path) > MAX_PATH_BYTES or len(query) > MAX_QUERY_BYTES:
            raise RequestTooLarge(f"Path and query may have at most {MAX_PATH_BYTES} bytes each")
        source = path_source(path)
        commands = self._with_presets(commands_of(_readable_pairs(query)))
        if not commands:
            return ImageRequest(source, _ORIGINAL)
        overlays = self._overlays(commands.get(WATERMARK, ""))
        plan = plan_of(read_values(commands), overlays, self._options.quality, self._mode)
        return ImageRequest(source, plan, fallback=_fallback(commands.get(NOT_FOUND, "")))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        is_of_original = isinstance(error, ImageError) and not isinstance(error, ResultTooLarge)
        return Text(error.message, 500 if is_of_original else status)

    def _with_presets(self, given: dict[str, str]) -> dict[str, str]:
        """Return all commands of a URL. Raises Forbidden, InvalidParameter."""
        if self._options.presets_only and given.keys() - {PRESET, NOT_FOUND}:
            raise Forbidden("Only presets are allowed", param=PRESET)
        chosen: dict[str, str] = {}
        for name in given.get(PRESET, "").lower().split(",", _MAX_NAMES):
            if not name.strip():
                continue
            if name.strip() not in self._presets:
                raise InvalidParameter(f"There is no preset {name.strip()[:64]}", param=PRESET)
            chosen |= self._presets[name.strip()]
        is_last = self._options.preset_priority == "preset"
        return self._defaults | ((given | chosen) if is_last else (chosen | given))

    def _overlays(self, names: str) -> list[ImageOverlay]:
        """Return the watermarks of a URL. Raises InvalidParameter."""
        found = []
        for name in names.lower().split(",", _MAX_NAMES)[:_MAX_NAMES]:
            if name.strip() and name.strip() not in self._watermarks:
                raise InvalidParameter(f"There is no watermark {name.strip()[:64]}", param=WATERMARK)
            if name.strip():
                found.append(self._watermarks[name.strip()])
        return found


def _readable_pairs(query: bytes) -> list[tuple[str, str]]:
    """Return names and values; those that cannot be decoded are left out."""
    found: list[tuple[str, str]] = []
    for piece in query.split(b"&"):
        try:
            found += pairs(piece)
        except MalformedRequest:
            continue
    return found


def _overlay(options: WatermarkOptions) -> ImageOverlay:
    point = anchor(options.anchor)
    side = Length(options.size, percent=True) if options.size else None
    placement = Placement(x=point.x, y=point.y, opacity=round(options.opacity * 100, 4))
    return ImageOverlay(parse_source(options.source), side, side, placement=placement)


def _fallback(location: str) -> Fallback | None:
    """Return the redirect to another image of the same host, if it is one."""
    path = location.removeprefix("~")
    return Fallback(redirect=path, status=_FOUND) if path.startswith("/") and not path.startswith("//") else None
