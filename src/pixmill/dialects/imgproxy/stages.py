"""The stages of a plan that one pipeline of imgproxy means.

imgproxy works in a fixed order: trim, crop, resize, rotate, cut to the size, effects, canvas, padding, background,
watermark. A stage of a plan has the same order, but for what ``min-width`` and ``zoom`` with two factors mean, which
takes a stage of its own. Knows the state of a request; must never know a URL.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.imgproxy.filters import adjust_of, effects_of
from pixmill.dialects.imgproxy.state import Anchor, Pipeline
from pixmill.dialects.imgproxy.values import MAX_PIXELS
from pixmill.dialects.imgproxy.watermark import watermark_overlays
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.numbers import half_up
from pixmill.dialects.kit.plan_values import nearest_aspect
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import Adjust, Effects
from pixmill.plan.gravity import Faces, Gravity, Point, Smart
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.ops import (
    Aspect,
    Canvas,
    Clamp,
    CropUnit,
    CropWindow,
    Fit,
    Flip,
    Kernel,
    Resize,
    Stage,
)
from pixmill.plan.size_rules import Dpr, DprRule
from pixmill.plan.source import SourceRef
from pixmill.plan.transforms import Extend, Trim

_KERNELS: Final = {
    "nearest": Kernel.NEAREST,
    "linear": Kernel.LINEAR,
    "cubic": Kernel.CUBIC,
    "lanczos2": Kernel.LANCZOS2,
    "lanczos3": Kernel.LANCZOS3,
}
_FITS: Final = {
    "fit": Fit.INSIDE,
    "fill": Fit.COVER,
    "fill-down": Fit.COVER,
    "force": Fit.FILL,
    "auto": Fit.AUTO,
}
_TRIM_KEY: Final = Colour(255, 0, 255)
"""Stands for transparency in ``trim``."""
_MAX_FACTOR: Final = 100
_MAX_SHARE: Final = 10_000
_MAX_BYTE: Final = 255
_HALF_TURN: Final = 180
_TURN: Final = 360


@dataclass(frozen=True, slots=True)
class Server:
    """What the server adds to a pipeline: its watermark, and the longest side of a result."""

    watermark: SourceRef | None
    watermark_opacity: Fraction
    max_side: int = 0


def stages_of(pipeline: Pipeline, server: Server, *, keeps_alpha: bool) -> list[Stage]:
    """Return the stages of a pipeline; ``keeps_alpha``: the format of the result may be one with transparency."""
    cut = _cut(pipeline)
    rotate, flip = _orientation(pipeline)
    opening = Stage(
        rotate=rotate,
        flip=flip,
        trim=_trim(pipeline),
        crop=_crop(pipeline),
        resize=_resize(pipeline, is_cut=cut is not None),
    )
    stages = [opening]
    if pipeline.zoom_x != pipeline.zoom_y:
        shares = (_share(pipeline.zoom_x), _share(pipeline.zoom_y))
        stages.append(Stage(resize=_axis_zoom(pipeline, *shares)))
    if cut is not None:
        stages.append(Stage(crop=cut))
    stages[-1] = _finished(stages[-1], pipeline, server, keeps_alpha=keeps_alpha)
    return stages


def _finished(stage: Stage, pipeline: Pipeline, server: Server, *, keeps_alpha: bool) -> Stage:
    """Add what imgproxy does after the resize."""
    adjust, effects = adjust_of(pipeline.filters), effects_of(pipeline.filters)
    canvas, extend = _canvas(pipeline), _padding(pipeline)
    background = _background(pipeline, has_margins=canvas is not None or extend != Extend())
    overlays = watermark_overlays(pipeline, server.watermark, server.watermark_opacity, _dpr(pipeline))
    resize = replace(stage.resize, max_side=server.max_side) if server.max_side else stage.resize
    return replace(
        stage,
        resize=resize,
        adjust=adjust if adjust != Adjust() else stage.adjust,
        blur=blur_sigma(float(pipeline.filters.blur)),
        effects=effects if effects != Effects() else stage.effects,
        flatten=background if pipeline.background is not None and keeps_alpha else None,
        canvas=canvas,
        extend=extend,
        overlays=overlays,
        background=background,
    )


def _background(pipeline: Pipeline, *, has_margins: bool) -> Colour:
    """Return the colour of margins: transparent by default, which is white where a format has no transparency."""
    if pipeline.background is None:
        return TRANSPARENT if has_margins else Colour()
    if not pipeline.background_alpha:
        return TRANSPARENT
    return Colour(
        pipeline.background.red,
        pipeline.background.green,
        pipeline.background.blue,
        round(pipeline.background_alpha * _MAX_BYTE),
    )


# Orientation, trim, crop


def _orientation(pipeline: Pipeline) -> tuple[int, Flip]:
    """Return rotation and flip in the shorter of their two spellings."""
    horizontal, vertical = pipeline.flip_horizontal, pipeline.flip_vertical
    if horizontal and vertical:
        return (pipeline.rotate + _HALF_TURN) % _TURN, Flip.NONE
    flip = Flip.HORIZONTAL if horizontal else Flip.VERTICAL if vertical else Flip.NONE
    if flip is Flip.NONE or pipeline.rotate < _HALF_TURN:
        return pipeline.rotate, flip
    return pipeline.rotate - _HALF_TURN, Flip.VERTICAL if horizontal else Flip.HORIZONTAL


def _trim(pipeline: Pipeline) -> Trim | None:
    if pipeline.trim_threshold is None:
        return None
    colour = TRANSPARENT if pipeline.trim_colour == _TRIM_KEY else pipeline.trim_colour
    equal = (pipeline.trim_equal_horizontal, pipeline.trim_equal_vertical)
    if pipeline.rotate % _HALF_TURN:  # imgproxy trims before it rotates
        equal = equal[::-1]
    return Trim(min(max(0, round(pipeline.trim_threshold)), _MAX_BYTE), colour, *equal)


def gravity_of(anchor: Anchor, dpr: Fraction = Fraction(1)) -> Gravity:
    """Return a gravity; its offsets in pixels are multiplied, those below 1 are shares of the image."""
    if anchor.kind == "sm":
        return Smart()
    if anchor.kind in ("obj", "objw"):
        return Faces()
    if anchor.kind == "fp":
        return Point(float(anchor.x), float(anchor.y))
    x = 0.0 if anchor.kind in ("we", "nowe", "sowe") else 1.0 if anchor.kind in ("ea", "noea", "soea") else 0.5
    y = 0.0 if anchor.kind in ("no", "nowe", "noea") else 1.0 if anchor.kind in ("so", "sowe", "soea") else 0.5
    offset_x, share_x = _offset(anchor.x, dpr, inwards=x == 1.0)
    offset_y, share_y = _offset(anchor.y, dpr, inwards=y == 1.0)
    return Point(x, y, offset_x, offset_y, share_x, share_y)


def _offset(value: Fraction, dpr: Fraction, *, inwards: bool) -> tuple[int, float]:
    """Return an offset in pixels and as a share: to the right and down, from the other edges inwards."""
    value = -value if inwards else value
    if abs(value) < 1:
        return 0, float(value)
    return max(-MAX_PIXELS, min(round(value * dpr), MAX_PIXELS)), 0.0


def _crop(pipeline: Pipeline) -> CropWindow | None:
    width, height, ratio = pipeline.crop_width, pipeline.crop_height, pipeline.crop_ratio
    if not width and not height and not ratio:
        return None
    if ratio and pipeline.crop_ratio_enlarges and width >= 1 and height >= 1:
        width, height, ratio = max(width, height * ratio), max(height, width / ratio), Fraction(0)
    gravity = gravity_of(pipeline.crop_anchor or pipeline.anchor)
    (crop_width, is_share_x), (crop_height, is_share_y) = _crop_side(width), _crop_side(height)
    return CropWindow(
        crop_width,
        crop_height,
        gravity,
        CropUnit.of_axes(is_percent_x=is_share_x and crop_width > 0, is_percent_y=is_share_y and crop_height > 0),
        aspect=nearest_aspect(ratio) if ratio else None,
    )


def _crop_side(side: Fraction) -> tuple[float, bool]:
    """Return a side in pixels, or in percent if it is below 1."""
    return (float(side * 100), True) if side < 1 else (float(min(int(side), MAX_PIXELS)), False)


# Size


def _dpr(pipeline: Pipeline) -> Fraction:
    """Return the factor of offsets, minimum sizes and padding.

    Without a box it is reduced as far as it would enlarge the image, unless that is allowed.
    """
    if pipeline.enlarge or pipeline.width or pipeline.height:
        return pipeline.dpr
    zoom = max(pipeline.zoom_x, pipeline.zoom_y)
    dpr = pipeline.dpr if pipeline.extend else pipeline.dpr * max(zoom, Fraction(1))
    return min(dpr, 1 / min(zoom, Fraction(1)))


def _is_capped(pipeline: Pipeline) -> bool:
    """Return whether the size of the original decides by how much the device pixel ratio multiplies.

    Where only the image is scaled, in its shape, the box may as well be multiplied: it is not enlarged in any case.
    """
    has_minimum = pipeline.min_width or pipeline.min_height
    if pipeline.dpr == 1 or pipeline.enlarge or has_minimum or not (pipeline.width or pipeline.height):
        return False
    has_box = bool(pipeline.width and pipeline.height)
    is_cut = has_box and pipeline.resizing_type in ("fill", "auto")
    is_moved = has_box and pipeline.resizing_type == "fill-down" and pipeline.anchor.is_moved
    return is_cut or is_moved or pipeline.extend or pipeline.extend_ratio or any(pipeline.padding)


def _resize(pipeline: Pipeline, *, is_cut: bool) -> Resize:
    """Compile the box. If the result ``is_cut`` to it later, the image is only scaled."""
    zoom = pipeline.zoom_x if pipeline.zoom_x == pipeline.zoom_y else Fraction(1)
    capped = _is_capped(pipeline)
    factor = zoom if capped else zoom * pipeline.dpr
    width, height = _side(pipeline.width, factor), _side(pipeline.height, factor)
    resize = Resize(
        width,
        height,
        enlarge=pipeline.enlarge,
        kernel=_KERNELS[pipeline.algorithm],
        rounding=RoundingMode.RECIPROCAL_HALF_UP,
        min_width=_side(pipeline.min_width, _dpr(pipeline)),
        min_height=_side(pipeline.min_height, _dpr(pipeline)),
        dpr=Dpr(float(min(pipeline.dpr, Fraction(_MAX_FACTOR))), DprRule.CAPPED) if capped else None,
    )
    if not width and not height:
        factor = (zoom if pipeline.enlarge else min(zoom, Fraction(1))) * _dpr(pipeline)
        scale = min(max(factor, Fraction(1, 10_000)), Fraction(_MAX_FACTOR))
        return replace(resize, zoom=float(scale), enlarge=pipeline.enlarge and scale > 1)
    if pipeline.resizing_type == "force":
        shares = (0.0 if width else _share(factor), 0.0 if height else _share(factor))
        return replace(resize, fit=Fit.FILL, width_share=shares[0], height_share=shares[1])
    if not width or not height:
        return resize
    fit = _FITS[pipeline.resizing_type]
    if is_cut and fit is not Fit.AUTO:
        return replace(resize, fit=Fit.INSIDE if fit is Fit.INSIDE else Fit.OUTSIDE)
    if fit is Fit.INSIDE:
        return replace(resize, fit=fit)
    clamps_sides = not pipeline.enlarge and pipeline.resizing_type != "fill-down"
    gravity = gravity_of(pipeline.anchor, Fraction(1) if capped else pipeline.dpr)
    return replace(resize, fit=fit, gravity=gravity, clamp=Clamp.SIDES if clamps_sides else Clamp.SHAPE)


def _side(side: int, factor: Fraction) -> int:
    """Multiply a side and round half up, at least to 1; 0 stays free."""
    return max(1, min(half_up(side * factor), MAX_PIXELS)) if side else 0


def _share(factor: Fraction) -> float:
    return float(min(factor, Fraction(_MAX_SHARE)))


def _cut(pipeline: Pipeline) -> CropWindow | None:
    """Return the cut to the box, of an image that a minimum may have made larger than it."""
    if not (pipeline.min_width or pipeline.min_height) or not (pipeline.width or pipeline.height):
        return None
    factor = pipeline.zoom_x * pipeline.dpr
    sides = (float(_side(pipeline.width, factor)), float(_side(pipeline.height, factor)))
    keeps_ratio = pipeline.resizing_type == "fill-down" and not pipeline.enlarge and all(sides)
    aspect = Aspect(*Fraction(int(sides[0]), int(sides[1])).as_integer_ratio()) if keeps_ratio else None
    return CropWindow(*sides, gravity_of(pipeline.anchor, pipeline.dpr), aspect=aspect)


def _axis_zoom(pipeline: Pipeline, x: float, y: float) -> Resize:
    return Resize(
        fit=Fit.FILL,
        width_share=x,
        height_share=y,
        enlarge=pipeline.enlarge,
        kernel=_KERNELS[pipeline.algorithm],
        rounding=RoundingMode.RECIPROCAL_HALF_UP,
    )


# Canvas and padding


def _canvas(pipeline: Pipeline) -> Canvas | None:
    """Return the canvas of ``extend``, or of ``extend_aspect_ratio``, which has the same ratio."""
    factor = pipeline.zoom_x if _is_capped(pipeline) else pipeline.zoom_x * pipeline.dpr
    dpr = Fraction(1) if _is_capped(pipeline) else pipeline.dpr
    if pipeline.extend and (pipeline.width or pipeline.height):
        sides = (_side(pipeline.width, factor), _side(pipeline.height, factor))
        return Canvas(*sides, gravity=_point(pipeline.extend_anchor, dpr))
    if pipeline.extend_ratio and pipeline.width and pipeline.height:
        ratio = Fraction(pipeline.width, pipeline.height)
        aspect = Aspect(*ratio.as_integer_ratio())
        return Canvas(aspect=aspect, gravity=_point(pipeline.extend_ratio_anchor, dpr))
    return None


def _point(anchor: Anchor, dpr: Fraction) -> Point:
    gravity = gravity_of(anchor, dpr)
    return gravity if isinstance(gravity, Point) else Point()


def _padding(pipeline: Pipeline) -> Extend:
    dpr = Fraction(1) if _is_capped(pipeline) else _dpr(pipeline)
    top, right, bottom, left = (min(round(margin * dpr), MAX_PIXELS) for margin in pipeline.padding)
    return Extend(top=top, right=right, bottom=bottom, left=left)
