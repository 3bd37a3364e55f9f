"""Gcore's Image Stack, whose regions are Fastly's: ``/photos/a.jpg?width=300&height=200&fit=bounds``.

It resizes before it crops, and never enlarges.
"""

from dataclasses import replace as replace_region
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.fastly.options import GCORE_OPTIONS, GCORE_TABLE
from pixmill.dialects.fastly.values import Region
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.options import query_params
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.dialects.port import Outcome, Text, UrlRoute
from pixmill.errors import InvalidParameter, PixmillError
from pixmill.media import Format
from pixmill.plan.ops import Fit, Output, Plan, Resize, Stage
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest

_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        takes_body=False,
        label="gcore:/image",
        summary="An image, as Gcore's Image Stack delivers it.",
        params=query_params(GCORE_OPTIONS),
    ),
)


class GcoreOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry, with the names of ``image_stack`` of a CDN resource.

    ``avif_enabled``, ``webp_enabled``: formats by Accept. ``quality``: of URLs that name none.
    """

    avif_enabled: bool = True
    webp_enabled: bool = True
    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class Values(Struct, frozen=True):
    """The values of the parameters; a side of 0 is free."""

    width: int = 0
    height: int = 0
    fit: Fit = Fit.COVER
    crop: Region | None = None
    quality: int = 0
    format: Format | None = None


class GcoreDialect(Keyless):
    """The URLs of one CDN resource. Of equal names the last counts; unknown names and empty values are ignored."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: GcoreOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options, self._mode = options, mode
        super().__init__()

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        self._check_path(path, upload=upload)
        return ImageRequest(path_source(path), self._plan(_values(query)))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return Text(msgspec.json.encode({"error": error.message}).decode(), status, "application/json")

    def _plan(self, values: Values) -> Plan:
        resize = Resize(values.width, values.height)
        if values.width and values.height:
            resize = replace(resize, fit=values.fit)
        stages = [Stage(resize=resize)]
        if values.crop is not None:
            stages.append(_cropped(values.crop))
        return plan_of_stages(stages, output=self._output(values))

    def _output(self, values: Values) -> Output:
        output = Output(quality=values.quality or self._options.quality, encoding=Encoding(mode=self._mode))
        if values.format is not None:
            return replace(output, formats=(values.format,))
        enabled = ((Format.AVIF, self._options.avif_enabled), (Format.WEBP, self._options.webp_enabled))
        formats = tuple(form for form, is_enabled in enabled if is_enabled)
        kept = ENCODED_AGAIN if values.quality else ()
        output = replace(output, source_format=True, original_formats=kept)
        return replace(output, formats=formats, negotiated=True, ordered=True) if formats else output


def _cropped(region: Region) -> Stage:
    """Return the stage of a region, which is cut at the edges of the image. Raises InvalidParameter."""
    try:
        return Stage(crop=replace_region(region, safe=True).crop())
    except ValueError as error:
        raise InvalidParameter(f"crop {error}", param="crop") from None


def _values(query: bytes) -> Values:
    """Read the parameters. Raises InvalidParameter."""
    found: dict[str, object] = {}
    for name, text in last_values(pairs(query, GCORE_TABLE)).items():
        if not text:
            continue
        row = GCORE_TABLE[name]
        try:
            found[name] = row.read(text)
        except (ValueError, KeyError):
            raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
    return replace(Values(), **found)
