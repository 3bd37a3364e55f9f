"""Assets of Adobe Experience Manager, by its delivery API: ``/adobe/assets/urn:aaid:aem:UUID/as/a.jpg?width=300``.

The order of work is fixed: rotation, region, mirroring, size. Errors are problem documents, as there.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.aem.options import FORMATS, OPTIONS, TABLE
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.options import query_params
from pixmill.dialects.kit.plan_values import aspect
from pixmill.dialects.kit.query import check_path_length, last_values, pairs
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.port import Outcome, UrlRoute
from pixmill.errors import InvalidParameter, MalformedRequest, PixmillError, RouteNotFound
from pixmill.media import Format
from pixmill.plan.gravity import Smart
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Aspect, Crop, CropWindow, Flip, Output, Plan, Resize
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source

PREFIX: Final = "/adobe/"

_RENDITION: Final = re.compile(
    rb"/adobe/(?:assets/([^/]+)/as|assets/deliver/([^/]+)|dynamicmedia/deliver/([^/]+))/([^/]+)"
)
_ORIGINAL: Final = re.compile(rb"/adobe/assets/([^/]+)/original/as/([^/]+)")
_ASSET: Final = re.compile(rb"/adobe/assets/([^/]+)")
_RATIO: Final = re.compile(r"([0-9]{1,5})[x:]([0-9]{1,5})", re.ASCII)
_MODERN: Final[tuple[Format, ...]] = (Format.AVIF, Format.WEBP)
_PALETTE: Final = 256
_DEFAULT_WIDTH: Final = 1024
_DEFAULT_QUALITY: Final = 65
_UNCHANGED: Final = normal_form(Plan(output=Output(source_format=True)))
_PARAMS: Final = query_params(OPTIONS)


def _route(template: str, summary: str = "") -> UrlRoute:
    params = _PARAMS if summary else ()
    return UrlRoute(template, takes_body=False, label="aem:/asset", summary=summary, params=params)


_ROUTES: Final[tuple[UrlRoute, ...]] = (
    _route("/adobe/assets/{asset}/as/{name}", "An asset in a format, as AEM delivers it."),
    _route("/adobe/assets/{asset}/original/as/{name}"),
    _route("/adobe/assets/deliver/{asset}/{name}"),
    _route("/adobe/dynamicmedia/deliver/{asset}/{name}"),
    _route("/adobe/assets/{asset}"),
)


class AemOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``assets``: paths of originals by asset ID; others follow from ``path``, with ``{id}`` and ``{name}`` (that of the
    URL, without its format). ``smart_crops``: ratios by name, as ``16:9``. ``presets``: queries by name.
    ``smart_imaging``: AVIF and WebP by Accept, before the format of the URL. ``quality``: of URLs that name none.
    """

    assets: dict[str, str] = {}
    path: str = "{id}"
    smart_crops: dict[str, str] = {}
    presets: dict[str, str] = {}
    smart_imaging: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class Values(Struct, frozen=True):
    """The values of the parameters; a side of 0 is free."""

    rotate: int = 0
    crop: Crop | CropWindow | None = None
    flip: Flip = Flip.NONE
    size: tuple[int, int] = (0, 0)
    preferwebp: bool = False
    height: int = 0
    width: int = 0
    quality: int = 0
    max_quality: int = 100
    smartcrop: str = ""
    preset: str = ""
    auto_format: bool = True


