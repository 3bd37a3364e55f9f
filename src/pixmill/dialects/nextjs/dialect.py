"""URLs of the image optimizers of Next.js, Vercel and AWS Amplify: ``/_next/image?url=…&w=…&q=…``.

A URL names an original, a width and a quality, each of which must be one that the project's configuration allows; the
format follows from ``Accept``. The checks come in the order of Next.js, since clients see the first that fails.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.query import all_values, pairs
from pixmill.dialects.kit.resampling import resampled
from pixmill.dialects.nextjs.config import ImagesConfig, SourceUrl
from pixmill.dialects.nextjs.errors import NOT_ALLOWED, error_text
from pixmill.dialects.nextjs.options import EXPECTS, MAX_QUALITY, MAX_URL_CHARS, NAMES, OPTIONS, SUBJECTS
from pixmill.dialects.nextjs.writing import urls
from pixmill.dialects.port import READ_METHODS, Outcome, QueryParam, Redirect, Text, UrlRoute, template_matcher
from pixmill.dialects.signing import Keyring
from pixmill.errors import (
    BadRequest,
    InvalidParameter,
    MalformedRequest,
    MissingParameter,
    PixmillError,
    RepeatedParameter,
    RouteNotFound,
)
from pixmill.media import Format
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.ops import DecodeScaling, Input, Output, Plan, ResampleSpace, Resize
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source
from pixmill.plan.url import canonical_url, special_url

KEPT: Final = (Format.JPEG, Format.PNG, Format.GIF, Format.TIFF)
"""The formats of originals that results keep for clients that show none of the configured ones; others become JPEG."""

PASSED_THROUGH: Final = (Format.BMP, Format.HEIC, Format.ICO, Format.JXL, Format.SVG)
"""Originals in these formats are delivered as they are, as animations are; SVG only if it is allowed at all."""

_EXTENSIONS: Final = ((Format.JPEG, "jpeg"),)
_SITE: Final = "http://n"
_DEV_SIZE: Final = 8
_DEV_QUALITY: Final = 70
_STATIC_MAX_AGE_S: Final = 315_360_000
_MAX_DIGITS: Final = 15
_MAX_SHOWN: Final = 40
_MAX_NAME_CHARS: Final = 100
_MOZJPEG_QUANT_TABLE: Final = 3


class NextDialect:
    """The URLs of one configuration. Unknown parameters are ignored, as Next.js ignores them."""

    def __init__(
        self,
        config: ImagesConfig,
        *,
        mount: str = "",
        site: str = "",
        keyring: Keyring | None = None,
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``site`` is the base of the paths of the site: only with an http or https one does their query count."""
        self._config = config
        self._mount = mount.encode()
        self._site = site.rstrip("/") if site.startswith(("http://", "https://")) and "{" not in site else ""
        self.requires_signature = keyring is not None
        self.limits_sources = not config.allows_every_host
        self._keyring = keyring
        self._path = config.path.removeprefix(mount) if config.path.startswith(f"{mount}/") else config.path
        self._base_path = mount or config.path.removesuffix(config.flavour.path)
        self._headers = (("content-security-policy", config.content_security_policy),)
        methods = READ_METHODS | {"POST"}
        self.prefix = self._path
        self.routes: tuple[UrlRoute, ...] = (
            UrlRoute(
                self._path,
                methods=methods,
                takes_body=False,
                summary=f"An image, as {config.flavour.title} delivers it.",
                params=self._query_params(),
            ),
            UrlRoute(f"{self._path}/", methods=methods, takes_body=False, needs_engine=False),
        )
        self._match = template_matcher(self.routes)
        self._mode = mode
        self._static = tuple(self._base_path + folder for folder in config.flavour.static_folders)
        self._plans: dict[tuple[int, int], Plan] = {}  # as many as sizes times qualities

    def _query_params(self) -> tuple[QueryParam, ...]:
        sizes, qualities = sorted(self._config.sizes), sorted(self._config.qualities or range(1, 101))
        schemas: tuple[Mapping[str, object], ...] = (
            {"type": "string"},
            {"type": "integer", "enum": sizes},
            {"type": "integer", "enum": qualities},
        )
        return tuple(
            QueryParam(option.names[0], option.meaning.replace("`", ""), schema, required=True)
            for option, schema in zip(OPTIONS, schemas, strict=True)
        )

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        return self._keyring.verify(self._mount + path, query, now) if self._keyring else None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        if self._keyring is None:
            raise MalformedRequest("There is no key to sign with")
        return self._keyring.sign(self._mount + path, query, expires)

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request, self._path, self._config.qualities)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload:
            raise RouteNotFound
        if path != self._path.encode():
            if path == self._path.encode() + b"/":
                return Redirect(self._path + ("?" + query.decode("latin-1") if query else ""), 308)
            raise RouteNotFound
        values = all_values(pairs(query, NAMES))
        text = _single(values, "url")
        source, name = self._source(text)
        width_text = _single(values, "w")
        if not width_text.isascii() or not width_text.isdigit():
            raise _invalid("w", EXPECTS["w"])
        quality_text = _single(values, "q")
        if not quality_text.isascii() or not quality_text.isdigit():
            raise _invalid("q", EXPECTS["q"])
        width = self._width(width_text)
        quality = self._quality(quality_text)
        max_age_s, min_age_s = self._lifetime(text)
        return ImageRequest(
            source,
            self._plans.get((width, quality)) or self._new_plan(width, quality),
            filename=name,
            inline=self._config.is_inline,
            max_age_s=max_age_s,
            min_age_s=min_age_s,
            headers=self._headers,
            extensions=_EXTENSIONS,
        )

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path
        try:
            urls = all_values(pairs(query, NAMES)).get("url", [])
        except BadRequest:
            urls = []
        return error_text(error, status, self._config.flavour, is_local=urls[:1] != [] and urls[0].startswith("/"))

    def _source(self, text: str) -> tuple[SourceRef, str]:
        """Return the original and the name of its file."""
        if len(text) > MAX_URL_CHARS:
            raise _invalid("url", "is too long")
        if text.startswith("//"):
            raise _invalid("url", "cannot be a protocol-relative URL (//)")
        is_local = text.startswith("/")
        absolute = special_url(_SITE + text if is_local else text)
        if not absolute:
            raise _invalid("url", "is invalid")
        try:
            url = SourceUrl.of(canonical_url(absolute))
        except InvalidParameter:
            raise _invalid("url", "is invalid") from None
        if is_local:
            return self._local_source(url), _file_name(url.pathname)
        if not self._config.allows_remote(url):
            raise InvalidParameter(NOT_ALLOWED, param="url")
        return parse_source(absolute), _file_name(url.pathname)

    def _local_source(self, url: SourceUrl) -> SourceRef:
        """Return the original at a path of the site; its query counts where the site is asked over HTTP."""
        try:
            path = percent_decode(url.pathname.encode())
        except ValueError:
            raise _invalid("url", "is invalid") from None
        if f"{path}/".find(f"{self._config.flavour.path}/") >= 0:
            raise _invalid("url", "cannot be recursive")
        if not self._config.allows_local(url):
            raise InvalidParameter(NOT_ALLOWED, param="url")
        if url.search and self._site:
            return parse_source(self._site + url.pathname + url.search)
        try:
            return parse_source("/" + path.lstrip("/"))
        except InvalidParameter:
            raise _invalid("url", "is invalid") from None

    def _width(self, text: str) -> int:
        width = _number(text)
        if not width:
            raise _invalid("w", EXPECTS["w"])
        if width not in self._config.sizes and not (self._config.dev and width <= _DEV_SIZE):
            raise _invalid("w", f"of {width} is not allowed")
        return width

    def _quality(self, text: str) -> int:
        quality, config = _number(text), self._config
        if not 1 <= quality <= MAX_QUALITY:
            raise _invalid("q", EXPECTS["q"])
        is_listed = config.qualities is None or quality in config.qualities
        if not is_listed and not (config.dev and quality == _DEV_QUALITY):
            raise _invalid("q", f"of {text[:_MAX_SHOWN]} is not allowed")
        return quality

    def _lifetime(self, text: str) -> tuple[int | None, int]:
        """Return for how long, and for how long at least, clients may keep the image."""
        if text.startswith(self._static):
            return _STATIC_MAX_AGE_S, 0
        return (0, 0) if self._config.dev else (None, self._config.minimum_cache_ttl_s)

    @property
    def _encoding(self) -> Encoding:
        """The options of encoders: Next.js has its JPEGs written by mozjpeg, but for ``fast``."""
        if self._mode is RenderMode.FAST or self._config.resampling is not ResampleSpace.SRGB:
            return Encoding(mode=self._mode)
        return Encoding(
            mode=self._mode, trellis=True, deringing=True, optimize_scans=True, quant_table=_MOZJPEG_QUANT_TABLE
        )

    def _new_plan(self, width: int, quality: int) -> Plan:
        """Return the plan: the width at most, one of the formats that the client shows, else that of the original."""
        allows_svg = self._config.allows_svg
        output = Output(
            self._config.formats,
            negotiated=True,
            ordered=True,
            source_format=True,
            original_formats=KEPT,
            fallback_format=Format.JPEG,
            quality=quality,
            encoding=self._encoding,
            passthrough=PASSED_THROUGH if allows_svg else PASSED_THROUGH[:-1],
            passthrough_animations=True,
        )
        plan = Plan(
            input=Input(rejected=() if allows_svg else (Format.SVG,)),
            resize=Resize(width=width, rounding=RoundingMode.RECIPROCAL_HALF_UP),
            output=output,
        )
        return self._plans.setdefault((width, quality), resampled(plan, self._config.resampling, DecodeScaling.SHARP))


def _single(values: dict[str, list[str]], name: str) -> str:
    given = values.get(name, [])
    if len(given) > 1:
        raise RepeatedParameter(f"{SUBJECTS[name]} cannot be an array", param=name)
    if not given or not given[0]:
        raise MissingParameter(f"{SUBJECTS[name]} is required", param=name)
    return given[0]


def _invalid(name: str, reason: str) -> InvalidParameter:
    return InvalidParameter(f"{SUBJECTS[name]} {reason}", param=name)


def _number(digits: str) -> int:
    """Return the number of ASCII digits; more than fit are a number that no list has."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _MAX_DIGITS else 10**_MAX_DIGITS


def _file_name(pathname: str) -> str:
    """Return the name of the file without its endings, for Content-Disposition."""
    name = pathname.rpartition("/")[2].partition(".")[0]
    with suppress(ValueError):
        name = percent_decode(name.encode())
    return name.replace("/", "_").replace("\\", "_")[:_MAX_NAME_CHARS] or "image"
