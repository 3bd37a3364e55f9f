"""URLs of Netlify's Image CDN: ``/.netlify/images?url=/photo.jpg&w=300``.

Two programs answer them: the hosted service, and the handler that ``netlify dev`` runs, which hands the parameters to
ipx. They differ in what they do without a format, with both sides, and with an image smaller than the box.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.options import query_params
from pixmill.dialects.kit.patterns import regex
from pixmill.dialects.kit.query import first_values, pairs
from pixmill.dialects.kit.sharp import FITS, POSITIONS, SharpImage
from pixmill.dialects.kit.site_paths import site_source, web_site
from pixmill.dialects.netlify.options import NAMES, OPTIONS
from pixmill.dialects.netlify.writing import urls
from pixmill.dialects.port import Outcome, Redirect, Text, UrlRoute, template_matcher
from pixmill.dialects.signing import Keyring, MountSignatures
from pixmill.errors import (
    BadRequest,
    Forbidden,
    ImageError,
    InvalidParameter,
    MethodNotAllowed,
    MissingParameter,
    PixmillError,
    RouteNotFound,
    SourceError,
    SourceForbidden,
    SourceNotFound,
    UnsupportedImage,
)
from pixmill.media import Format
from pixmill.plan.gravity import Point
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import MAX_SIDE, Fit, Input, Output, Plan, Resize
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source
from pixmill.plan.url import canonical_url, special_url

Value = TypeVar("Value")

PREFIX: Final = "/.netlify/images"
DEV_MAX_AGE_S: Final = 300

_FORMATS: Final = {
    "avif": Format.AVIF,
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "gif": Format.GIF,
    "tiff": Format.TIFF,
}
_KEPT: Final = (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.TIFF, Format.GIF)
_UNIVERSAL: Final = (Format.JPEG, Format.PNG, Format.GIF)
_HOSTED_FITS: Final = {"contain": Fit.INSIDE, "cover": Fit.COVER, "fill": Fit.FILL}
_POSITIONS: Final = ("center", "top", "bottom", "left", "right")
_HOSTED_QUALITY: Final = 75
_MAX_QUALITY: Final = 100
_MAX_DIGITS: Final = 9
_MISSING: Final = 'Bad Request: Missing "url" query parameter'
_FORBIDDEN: Final = "Forbidden: Remote image URL not allowed"


class NetlifyOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``remote_images``: regular expressions of URLs, as in ``netlify.toml``. ``handler``: which program is answered like.
    """

    remote_images: Annotated[tuple[str, ...], Meta(max_length=100)] = ()
    handler: Literal["hosted", "dev"] = "hosted"