class AemDialect(Keyless):
    """The assets of one environment. Of equal names the last counts; unknown names and empty values are ignored."""

    prefix = PREFIX
    routes = _ROUTES

    def __init__(self, options: AemOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        """Raises ValueError for a ratio, a preset or a path that is not valid."""
        self._options, self._mode = options, mode
        self._ratios = {name: aspect(text.replace("x", ":")) for name, text in options.smart_crops.items()}
        try:
            self._presets = {name: _given(text.encode()) for name, text in options.presets.items()}
        except InvalidParameter as error:
            raise ValueError(f"presets: {error.message}") from error
        if "{id}" not in options.path and "{name}" not in options.path:
            raise ValueError("path must have {id} or {name}")
        super().__init__()

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        check_path_length(path)
        if upload:
            raise RouteNotFound
        if match := _ORIGINAL.fullmatch(path):
            return ImageRequest(self._source(match[1], _text(match[2])), _UNCHANGED)
        if match := _RENDITION.fullmatch(path):
            name, _, form = _text(match[4]).rpartition(".")
            if not name or form not in FORMATS:
                raise InvalidParameter(f"the format must be one of {', '.join(FORMATS)}", param="format")
            plan = self._plan(self._values(query), form)
            return ImageRequest(self._source(match[1] or match[2] or match[3], name), plan)
        if match := _ASSET.fullmatch(path):
            values = Values(width=_DEFAULT_WIDTH, quality=_DEFAULT_QUALITY, preferwebp=True)
            return ImageRequest(self._source(match[1], ""), self._plan(values, "jpg"))
        raise RouteNotFound

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> None:
        del error, status, path, query

    def _source(self, raw_id: bytes, name: str) -> SourceRef:
        asset = _text(raw_id)
        path = self._options.assets.get(asset)
        if path is None:
            path = self._options.path.replace("{name}", name).replace("{id}", asset)
        return parse_source("/" + path.lstrip("/"))

    def _values(self, query: bytes) -> Values:
        """Read the parameters, with those of a preset behind them. Raises InvalidParameter."""
        found = _given(query)
        preset = found.get("preset")
        if preset:
            if preset not in self._presets:
                raise InvalidParameter("preset is not one of this server", param="preset")
            found = {**self._presets[str(preset)], **found}
        return replace(Values(), **found)

    def _plan(self, values: Values, form: str) -> Plan:
        stages = StageSequence("parameters")
        if values.rotate:
            stages.put(("rotate",), values.rotate)
        if values.crop is not None:
            stages.put(("crop",), values.crop)
        if values.flip is not Flip.NONE:
            stages.put(("flip",), values.flip)
        if values.smartcrop:
            stages.put(("crop",), CropWindow(gravity=Smart(), aspect=self._ratio(values.smartcrop)))
        width, height = values.width or values.size[0], values.height or values.size[1]
        stages.put(("resize",), Resize(width, height))
        plan = stages.plan()
        fields = {name: getattr(plan, name) for name in plan.__struct_fields__}
        return normal_form(Plan(**fields | {"output": self._output(values, form)}))

    def _ratio(self, name: str) -> Aspect:
        """Return the ratio of a smart crop: that of its name, or one that is the name. Raises InvalidParameter."""
        if name in self._ratios:
            return self._ratios[name]
        match = _RATIO.fullmatch(name)
        if match is None or not int(match[1]) or not int(match[2]):
            raise InvalidParameter("smartcrop is not one of this server", param="smartcrop")
        try:
            return aspect(f"{match[1]}:{match[2]}")
        except ValueError:
            raise InvalidParameter("smartcrop is not one of this server", param="smartcrop") from None

    def _output(self, values: Values, form: str) -> Output:
        encoding = Encoding(
            mode=self._mode,
            progressive=form == "pjpg",
            lossless=form == "webpll",
            colours=_PALETTE if form == "png8" else 0,
        )
        quality = min(values.quality or self._options.quality, values.max_quality)
        output = Output((FORMATS[form],), quality=quality, encoding=encoding)
        formats: tuple[Format, ...] = (Format.WEBP,) if values.preferwebp else ()
        if self._options.smart_imaging and values.auto_format:
            formats = _MODERN
        if not formats:
            return output
        return replace(output, formats=formats, negotiated=True, ordered=True, fallback_format=FORMATS[form])


def _text(raw: bytes) -> str:
    try:
        return percent_decode(raw)
    except ValueError:
        raise MalformedRequest("The path is not UTF-8, or has control characters", param="asset") from None


def _given(query: bytes) -> Mapping[str, object]:
    """Return the values of a query by field. Raises BadRequest."""
    found: dict[str, object] = {}
    for name, text in last_values(pairs(query, TABLE)).items():
        if not text:
            continue
        row = TABLE[name]
        try:
            found[row.option.names[0].replace("-", "_")] = row.read(text)
        except (ValueError, KeyError):
            raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
    return found
