"""URLs of ipx, which Nuxt Image and Nitro run: ``/_ipx/w_300,f_webp/photo.jpg``.

The first segment has modifiers, the rest is the original: a path, or an http or https URL of an allowed host. Versions
3 and 4 differ in the arguments that they accept and in the form of their errors.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal
from urllib.parse import unquote

from msgspec import Meta, Struct

from pixmill.dialects.ipx.errors import V3, error_text, ipx_error
from pixmill.dialects.ipx.options import MODIFIERS_BY_NAME, Context, Modifier
from pixmill.dialects.ipx.writing import urls
from pixmill.dialects.port import Outcome, Redirect, Text, UrlRoute, template_matcher
from pixmill.dialects.signing import Keyring
from pixmill.errors import InvalidParameter, MalformedRequest, PixmillError, RouteNotFound
from pixmill.media import Format
from pixmill.plan.ops import Input, Output, Plan, ResampleSpace
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source
from pixmill.plan.url import canonical_url, special_url
from pixmill.runtime.bounded import BoundedDict

PREFIX: Final = "/_ipx/"
MAX_PATH_BYTES: Final = 16_384

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
"""ipx answers them all alike."""

_FORMATS: Final = {
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "tiff": Format.TIFF,
    "gif": Format.GIF,
    "heif": Format.HEIC,
    "heic": Format.HEIC,
}
_KEPT: Final = (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.TIFF, Format.GIF, Format.HEIC)
_HEADERS: Final = (("content-security-policy", "default-src 'none'"), ("x-content-type-options", "nosniff"))
_MAX_PLANS: Final = 1_024
_MAX_KEPT_CHARS: Final = 512
_FORBIDDEN_IN_PATHS: Final = frozenset('"*:<>?|')
_PARTS: Final = str.maketrans({":": "_", "=": "_"})

Seconds = Annotated[int, Meta(ge=0, le=31_536_000)]


class IpxOptions(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """``options`` of an entry, by the names of ipx.

    ``domains``: hosts of originals, with any port; ``alias``: beginnings of paths, and what stands for them.
    ``max_age`` is that of paths, ``http_max_age`` that of URLs whose host says none. ``resampling``: what resizing
    mixes, sRGB values as ipx, or light.
    """

    version: Literal[3, 4] = 3
    domains: tuple[str, ...] = ()
    allow_all_domains: bool = False
    alias: dict[str, str] = {}
    max_age: Seconds = 60
    http_max_age: Seconds = 300
    resampling: ResampleSpace = ResampleSpace.SRGB


class IpxDialect:
    """The URLs of one version. Unknown modifiers are ignored, as ipx ignores them."""

    prefix = PREFIX
    routes: tuple[UrlRoute, ...] = (
        UrlRoute("/", methods=_METHODS, takes_body=False, needs_engine=False, label="ipx:/"),
        UrlRoute(
            "/{+path}", methods=_METHODS, takes_body=False, label="ipx:image", summary="An image, as ipx makes it."
        ),
    )

    def __init__(
        self,
        options: IpxOptions,
        *,
        mount: str = "",
        keyring: Keyring | None = None,
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        self._options = options
        self._version = options.version
        self._mount = mount.encode()
        self._keyring = keyring
        self._mode = mode
        self._domains = frozenset(_host_of(domain) for domain in options.domains)
        self._aliases = tuple((f"/{base.lstrip('/')}", target) for base, target in options.alias.items())
        self.requires_signature = keyring is not None
        self.limits_sources = not options.allow_all_domains
        self._match = template_matcher(self.routes)
        self._plans: BoundedDict[str, Plan] = BoundedDict(_MAX_PLANS)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        return self._keyring.verify(self._mount + path, query, now) if self._keyring else None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        if self._keyring is None:
            raise MalformedRequest("There is no key to sign with")
        return self._keyring.sign(self._mount + path, query, expires)

    def write(self, request: ImageRequest) -> Iterable[str]:
        return (f"{PREFIX.rstrip('/')}{url}" for url in urls(request, is_version_4=self._version != V3))

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload:
            raise RouteNotFound
        raw_modifiers, raw_id = self._split(path)
        source_id = _decode(raw_id)
        if not raw_modifiers:
            raise ipx_error(400, "IPX_MISSING_MODIFIERS", f"Modifiers are missing: {source_id[:200]}")
        if source_id in {"", "/"}:
            raise ipx_error(400, "IPX_MISSING_ID", f"Resource id is missing: {_shown(path)}", param="id")
        source, is_remote = self._source(source_id, query)
        return ImageRequest(
            source,
            self._plans.get(raw_modifiers) or self._new_plan(raw_modifiers),
            headers=_HEADERS,
            default_age_s=self._options.http_max_age if is_remote else self._options.max_age,
        )

    def _new_plan(self, raw_modifiers: str) -> Plan:
        """Compile modifiers, and keep the plan: many images share a few."""
        modifiers, context = _parse_modifiers(raw_modifiers), Context()
        self._apply(context, modifiers)
        output, source_input = self._output(modifiers, context)
        plan = context.image.plan_of(source_input, output, space=self._options.resampling)
        if len(raw_modifiers) <= _MAX_KEPT_CHARS:
            self._plans[raw_modifiers] = plan
        return plan

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del query
        is_remote = bool(special_url(self._aliased(_decode(self._split(path)[1]))))
        return error_text(error, status, self._version, is_remote=is_remote)

    def _split(self, path: bytes) -> tuple[str, str]:
        """Return the raw modifiers and the raw name of the original."""
        if len(path) > MAX_PATH_BYTES:
            path = path[:MAX_PATH_BYTES]
        text = path.decode("latin-1")
        modifiers, _, source_id = (text[len(PREFIX) :] if text.startswith(PREFIX) else text[1:]).partition("/")
        return modifiers, source_id

    def _aliased(self, source_id: str) -> str:
        """Return the name with aliases replaced, in their order; a path begins with a slash."""
        if not _has_protocol(source_id):
            source_id = f"/{source_id.lstrip('/')}"
        for base, target in self._aliases:
            if source_id.startswith(base):
                source_id = f"{target.rstrip('/')}/{source_id[len(base) :].lstrip('/')}"
        return source_id

    def _source(self, source_id: str, query: bytes) -> tuple[SourceRef, bool]:
        """Return the original, and whether it is at a URL. Raises BadRequest, Forbidden."""
        source_id = self._aliased(source_id)
        if not _has_protocol(source_id):
            return self._path_source(source_id), False
        url = special_url(_decode(source_id))
        if self._version == V3 and query:
            url += ("&" if "?" in url else "?") + query.decode("latin-1")
        try:
            canonical = canonical_url(url) if url else ""
        except InvalidParameter:
            canonical = ""
        if not canonical:
            raise self._invalid_url(source_id)
        host = _host_of(canonical)
        if not self._options.allow_all_domains and host not in self._domains:
            raise ipx_error(403, "IPX_FORBIDDEN_HOST", f"Forbidden host: {host}", param="id")
        return parse_source(canonical), True

    def _invalid_url(self, source_id: str) -> Exception:
        if self._version == V3:
            return ipx_error(500, "IPX_ERROR", "Invalid URL", param="id")
        return ipx_error(400, "IPX_INVALID_URL", f"Invalid URL: {source_id[:200]}", param="id")

    def _path_source(self, source_id: str) -> SourceRef:
        """Return the original at a path, in which dot segments are resolved."""
        segments: list[str] = []
        for segment in source_id.split("/"):
            if segment == "..":
                if not segments:
                    raise self._forbidden_path(source_id)
                segments.pop()
            elif segment not in {"", "."}:
                segments.append(segment)
        path = "/".join(segments)
        if not path or not _FORBIDDEN_IN_PATHS.isdisjoint(path):
            raise self._forbidden_path(source_id)
        try:
            return parse_source(f"/{path}")
        except InvalidParameter:
            raise self._forbidden_path(source_id) from None

    def _forbidden_path(self, source_id: str) -> Exception:
        return ipx_error(403, "IPX_FORBIDDEN_PATH", f"Forbidden path: {source_id[:200]}", param="id")

    def _apply(self, context: Context, modifiers: Mapping[str, str]) -> None:
        """Apply the modifiers in the order of their names, as ipx sorts them. Raises BadRequest."""
        known = [(name, MODIFIERS_BY_NAME[name]) for name in modifiers if name in MODIFIERS_BY_NAME]
        for name, modifier in sorted(known, key=lambda item: (self._order(item[1]), self._sort_name(*item))):
            apply = modifier.apply3 if self._version == V3 else modifier.apply4
            if apply is None:
                continue
            text = modifiers[name]
            try:
                apply(context, text.split("_"))
            except ValueError as error:
                code, status = ("IPX_ERROR", 500) if self._version == V3 else ("IPX_INVALID_MODIFIER", 400)
                message = f"Expected {error} for {name} but received {text[:64]}"
                raise ipx_error(status, code, message, param=name) from None

    def _order(self, modifier: Modifier) -> int:
        return modifier.order3 if self._version == V3 else modifier.order4

    def _sort_name(self, name: str, modifier: Modifier) -> str:
        """Return what is compared besides the order: version 3 leaves those that come first as they stand."""
        return "" if self._version == V3 and modifier.order3 else name

    def _output(self, modifiers: Mapping[str, str], context: Context) -> tuple[Output, Input]:
        """Return how the result is written, and how the original is read."""
        name = modifiers.get("f") or modifiers.get("format") or ""
        is_animated = "animated" in modifiers or "a" in modifiers
        encoding, quality = Encoding(mode=self._mode), context.quality or Output().quality
        orientation = 1 if context.keeps_orientation else 0
        if name == "auto":
            formats = (Format.WEBP,) if is_animated else (Format.AVIF, Format.WEBP)
            output = Output(
                formats,
                negotiated=True,
                ordered=True,
                fallback_format=Format.GIF if is_animated else Format.JPEG,
                quality=quality,
                encoding=encoding,
            )
            return output, Input(animated=is_animated, orientation=orientation)
        if explicit := _FORMATS.get(name):
            keeps_frames = is_animated or explicit is Format.GIF
            return Output((explicit,), quality=quality, encoding=encoding), Input(
                animated=keeps_frames, orientation=orientation
            )
        keeps_drawings = not name or (name == "svg" and self._version != V3)
        output = Output(
            source_format=True,
            original_formats=_KEPT,
            fallback_format=Format.JPEG,
            quality=quality,
            encoding=encoding,
            passthrough=(Format.SVG,) if keeps_drawings else (),
        )
        return output, Input(animated_formats=() if is_animated else (Format.GIF,), orientation=orientation)


def _parse_modifiers(raw: str) -> dict[str, str]:
    """Return the texts of modifiers by name; of equal names the last counts."""
    modifiers: dict[str, str] = {}
    if raw == "_":
        return modifiers
    for piece in raw.replace("&", ",").split(","):
        name, *values = piece.translate(_PARTS).split("_")
        modifiers[name] = "_".join(map(_decode, values))
    return modifiers


def _decode(raw: str) -> str:
    """Decode percent escapes as ``decodeURIComponent``; a text that it does not accept stays as it is."""
    if "%" not in raw:
        return raw
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError:
        return raw


def _has_protocol(text: str) -> bool:
    """Return whether a text begins with a scheme and a slash, as ipx looks for one."""
    scheme, colon, rest = text.partition(":")
    return len(scheme) > 1 and bool(colon) and "/" not in scheme and rest.startswith(("/", "\\"))


def _host_of(url: str) -> str:
    """Return the host of a URL or of a bare host, without its port."""
    authority = url.partition("://")[2] if "://" in url else url
    authority = authority.partition("/")[0].lower()
    host, colon, port = authority.rpartition(":")
    return host if colon and port.isdigit() else authority


def _shown(path: bytes) -> str:
    return path[:200].decode(errors="replace")
