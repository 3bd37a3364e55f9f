"""Makes overlays of layers: images, canvases of one colour, and texts, with their size and place.

Knows the steps of a layer; must never know the image below it.
"""

import re
from collections.abc import Callable
from html import escape
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.imagekit.chain import Layer, Step
from pixmill.dialects.imagekit.compile import BLACK, StageList, Values, error
from pixmill.dialects.imagekit.values import AUTO, Size
from pixmill.dialects.kit.encodings import base64url_text
from pixmill.dialects.kit.numbers import angle
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.hints import HintValues
from pixmill.plan.ops import MAX_OVERLAY_STAGES, ImageOverlay, Overlay, Stage
from pixmill.plan.overlays import (
    DEFAULT_FONT,
    MAX_TEXT_CHARACTERS,
    Length,
    OverlayFit,
    Placement,
    TextOverlay,
)
from pixmill.plan.source import SourceRef, canvas_ref, parse_source

CANVAS: Final = "ik_canvas"
SLASH: Final = "@@"
_MAX_SIDE: Final = 65_535.0
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_FAMILY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,63}")
_NO_HINTS: Final = HintValues()
_PLACE_NAMES: Final = frozenset(("lx", "ly", "lxc", "lyc", "lfo", "lm"))
_FITS: Final = {
    "force": OverlayFit.FILL,
    "at_max": OverlayFit.INSIDE,
    "at_max_enlarge": OverlayFit.INSIDE,
    "at_least": OverlayFit.OUTSIDE,
}

ReadValues = Callable[[Step], Values]


def overlays_of(step: Step, read: ReadValues) -> tuple[Overlay, ...]:
    """Return the overlays of a step. Raises InvalidParameter."""
    return tuple(overlay for layer in step.layers if (overlay := _overlay(layer, read)) is not None)


def _overlay(layer: Layer, read: ReadValues) -> Overlay | None:
    first, *others = layer.steps
    placed = [param for step in others for param in step.params if param[0] in _PLACE_NAMES]
    first = Step([*first.params, *placed], first.layers)
    values = read(first)
    if layer.kind == "text":
        return _text_overlay(values)
    if layer.kind == "image":
        return _image_overlay(values, first, others, read)
    raise error(f"l-{layer.kind[:40]} is not supported here")


def _content(values: Values) -> str:
    if values.ie is not None:
        try:
            return base64url_text(values.ie)
        except ValueError:
            raise error("ie must be base64") from None
    return values.i


def reference(text: str) -> SourceRef:
    """Return the original of a path in a parameter, in which ``@@`` is a slash. Raises InvalidParameter."""
    path = text.replace(SLASH, "/")
    return parse_source(path if path.startswith(("http://", "https://")) else f"/{path.lstrip('/')}")


def _image_overlay(values: Values, first: Step, others: list[Step], read: ReadValues) -> ImageOverlay:
    content = _content(values)
    if not content:
        raise error("A layer needs i or ie")
    width, height = values.w, values.h
    is_canvas = content == CANVAS
    of_base = is_canvas or any(side and side.of_base for side in (width, height))
    own = replace(values, o=100.0)
    if of_base:
        own = replace(own, w=None, h=None, c=None, cm=None, ar=None, dpr=None)
    if is_canvas:
        own = replace(own, bg=None)
    stages = StageList()
    stages.add_step(own, overlays_of(first, read), _NO_HINTS)
    for step in others:
        stages.add_step(read(step), overlays_of(step, read), _NO_HINTS)
    found = _without_background(stages.stages)
    if len(found) > MAX_OVERLAY_STAGES:
        raise error(f"A layer may need at most {MAX_OVERLAY_STAGES} passes")
    placement = _placement(values)
    if not of_base:
        return ImageOverlay(reference(content), placement=placement, prepare=found)
    fit = OverlayFit.FILL if is_canvas else _FITS.get(values.c or "", OverlayFit.COVER)
    colour = values.bg
    source = canvas_ref(1, 1, colour if isinstance(colour, Colour) else BLACK) if is_canvas else reference(content)
    sides = _overlay_length(width), _overlay_length(height)
    if is_canvas:
        sides = sides[0] or Length(100.0, percent=True), sides[1] or Length(100.0, percent=True)
    return ImageOverlay(source, *sides, fit=fit, placement=placement, stages=found)


def _without_background(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Drop stages that only name a background."""
    return tuple(stage for stage in stages if stage != Stage(background=stage.background))


def _overlay_length(side: Size | None) -> Length | None:
    if side is None or side == AUTO:
        return None
    if side.share:
        return Length(min(float(side.share * 100), _MAX_SIDE), percent=True)
    return Length(float(side.pixels))


def _text_overlay(values: Values) -> TextOverlay | None:
    text = _UNPRINTABLE.sub("", _content(values)[: 4 * MAX_TEXT_CHARACTERS])[:MAX_TEXT_CHARACTERS]
    if not text.strip():
        return None
    markup = escape(text, quote=False)
    for element in values.tg:
        markup = f"<{element}>{markup}</{element}>"
    family = values.ff
    background = values.bg
    placement = _placement(replace(values, o=values.o * values.al / 10))
    degrees = float(angle(values.rt))
    return TextOverlay(
        markup,
        font=family if _FAMILY.fullmatch(family) else DEFAULT_FONT,
        size=values.fs,
        colour=values.co,
        width=_overlay_length(values.w),
        align=values.ia,
        background=background if isinstance(background, Colour) else None,
        padding=values.pa,
        placement=replace(placement, degrees=degrees),
    )


def _placement(values: Values) -> Placement:
    """Return the place of a layer. Raises InvalidParameter."""
    is_moved = bool(values.lx or values.ly)
    anchor = values.lfo or (Point(0, 0) if is_moved else Point())
    x, offset_x = _axis(values, "lxc", values.lx, values.lxc, values.w, anchor.x)
    y, offset_y = _axis(values, "lyc", values.ly, values.lyc, values.h, anchor.y)
    return Placement(x, y, offset_x, offset_y, opacity=values.o, blend=values.lm)


def _axis(
    values: Values, name: str, edge: Length | None, centre: Length | None, side: Size | None, anchor: float
) -> tuple[float, Length]:
    """Return anchor and offset along one side: a centre in percent is that of the image, moved."""
    if centre is None:
        return anchor, edge or Length(0.0)
    if centre.percent:
        return 0.5, Length(centre.value - 50, percent=True)
    has_box = bool(values.w and values.w.pixels and values.h and values.h.pixels)
    if side is None or not has_box or values.cm or (values.c or "maintain_ratio") not in _EXACT:
        raise error(f"{name} in pixels needs w and h of the layer")
    return 0.0, Length(centre.value - side.pixels / 2)


_EXACT: Final = frozenset(("maintain_ratio", "force"))
