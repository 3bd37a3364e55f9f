"""Shopify's image URLs: ``/cdn/shop/files/a.jpg?width=300&crop=center``, and the older ``/cdn/shop/files/a_300x.jpg``.

Of a URL with both, the parameters count; the size of the suffix only without ``width`` and ``height``.
"""

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.options import options_of, query_params
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_text
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.port import Outcome, Redirect, Text, UrlRoute
from pixmill.dialects.shopify.options import AUTO, FORMATS, PROGRESSIVE, REGION, ROWS, TABLE
from pixmill.dialects.shopify.suffixes import FileName, parse_name
from pixmill.dialects.shopify.writing import urls
from pixmill.errors import InvalidParameter, PixmillError
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import MAX_SIDE, Canvas, Crop, Fit, Output, Plan, Resize
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import parse_source

_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        label="shopify:/image",
        summary="An image, as Shopify's CDN delivers it.",
        params=query_params(options_of(ROWS)),
    ),
)


class ShopifyOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``suffixes``: whether file names have suffixes. ``negotiate``: AVIF and WebP by Accept. ``quality``: without the
    parameter.
    """

    suffixes: bool = True
    negotiate: bool = True
    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class Values(Struct, frozen=True):
    """The values of the parameters; a side of 0 is free."""

    width: int = 0
    height: int = 0
    crop: Point | str | None = None
    crop_left: int = 0
    crop_top: int = 0
    crop_width: int = MAX_SIDE
    crop_height: int = MAX_SIDE
    pad_color: Colour | None = None
    format: str = ""
    quality: int = 0
    v: str = ""


class ShopifyDialect(Keyless):
    """The URLs of one shop. Of equal names the last counts; unknown names and empty values are ignored."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: ShopifyOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options = options
        self._mode = mode
        super().__init__()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        self._check_path(path, upload=upload)
        text = path_text(path)
        name = parse_name(text) if self._options.suffixes else FileName(text)
        values = _values(query)
        source = parse_source(name.path)
        if values.v:
            source = replace(source, version=values.v)
        return ImageRequest(source, self._plan(name, values))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        return Text(error.message, status)

    def _plan(self, name: FileName, values: Values) -> Plan:
        width, height = values.width, values.height
        if not width and not height:
            width, height = name.width * name.scale, name.height * name.scale
        position = values.crop if values.crop is not None else name.crop
        resize, canvas = Resize(width, height), None
        if width and height and isinstance(position, Point):
            resize = replace(resize, fit=Fit.COVER, gravity=position)
            canvas = Canvas(width, height) if values.pad_color else None
        elif width and height and values.pad_color:
            resize = replace(resize, fit=Fit.CONTAIN)
        plan = Plan(
            crop=_region(values) if values.crop == REGION else None,
            resize=resize,
            canvas=canvas,
            background=values.pad_color or Colour(),
            output=self._output(name, values),
        )
        return normal_form(plan)

    def _output(self, name: FileName, values: Values) -> Output:
        is_progressive = values.format == PROGRESSIVE or (not values.format and name.progressive)
        encoding = Encoding(mode=self._mode, progressive=is_progressive)
        output = Output(quality=values.quality or self._options.quality, encoding=encoding)
        explicit = name.format
        if values.format:
            explicit = Format.JPEG if is_progressive else FORMATS.get(values.format)
        if explicit:
            return replace(output, formats=(explicit,))
        if self._options.negotiate or values.format == AUTO:
            output = replace(output, formats=(Format.AVIF, Format.WEBP), negotiated=True, ordered=True)
        kept = ENCODED_AGAIN if values.quality else ()
        return replace(output, source_format=True, original_formats=kept)


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


def _region(values: Values) -> Crop:
    return Crop(values.crop_left, values.crop_top, values.crop_width, values.crop_height)