class NetlifyDialect:
    """The URLs of one site. Unknown parameters are ignored; of equal names the first counts."""

    prefix = PREFIX

    def __init__(
        self,
        options: NetlifyOptions,
        *,
        mount: str = "",
        site: str = "",
        keyring: Keyring | None = None,
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``site`` is the base of the paths of the site: only with an http or https one does their query count."""
        self._is_dev = options.handler == "dev"
        self._patterns = tuple(regex(_anchored(pattern)) for pattern in options.remote_images)
        self._site = web_site(site)
        self._base = canonical_url(f"{self._site}/") if self._site else ""
        self._signatures = MountSignatures(keyring, mount)
        self._mode = mode
        self.requires_signature = self._signatures.is_required
        self.limits_sources = not any(pattern.matches("https://pixmill-a.example/x") for pattern in self._patterns)
        params = query_params(OPTIONS, required=("url",))
        self.routes: tuple[UrlRoute, ...] = (
            UrlRoute(PREFIX, summary="An image, as Netlify's Image CDN delivers it.", params=params),
            UrlRoute(f"{PREFIX}/", label=PREFIX),
        )
        self._match = template_matcher(self.routes)
        self._plans: CompiledCache[tuple[tuple[str, str], ...], Plan] = CompiledCache()

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        return self._signatures.verify(path, query, now)

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        return self._signatures.sign(path, query, expires)

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request, PREFIX)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        values = first_values(pairs(query, NAMES))
        if not values.get("url"):
            raise MissingParameter(_MISSING, param="url")
        source = self._source(values["url"])
        key = tuple(item for item in values.items() if item[0] != "url")
        return ImageRequest(
            source,
            self._plans.get(key) or self._new_plan(key, values),
            default_age_s=DEV_MAX_AGE_S if self._is_dev else None,
        )

    def _new_plan(self, key: tuple[tuple[str, str], ...], values: dict[str, str]) -> Plan:
        """Compile parameters, and keep the plan: many images share a few."""
        plan = self._dev_plan(values) if self._is_dev else self._hosted_plan(values)
        return self._plans.put(key, plan, sum(len(value) for _, value in key))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        if isinstance(error, RouteNotFound):
            return None
        if isinstance(error, MethodNotAllowed):
            return Text("Method Not Allowed", 405)
        if isinstance(error, MissingParameter):
            return Text(error.message, 400)
        if isinstance(error, Forbidden):
            return Text(_FORBIDDEN, 403)
        return _ipx_text(error, status) if self._is_dev else Text(error.message, _hosted_status(error, status))

    def _source(self, text: str) -> SourceRef:
        """Return the original. Raises BadRequest, SourceForbidden."""
        absolute = special_url(text)
        if not absolute and text.startswith("//"):
            absolute = special_url(f"{self._site.partition(':')[0] or 'https'}:{text}")
        if not absolute:
            return site_source(text, self._site, "url")
        canonical = canonical_url(absolute)
        is_own = bool(self._site) and canonical.startswith(self._base)
        if not is_own and not any(pattern.matches(canonical) for pattern in self._patterns):
            raise SourceForbidden(_FORBIDDEN, param="url")
        return parse_source(canonical)

    def _hosted_plan(self, values: dict[str, str]) -> Plan:
        width, height = (_side(values, *names) for names in (("w", "width"), ("h", "height")))
        fit = _one_of(values, "fit", _HOSTED_FITS) or Fit.INSIDE
        position = _one_of(values, "position", {name: POSITIONS[name] for name in _POSITIONS}) or Point()
        resize = Resize(width, height, rounding=RoundingMode.RECIPROCAL_HALF_UP, enlarge_drawings=False)
        if width and height:
            gravity = position if fit is Fit.COVER else Point()
            resize = msgspec.structs.replace(resize, fit=fit, gravity=gravity)
        quality, encoding = _quality(values) or _HOSTED_QUALITY, Encoding(mode=self._mode)
        name = values.get("fm", "")
        explicit = Format.BLURHASH if name == "blurhash" else _FORMATS.get(name)
        if explicit:
            output = Output((explicit,), quality=quality, encoding=encoding)
        elif name:
            raise InvalidParameter(f"fm must be one of {', '.join(_FORMATS)}, blurhash", param="fm")
        else:
            output = Output(
                (Format.AVIF, Format.WEBP),
                negotiated=True,
                ordered=True,
                source_format=True,
                original_formats=_UNIVERSAL,
                quality=quality,
                encoding=encoding,
                passthrough=(Format.SVG,),
            )
        return normal_form(Plan(resize=resize, output=output))

    def _dev_plan(self, values: dict[str, str]) -> Plan:
        """Return what ipx makes of the parameters."""
        image = SharpImage()
        width, height = (next((values[name] for name in names if values.get(name)), "") for names in _SIDE_NAMES)
        fit, position = values.get("fit", ""), values.get("position", "")
        if width and height:
            self._dev_resize(image, width, height, "inside" if fit == "contain" else fit, position)
        elif width:
            image.resize(width=_dev_number(width, "w"), without_enlargement=True)
        elif height:
            image.resize(height=_dev_number(height, "h"), without_enlargement=True)
        quality = _quality(values) or Output().quality
        encoding, explicit = Encoding(mode=self._mode), _FORMATS.get(values.get("fm", ""))
        if explicit:
            output, frames = Output((explicit,), quality=quality, encoding=encoding), explicit is Format.GIF
            return image.plan_of(Input(animated=frames, orientation=1), output)
        output = Output(
            source_format=True,
            original_formats=_KEPT,
            fallback_format=Format.JPEG,
            quality=quality,
            encoding=encoding,
            passthrough=() if values.get("fm") else (Format.SVG,),
        )
        return image.plan_of(Input(animated_formats=(Format.GIF,), orientation=1), output)

    def _dev_resize(self, image: SharpImage, width: str, height: str, fit: str, position: str) -> None:
        sides = [int(text) if _is_number(text) else 0 for text in (width, height)]
        if not sides[0]:
            return
        if (fit and fit not in FITS) or (position and position not in POSITIONS):
            raise InvalidParameter("Expected a valid fit and position", param="fit")
        image.resize(
            sides[0],
            sides[1] or sides[0],
            fit=FITS[fit] if fit else None,
            gravity=POSITIONS[position] if position else None,
            clamps=True,
        )


_TOP_LEVEL: Final = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|[()|]|[^\\\[()|]+|.", re.DOTALL)


def _anchored(pattern: str) -> str:
    """Return a pattern that begins with a scheme so that it matches only where URLs begin.

    Netlify searches for it anywhere in a URL: a pattern for ``https://a.example/`` then also opens
    ``https://b.example/?https://a.example/``.
    """
    alternatives, depth = [""], 0
    for piece in _TOP_LEVEL.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and not depth:
            alternatives.append("")
        else:
            alternatives[-1] += piece
    return f"^(?:{pattern})" if all(one.startswith(("http", "^http")) for one in alternatives) else pattern


_SIDE_NAMES: Final = (("w", "width"), ("h", "height"))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def _dev_number(text: str, name: str) -> int:
    if not _is_number(text) or not int(text):
        raise InvalidParameter(f"Expected positive integer for {name} but received {text[:64]}", param=name)
    return int(text)


def _side(values: dict[str, str], *names: str) -> int:
    """Return a side of the hosted service, 0 if it is free."""
    text = next((values[name] for name in names if values.get(name)), "")
    if not text:
        return 0
    if not _is_number(text) or not int(text):
        raise InvalidParameter(f"{names[0]} must be a positive integer", param=names[0])
    return min(int(text), MAX_SIDE)


def _quality(values: dict[str, str]) -> int | None:
    text = values.get("q") or values.get("quality")
    if not text:
        return None
    if not _is_number(text) or not 1 <= int(text) <= _MAX_QUALITY:
        raise InvalidParameter("q must be an integer from 1 to 100", param="q")
    return int(text)


def _one_of(values: dict[str, str], name: str, choices: Mapping[str, Value]) -> Value | None:
    text = values.get(name)
    if not text:
        return None
    if text not in choices:
        raise InvalidParameter(f"{name} must be one of {', '.join(choices)}", param=name)
    return choices[text]


def _hosted_status(error: PixmillError, status: int) -> int:
    if isinstance(error, SourceError) and error.upstream_status >= 400:  # noqa: PLR2004 - an error
        return error.upstream_status
    return 400 if isinstance(error, BadRequest | ImageError) else status


def _ipx_text(error: PixmillError, status: int) -> Text:
    """Return the JSON of ipx."""
    code = "IPX_ERROR"
    if isinstance(error, UnsupportedImage):
        status, code = 400, "IPX_INVALID_IMAGE"
    elif isinstance(error, SourceError):
        status = error.upstream_status or (404 if isinstance(error, SourceNotFound) else 500)
    elif isinstance(error, BadRequest | ImageError):
        status = 500
    document = {"error": {"message": f"[{status}] [{code}] {error.message}"}}
    return Text(msgspec.json.format(msgspec.json.encode(document), indent=2).decode(), status, "application/json")
