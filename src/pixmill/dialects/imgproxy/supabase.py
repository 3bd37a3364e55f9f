"""The URLs of Supabase Storage: ``/storage/v1/render/image/public/bucket/path?width=300``.

Supabase has imgproxy behind it, so a request is the state of an imgproxy request. The bucket and the path are a
relative source, which the entry maps. Any bytes give an outcome, or BadRequest or Forbidden.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from pixmill.dialects.imgproxy.compile import plan_of
from pixmill.dialects.imgproxy.config import Config, ImgproxyOptions
from pixmill.dialects.imgproxy.options import COMPASS
from pixmill.dialects.imgproxy.state import Anchor, RequestState
from pixmill.dialects.imgproxy.writing_supabase import urls
from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.encodings import base64url_decode, percent_decode
from pixmill.dialects.kit.numbers import decimal, integer
from pixmill.dialects.kit.query import pairs
from pixmill.dialects.kit.signatures import keys_of, verify_jwt
from pixmill.dialects.port import Outcome, QueryParam, Text, UrlRoute
from pixmill.errors import (
    AddressForbidden,
    BadRequest,
    Forbidden,
    ImageError,
    InvalidParameter,
    MalformedRequest,
    PixmillError,
    RateLimited,
    RepeatedParameter,
    RouteNotFound,
    SignatureInvalid,
    SignatureMissing,
    SourceError,
    SourceForbidden,
    SourceNotFound,
)
from pixmill.media import Format
from pixmill.plan.output import RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind, SourceRef, parse_source

_PREFIX: Final = "/storage/v1"
_PATH: Final = re.compile(rb"(?:/storage/v1)?/render/image/(public|authenticated|sign)/([^/]+/.+)", re.DOTALL)
_NAMES: Final = frozenset(
    ("width", "height", "resize", "quality", "format", "gravity", "x_offset", "y_offset", "token", "download")
)
_RESIZES: Final = {"cover": "fill", "contain": "fit", "fill": "force"}
_RESIZING_TYPES: Final = ("fit", "fill", "force")
_FORMATS: Final[Mapping[str, Format | None]] = {"origin": None, "avif": Format.AVIF, "webp": Format.WEBP}
_GRAVITIES: Final = (*COMPASS, "sm", "fp")
_MIN_QUALITY: Final = 20
_MAX_QUALITY: Final = 100
_MAX_CLAIMS_BYTES: Final = 16_384
_BUCKET: Final = "bucket"
_UNUSABLE: Final = "The source image is invalid or unsupported for rendering"
_UNSAFE_IN_NAME: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_PARAMS: Final = (
    QueryParam("width", "Width in pixels.", {"type": "integer", "minimum": 0}),
    QueryParam("height", "Height in pixels.", {"type": "integer", "minimum": 0}),
    QueryParam("resize", "How the image fills the size.", {"type": "string", "enum": [*_RESIZES], "default": "cover"}),
    QueryParam("quality", "Quality.", {"type": "integer", "minimum": _MIN_QUALITY, "maximum": _MAX_QUALITY}),
    QueryParam("format", "Format; without it by Accept.", {"type": "string", "enum": [*_FORMATS]}),
)

_PUBLIC_ROUTE: Final = UrlRoute(
    "/storage/v1/render/image/public/{bucket}/{+path}",
    label="supabase:/public",
    summary="A transformed image of a public bucket.",
    params=_PARAMS,
)
_SIGNED_ROUTE: Final = UrlRoute(
    "/storage/v1/render/image/sign/{bucket}/{+path}",
    label="supabase:/sign",
    summary="A transformed image, by a signed URL.",
    params=(QueryParam("token", "The token of the URL.", {"type": "string"}, required=True),),
)
_AUTHENTICATED_ROUTE: Final = UrlRoute(
    "/storage/v1/render/image/authenticated/{bucket}/{+path}", label="supabase:/authenticated"
)
_ROUTES: Final = {b"public": _PUBLIC_ROUTE, b"sign": _SIGNED_ROUTE, b"authenticated": _AUTHENTICATED_ROUTE}


class SupabaseOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``jwt_secret``: secrets of signed URLs, comma-separated. ``public_buckets``: names of the buckets whose
    images anybody may read, ``*`` for all of them; others are answered as if they did not exist. ``authenticated``:
    answer the URLs of private buckets, for a server behind a gateway that checks the Authorization header.
    ``auto_webp``, ``auto_avif``: formats that the client may get if the URL names none. ``min_size``,
    ``max_size``: limits of both sides.
    """

    jwt_secret: str = ""
    public_buckets: tuple[str, ...] = ()
    authenticated: bool = False
    auto_webp: bool = True
    auto_avif: bool = False
    min_size: Annotated[int, Meta(ge=1, le=16_383)] = 1
    max_size: Annotated[int, Meta(ge=1, le=16_383)] = 2_500
    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class _Target(NamedTuple):
    """A path: how access is granted, and bucket and path of the object, decoded."""

    access: bytes
    key: str


