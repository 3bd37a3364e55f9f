"""URLs of Prepr's assets: ``/w_300,h_200,c_north/371apne44zy3.jpg``, or without options ``/371apne44zy3.jpg``."""

from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.dialects.port import Outcome, Text, UrlRoute
from pixmill.dialects.prepr.options import TABLE
from pixmill.errors import InvalidParameter, PixmillError
from pixmill.media import Format
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.ops import Fit, Output, Plan, Resize, Stage
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest

_MAX_OPTIONS: Final = 32
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute("/{+image}", takes_body=False, label="prepr:/image", summary="An image, as Prepr delivers it."),
)


class PreprOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``quality``: of URLs that name none."""

    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class Values(Struct, frozen=True):
    """The values of the options; a side of 0 is free."""

    w: int = 0
    h: int = 0
    c: Gravity = Point()
    fit: Fit = Fit.COVER
    q: int = 0
    format: Format | None = None


class PreprDialect(Keyless):
    """The assets of one environment. Of equal options the last counts; unknown and empty ones are ignored."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: PreprOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options, self._mode = options, mode
        super().__init__()

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        del query
        self._check_path(path, upload=upload)
        first, _, rest = path.removeprefix(b"/").partition(b"/")
        found = _options(first) if rest else {}
        return ImageRequest(path_source(rest if found else path), self._plan(_values(found)))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return Text(error.message, status)

    def _plan(self, values: Values) -> Plan:
        resize = Resize(values.w, values.h)
        if values.w and values.h:
            gravity = values.c if values.fit is Fit.COVER else Point()
            resize = replace(resize, fit=values.fit, gravity=gravity)
        output = Output(quality=values.q or self._options.quality, encoding=Encoding(mode=self._mode))
        if values.format is not None:
            output = replace(output, formats=(values.format,))
        else:
            output = replace(output, source_format=True, original_formats=ENCODED_AGAIN if values.q else ())
        return plan_of_stages((Stage(resize=resize),), output=output)


def _options(segment: bytes) -> dict[str, str]:
    """Return the options that a segment holds, by name; none if it is part of the name of an image."""
    try:
        text = percent_decode(segment)
    except ValueError:
        return {}
    pieces = [piece.partition("_") for piece in text.split(",", _MAX_OPTIONS)]
    return {name: value for name, mark, value in pieces if mark and name in TABLE}


def _values(found: dict[str, str]) -> Values:
    """Read the options. Raises InvalidParameter."""
    values: dict[str, object] = {}
    for name, text in found.items():
        if not text:
            continue
        row = TABLE[name]
        try:
            values[name] = row.read(text)
        except ValueError:
            raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
    return replace(Values(), **values)
