"""Glide, the image library of The PHP League, which Statamic has: ``/img/kayaks.jpg?w=300&fit=crop-top``.

As there, what is not valid is ignored. The order of work is fixed.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final
from urllib.parse import quote_plus

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.glide.compile import Values, plan_of
from pixmill.dialects.glide.options import FORMATS, OPTIONS, PRESETS, SIGNATURE, TABLE
from pixmill.dialects.glide.writing import urls
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.plan_values import path_source
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.resampling import resampled
from pixmill.dialects.kit.signatures import Key, Scheme, Spelling, md5_prefix
from pixmill.dialects.port import Outcome, QueryParam, Redirect, Text, UrlRoute, template_matcher
from pixmill.errors import (
    InvalidParameter,
    MalformedRequest,
    PixmillError,
    RequestTooLarge,
    RouteNotFound,
    SignatureInvalid,
    SignatureMissing,
)
from pixmill.media import Format
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Input, Output, Plan, ResampleSpace
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind, SourceRef, parse_source

MAX_PATH_BYTES: Final = 65_536

_SCHEME: Final = Scheme(md5_prefix, Spelling.HEX)
_KEPT: Final = (Format.JPEG, Format.PNG, Format.GIF, Format.WEBP, Format.AVIF, Format.TIFF, Format.HEIC)
_FIELDS: Final = {"or": "orientation"}
_MAX_PRESETS: Final = 16
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        label="glide:/image",
        summary="An image, as Glide makes it.",
        params=tuple(
            QueryParam(option.names[0], option.meaning.replace("`", ""), {"type": "string"}) for option in OPTIONS
        ),
    ),
)

Params = Annotated[dict[str, str | int | float], Meta(max_length=64)]


class GlideOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``defaults``, ``presets``: parameters, as Glide has them. ``watermarks``: the folder of ``mark``.
    ``max_image_size``: the most pixels of a result, to which it is shrunk; 0 for no limit. ``quality``: without ``q``.
    ``resampling``: what resizing mixes, sRGB values as GD, or light.
    """

    defaults: Params = {}
    presets: Annotated[dict[str, Params], Meta(max_length=1_000)] = {}
    watermarks: str = ""
    max_image_size: Annotated[int, Meta(ge=0, le=2**32)] = 0
    quality: Annotated[int, Meta(ge=1, le=100)] = 90
    resampling: ResampleSpace = ResampleSpace.SRGB


class GlideDialect:
    """The URLs of one server. Of equal names the last counts."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        options: GlideOptions,
        keys: tuple[Key, ...] = (),
        mount: str = "",
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys``: with any, URLs need a signature."""
        self._options = options
        self._keys = keys
        self._mount = mount.encode()
        self._mode = mode
        self._defaults = _texts(options.defaults)
        self._presets = {name: _texts(params) for name, params in options.presets.items()}
        self._match = template_matcher(_ROUTES)
        self.requires_signature = bool(keys)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        """Verify the signature, over the path as it was sent or decoded. Raises Forbidden."""
        del now
        if not self._keys:
            return None
        params = last_values(pairs(query))
        signature = params.pop(SIGNATURE, "").encode()
        if not signature:
            raise SignatureMissing
        try:
            paths = {path, percent_decode(path).encode()}
        except ValueError:
            paths = {path}
        found = [_SCHEME.matches(self._keys, self._message(one, params), signature) for one in sorted(paths)]
        if not any(found):
            raise SignatureInvalid
        return None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        if not self._keys:
            raise MalformedRequest("There is no key to sign with")
        if expires is not None or not path.isascii() or not query.isascii():
            raise MalformedRequest("A signature of Glide has no expiry, and its URL is in ASCII")
        params = last_values(pairs(query))
        params.pop(SIGNATURE, None)
        signature = _SCHEME.signature(self._keys[0], self._message(path, params)).decode()
        rest = f"{query.decode()}&" if query else ""
        return f"{(self._mount + path).decode()}?{rest}{SIGNATURE}={signature}"

    def _message(self, path: bytes, params: Mapping[str, str]) -> bytes:
        """Return what is signed behind the key: the path with the mount, then the parameters as PHP writes them."""
        query = "&".join(f"{_escaped(name)}={_escaped(params[name])}" for name in sorted(params))
        return b":" + (self._mount + path).lstrip(b"/") + b"?" + query.encode()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        return ImageRequest(path_source(path), self._plan(self._values(query)))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        if isinstance(error, SignatureMissing):
            return Text("Signature is missing.", status)
        return Text("Signature is not valid." if isinstance(error, SignatureInvalid) else error.message, status)

    def _values(self, query: bytes) -> Values:
        """Return the values of a query, of its presets and of the defaults, without those that are not valid."""
        given = last_values(pairs(query, {PRESETS, *TABLE}))
        texts = dict(self._defaults)
        for name in given.get(PRESETS, "").split(",", _MAX_PRESETS)[:_MAX_PRESETS]:
            texts |= self._presets.get(name, {})
        found: dict[str, object] = {}
        for name, text in (texts | given).items():
            try:
                value = self._mark(text) if name == "mark" else TABLE[name].read(text) if name in TABLE else None
            except (ValueError, KeyError):
                continue
            if value is not None:
                found[_FIELDS.get(name, name)] = value
        return replace(Values(), **found)

    def _mark(self, text: str) -> SourceRef | None:
        """Return the source of a watermark, which is a path. Raises ValueError."""
        folder = self._options.watermarks.strip("/")
        try:
            source = parse_source("/".join(("", folder, text.lstrip("/"))) if folder else f"/{text.lstrip('/')}")
        except InvalidParameter:
            raise ValueError("not a path") from None
        return source if text and source.kind is SourceKind.PATH else None

    def _plan(self, values: Values) -> Plan:
        plan = plan_of(values)
        if self._options.max_image_size:
            resize = replace(plan.resize, max_area=self._options.max_image_size)
            plan = replace(plan, resize=resize)
        source = Input(orientation=0 if values.orientation is None else 1)
        plan = normal_form(replace(plan, input=source, output=self._output(values)))
        return resampled(plan, self._options.resampling)

    def _output(self, values: Values) -> Output:
        quality = max(self._options.quality if values.q is None else values.q, 1)
        encoding = Encoding(mode=self._mode, progressive=values.interlace or values.fm == "pjpg")
        output = Output(quality=quality, encoding=encoding)
        if values.fm:
            return replace(output, formats=(FORMATS.get(values.fm, Format.JPEG),))
        return replace(output, source_format=True, original_formats=_KEPT, fallback_format=Format.JPEG)


def _texts(params: Mapping[str, str | float]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}


def _escaped(text: str) -> str:
    """Escape a text as ``urlencode`` of PHP."""
    return quote_plus(text).replace("~", "%7E")