class _Claims(Struct):
    """The claims of a token that count besides its times."""

    url: str = ""
    transformations: str = ""


@dataclass(frozen=True, slots=True)
class _Transformation:
    """The values of a request, checked; ``resize`` is imgproxy's word."""

    width: int = 0
    height: int = 0
    resize: str = "fill"
    quality: int = 0
    format: str = ""
    anchor: Anchor = Anchor()  # noqa: RUF009 - it is frozen


class SupabaseDialect:
    """The image transformations of Supabase Storage."""

    prefix = "/storage/v1/render/image/"
    routes: tuple[UrlRoute, ...] = (_PUBLIC_ROUTE, _SIGNED_ROUTE, _AUTHENTICATED_ROUTE)

    def __init__(self, options: SupabaseOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        if "" in options.public_buckets or any("/" in name for name in options.public_buckets):
            raise ValueError("options.public_buckets has names of buckets, without slashes")
        if options.min_size > options.max_size:
            raise ValueError("options.min_size must not be above options.max_size")
        self._options = options
        self._keys = keys_of(secret.strip().encode() for secret in options.jwt_secret.split(",") if secret.strip())
        self._mode = mode
        self._plans: CompiledCache[_Transformation, ImageRequest] = CompiledCache()
        automatic = ImgproxyOptions(
            auto_webp=options.auto_webp,
            auto_avif=options.auto_avif,
            quality=options.quality,
            max_animation_frames=1_000,
        )
        self._config = Config.of(automatic)
        self._config_of_origin = Config.of(msgspec.structs.replace(automatic, auto_webp=False, auto_avif=False))
        self.requires_signature = bool(self._keys) and not options.public_buckets and not options.authenticated

    def match(self, path: bytes) -> UrlRoute | None:
        found = _PATH.fullmatch(path)
        return _ROUTES[found[1]] if found else None

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        target = _target(path)
        if target.access == b"authenticated" and not self._options.authenticated:
            raise SignatureMissing("The Authorization header is not checked here")
        if target.access == b"public" and not self._is_public(target):
            raise RouteNotFound(_BUCKET_NOT_FOUND.message, param=_BUCKET)  # as for a bucket that does not exist
        if target.access != b"sign":
            return None
        if not self._keys:
            raise SignatureInvalid("There is no secret to check the token with")
        claims = verify_jwt(_values(query).get("token", ""), self._keys, now)
        if claims.get("url") != target.key:
            raise SignatureInvalid("The token is for another object", param="token")
        expires = claims.get("exp")
        return int(expires) if isinstance(expires, int | float) else None

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload:
            raise RouteNotFound
        target, values = _target(path), _values(query)
        if target.access == b"sign":
            transformation = self._signed(_claims(values.get("token", "")))
        else:
            transformation = self._queried(values)
        request = self._plans.get(transformation)
        if request is None:
            request = self._plans.put(transformation, self._compile(transformation), 0)
        source = parse_source("/" + target.key)
        return msgspec.structs.replace(request, source=source, filename=_download_name(values, source))

    def _is_public(self, target: _Target) -> bool:
        """Return whether the bucket is one of those that were named: the name as it is read, escapes decoded."""
        named = self._options.public_buckets
        return "*" in named or target.key.partition("/")[0] in named

    def _compile(self, transformation: _Transformation) -> ImageRequest:
        state = RequestState(max_animation_frames=self._config.options.max_animation_frames)
        pipeline = state.pipeline
        pipeline.width, pipeline.height = transformation.width, transformation.height
        pipeline.resizing_type, pipeline.anchor = transformation.resize, transformation.anchor
        state.quality, state.format = transformation.quality, _FORMATS.get(transformation.format)
        config = self._config_of_origin if transformation.format == "origin" else self._config
        headers = (("x-transformations", ",".join(_segments(transformation))),)
        return ImageRequest(SourceRef(SourceKind.PATH, ""), plan_of(state, config, self._mode), headers=headers)

    def _queried(self, values: Mapping[str, str]) -> _Transformation:
        return _Transformation(
            self._side(values, "width"),
            self._side(values, "height"),
            _RESIZES[_word(values, "resize", tuple(_RESIZES), "cover")],
            _quality(values),
            _word(values, "format", tuple(_FORMATS), ""),
            _anchor(values),
        )

    def _signed(self, claims: _Claims) -> _Transformation:
        """Read the transformations of a token, which a key holder has made: what is malformed has no effect."""
        items = dict(item.partition(":")[::2] for item in claims.transformations.split(",", 32))
        resize = _RESIZES.get(items.get("resize", ""), items.get("resizing_type", "fill"))
        return _Transformation(
            self._clamped(_lenient_integer(items.get("width"))),
            self._clamped(_lenient_integer(items.get("height"))),
            resize if resize in _RESIZING_TYPES else "fill",
            min(max(_lenient_integer(items.get("quality")), 0), _MAX_QUALITY),
            items["format"] if items.get("format") in _FORMATS else "",
            _signed_anchor(items.get("gravity", "")),
        )

    def _side(self, values: Mapping[str, str], name: str) -> int:
        side = _integer(values, name)
        if side < 0:
            raise InvalidParameter(f"querystring/{name} must be >= 0", param=name)
        return self._clamped(side)

    def _clamped(self, side: int) -> int:
        return min(max(side, self._options.min_size), self._options.max_size) if side > 0 else 0

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        answer = next((text for kind, text in _ERRORS.items() if isinstance(error, kind)), _SERVER_ERROR)
        if isinstance(error, RouteNotFound) and error.param == _BUCKET:
            answer = _BUCKET_NOT_FOUND
        status = answer.status or status
        message = answer.message or error.message
        body = {"statusCode": str(status), "code": answer.code, "error": answer.name, "message": message}
        return Text(msgspec.json.encode(body).decode(), status, "application/json")


class _ErrorText(NamedTuple):
    """An answer to an error; a status of 0 is that of the error, an empty message is its own."""

    status: int
    code: str
    name: str
    message: str = ""


_ERRORS: Final[Mapping[type[PixmillError], _ErrorText]] = {
    RouteNotFound: _ErrorText(404, "InvalidRequest", "Not Found", "Route not found"),
    RateLimited: _ErrorText(429, "SlowDown", "SlowDown"),
    BadRequest: _ErrorText(400, "InvalidRequest", "InvalidRequest"),
    SourceForbidden: _ErrorText(400, "AccessDenied", "Unauthorized"),
    AddressForbidden: _ErrorText(400, "AccessDenied", "Unauthorized"),
    Forbidden: _ErrorText(400, "InvalidJWT", "InvalidJWT"),
    SourceNotFound: _ErrorText(404, "NoSuchKey", "not_found", "Object not found"),
    SourceError: _ErrorText(0, "S3Error", "S3Error"),
    ImageError: _ErrorText(400, "InvalidRequest", "InvalidRequest", _UNUSABLE),
}
"""By class: the first that an error is an instance of."""

_BUCKET_NOT_FOUND: Final = _ErrorText(404, "NoSuchBucket", "Bucket not found", "Bucket not found")
_SERVER_ERROR: Final = _ErrorText(0, "InternalError", "InternalError")


def _target(path: bytes) -> _Target:
    found = _PATH.fullmatch(path)
    if not found:
        raise RouteNotFound
    try:
        return _Target(found[1], percent_decode(found[2]))
    except ValueError:
        raise MalformedRequest("The path is not UTF-8") from None


def _values(query: bytes) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs(query, _NAMES):
        if name in values:
            raise RepeatedParameter(f"querystring/{name} must be given once", param=name)
        values[name] = value
    return values


def _integer(values: Mapping[str, str], name: str) -> int:
    if name not in values:
        return 0
    try:
        return integer(values[name])
    except ValueError:
        raise InvalidParameter(f"querystring/{name} must be integer", param=name) from None


def _quality(values: Mapping[str, str]) -> int:
    quality = _integer(values, "quality")
    if "quality" in values and not _MIN_QUALITY <= quality <= _MAX_QUALITY:
        raise InvalidParameter(f"querystring/quality must be >= {_MIN_QUALITY} and <= {_MAX_QUALITY}", param="quality")
    return quality


def _word(values: Mapping[str, str], name: str, words: tuple[str, ...], default: str) -> str:
    word = values.get(name, default)
    if name in values and word not in words:
        raise InvalidParameter(f"querystring/{name} must be equal to one of {', '.join(words)}", param=name)
    return word


def _anchor(values: Mapping[str, str]) -> Anchor:
    kind = _word(values, "gravity", _GRAVITIES, "ce")
    x, y = _offset(values, "x_offset"), _offset(values, "y_offset")
    if kind != "fp":
        return Anchor(kind)
    if x is None or y is None:
        raise InvalidParameter("querystring must have x_offset and y_offset with gravity fp", param="gravity")
    return Anchor(kind, x, y)


def _offset(values: Mapping[str, str], name: str) -> Fraction | None:
    if name not in values:
        return None
    try:
        offset = decimal(values[name])
    except ValueError:
        raise InvalidParameter(f"querystring/{name} must be number", param=name) from None
    if not 0 <= offset <= 1:
        raise InvalidParameter(f"querystring/{name} must be >= 0 and <= 1", param=name)
    return offset


def _signed_anchor(text: str) -> Anchor:
    kind, *offsets = text.split(":", 3)
    if kind != "fp":
        return Anchor(kind if kind in _GRAVITIES else "ce")
    try:
        x, y = (min(max(decimal(offset), Fraction(0)), Fraction(1)) for offset in offsets[:2])
    except ValueError:
        return Anchor()
    return Anchor("fp", x, y)


def _lenient_integer(text: str | None) -> int:
    try:
        return integer(text or "0")
    except ValueError:
        return 0


def _claims(token: str) -> _Claims:
    """Read the claims of a token, which ``verify`` checks. Raises BadRequest."""
    pieces = token.split(".", 3)
    try:
        return msgspec.json.decode(base64url_decode(pieces[1], max_bytes=_MAX_CLAIMS_BYTES), type=_Claims)
    except (ValueError, IndexError, RecursionError):
        raise MalformedRequest("The token is malformed", param="token") from None


def _segments(transformation: _Transformation) -> list[str]:
    """Return the options that Supabase sends to imgproxy."""
    has_size = bool(transformation.width or transformation.height)
    anchor = transformation.anchor
    offsets = f":{float(anchor.x):g}:{float(anchor.y):g}" if anchor.kind == "fp" else ""
    return [
        *([f"height:{transformation.height}"] if transformation.height else []),
        *([f"width:{transformation.width}"] if transformation.width else []),
        *([f"resizing_type:{transformation.resize}"] if has_size else []),
        *([f"quality:{transformation.quality}"] if transformation.quality else []),
        *([f"format:{transformation.format}"] if transformation.format not in ("", "origin") else []),
        *([f"gravity:{anchor.kind}{offsets}"] if anchor.kind != "ce" else []),
    ]


def _download_name(values: Mapping[str, str], source: SourceRef) -> str:
    if "download" not in values:
        return ""
    name = values["download"] or source.text.rpartition("/")[2]
    return _UNSAFE_IN_NAME.sub("_", name)[:200] or "image"
