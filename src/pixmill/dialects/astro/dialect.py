"""URLs of Astro's image endpoint: ``/_image?href=%2F_astro%2Fa.jpg&w=300&f=webp``. The parameters go to sharp."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from pixmill.dialects.astro.options import AS_IT_IS, FITS, FORMATS, NAMES, OPTIONS, QUALITIES
from pixmill.dialects.astro.remote_patterns import RemotePattern
from pixmill.dialects.kit.colours import css_colour
from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.numbers import leading_integer
from pixmill.dialects.kit.options import query_params
from pixmill.dialects.kit.query import first_values, pairs
from pixmill.dialects.kit.sharp import BLACK, POSITIONS, SharpImage
from pixmill.dialects.kit.site_paths import site_source, web_site
from pixmill.dialects.port import Outcome, Text, UrlRoute, template_matcher
from pixmill.dialects.signing import Keyring, MountSignatures
from pixmill.errors import (
    BadRequest,
    Forbidden,
    InvalidParameter,
    MissingParameter,
    PixmillError,
    RouteNotFound,
    SourceForbidden,
    SourceNotFound,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Gravity
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Fit, Input, Output, Plan, ResampleSpace
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source
from pixmill.plan.url import canonical_url, special_url

PREFIX: Final = "/_image"

_MAX_PATTERNS: Final = 200
_MAX_QUALITY: Final = 100
_UNCHANGED: Final = normal_form(Plan(output=Output(source_format=True)))


class AstroOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``domains`` and ``remote_patterns``: as ``image.domains`` and ``image.remotePatterns`` of the configuration.
    ``version``: of Astro; before 6 the width alone counts without ``fit``, and then images are enlarged. ``quality``:
    of URLs that name none. ``resampling``: what resizing mixes, sRGB values as sharp, or light.
    """

    domains: Annotated[tuple[str, ...], Meta(max_length=_MAX_PATTERNS)] = ()
    remote_patterns: Annotated[tuple[RemotePattern, ...], Meta(max_length=_MAX_PATTERNS)] = ()
    version: Literal[5, 6] = 6
    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    resampling: ResampleSpace = ResampleSpace.SRGB


class AstroDialect:
    """The URLs of one site. Unknown parameters are ignored; of equal names the first counts."""

    prefix = PREFIX

    def __init__(
        self,
        options: AstroOptions,
        *,
        mount: str = "",
        site: str = "",
        keyring: Keyring | None = None,
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``site`` is the base of the paths of the site: only with an http or https one does their query count."""
        self._options, self._mode = options, mode
        self._site = web_site(site)
        self._patterns = (*options.remote_patterns, *(RemotePattern(hostname=name) for name in options.domains if name))
        self._signatures = MountSignatures(keyring, mount)
        self.requires_signature = self._signatures.is_required
        self.limits_sources = all(pattern.hostname for pattern in self._patterns)
        self.routes: tuple[UrlRoute, ...] = (
            UrlRoute(
                PREFIX,
                takes_body=False,
                label="astro:/_image",
                summary="An image, as Astro delivers it.",
                params=query_params(OPTIONS, required=("href",)),
            ),
            UrlRoute(f"{PREFIX}/", takes_body=False, label="astro:/_image"),
        )
        self._match = template_matcher(self.routes)
        self._plans: CompiledCache[tuple[tuple[str, str], ...], Plan] = CompiledCache()

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        return self._signatures.verify(path, query, now)

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        return self._signatures.sign(path, query, expires)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        values = first_values(pairs(query, NAMES))
        href = values.pop("href", "")
        if not href:
            raise MissingParameter("href is required", param="href")
        source = self._source(href)
        key = tuple(values.items())
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans.put(key, self._plan(values), sum(len(value) for value in values.values()))
        return ImageRequest(source, plan)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text | None:
        del path, query
        if isinstance(error, RouteNotFound):
            return None
        if isinstance(error, Forbidden):
            return Text("Forbidden", 403)
        if isinstance(error, SourceNotFound):
            return Text("Not Found", 404)
        return Text(error.message if isinstance(error, BadRequest) else "Internal Server Error", status)

    def _source(self, href: str) -> SourceRef:
        """Return the original. Raises BadRequest, SourceForbidden."""
        absolute = special_url(f"https:{href}" if href.startswith("//") else href)
        if not absolute:
            return site_source(href, self._site, "href")
        canonical = canonical_url(absolute)
        if not any(pattern.allows(canonical) for pattern in self._patterns):
            raise SourceForbidden("Forbidden", param="href")
        return parse_source(canonical)

    def _plan(self, values: dict[str, str]) -> Plan:
        """Return what sharp makes of the parameters. Raises InvalidParameter."""
        if values.get("f") == AS_IT_IS:
            return _UNCHANGED
        image = SharpImage()
        self._resize(image, values)
        if values.get("background"):
            image.flatten(_background(values["background"]))
        output = Output(
            (_format(values),),
            quality=_quality(values.get("q", "")) or self._options.quality,
            encoding=Encoding(mode=self._mode),
        )
        return image.plan_of(Input(), output, background=BLACK, space=self._options.resampling)

    def _resize(self, image: SharpImage, values: dict[str, str]) -> None:
        width, height = _side(values, "w"), _side(values, "h")
        name = values.get("fit", "")
        is_old = self._options.version < 6 and not name  # noqa: PLR2004 - the version that changed it
        if is_old and width:
            height = 0
        if not width and not height:
            return
        fit = FITS.get(name, Fit.INSIDE) if name else None
        gravity = None
        if width and height and values.get("position"):
            gravity = _position(values["position"])
        image.resize(
            width, height, fit=fit if width and height else None, gravity=gravity, without_enlargement=not is_old
        )


def _background(text: str) -> Colour:
    try:
        return css_colour(text)
    except ValueError:
        raise InvalidParameter("background must be a colour", param="background") from None


def _position(text: str) -> Gravity:
    if text not in POSITIONS:
        raise InvalidParameter("position must be a side, a corner, entropy or attention", param="position")
    return POSITIONS[text]


def _format(values: dict[str, str]) -> Format:
    name = values.get("f", "")
    if name and name not in FORMATS:
        raise InvalidParameter(f"f must be one of {', '.join(FORMATS)}, {AS_IT_IS}", param="f")
    return FORMATS[name] if name else Format.WEBP


def _side(values: dict[str, str], name: str) -> int:
    """Return a side as ``parseInt`` reads it, 0 if there is none. Raises InvalidParameter."""
    side = leading_integer(values.get(name, ""))
    if side < 0:
        raise InvalidParameter(f"{name} must be a positive integer", param=name)
    return side


def _quality(text: str) -> int:
    """Return a quality, 0 for none. Raises InvalidParameter."""
    quality = leading_integer(text, QUALITIES.get(text, 0))
    if not 0 <= quality <= _MAX_QUALITY:
        raise InvalidParameter("q must be 1 to 100, low, mid, high or max", param="q")
    return quality
