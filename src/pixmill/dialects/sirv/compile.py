"""Makes plans of values: automatic crop, scaling, crop, canvas, rotation, colours, frame, overlays, in this order.

Knows values and plans; must never know a query.
"""

from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.kit.colours import with_opacity
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.numbers import angle
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.sirv.grammar import Reading, Values
from pixmill.dialects.sirv.options import ORIGINAL, AutoCrop, Frame, Scale
from pixmill.dialects.sirv.overlays import text_overlay, watermark_overlay
from pixmill.dialects.sirv.regions import canvases_of, region
from pixmill.dialects.sirv.values import MAX_SIDE, Side
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import ColourAdjustment, Duotone, Levels, ToneAdjustment, UnsharpMask
from pixmill.plan.gravity import Faces, Gravity, Point, Smart
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import (
    Aspect,
    Crop,
    CropWindow,
    Fit,
    Flip,
    Input,
    Output,
    Plan,
    Resize,
)
from pixmill.plan.output import Encoding, Metadata, RenderMode
from pixmill.plan.transforms import Extend, Fill, FreeRotation, LengthUnit, Trim

_FULL: Final = 100
_HUNDREDTHS: Final = 10_000
_SQUARE: Final = Aspect(1, 1)
_RIGHT_ANGLE: Final = 90
_FITS: Final = {
    Scale.FIT: (Fit.INSIDE, True),
    Scale.FILL: (Fit.OUTSIDE, True),
    Scale.IGNORE: (Fit.FILL, True),
    Scale.NOUP: (Fit.INSIDE, False),
}
_FLIPS: Final = {
    (True, False): Flip.HORIZONTAL,
    (False, True): Flip.VERTICAL,
    (True, True): Flip.BOTH,
}
_GRAVITIES: Final[dict[AutoCrop, Gravity]] = {AutoCrop.FACE: Faces(), AutoCrop.POI: Smart()}
_KEPT: Final = (Format.JPEG, Format.PNG, Format.GIF)
"""The formats of originals that clients without WebP get as they are."""


def plan_of(reading: Reading, quality: int, mode: RenderMode, offered: tuple[Format, ...]) -> Plan:
    """Return the plan; ``offered`` are the formats by ``Accept``. Raises InvalidParameter."""
    values = reading.values
    sequence = StageSequence("The options")
    _crop_automatically(sequence, values)
    resize = _resize(values)
    if resize != Resize():
        sequence.put(("resize",), resize)
    crop = _crop(values)
    if crop is not None:
        sequence.put(("crop",), crop)
    _add_canvas(sequence, values)
    _rotate(sequence, values)
    _adjust(sequence, values)
    _add_frame(sequence, values)
    overlays = [text_overlay(text) for text in reading.texts]
    overlays += [watermark_overlay(watermark) for watermark in reading.watermarks]
    for overlay in overlays:
        if overlay is not None:
            sequence.add_overlay(overlay)
    plan = replace(sequence.plan(), input=Input(page=values.page), output=_output(values, quality, mode, offered))
    return normal_form(plan)


# Crops and sizes


def _gravity(values: Values) -> Gravity | None:
    return _GRAVITIES.get(values.crop_type)


def _crop_automatically(sequence: StageSequence, values: Values) -> None:
    if values.crop_type is AutoCrop.TRIM or values.autocrop:
        sequence.put(("trim",), _trim(values))
    gravity = _gravity(values)
    if gravity is None or values.thumbnail or values.crop_width or values.crop_height:
        return
    sequence.put(("crop",), CropWindow(gravity=gravity, aspect=values.crop_aspectratio or _box_aspect(values)))


def _trim(values: Values) -> Trim:
    pads = [pad for pad in (values.crop_pad_x, values.crop_pad_y) if pad and pad.value]
    pad = max(pads, key=lambda one: (one.is_share, one.value), default=Side(Fraction(0)))
    unit = LengthUnit.PERCENT if pad.is_share else LengthUnit.PIXELS
    return Trim(padding=min(round(pad.value * _HUNDREDTHS if pad.is_share else pad.value), MAX_SIDE), padding_unit=unit)


