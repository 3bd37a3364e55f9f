"""Contentful's Images API: ``/SPACE/ASSET/TOKEN/a.jpg?w=300&h=200&fit=fill``. Errors are JSON."""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.contentful.options import FOCUS, OPTIONS, TABLE, WHOLE, Behaviour, Flag
from pixmill.dialects.contentful.writing import urls
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.options import query_params
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.dialects.port import Outcome, Redirect, Text, UrlRoute
from pixmill.errors import InvalidParameter, PixmillError
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.ops import CropWindow, Fit, Output, Plan, Resize, Stage
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import NO_SHAPE, CornerRadii, Ellipse, Shape

_PALETTE: Final = 256
_ERROR_IDS: Final = {403: "AccessDenied", 404: "NotFound", 429: "RateLimitExceeded"}
_SERVER_ERRORS: Final = 500
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        label="contentful:/image",
        summary="An image, as Contentful's Images API delivers it.",
        params=query_params(OPTIONS),
    ),
)


class ContentfulOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``quality``: without the parameter."""

    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class Values(Struct, frozen=True):
    """The values of the parameters; a side of 0 is free."""

    w: int = 0
    h: int = 0
    fit: Behaviour = Behaviour.INSIDE
    f: Gravity = Point()
    r: int = 0
    bg: Colour | None = None
    q: int = 0
    fm: Format | None = None
    fl: frozenset[Flag] = frozenset()


class ContentfulDialect(Keyless):
    """The images of all spaces. Of equal names the last counts; unknown names and empty values are ignored."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: ContentfulOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options = options
        self._mode = mode
        super().__init__()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        self._check_path(path, upload=upload)
        return ImageRequest(path_source(path), self._plan(_values(query)))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        kind = _ERROR_IDS.get(status, "BadRequest" if status < _SERVER_ERRORS else "ServerError")
        body = {"sys": {"type": "Error", "id": kind}, "message": error.message}
        return Text(msgspec.json.encode(body).decode(), status, "application/json")

    def _plan(self, values: Values) -> Plan:
        return plan_of_stages(_stages(values), output=self._output(values))

    def _output(self, values: Values) -> Output:
        encoding = Encoding(
            mode=self._mode,
            progressive=Flag.PROGRESSIVE in values.fl,
            lossless=Flag.LOSSLESS in values.fl,
            colours=_PALETTE if Flag.PNG8 in values.fl else 0,
        )
        output = Output(quality=values.q or self._options.quality, encoding=encoding)
        if values.fm:
            return replace(output, formats=(values.fm,))
        return replace(output, source_format=True, original_formats=ENCODED_AGAIN if values.q or values.fl else ())


def _values(query: bytes) -> Values:
    """Read the parameters. Raises InvalidParameter."""
    found: dict[str, object] = {}
    for name, text in last_values(pairs(query, TABLE)).items():
        if not text:
            continue
        row = TABLE[name]
        try:
            found[name] = row.read(text)
        except (ValueError, KeyError):
            raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
    return replace(Values(), **found)


def _stages(values: Values) -> tuple[Stage, ...]:
    """Return the stage of an image and its corners; those of a padded image are in a second one.

    A background colour is behind all that is transparent: padding, corners, and the image itself.
    """
    is_padded = values.fit is Behaviour.PAD and bool(values.w and values.h)
    corners = Stage(shape=_shape(values.r), flatten=values.bg)
    window = None
    if values.fit is Behaviour.CROP and (values.w or values.h):
        window = CropWindow(values.w, values.h, values.f)
    background = values.bg or (TRANSPARENT if is_padded else Colour())
    resized = Stage(crop=window, resize=Resize() if window else _resize(values), background=background)
    if is_padded and values.r:
        return resized, corners
    return (replace(resized, shape=corners.shape, flatten=corners.flatten),)


def _resize(values: Values) -> Resize:
    resize = Resize(values.w, values.h)
    if not (values.w and values.h):
        return resize
    match values.fit:
        case Behaviour.PAD:
            gravity = values.f if isinstance(values.f, Point) else FOCUS["center"]
            return replace(resize, fit=Fit.CONTAIN, gravity=gravity)
        case Behaviour.FILL:
            return replace(resize, fit=Fit.COVER, gravity=values.f, enlarge=True)
        case Behaviour.THUMB:
            return replace(resize, fit=Fit.COVER, gravity=values.f)
        case Behaviour.SCALE:
            return replace(resize, fit=Fit.FILL, enlarge=True)
        case _:
            return resize


def _shape(radius: int) -> Shape:
    if radius == WHOLE:
        return Shape(mask=Ellipse())
    size = float(radius)
    return Shape(corner_radii=CornerRadii(size, size, size, size)) if radius else NO_SHAPE
