"""KeyCDN's Image Processing: ``/photos/a.jpg?width=300&fit=contain``.

The order of work is that of sharp: border, region, size, orientation, padding, effects; then the overlay.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.keycdn.options import OPTIONS, TABLE
from pixmill.dialects.keycdn.writing import keycdn_urls
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.plan_values import path_source
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.resampling import resampled
from pixmill.dialects.kit.sharp import BLACK, SharpImage
from pixmill.dialects.port import Outcome, QueryParam, Redirect, Text, UrlRoute
from pixmill.errors import BadRequest, InvalidParameter, PixmillError, RequestTooLarge, ResultTooLarge, RouteNotFound
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.geometry import resolve_all
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.lengths import Size
from pixmill.plan.limits import DEFAULT_LIMITS, Limits
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Crop, CropWindow, Fit, ImageOverlay, Input, Output, Plan, ResampleSpace
from pixmill.plan.output import Encoding, Metadata, RenderMode
from pixmill.plan.overlays import ZERO_LENGTH, Length, OverlayFit, Placement, Repeat
from pixmill.plan.request import Headers, ImageRequest
from pixmill.plan.source import SourceRef

MAX_PATH_BYTES: Final = 65_536

_STATUS: Final = "x-ip"
_FACTS: Final = "x-ip-info"
_ERROR: Final = "x-ip-error"
_KEPT: Final = (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.GIF, Format.TIFF)
_DRAWING: Final = b".svg"
_MIDDLE: Final = 0.5
_DEFAULT_PADDING: Final = 10
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        label="keycdn:/image",
        summary="An image, as KeyCDN's Image Processing delivers it.",
        params=tuple(
            QueryParam(name, option.meaning.replace("`", ""), {"type": "string"})
            for option in OPTIONS
            for name in option.names
        ),
    ),
)


class KeyCdnOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``webp``: WebP by Accept, where a URL names no format. ``enlarge``, ``quality``: without the parameter.
    ``resampling``: what resizing mixes, sRGB values as sharp, or light.
    """

    webp: bool = False
    enlarge: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    resampling: ResampleSpace = ResampleSpace.SRGB


class Values(Struct, frozen=True):
    """The values of the parameters."""

    trim: int | None = None
    crop: Crop | CropWindow | Gravity | None = None
    width: int = 0
    height: int = 0
    fit: Fit = Fit.COVER
    position: Gravity = Point()
    enlarge: bool | None = None
    bg: Colour | None = None
    extend: tuple[int, int, int, int] = (0, 0, 0, 0)
    rotate: int = 0
    flip: bool = False
    flop: bool = False
    sharpen: int = 0
    blur: Fraction = Fraction(0)
    gamma: Fraction = Fraction(0)
    negate: bool = False
    normalize: bool = False
    threshold: int = 0
    tint: Colour | None = None
    grayscale: bool = False
    removealpha: bool = False
    olurl: SourceRef | None = None
    olalign: Point = Point()
    olx: int | None = None
    oly: int | None = None
    olwidth: Length | None = None
    olheight: Length | None = None
    olscale: Fraction = Fraction(0)
    olpadding: int = _DEFAULT_PADDING
    olalpha: float = 100.0
    olrepeat: Repeat = Repeat.NONE
    format: Format | None = None
    quality: int | None = None
    progressive: bool = False
    compression: int | None = None
    lossless: bool = False
    nearlossless: bool = False
    metadata: bool = False


_FIELDS: Final = frozenset(Values.__struct_fields__)


