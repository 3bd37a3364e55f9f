"""The URLs of ImageEngine: ``/a.jpg?imgeng=/w_300/h_200/m_cropbox``, or ``/w_300/f_webp/https://example.com/a.jpg``."""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.imageengine.options import AUTO, MAX_SIDE, TABLE
from pixmill.dialects.imageengine.writing import urls
from pixmill.dialects.kit.colours import css_colour
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.query import first_values, pairs
from pixmill.dialects.port import Outcome, QueryParam, Text, UrlRoute
from pixmill.errors import InvalidParameter, MalformedRequest, PixmillError, RequestTooLarge, RouteNotFound
from pixmill.media import Format
from pixmill.plan.effects import Effects, UnsharpMask
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Crop, CropOverflow, Fit, Output, Plan, Resize, Stage
from pixmill.plan.output import Encoding, Metadata, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source
from pixmill.plan.transforms import FreeRotation

PARAM: Final = "imgeng"
MAX_PATH_BYTES: Final = 65_536
_MAX_DIRECTIVES: Final = 64
_RIGHT_ANGLE: Final = 90
_HALF: Final = Fraction(1, 2)
_IN_PATH: Final = re.compile(rb"((?:/[a-z]{1,6}_[^/]{1,64}){0,64})/(https?)(?::|%3[Aa])/{1,2}")
_PASSED: Final = normal_form(Plan(output=Output(source_format=True)))
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        takes_body=False,
        label="imageengine:/image",
        summary="An image, as ImageEngine delivers it.",
        params=(QueryParam(PARAM, "Directives between slashes", {"type": "string"}),),
    ),
)


class ImageEngineOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``quality``: without ``cmpr``. ``background`` of ``letterbox``, as in CSS."""

    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    background: str = "white"


class Values(Struct, frozen=True):
    """The values of the directives."""

    w: tuple[int, int] = (0, 0)
    h: int = 0
    pc: tuple[Fraction, int] | None = None
    m: tuple[Fit, Gravity] = (Fit.INSIDE, Point())
    cr: tuple[int, ...] = ()
    r: int = 0
    f: Format | None = None
    cmpr: int | None = None
    s: int = 0
    passes: bool = False
    meta: bool = False
    dpr: Fraction = Fraction(1)


_FIELDS: Final = {"pass": "passes"}


class ImageEngineDialect(Keyless):
    """The URLs of one delivery address."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: ImageEngineOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        """Raises ValueError for a background that is no colour."""
        self._options, self._mode = options, mode
        self._background = css_colour(options.background)
        super().__init__()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        return self._parse(path, query, None, upload=upload)

    def parse_with_hints(self, path: bytes, query: bytes, hinted: HintValues, *, upload: bool = False) -> Outcome:
        return self._parse(path, query, hinted, upload=upload)

    def _parse(self, path: bytes, query: bytes, hinted: HintValues | None, *, upload: bool) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        source, text = _split(path, query)
        values = read_values(text)
        if values.passes:
            return ImageRequest(source, _PASSED)
        is_hinted = (values.w[0] == AUTO or values.pc is not None) and values.w[0] <= 0
        plan = self._plan(values, (hinted.width if hinted else None) if is_hinted else None)
        return ImageRequest(source, plan, hints=Hints(width=True) if is_hinted else None)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return Text(error.message, status)

    def _plan(self, values: Values, screen: int | None) -> Plan:
        is_right = values.r % _RIGHT_ANGLE == 0
        effects = Effects(sharpen=UnsharpMask(1.0, values.s / 100) if values.s else None)
        rotated = Stage(
            rotate=values.r % 360 if is_right else 0,
            rotate_free=None if is_right else FreeRotation(values.r % 360),
            effects=effects,
        )
        crop = Crop(*_placed(values.cr), overflow=CropOverflow.CLIP) if values.cr else None
        sized = Stage(crop=crop, resize=self._resize(values, screen), background=self._background)
        stages = [sized, rotated] if values.r % 360 else [replace(sized, effects=effects)]
        first, *others = stages
        operations = {name: getattr(first, name) for name in Stage.__struct_fields__}
        return normal_form(Plan(**operations, stages=tuple(others), output=self._output(values)))

    def _resize(self, values: Values, screen: int | None) -> Resize:
        width = values.w[0]
        width = _scaled(width, values.dpr) if width > 0 else min(_hinted_width(values, screen), MAX_SIDE)
        fit, gravity = values.m
        return Resize(width, _scaled(values.h, values.dpr), fit=fit, gravity=gravity)

    def _output(self, values: Values) -> Output:
        quality = self._options.quality if values.cmpr is None else max(100 - values.cmpr, 1)
        output = Output(
            quality=quality,
            metadata=Metadata.KEEP if values.meta else Metadata.STRIP,
            encoding=Encoding(mode=self._mode),
        )
        if values.f is not None:
            return replace(output, formats=(values.f,))
        kept = () if values.cmpr is None else ENCODED_AGAIN
        return replace(
            output, formats=_AUTOMATIC, negotiated=True, ordered=True, source_format=True, original_formats=kept
        )


_AUTOMATIC: Final = (Format.AVIF, Format.WEBP)


def _hinted_width(values: Values, screen: int | None) -> int:
    """Return the width in device pixels that the client says, or the fallback of the URL."""
    if values.pc is not None and values.w[0] != AUTO:
        share, fallback = values.pc
        return int(screen * share + _HALF) if screen else fallback
    return screen or values.w[1]


def _scaled(side: int, dpr: Fraction) -> int:
    return min(int(side * dpr + _HALF), MAX_SIDE)


def _placed(numbers: tuple[int, ...]) -> tuple[int, int, int, int]:
    width, height, left, top = numbers
    if not width or not height:
        raise InvalidParameter("cr must have a width and a height", param="cr")
    return left, top, width, height


def read_values(text: str) -> Values:
    """Read directives; of equal ones the last counts, unknown ones are ignored. Raises InvalidParameter."""
    found: dict[str, object] = {}
    for piece in text.split("/", _MAX_DIRECTIVES)[:_MAX_DIRECTIVES]:
        name, _, value = piece.partition("_")
        row = TABLE.get(name)
        if row is None or name in {"in", "maxdpr"}:
            continue
        try:
            found[_FIELDS.get(name, name)] = row.read(value)
        except (ValueError, KeyError):
            raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
    return replace(Values(), **found)


def _split(path: bytes, query: bytes) -> tuple[SourceRef, str]:
    """Return the original and the directives. Raises BadRequest."""
    match = _IN_PATH.match(path)
    if match is None:
        return path_source(path), first_values(pairs(query, {PARAM}, decode=percent_decode)).get(PARAM, "")
    try:
        rest = path[match.end() :].decode("ascii")
        directives = percent_decode(match[1])
    except ValueError:
        raise MalformedRequest("The path is not UTF-8, or has control characters", param="image") from None
    return parse_source(f"{match[2].decode()}://{rest}"), directives
