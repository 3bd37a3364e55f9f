"""Fastly's Image Optimizer, and Contentstack, which has its parameters: ``/photos/a.jpg?width=300&fit=bounds``.

The order of work is fixed: region, orientation, edges, region, size, canvas, padding, effects.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.fastly.options import AUTO, FORMATS, OPTIONS, TABLE
from pixmill.dialects.fastly.values import Region, Side
from pixmill.dialects.fastly.writing import urls
from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.numbers import half_up
from pixmill.dialects.kit.options import query_params
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.dialects.port import Outcome, Redirect, Text, UrlRoute
from pixmill.errors import BadRequest, InvalidParameter, PixmillError, RouteNotFound
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import Adjust, ColourAdjustment, Effects, ToneAdjustment, UnsharpMask
from pixmill.plan.ops import (
    MAX_SIDE,
    BlurSpace,
    Canvas,
    CropInsets,
    Fit,
    Input,
    Kernel,
    Output,
    Plan,
    Resize,
    Stage,
)
from pixmill.plan.output import Encoding, Metadata, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import Extend, Trim

_NO_STAGE: Final = Stage()
_STATS: Final = (("Fastly-Stats", "io=1"),)
_PROGRESSIVE: Final = frozenset(("pjpg", "pjxl"))
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        label="fastly:/image",
        summary="An image, as Fastly's Image Optimizer delivers it.",
        params=query_params(OPTIONS),
    ),
)


class FastlyOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``upscale``: images may be enlarged unless the URL forbids it. ``quality``: without the parameter.
    ``ignore_invalid``: values that are not valid are ignored, as in VCL services, rather than refused.
    """

    upscale: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 85
    ignore_invalid: bool = False


class ContentstackOptions(FastlyOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``options`` of an entry of Contentstack: images may be enlarged."""

    upscale: bool = True


class Values(Struct, frozen=True):
    """The values of the parameters; their hyphens are underscores here."""

    precrop: Region | None = None
    orient: int = 0
    trim: CropInsets | None = None
    trim_color: Trim | None = None
    crop: Region | None = None
    width: Side | None = None
    height: Side | None = None
    fit: Fit | None = None
    enable: bool = False
    disable: bool = False
    dpr: Fraction = Fraction(1)
    resize_filter: Kernel = Kernel.LANCZOS3
    canvas: Region | None = None
    pad: Extend = Extend()
    bg_color: Colour | None = None
    brightness: Fraction = Fraction(0)
    contrast: Fraction = Fraction(0)
    saturation: Fraction = Fraction(0)
    blur: Fraction = Fraction(0)
    sharpen: UnsharpMask | None = None
    bw: int = 0
    frame: bool = False
    format: str = ""
    auto: tuple[Format, ...] = ()
    quality: tuple[int, ...] = ()
    optimize: int = 0
    metadata: Metadata = Metadata.STRIP


class FastlyDialect(Keyless):
    """The URLs of one service. Of equal names the last counts, unknown ones are ignored."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: FastlyOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options = options
        self._mode = mode
        self._plans: CompiledCache[bytes, Plan] = CompiledCache()
        super().__init__()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request, may_enlarge=self._options.upscale)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        self._check_path(path, upload=upload)
        plan = self._plans.get(query)
        if plan is None:
            plan = self._plans.put(query, self._plan(self._values(query)), len(query))
        return ImageRequest(path_source(path), plan, headers=_STATS)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        if isinstance(error, BadRequest) and not isinstance(error, RouteNotFound):
            shown = error.message.encode("ascii", "replace").decode()
            return Text(error.message, status, headers=(("Fastly-IO-Error", shown),))
        return Text(error.message, status)

    def _values(self, query: bytes) -> Values:
        """Return the values of a query. Raises InvalidParameter."""
        found: dict[str, object] = {}
        for name, text in last_values(pairs(query, TABLE)).items():
            row = TABLE[name]
            try:
                found[name.replace("-", "_")] = row.read(text)
            except (ValueError, KeyError):
                if not self._options.ignore_invalid:
                    raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
        return replace(Values(), **found)

    def _plan(self, values: Values) -> Plan:
        background = values.bg_color or TRANSPARENT
        pixels = _pixels(values)
        stages = _StageList()
        stages.add(_cropped(values.precrop, "precrop"), is_crop=True)
        stages.add(Stage(crop=values.trim), is_crop=True)
        stages.add(Stage(trim=values.trim_color))
        stages.add(_cropped(values.crop, "crop"), is_crop=True)
        stages.add(Stage(resize=self._resize(values)))
        canvas = _canvas(values)
        pads = Stage(canvas=canvas, extend=values.pad, background=background)
        if canvas is None and values.pad == Extend():
            stages.add(pixels)
            stages.set_background(values.bg_color or Colour())
        else:
            stages.add(pads)
            stages.add_after(pixels)
        source = Input(animated=not values.frame, orientation=values.orient)
        return plan_of_stages(stages.stages, source, self._output(values), param="crop")

    def _resize(self, values: Values) -> Resize:
        may_enlarge = (self._options.upscale or values.enable) and not values.disable
        width, height = (_scaled(side, values.dpr) for side in (values.width, values.height))
        resize = Resize(
            width=int(width.value) if width and not width.is_share else 0,
            height=int(height.value) if height and not height.is_share else 0,
            width_share=float(width.value) if width and width.is_share else 0.0,
            height_share=float(height.value) if height and height.is_share else 0.0,
            enlarge=may_enlarge,
            kernel=values.resize_filter,
        )
        if not (width and height):
            return resize
        fit = values.fit or Fit.FILL
        gravity = values.crop.gravity if fit is Fit.COVER and values.crop and values.crop.smart else resize.gravity
        return replace(resize, fit=fit, gravity=gravity)

    def _output(self, values: Values) -> Output:
        qualities = values.quality or (self._options.quality,)
        is_webp = values.format.startswith("webp")
        quality = values.optimize or qualities[-1 if is_webp else 0]
        encoding = Encoding(
            mode=self._mode,
            progressive=values.format in _PROGRESSIVE,
            lossless=values.format == "webpll",
            colours=256 if values.format == "png8" else 0,
        )
        output = Output(quality=quality, encoding=encoding, metadata=values.metadata)
        form = FORMATS.get(values.format)
        automatic = (Format.AVIF, Format.WEBP) if form == AUTO else values.auto
        explicit = Format(form) if form and form != AUTO else None
        kept = ENCODED_AGAIN if values.quality or values.optimize else ()
        if automatic:
            return replace(
                output,
                formats=automatic,
                negotiated=True,
                ordered=True,
                source_format=explicit is None,
                original_formats=() if explicit else kept,
                fallback_format=explicit,
            )
        if explicit:
            return replace(output, formats=(explicit,))
        return replace(output, source_format=True, original_formats=kept)