class KeyCdnDialect(Keyless):
    """The URLs of one zone. Of equal names the last counts; unknown ones, and those without a value, are ignored."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self, options: KeyCdnOptions, limits: Limits = DEFAULT_LIMITS, mode: RenderMode = RenderMode.BALANCED
    ) -> None:
        self._options = options
        self._limits = limits
        self._mode = mode
        super().__init__()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return keycdn_urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        source, values = path_source(path), self._values(query)
        is_processed = values != Values() or self._options.webp
        plan = self._plan(values) if is_processed else normal_form(Plan(output=Output(source_format=True)))
        return ImageRequest(source, plan, headers=((_STATUS, "1" if is_processed else "0"),))

    def result_headers(self, path: bytes, query: bytes, source: Size) -> Headers:
        """Return the size of the result, and its format if the URL says it; nothing of a drawing that stays one."""
        values = self._values(query)
        is_drawing = path.lower().endswith(_DRAWING) and not values.format
        if is_drawing or (values == Values() and not self._options.webp):
            return ()
        try:
            size = resolve_all(source, replace(self._plan(values), trim=None), self._limits)[-1].output
        except (BadRequest, ResultTooLarge):
            return ()
        form = f" ofmt={values.format.value}" if values.format else ""
        return ((_FACTS, f"odim={size.width}x{size.height}{form}"),)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        shown = error.message.encode("ascii", "replace").decode()
        return Text(error.message, status, headers=((_STATUS, "0"), (_ERROR, shown)))

    def _values(self, query: bytes) -> Values:
        """Return the values of a query. Raises InvalidParameter."""
        found: dict[str, object] = {}
        for name, text in last_values(pairs(query, _FIELDS)).items():
            if not text:
                continue
            row = TABLE[name]
            try:
                found[name] = row.read(text)
            except ValueError:
                raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
        return replace(Values(), **found)

    def _plan(self, values: Values) -> Plan:
        image = SharpImage()
        _add_geometry(image, values, enlarge=self._options.enlarge if values.enlarge is None else values.enlarge)
        _add_effects(image, values)
        background = values.bg or BLACK
        plan = image.plan_of(Input(), self._output(values), background=background, param="rotate")
        if values.olurl:
            plan = _with_overlay(plan, _overlay(values, values.olurl))
        return resampled(normal_form(plan), self._options.resampling)

    def _output(self, values: Values) -> Output:
        quality = max(self._options.quality if values.quality is None else values.quality, 1)
        encoding = Encoding(
            mode=self._mode,
            effort=values.compression,
            progressive=values.progressive,
            lossless=values.lossless,
            near_lossless=quality if values.nearlossless else None,
        )
        metadata = Metadata.ALL if values.metadata else Metadata.STRIP
        output = Output(quality=quality, encoding=encoding, metadata=metadata)
        if values.format:
            return replace(output, formats=(values.format,))
        if self._options.webp:
            return replace(output, formats=(Format.WEBP,), negotiated=True, ordered=True, source_format=True)
        return replace(
            output,
            source_format=True,
            original_formats=_KEPT,
            fallback_format=Format.PNG,
            passthrough=(Format.SVG,),
        )


def _add_geometry(image: SharpImage, values: Values, *, enlarge: bool) -> None:
    gravity, region = values.position, values.crop
    if values.trim is not None:
        image.trim(values.trim)
    if isinstance(region, Crop | CropWindow):
        image.cut(region)
    elif region is not None and values.fit is Fit.COVER:
        gravity = region
    if values.width or values.height:
        image.resize(
            values.width,
            values.height,
            fit=values.fit,
            gravity=gravity,
            background=values.bg,
            without_enlargement=not enlarge,
        )
    if any(values.extend):
        image.extend(*values.extend, background=values.bg)
    if values.rotate:
        image.rotate(values.rotate, values.bg)
    if values.flip:
        image.flip()
    if values.flop:
        image.flop()
    if values.removealpha:
        image.flatten(values.bg)


def _add_effects(image: SharpImage, values: Values) -> None:
    if values.sharpen:
        image.sharpen(values.sharpen)
    if values.blur:
        image.blur(float(values.blur))
    if values.threshold:
        image.threshold(values.threshold)
    if values.tint:
        image.tint(values.tint)
    if values.gamma:
        image.gamma(1.0, float(values.gamma))
    if values.negate:
        image.negate()
    if values.normalize:
        image.normalise()
    if values.grayscale:
        image.grayscale()


def _with_overlay(plan: Plan, overlay: ImageOverlay) -> Plan:
    """Return the plan with an overlay in its last stage."""
    if not plan.stages:
        return replace(plan, overlays=(overlay,))
    *before, last = plan.stages
    return replace(plan, stages=(*before, replace(last, overlays=(overlay,))))


def _overlay(values: Values, source: SourceRef) -> ImageOverlay:
    width = values.olwidth
    if values.olscale and not width:
        width = Length(float(values.olscale), percent=True)
    return ImageOverlay(source, width, values.olheight, OverlayFit.INSIDE, _placement(values))


def _placement(values: Values) -> Placement:
    """Return the place of the overlay: coordinates of its corner take precedence over an alignment."""
    if values.olx is not None or values.oly is not None:
        x = y = 0.0
        offset_x, offset_y = Length(float(values.olx or 0)), Length(float(values.oly or 0))
    else:
        x, y = values.olalign.x, values.olalign.y
        offset_x, offset_y = (_inward(values.olpadding, edge) for edge in (x, y))
    if values.olrepeat is not Repeat.NONE:
        x, y, offset_x, offset_y = 0.0, 0.0, ZERO_LENGTH, ZERO_LENGTH
    return Placement(x, y, offset_x, offset_y, opacity=values.olalpha, repeat=values.olrepeat)


def _inward(padding: int, edge: float) -> Length:
    if not padding or edge == _MIDDLE:
        return ZERO_LENGTH
    return Length(float(-padding if edge else padding))
