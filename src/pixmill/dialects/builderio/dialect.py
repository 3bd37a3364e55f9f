"""URLs of Builder.io's Image API: ``/api/v1/image/assets%2FSPACE%2FID?width=300&format=webp``."""

from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.builderio.options import OPTIONS, TABLE
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.options import query_params
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.sharp import BLACK, SharpImage
from pixmill.dialects.port import Outcome, Text, UrlRoute
from pixmill.errors import InvalidParameter, PixmillError
from pixmill.media import Format
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.ops import Fit, Input, Output, Plan, ResampleSpace
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest

PREFIX: Final = "/api/v1/image/"

_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        f"{PREFIX}{{+image}}",
        takes_body=False,
        label="builderio:/image",
        summary="An image, as Builder.io delivers it.",
        params=query_params(OPTIONS),
    ),
)


class BuilderIoOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``quality``: of URLs that name none. ``enlarge``: images may be enlarged. ``resampling``: what resizing mixes, sRGB
    values as sharp, or light.
    """

    quality: Annotated[int, Meta(ge=1, le=100)] = 85
    enlarge: bool = False
    resampling: ResampleSpace = ResampleSpace.SRGB


class Values(Struct, frozen=True):
    """The values of the parameters; a side of 0 is free."""

    width: int = 0
    height: int = 0
    fit: Fit = Fit.COVER
    position: Gravity = Point()
    quality: int = 0
    format: Format | None = None


class BuilderIoDialect(Keyless):
    """The images of all spaces. Of equal names the last counts; unknown names and empty values are ignored."""

    prefix = PREFIX
    routes = _ROUTES

    def __init__(self, options: BuilderIoOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options, self._mode = options, mode
        super().__init__()

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        self._check_path(path, upload=upload)
        source = path_source(path.removeprefix(PREFIX.encode()))
        return ImageRequest(source, self._plan(_values(query)))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return Text(error.message, status)

    def _plan(self, values: Values) -> Plan:
        image = SharpImage()
        if values.width or values.height:
            has_both = bool(values.width and values.height)
            image.resize(
                values.width,
                values.height,
                fit=values.fit if has_both else None,
                gravity=values.position if has_both else None,
                without_enlargement=not self._options.enlarge,
            )
        output = Output(quality=values.quality or self._options.quality, encoding=Encoding(mode=self._mode))
        if values.format is not None:
            output = replace(output, formats=(values.format,))
        else:
            output = replace(output, source_format=True, original_formats=ENCODED_AGAIN if values.quality else ())
        return image.plan_of(Input(), output, background=BLACK, space=self._options.resampling)


def _values(query: bytes) -> Values:
    """Read the parameters. Raises InvalidParameter."""
    found: dict[str, object] = {}
    for name, text in last_values(pairs(query, TABLE)).items():
        if not text:
            continue
        row = TABLE[name]
        try:
            found[name] = row.read(text)
        except ValueError:
            raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
    return replace(Values(), **found)
