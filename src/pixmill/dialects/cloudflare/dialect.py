"""The URLs of Cloudflare Images: ``/cdn-cgi/image/<options>/<source>``, and those of hosted images.

A source is a path of the site, or an absolute URL; its query belongs to it. A hosted image is an id and a variant:
a name for options, or options themselves; its URL may have to be signed. Any bytes give an outcome, or BadRequest or
Forbidden.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from pixmill.dialects.cloudflare.errors import error_text
from pixmill.dialects.cloudflare.options import AUTO_WIDTH, Transformation, read_options
from pixmill.dialects.cloudflare.plans import plan_of
from pixmill.dialects.cloudflare.writing import urls
from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.query import last_values, pairs, remove
from pixmill.dialects.kit.signatures import Key, Scheme, Spelling, expiry, hmac_sha256
from pixmill.dialects.port import FactsRequest, Outcome, Text, UrlRoute
from pixmill.errors import (
    InvalidParameter,
    LoopDetected,
    MissingParameter,
    PixmillError,
    RouteNotFound,
    SourceForbidden,
)
from pixmill.media import MEDIA, Format
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.output import RenderMode
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.plan.source import SourceKind, SourceRef, parse_source

_IMAGE: Final = re.compile(rb"/cdn-cgi/image/(.*)", re.DOTALL)
_HOSTED: Final = re.compile(rb"(/cdn-cgi/imagedelivery)?/([^/]+)/(.+)/([^/]+)", re.DOTALL)
_ABSOLUTE: Final = re.compile(rb"(https?):/{1,8}(?=[^/])", re.IGNORECASE)
_ESCAPED_ABSOLUTE: Final = re.compile(rb"https?%3a%2f", re.IGNORECASE)
_LOOP: Final = "cdn-cgi/image/"
_ORIGIN: Final = re.compile(r"(?:(https?)://)?(\*\.)?([a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?(/.*)?")
_SCHEME: Final = Scheme(hmac_sha256, Spelling.HEX)
_HEADERS: Final = (("cf-resized", "internal=ok/-"),)
_MIN_AGE_S: Final = 3_600
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_MAX_NAME_CHARS: Final = 100
_REDIRECT: Final = 302

_IMAGE_ROUTE: Final = UrlRoute(
    "/cdn-cgi/image/{+path}", label="cloudflare:/cdn-cgi/image", summary="A transformed image, as Cloudflare makes it."
)
_ZONE_HOSTED_ROUTE: Final = UrlRoute(
    "/cdn-cgi/imagedelivery/{account}/{+path}",
    label="cloudflare:/cdn-cgi/imagedelivery",
    summary="A hosted image, as Cloudflare delivers it.",
)
_HOSTED_ROUTE: Final = UrlRoute(
    "/{account}/{+path}", label="cloudflare:/hosted", summary="A hosted image, as Cloudflare delivers it."
)


class Variant(Struct, frozen=True, rename="camel"):
    """A variant as Cloudflare's API returns it."""

    options: dict[str, str | int | float | bool]
    never_require_signed_urls: bool = msgspec.field(name="neverRequireSignedURLs", default=False)
    id: str = ""


_PUBLIC: Final = Variant({"width": 1_366, "height": 768, "fit": "scale-down"})


class CloudflareOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``allowed_origins``: hosts of absolute URLs, ``*.example.com`` for all of their subdomains, with or without a path;
    None for those that the lists of the entry and the server allow. ``account``: the hash that URLs of hosted images
    must have; any if empty. ``variants`` of hosted images: options as in a URL, or an object of Cloudflare's API.
    ``flexible_variants``: their URLs may have options in place of a variant.
    """

    allowed_origins: tuple[str, ...] | None = None
    account: str = ""
    variants: dict[str, str | Variant] = {}
    flexible_variants: bool = True


class _Origin(NamedTuple):
    """An allowed origin: a host, its subdomains too, and the beginning of a path.

    Without a ``scheme`` both are allowed, without a ``port`` only that of the scheme.
    """

    scheme: str
    host: str
    port: str
    with_subdomains: bool
    path: str

    @classmethod
    def of(cls, text: str) -> "_Origin":
        match = _ORIGIN.fullmatch(text.lower() if "/" not in text else text)
        if match is None:
            raise ValueError(f"allowed_origins: {text[:64]!r} is not a host, with or without a path")
        scheme, stars, host, port, path = match.groups()
        default = _DEFAULT_PORTS.get(scheme or "")
        given = "" if port == default else port or ""
        return cls((scheme or "").lower(), host.lower(), given, bool(stars), (path or "/").rstrip("*"))

    def allows(self, url: str) -> bool:
        """Return whether a canonical URL, which has no default port, is of this origin."""
        scheme, _, rest = url.partition("://")
        authority, _, path = rest.partition("/")
        host, port = _host_and_port(authority)
        is_host = host == self.host or (self.with_subdomains and host.endswith(f".{self.host}"))
        return is_host and port == self.port and self.scheme in ("", scheme) and f"/{path}".startswith(self.path)


class _Compiled(NamedTuple):
    """What options mean, and what a request of them is, without its source."""

    found: Transformation
    request: ImageRequest


class CloudflareDialect:
    """The URLs of a zone, or with ``is_hosted`` those of ``imagedelivery.net``."""

    def __init__(
        self,
        options: CloudflareOptions,
        *,
        keys: tuple[Key, ...] = (),
        site: str = "",
        site_only: bool = False,
        is_hosted: bool = False,
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys`` sign hosted images. ``site`` is the base of sources; ``site_only``: its host is the only one."""
        is_site = site.startswith(("http://", "https://")) and "{" not in site
        self._site = site.rstrip("/") if is_site else ""
        origins = options.allowed_origins
        if origins is None and site_only and self._site:
            origins = (_authority(self._site),)
        self._origins = None if origins is None else tuple(map(_Origin.of, origins))
        self._options, self._keys, self._mode, self._is_hosted = options, keys, mode, is_hosted
        variants = {"public": _PUBLIC} | options.variants
        self._variants = {name: _option_text(variant) for name, variant in variants.items()}
        self._public = {
            name for name, one in variants.items() if isinstance(one, Variant) and one.never_require_signed_urls
        }
        self._compiled: CompiledCache[tuple[bytes, bool, int | None, bool], _Compiled] = CompiledCache()
        for name, text in self._variants.items():
            try:
                self._compile(text, is_hosted=True)
            except PixmillError as error:
                raise ValueError(f"variants: {name[:64]}: {error.message}") from error
        self.prefix = "" if is_hosted else "/cdn-cgi/"
        routes = (_IMAGE_ROUTE, _ZONE_HOSTED_ROUTE)
        self.routes: tuple[UrlRoute, ...] = (_ZONE_HOSTED_ROUTE, _HOSTED_ROUTE) if is_hosted else routes
        self.requires_signature = is_hosted and bool(keys) and not self._public
        self.limits_sources = is_hosted or self._origins is not None

    def match(self, path: bytes) -> UrlRoute | None:
        if not self._is_hosted and path.startswith(b"/cdn-cgi/image/"):
            return _IMAGE_ROUTE
        found = _HOSTED.fullmatch(path)
        if found and found[1]:
            return _ZONE_HOSTED_ROUTE
        return _HOSTED_ROUTE if found and self._is_hosted else None

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        found = self._hosted(path)
        if found is None or not self._keys or found[4].decode("latin-1") in self._public:
            return None
        values = last_values(pairs(query, ("sig", "exp")))
        message = path + b"?" + remove(query, (b"sig",))
        _SCHEME.verify(self._keys, message, values.get("sig", "").encode())
        return expiry(values["exp"], now, param="exp") if "exp" in values else None

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request, (self._options.account or "ACCOUNT") if self._is_hosted else "")

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        return self.parse_with_hints(path, query, HintValues(), upload=upload)

    def parse_with_hints(self, path: bytes, query: bytes, hinted: HintValues, *, upload: bool = False) -> Outcome:
        if upload:
            raise RouteNotFound
        hosted = self._hosted(path)
        if hosted:
            options, source = self._variant(hosted[4]), self._stored(hosted)
        else:
            match = _IMAGE.fullmatch(path)
            if match is None or self._is_hosted:
                raise RouteNotFound
            options, _, rest = match[1].partition(b"/")
            source = self._source(rest, query)
        found, request = self._compile(options, hinted, is_hosted=bool(hosted))
        fallback = Fallback(source, status=_REDIRECT) if found.redirects else None
        request = msgspec.structs.replace(request, source=source, filename=_file_name(source), fallback=fallback)
        return FactsRequest(request) if found.format == "json" else request

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text | None:
        del path, query
        return error_text(error, status)

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del path, query
        result = facts.get("result")
        size = result if isinstance(result, dict) else facts
        form = str(facts["format"])
        mime = MEDIA[Format(form)].mime if form in MEDIA else f"image/{form}"
        body = {
            "width": size["width"],
            "height": size["height"],
            "original": {
                "file_size": facts["bytes"],
                "width": facts["width"],
                "height": facts["height"],
                "format": mime,
            },
        }
        return Text(msgspec.json.encode(body).decode(), media_type="application/json", headers=_HEADERS)

    def _compile(self, raw: bytes, hinted: HintValues = HintValues(), *, is_hosted: bool) -> _Compiled:  # noqa: B008
        key = (raw, is_hosted, hinted.width, hinted.save_data)
        compiled = self._compiled.get(key)
        if compiled is None:
            found = read_options(raw)
            if is_hosted and not found.format:
                found.format = "auto"
            plan = plan_of(found, self._mode, hinted.width, is_slow=hinted.save_data)
            hints = Hints(width=found.width == AUTO_WIDTH, save_data=found.slow_quality is not None)
            request = ImageRequest(
                SourceRef(SourceKind.PATH, ""),
                plan,
                inline=True,
                min_age_s=_MIN_AGE_S,
                headers=_HEADERS,
                hints=hints if hints != Hints() else None,
            )
            compiled = self._compiled.put(key, _Compiled(found, request), len(raw))
        return compiled

    def _hosted(self, path: bytes) -> re.Match[bytes] | None:
        found = _HOSTED.fullmatch(path)
        return found if found and (found[1] or self._is_hosted) else None

    def _variant(self, raw: bytes) -> bytes:
        """Return the options of a variant. Raises BadRequest."""
        text = self._variants.get(raw.decode("latin-1"))
        if text is not None:
            return text
        if b"=" not in raw and b"%3d" not in raw.lower():
            raise InvalidParameter(f"There is no variant {raw.decode('latin-1')[:64]!r}", param="variant")
        if not self._options.flexible_variants:
            raise InvalidParameter("Options are not allowed in place of a variant", param="variant")
        return raw

    def _stored(self, hosted: re.Match[bytes]) -> SourceRef:
        if self._options.account and hosted[2] != self._options.account.encode():
            raise RouteNotFound
        return parse_source("/" + _text(hosted[3]))

    def _source(self, raw: bytes, query: bytes) -> SourceRef:
        """Return the source. Raises BadRequest, SourceForbidden."""
        if _ESCAPED_ABSOLUTE.match(raw):
            raw = _text(raw).encode()
        absolute = _ABSOLUTE.match(raw)
        suffix = b"?" + query if query else b""
        if absolute:
            return self._remote(_utf8(absolute[1].lower() + b"://" + raw[absolute.end() :] + suffix))
        raw = raw.lstrip(b"/")
        if not raw:
            raise MissingParameter("The source is missing", param="source")
        path = _text(raw)
        if path.startswith(_LOOP):
            raise LoopDetected("The source is a transformed image")
        relative = parse_source("/" + path)
        return parse_source(f"{self._site}/{_utf8(raw + suffix)}") if query and self._site else relative

    def _remote(self, url: str) -> SourceRef:
        ref = parse_source(url)
        rest = ref.text.partition("://")[2]
        host, _, path = rest.partition("/")
        if self._site and host == _authority(self._site) and path.startswith(_LOOP):
            raise LoopDetected("The source is a transformed image")
        if self._origins is not None and not any(one.allows(ref.text) for one in self._origins):
            raise SourceForbidden("The origin is not allowed", detail=ref.text)
        return ref


def _option_text(variant: str | Variant) -> bytes:
    """Return the options of a variant as a URL has them."""
    if isinstance(variant, str):
        return variant.encode()
    values = ((name, msgspec.json.encode(one).decode() if not isinstance(one, str) else one) for name, one in
              variant.options.items())  # fmt: skip
    return ",".join(f"{name}={value}" for name, value in values).encode()


def _authority(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _host_and_port(authority: str) -> tuple[str, str]:
    host, colon, port = authority.rpartition(":")
    return (host, port) if colon and port.isdigit() else (authority, "")


def _text(raw: bytes) -> str:
    try:
        return percent_decode(raw)
    except ValueError as error:
        raise InvalidParameter(f"source: {error}", param="source") from None


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except ValueError:
        raise InvalidParameter("The source is not UTF-8", param="source") from None


def _file_name(source: SourceRef) -> str:
    """Return the name of the file, for Content-Disposition."""
    path = source.text.partition("?")[0]
    return path.rpartition("/")[2].replace("\\", "_")[:_MAX_NAME_CHARS]