def _box_aspect(values: Values) -> Aspect:
    """Return the shape of width and height in pixels; a square if they have none."""
    width, height = values.w, values.h
    if not width or not height or width.is_share or height.is_share or not (width.value and height.value):
        return _SQUARE
    ratio = Fraction(width.value / height.value).limit_denominator(MAX_SIDE)
    return Aspect(max(ratio.numerator, 1), ratio.denominator)


def _resize(values: Values) -> Resize:
    if values.thumbnail:
        gravity = _gravity(values) or Point()
        return Resize(values.thumbnail, values.thumbnail, fit=Fit.COVER, gravity=gravity, enlarge=True)
    width, height = (side if side and side.value else None for side in (values.w, values.h))
    fit, enlarges = _FITS[values.scale_option]
    if width is None and height is None and values.s and values.s.value:
        width = height = values.s
        fit = Fit.INSIDE
    if width is None and height is None:
        return Resize()
    return Resize(
        width=_pixels(width),
        height=_pixels(height),
        width_share=_share(width),
        height_share=_share(height),
        fit=fit if width and height else Fit.INSIDE,
        enlarge=enlarges,
    )


def _pixels(side: Side | None) -> int:
    return 0 if side is None or side.is_share else max(1, int(side.value + Fraction(1, 2)))


def _share(side: Side | None) -> float:
    return float(side.value) if side and side.is_share else 0.0


def _crop(values: Values) -> Crop | CropWindow | None:
    """Return the crop of the scaled image. Raises InvalidParameter."""
    given = values.crop_x or values.crop_y or values.crop_width or values.crop_height
    gravity = _gravity(values)
    if gravity is not None and not (values.crop_width or values.crop_height):
        return None
    if not given and values.crop_aspectratio is None:
        return None
    return region(values.crop_x, values.crop_y, values.crop_width, values.crop_height, values.crop_aspectratio, gravity)


# Canvas and frame


def _add_canvas(sequence: StageSequence, values: Values) -> None:
    colour = with_opacity(values.canvas_color or Colour(), values.canvas_opacity / 100)
    colour = colour if values.canvas_color else TRANSPARENT
    canvases = canvases_of(
        values.canvas_width, values.canvas_height, values.canvas_aspectratio, Point(*values.canvas_position)
    )
    if (canvases or _has_border(values)) and values.canvas_color:
        sequence.put(("flatten",), colour)
    for canvas in canvases:
        sequence.put(("canvas",), canvas)
        sequence.change(("background",), colour)
    if _has_border(values):
        own = values.canvas_border_color
        border = with_opacity(own, values.canvas_border_opacity / 100) if own else colour
        _pad(sequence, values.canvas_border_width, values.canvas_border_height, border)


def _has_border(values: Values) -> bool:
    return any(side and side.value for side in (values.canvas_border_width, values.canvas_border_height))


def _pad(
    sequence: StageSequence, width: Side | None, height: Side | None, colour: Colour, fill: Fill = Fill.COLOUR
) -> None:
    """Pad left and right by a width, above and below by a height."""
    for is_share in (False, True):
        x, y = (_margin(side) if side and side.is_share is is_share else 0 for side in (width, height))
        if x or y:
            unit = LengthUnit.PERCENT if is_share else LengthUnit.PIXELS
            sequence.put(("extend",), Extend(fill, top=y, right=x, bottom=y, left=x, unit=unit))
            sequence.change(("background",), colour)


def _margin(side: Side) -> int:
    return min(round(side.value * _HUNDREDTHS if side.is_share else side.value), MAX_SIDE)


_FILLS: Final = {Frame.SOLID: Fill.COLOUR, Frame.MIRROR: Fill.MIRROR, Frame.EDGE: Fill.EDGE}


def _add_frame(sequence: StageSequence, values: Values) -> None:
    if values.frame_style is Frame.NONE:
        return
    if values.frame_rim_color or values.frame_rim_width:
        width = values.frame_rim_width or Side(Fraction(1))
        _pad(sequence, width, width, values.frame_rim_color or Colour())
    _pad(sequence, values.frame_width, values.frame_width, values.frame_color, _FILLS[values.frame_style])


