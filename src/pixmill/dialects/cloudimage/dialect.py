"""The URLs of Cloudimage: ``/v7/https://example.com/a.jpg?w=300&h=200&func=crop``, or a path of the source."""

import json
import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.cloudimage.options import OPTIONS, TABLE
from pixmill.dialects.cloudimage.writing import urls
from pixmill.dialects.kit.colours import with_opacity
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.port import FactsRequest, Outcome, QueryParam, Text, UrlRoute
from pixmill.errors import InvalidParameter, MalformedRequest, PixmillError, RequestTooLarge, RouteNotFound
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Faces, Gravity, Point
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Aspect, Crop, CropWindow, Fit, Flip, Output, Plan, Resize
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import CornerRadii, Shape
from pixmill.plan.source import SourceRef, parse_source
from pixmill.plan.transforms import Extend, Fill, FreeRotation, Trim

MAX_PATH_BYTES: Final = 65_536
_MAX_SIDE: Final = 16_383
_HALF: Final = Fraction(1, 2)
_RIGHT_ANGLE: Final = 90
_VERSION: Final = re.compile(rb"(?:/v7)?/(?:_[a-z]{1,8}_/)?")
_SCHEME: Final = re.compile(r"(https?):/{1,2}", re.IGNORECASE)
_AUTOMATIC: Final = (Format.AVIF, Format.WEBP)
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        takes_body=False,
        label="cloudimage:/image",
        summary="An image, as Cloudimage delivers it.",
        params=tuple(
            QueryParam(option.names[0], option.meaning.replace("`", ""), {"type": "string"}) for option in OPTIONS
        ),
    ),
)


class CloudimageOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``quality``: of URLs that name none. ``func`` likewise."""

    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    func: str = "crop"


class Values(Struct, frozen=True):
    """The values of the parameters."""

    width: int = 0
    height: int = 0
    func: Fit | None = None
    gravity: Gravity | None = None
    tl_px: tuple[int, ...] = ()
    br_px: tuple[int, ...] = ()
    ar: Aspect | None = None
    dpr: Fraction = Fraction(1)
    org_if_sml: bool = False
    trim: int | None = None
    r: int = 0
    flip: Flip = Flip.NONE
    bg_color: Colour | None = None
    bg_opacity: Fraction = Fraction(1)
    bg_blur: str = ""
    radius: CornerRadii | None = None
    grey: bool = False
    bright: int = 0
    contrast: int = 0
    blur: Fraction = Fraction(0)
    sharp: int = 0
    pixelate: int = 0
    opacity: Fraction = Fraction(1)
    force_format: Format | None = None
    q: int = 0
    ci_info: bool = False
    is_face: bool = False
    has_format: bool = False


_FIELDS: Final = frozenset(Values.__struct_fields__)


class CloudimageDialect(Keyless):
    """The URLs of one token."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: CloudimageOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        """Raises ValueError for a function that there is not."""
        self._options, self._mode = options, mode
        fit = TABLE["func"].read(options.func)
        self._fit = fit if isinstance(fit, Fit) else Fit.COVER
        super().__init__()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request, "/v7")

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        source, values = _source(path), _values(query)
        if values.ci_info:
            return FactsRequest(ImageRequest(source, Plan()))
        return ImageRequest(source, self._plan(values))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return Text(error.message, status)

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del path, query
        names = {"w": "width", "h": "height", "size": "bytes", "format": "format", "frames": "frames"}
        document = {"original": {name: facts.get(own) for name, own in names.items()}}
        return Text(json.dumps(document), media_type="application/json")

    def _plan(self, values: Values) -> Plan:
        stages = StageSequence("parameters")
        background = with_opacity(values.bg_color or Colour(), values.bg_opacity)
        if values.trim is not None:
            stages.put(("trim",), Trim(tolerance=values.trim))
        _cut(stages, values)
        self._resize(stages, values, background)
        _adjust(stages, values)
        if values.radius is not None:
            stages.put(("shape",), Shape(corner_radii=values.radius))
        _rotate(stages, values)
        if values.opacity != 1:
            stages.put(("opacity",), float(values.opacity * 100))
        if values.bg_color is not None:
            stages.put(("flatten",), background)
        plan = stages.plan()
        operations = {name: getattr(plan, name) for name in plan.__struct_fields__}
        return normal_form(Plan(**operations | {"output": self._output(values)}))

    def _resize(self, stages: StageSequence, values: Values, background: Colour) -> None:
        width, height = (min(int(side * values.dpr + _HALF), _MAX_SIDE) for side in (values.width, values.height))
        if values.ar is not None and bool(width) != bool(height):
            ratio = Fraction(values.ar.width, values.ar.height)
            width, height = width or int(height * ratio + _HALF), height or int(width / ratio + _HALF)
            width, height = (min(max(side, 1), _MAX_SIDE) for side in (width, height))
        elif values.ar is not None and not width:
            stages.put(("crop",), CropWindow(gravity=values.gravity or Point(), aspect=values.ar))
        gravity = Faces() if values.is_face and values.gravity is None else values.gravity or Point()
        fit = values.func or self._fit
        stages.put(("resize",), Resize(width, height, fit=fit, gravity=gravity, enlarge=not values.org_if_sml))
        if fit is Fit.CONTAIN and width and height:
            stages.change(("background",), background)
            if values.bg_blur:
                stages.put(("extend",), Extend(fill=Fill.BLUR))

    def _output(self, values: Values) -> Output:
        output = Output(quality=values.q or self._options.quality, encoding=Encoding(mode=self._mode))
        if values.force_format is not None:
            return replace(output, formats=(values.force_format,))
        output = replace(output, source_format=True, original_formats=ENCODED_AGAIN if values.q else ())
        return output if values.has_format else replace(output, formats=_AUTOMATIC, negotiated=True, ordered=True)


def _cut(stages: StageSequence, values: Values) -> None:
    """Cut the region between two corners out. Raises InvalidParameter."""
    if not values.tl_px and not values.br_px:
        return
    left, top = values.tl_px or (0, 0)
    right, bottom = values.br_px or (65_535, 65_535)
    if right <= left or bottom <= top:
        raise InvalidParameter("br_px must lie to the right of tl_px, and below", param="br_px")
    stages.put(("crop",), Crop(left, top, right - left, bottom - top))


def _rotate(stages: StageSequence, values: Values) -> None:
    angle = -values.r % 360
    if angle % _RIGHT_ANGLE:
        stages.put(("rotate_free",), FreeRotation(angle))
    elif angle:
        stages.put(("rotate",), angle)
    if values.flip is not Flip.NONE:
        stages.put(("flip",), values.flip)


def _adjust(stages: StageSequence, values: Values) -> None:
    if values.grey:
        stages.put(("grayscale",), True)
    if values.bright:
        stages.put(("adjust", "tone", "brightness"), round(values.bright * 100 / 255, 4))
    if values.contrast:
        stages.put(("adjust", "tone", "contrast"), float(values.contrast))
    sigma = blur_sigma(float(values.blur) / 2)
    if sigma:
        stages.blur(sigma)
    if values.sharp:
        stages.put(("effects", "sharpen"), UnsharpMask(1.0, max(values.sharp / 20, 0.5)))
    if values.pixelate:
        stages.put(("effects", "pixelate"), values.pixelate)


def _source(path: bytes) -> SourceRef:
    """Return the original: a URL, or a path of the source. Raises BadRequest."""
    match = _VERSION.match(path)
    try:
        text = percent_decode(path[match.end() :] if match else path)
    except ValueError:
        raise MalformedRequest("The path is not UTF-8, or has control characters", param="image") from None
    scheme = _SCHEME.match(text)
    if scheme is None:
        return parse_source("/" + text.lstrip("/"))
    return parse_source(f"{scheme[1].lower()}://{text[scheme.end() :]}")


def _values(query: bytes) -> Values:
    """Return the values of a query; of equal parameters the last counts. Raises BadRequest."""
    found: dict[str, object] = {}
    for name, text in last_values(pairs(query, TABLE)).items():
        row = TABLE[name]
        own = row.option.names[0]
        if own not in _FIELDS or not text:
            continue
        try:
            found[own] = row.read(text)
        except (ValueError, KeyError):
            raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
        if own == "func":
            found["is_face"] = text == "face"
        if own == "force_format":
            found["has_format"] = True
    return replace(Values(), **found)