class _StageList:
    """Stages in the order of work; the next operation goes into the last stage if its own order allows."""

    def __init__(self) -> None:
        self._stages: list[Stage] = [_NO_STAGE]

    def add(self, stage: Stage, *, is_crop: bool = False) -> None:
        """Add operations that follow in the order of a stage, except that there may be several crops."""
        if stage == _NO_STAGE:
            return
        last = self._stages[-1]
        if (is_crop and last != _NO_STAGE) or (stage.trim and last != _NO_STAGE):
            self._stages.append(stage)
        else:
            self._stages[-1] = replace(last, **_changes(stage))

    def add_after(self, stage: Stage) -> None:
        """Add operations on a padded image."""
        if stage != _NO_STAGE:
            self._stages.append(stage)

    def set_background(self, colour: Colour) -> None:
        self._stages[0] = replace(self._stages[0], background=colour)

    @property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(self._stages)


def _changes(stage: Stage) -> dict[str, object]:
    pairs_of = ((name, getattr(stage, name)) for name in Stage.__struct_fields__)
    return {name: value for name, value in pairs_of if value != getattr(_NO_STAGE, name)}


def _cropped(region: Region | None, name: str) -> Stage:
    if region is None:
        return _NO_STAGE
    try:
        return Stage(crop=region.crop())
    except ValueError as error:
        raise InvalidParameter(f"{name} {error}", param=name) from None


def _canvas(values: Values) -> Canvas | None:
    if values.canvas is None:
        return None
    try:
        return values.canvas.canvas()
    except ValueError as error:
        raise InvalidParameter(f"canvas {error}", param="canvas") from None


def _scaled(side: Side | None, dpr: Fraction) -> Side | None:
    """Return a side in device pixels."""
    if side is None or side.is_share or not dpr:
        return side
    return Side(Fraction(min(max(half_up(side.value * dpr), 1), MAX_SIDE)))


def _pixels(values: Values) -> Stage:
    tone = ToneAdjustment(brightness=float(values.brightness), contrast=float(values.contrast))
    colour = ColourAdjustment(saturation=float(values.saturation), threshold=values.bw)
    blur = blur_sigma(float(values.blur) / 2)
    return Stage(
        adjust=Adjust(tone=tone, colour=colour),
        blur=blur,
        blur_space=BlurSpace.SRGB if blur else BlurSpace.LINEAR,
        effects=Effects(sharpen=values.sharpen),
    )
