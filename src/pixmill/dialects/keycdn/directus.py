"""The assets of Directus: ``/assets/UUID?width=300&fit=cover&transforms=[["blur",5]]``.

A request is a series of calls of sharp: those of ``transforms``, then format and size. Errors are those of Directus.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.keycdn.directus_errors import directus_error, error_text
from pixmill.dialects.keycdn.directus_operations import FORMATS, NO_LIST, Calls, apply_operations
from pixmill.dialects.keycdn.directus_values import checked, known, side, whole, word
from pixmill.dialects.keycdn.options import DIRECTUS_OPTIONS
from pixmill.dialects.keycdn.writing import directus_urls
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.resampling import resampled
from pixmill.dialects.kit.sharp import FITS, MAX_LENGTH
from pixmill.dialects.port import Outcome, QueryParam, Redirect, Text, UrlRoute
from pixmill.errors import InvalidParameter, PixmillError, RequestTooLarge, RouteNotFound
from pixmill.media import Format
from pixmill.plan.gravity import FocalPixels, Gravity, PixelRegion
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Fit, Input, Output, Plan, ResampleSpace
from pixmill.plan.output import RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source

PREFIX: Final = "/assets/"
MAX_PATH_BYTES: Final = 65_536
MAX_TRANSFORMS_CHARS: Final = 16_384
_MAX_PRESET_OPERATIONS: Final = 100
AUTO: Final = "auto"

_ID: Final = re.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_KEPT: Final = (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.TIFF, Format.HEIC)
_KEPT_BY_AUTO: Final = (Format.JPEG, Format.PNG)
_NOT_TRANSFORMED: Final = (Format.GIF, Format.SVG)
_UNSET: Final = frozenset(("", "null", "undefined"))
_FALSE: Final = frozenset(("false", "0"))
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/assets/{+id}",
        label="directus:/assets",
        summary="An asset, as Directus delivers it.",
        params=tuple(
            QueryParam(name, option.meaning.replace("`", ""), {"type": "string"})
            for option in DIRECTUS_OPTIONS
            for name in option.names
        ),
    ),
)

Number = Annotated[int, Meta(ge=1, le=MAX_LENGTH)]


class Preset(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A preset, with the names of Directus: values of parameters by a key. ``transforms`` is a list of lists."""

    key: str
    width: Number | None = None
    height: Number | None = None
    fit: str | None = None
    quality: Annotated[int, Meta(ge=1, le=100)] | None = None
    without_enlargement: bool | None = None
    format: str | None = None
    transforms: msgspec.Raw = msgspec.Raw()

    def texts(self) -> dict[str, str]:
        """Return the values as texts of parameters."""
        numbers = {"width": self.width, "height": self.height, "quality": self.quality}
        values = {name: str(number) for name, number in numbers.items() if number is not None}
        values |= {name: text for name, text in (("fit", self.fit), ("format", self.format)) if text}
        if self.without_enlargement:
            values["withoutEnlargement"] = "true"
        if (operations := bytes(self.transforms).decode()) not in _UNSET:
            values["transforms"] = operations
        return values


class DirectusOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``presets``: those of the project. ``transform``: which transformations URLs may ask for, as in the settings of the
    project. ``max_operations``: in ``transforms`` of a URL. ``max_dimension``: the longest side that a URL may ask for.
    ``resampling``: what resizing mixes, sRGB values as sharp, or light.
    """

    presets: Annotated[tuple[Preset, ...], Meta(max_length=1_000)] = ()
    transform: Literal["all", "presets", "none"] = "all"
    max_operations: Annotated[int, Meta(ge=0, le=100)] = 5
    max_dimension: Annotated[int, Meta(ge=1, le=65_535)] = 6_000
    resampling: ResampleSpace = ResampleSpace.SRGB


_SYSTEM_SIZES: Final = (("small", 64), ("medium", 300), ("large", 800))
SYSTEM_PRESETS: Final = {
    **{
        f"system-{name}-cover": {"width": str(size), "height": str(size), "fit": "cover", "format": AUTO}
        for name, size in _SYSTEM_SIZES
    },
    **{
        f"system-{name}-contain": {"width": str(size), "fit": "contain", "format": AUTO} for name, size in _SYSTEM_SIZES
    },
}
"""Those that every project has."""


class DirectusDialect(Keyless):
    """The assets of one project. Of equal names the last counts; unknown and empty ones are ignored."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: DirectusOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        """Raises ValueError, BadRequest for a preset that is not valid."""
        self._options = options
        self._mode = mode
        super().__init__()
        self._presets = dict(SYSTEM_PRESETS)
        for preset in options.presets:
            self._presets[preset.key] = preset.texts()
            self._plan(preset.texts(), is_preset=True)

    def write(self, request: ImageRequest) -> Iterable[str]:
        return directus_urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        values = last_values(pairs(query, _NAMES))
        source, name = _asset(path)
        plan = self._plan(self._chosen({key: text for key, text in values.items() if text not in _UNSET}))
        if "download" in values:
            return ImageRequest(source, plan, filename=name or source.text.rpartition("/")[2])
        return ImageRequest(source, plan, filename=name, inline=True)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del query
        return error_text(error, status, path)

    def _chosen(self, values: dict[str, str]) -> dict[str, str]:
        """Return the values with those of a preset behind them. Raises InvalidParameter for what is not allowed."""
        given = {name: text for name, text in values.items() if name in _TRANSFORMING}
        key = given.get("key", "")
        if not given:
            return {}
        if self._options.transform != "all":
            known = self._presets if self._options.transform == "presets" else SYSTEM_PRESETS
            if key not in known or len(given) > 1:
                raise directus_error(_NOT_ALLOWED[self._options.transform], "key")
        if key and key not in self._presets:
            raise directus_error(f'Key "{key[:64]}" isn\'t configured', "key")
        return {**self._presets.get(key, {}), **given}

    def _plan(self, values: dict[str, str], *, is_preset: bool = False) -> Plan:
        """Return the plan of values. Raises InvalidParameter."""
        calls, name = Calls(self._options.max_dimension), "transforms"
        try:
            if text := values.get(name):
                most = _MAX_PRESET_OPERATIONS if is_preset else self._most(values)
                apply_operations(calls, _decoded(text), most)
            name = "format"
            is_automatic = self._set_format(calls, values)
            name = "width"
            self._resize(calls, values)
            output = self._output(calls, is_automatic=is_automatic)
        except ValueError as error:
            raise directus_error(str(error), _param_of(str(error), name)) from None
        if not (calls.count or calls.has_size or is_automatic or calls.format or calls.quality):
            return normal_form(Plan(output=Output(source_format=True)))
        source = Input(animated=False, orientation=1 if calls.is_rotated and not calls.is_oriented else 0)
        return resampled(calls.image.plan_of(source, output, param="transforms"), self._options.resampling)

    def _most(self, values: dict[str, str]) -> int:
        """Return how many operations there may be: those of a preset are not counted."""
        preset = self._presets.get(values.get("key", ""), {})
        is_own = "transforms" in preset and preset["transforms"] == values["transforms"]
        return _MAX_PRESET_OPERATIONS if is_own else self._options.max_operations

    @staticmethod
    def _set_format(calls: Calls, values: dict[str, str]) -> bool:
        """Set format and quality, return whether the format depends on the client."""
        form, quality = values.get("format", ""), values.get("quality", "")
        if form and form != AUTO:
            calls.format = FORMATS[word(form, "format", FORMATS)]
        if quality:
            calls.quality = checked(whole, quality, "quality", 1, 100)
        return form == AUTO

    @staticmethod
    def _resize(calls: Calls, values: dict[str, str]) -> None:
        width, height = (checked(side, values[name], name) if name in values else 0 for name in ("width", "height"))
        if not width and not height:
            return
        fit = FITS[known(values.get("fit", "cover"), "valid fit", "fit", FITS)]
        calls.resize(
            width,
            height,
            fit=fit,
            gravity=_focus(values) if fit is Fit.COVER else None,
            without_enlargement=values.get("withoutEnlargement", "false").lower() not in _FALSE,
        )

    def _output(self, calls: Calls, *, is_automatic: bool) -> Output:
        encoding = replace(calls.encoding, mode=self._mode)
        output = Output(quality=calls.quality or Output().quality, encoding=encoding, passthrough=_NOT_TRANSFORMED)
        if is_automatic:
            return replace(
                output,
                formats=(Format.AVIF, Format.WEBP),
                negotiated=True,
                ordered=True,
                source_format=True,
                original_formats=_KEPT_BY_AUTO,
                fallback_format=Format.PNG,
            )
        if calls.format:
            return replace(output, formats=(calls.format,))
        return replace(output, source_format=True, original_formats=_KEPT, fallback_format=Format.PNG)


_TRANSFORMING: Final = frozenset(
    (
        *("key", "transforms", "width", "height", "format", "fit", "quality", "withoutEnlargement"),
        *("focal_point_x", "focal_point_y"),
    )
)
_NAMES: Final = _TRANSFORMING | {"download"}
_NOT_ALLOWED: Final = {
    "presets": "Only configured presets can be used in asset generation",
    "none": "Dynamic asset generation has been disabled for this project",
}
_ARGUMENT: Final = re.compile("for ([A-Za-z_.]{1,32}) but received")


def _param_of(message: str, default: str) -> str:
    """Return the parameter that a message is about: an argument of a transformation is one of ``transforms``."""
    found = _ARGUMENT.search(message)
    return found[1] if found and default != "transforms" and found[1] in _TRANSFORMING else default


def _decoded(text: str) -> object:
    """Decode JSON. Raises ValueError."""
    if len(text) > MAX_TRANSFORMS_CHARS:
        raise ValueError(f'"transforms" Parameter may have at most {MAX_TRANSFORMS_CHARS} characters')
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError(NO_LIST) from None
    return value


def _focus(values: dict[str, str]) -> Gravity | None:
    """Return the focal point that a URL names, in pixels of the original."""
    if not values.keys() >= {"focal_point_x", "focal_point_y"}:
        return None
    x, y = (checked(whole, values[name], name, 0, 65_535) for name in ("focal_point_x", "focal_point_y"))
    return FocalPixels((PixelRegion(x, y),))


def _asset(path: bytes) -> tuple[SourceRef, str]:
    """Return the original, and its name for downloads: a UUID is followed by an extension or a file name."""
    try:
        text = percent_decode(path.removeprefix(PREFIX.encode()))
    except ValueError:
        raise InvalidParameter("The path is not UTF-8, or has control characters", param="id") from None
    identifier = _ID.match(text)
    if identifier is None:
        return parse_source(f"/{text}"), ""
    name = text[len(identifier[0]) :].partition("/")[2]
    return parse_source(f"/{identifier[0]}"), name.rpartition("/")[2]
