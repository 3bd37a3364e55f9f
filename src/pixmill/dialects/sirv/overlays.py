"""Makes overlays of texts and watermarks. Knows their values; must never know the image below."""

from fractions import Fraction
from html import escape
from typing import Final

from pixmill.dialects.kit.colours import with_opacity
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.sirv.grammar import TextValues, WatermarkValues
from pixmill.dialects.sirv.options import TILE, Scale
from pixmill.dialects.sirv.regions import canvases_of, region
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.ops import MAX_OVERLAY_STAGES, ImageOverlay, Overlay, Resize, Stage
from pixmill.plan.overlays import (
    DEFAULT_FONT,
    MAX_TEXT_CHARACTERS,
    Blend,
    Length,
    OverlayFit,
    Placement,
    Repeat,
    Stroke,
    TextOverlay,
)
from pixmill.plan.source import canvas_ref, parse_source

_DEFAULT_SIZE: Final = Fraction(1, 4)
_DRAWN_SIZE: Final = 96.0
"""In pixels: of letters that are scaled to a width, so that most are made smaller."""
_DRAWN_WIDTH: Final = Length(8_000.0)
_BOLD: Final = 600
_MAX_STROKE: Final = 20
_PADDING: Final = 8
_FITS: Final = {
    Scale.FIT: OverlayFit.INSIDE,
    Scale.NOUP: OverlayFit.INSIDE,
    Scale.FILL: OverlayFit.OUTSIDE,
    Scale.IGNORE: OverlayFit.FILL,
}


def text_overlay(values: TextValues) -> Overlay | None:
    """Return a text, drawn in pixels or scaled to a share of the width; None if there is nothing to draw."""
    text = "".join(letter for letter in values.text or values.text64 if letter.isprintable() or letter == "\n")
    text = text[:MAX_TEXT_CHARACTERS]
    if not text.strip():
        return None
    markup = escape(text, quote=False)
    if values.font_style:
        markup = f"<i>{markup}</i>"
    if values.font_weight >= _BOLD:
        markup = f"<b>{markup}</b>"
    x, y = values.position_gravity or values.position
    place = Placement(x, y, values.position_x.length, values.position_y.length, opacity=float(values.opacity))
    size = values.font_size
    if size and size.value and not size.is_share:
        width = Length(float(values.size * 100), percent=True) if values.size else None
        return _text(values, markup, min(max(float(size.value), 4.0), 1_000.0), width, place)
    drawn = _text(values, markup, _DRAWN_SIZE, _DRAWN_WIDTH, Placement(0.0, 0.0, expand=True))
    return ImageOverlay(
        canvas_ref(1, 1, TRANSPARENT),
        width=Length(float((values.size or _DEFAULT_SIZE) * 100), percent=True),
        placement=place,
        prepare=(Stage(overlays=(drawn,)),),
    )


def _text(values: TextValues, markup: str, size: float, width: Length | None, place: Placement) -> TextOverlay:
    stroke = min(round(values.outline_width.value), _MAX_STROKE) if not values.outline_width.is_share else 0
    outline = with_opacity(values.outline_color, values.outline_opacity / 100)
    background = values.background_color and with_opacity(values.background_color, values.background_opacity / 100)
    return TextOverlay(
        markup,
        values.font_family or DEFAULT_FONT,
        size,
        values.color,
        width,
        values.align,
        Stroke(stroke, outline) if stroke and outline.alpha else None,
        background if background and background.alpha else None,
        _PADDING if background and background.alpha else 0,
        place,
    )


def watermark_overlay(values: WatermarkValues) -> ImageOverlay | None:
    """Return a watermark; None without an image. Raises InvalidParameter."""
    if not values.image:
        return None
    path = "/" + values.image.lstrip("/")
    width, height = (side if side and side.value else None for side in (values.scale_width, values.scale_height))
    prepare: tuple[Stage, ...] = ()
    in_pixels = width and height and not (width.is_share or height.is_share)
    if in_pixels and width and height and values.scale_option is Scale.NOUP:
        prepare = (Stage(resize=Resize(max(1, round(width.value)), max(1, round(height.value)))),)
        width = height = None
    return ImageOverlay(
        parse_source(path),
        width.length if width else None,
        height.length if height else None,
        _FITS[values.scale_option] if width and height else OverlayFit.INSIDE,
        _placement(values),
        prepare,
        _stages(values),
    )


def _placement(values: WatermarkValues) -> Placement:
    blend = Blend.BEHIND if values.layer else Blend.NORMAL
    degrees, opacity = float(values.rotate), float(values.opacity)
    if values.position == TILE:
        return Placement(0.0, 0.0, degrees=degrees, opacity=opacity, blend=blend, repeat=Repeat.BOTH)
    position = values.position if isinstance(values.position, tuple) else (0.5, 0.5)
    x, y = values.position_gravity or position
    return Placement(x, y, values.position_x.length, values.position_y.length, degrees, opacity, blend)


def _stages(values: WatermarkValues) -> tuple[Stage, ...]:
    """Return crop and canvas of the scaled watermark. Raises InvalidParameter."""
    sequence = StageSequence("watermark")
    if values.crop_x or values.crop_y or values.crop_width or values.crop_height:
        sequence.put(("crop",), region(values.crop_x, values.crop_y, values.crop_width, values.crop_height))
    colour = with_opacity(values.canvas_color or Colour(), values.canvas_opacity / 100)
    if values.canvas_color:
        sequence.put(("flatten",), colour)
    for canvas in canvases_of(values.canvas_width, values.canvas_height):
        sequence.put(("canvas",), canvas)
        sequence.change(("background",), colour if values.canvas_color else TRANSPARENT)
    stages = sequence.stages
    if len(stages) > MAX_OVERLAY_STAGES:
        raise InvalidParameter("watermark has too many operations", param="watermark")
    return () if stages == (Stage(),) else stages