# Rotation and pixels


def _rotate(sequence: StageSequence, values: Values) -> None:
    if values.rotate:
        if values.rotate % _RIGHT_ANGLE:
            sequence.put(("rotate_free",), FreeRotation(float(values.rotate)))
        else:
            sequence.put(("rotate",), int(values.rotate))
    if values.flip or values.flop:
        sequence.put(("flip",), _FLIPS[values.flop, values.flip])


def _adjust(sequence: StageSequence, values: Values) -> None:
    """Change colours and pixels, all at once if need be after what is there already."""
    tone, colour = _tone(values), _colour(values)
    if values.grayscale:
        sequence.put(("grayscale",), True)
    for part, found, plain in (("tone", tone, ToneAdjustment()), ("colour", colour, ColourAdjustment())):
        for name in found.__struct_fields__:
            if getattr(found, name) != getattr(plain, name):
                sequence.put(("adjust", part, name), getattr(found, name))
    if sigma := blur_sigma(float(values.blur)):
        sequence.blur(sigma)
    if values.sharpen:
        sequence.put(("effects", "sharpen"), UnsharpMask(1.0, float(values.sharpen / 20)))
    strength = 20 if values.vignette_value is None and values.vignette_color else values.vignette_value
    if strength:
        sequence.put(("effects", "vignette"), float(strength))
    if values.opacity < _FULL:
        sequence.put(("opacity",), float(values.opacity))


def _tone(values: Values) -> ToneAdjustment:
    if values.colorlevel_black >= values.colorlevel_white:
        raise InvalidParameter("colorlevel.black must be below colorlevel.white", param="colorlevel.black")
    return ToneAdjustment(
        levels=Levels(values.colorlevel_black, 1.0, values.colorlevel_white),
        exposure=float(values.exposure / 50),
        highlights=float(values.highlights),
        shadows=float(values.shadows),
        brightness=float(values.brightness),
        contrast=float(values.contrast),
    )


def _colour(values: Values) -> ColourAdjustment:
    preset = values.colortone
    tint, duotone = preset.tint, None
    if values.colortone_color:
        own = with_opacity(values.colortone_color, values.colortone_level / 100)
        if values.colortone_mode == "solid":
            tint = own
        else:
            white, black = (with_opacity(one, values.colortone_level / 100) for one in (Colour(), Colour(0, 0, 0)))
            duotone = Duotone(own, white) if values.colortone_mode == "shadows" else Duotone(black, own)
    colorize = None
    if values.colorize_color or values.colorize_opacity is not None:
        strength = Fraction(_FULL) if values.colorize_opacity is None else values.colorize_opacity
        colorize = with_opacity(values.colorize_color or Colour(0, 0, 0), strength / 100)
    return ColourAdjustment(
        lightness=float(values.lightness),
        saturation=float(values.saturation),
        hue=float(angle(values.hue * 9 / 5)),
        sepia=preset.sepia,
        tint=tint if tint and tint.alpha else None,
        duotone=duotone,
        colorize=colorize if colorize and colorize.alpha else None,
    )


# Output


def _output(values: Values, quality: int, mode: RenderMode, offered: tuple[Format, ...]) -> Output:
    output = Output(
        quality=max(quality if values.q is None else values.q, 1),
        metadata=Metadata.STRIP if values.stripmetadata else Metadata.KEEP,
        encoding=Encoding(mode=mode, progressive=values.progressive, subsampling=values.subsampling),
    )
    form, fallback = values.format, values.webp_fallback
    if form == ORIGINAL:
        return replace(output, source_format=True)
    if isinstance(form, Format) and not (form is Format.WEBP and fallback):
        return replace(output, formats=(form,))
    offered = (form,) if isinstance(form, Format) else offered
    if fallback:
        return replace(output, formats=offered, negotiated=True, ordered=True, fallback_format=fallback)
    return replace(output, formats=offered, negotiated=True, ordered=True, source_format=True, original_formats=_KEPT)
