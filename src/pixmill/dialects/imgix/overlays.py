"""Overlays and gradients: blended colours and images, watermarks, texts; gradients lie behind the image.

Knows parameters and overlays; must never know how the image itself is sized or written.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from html import escape
from typing import Final

from pixmill.dialects.imgix.geometry import Draft, direction_or_content
from pixmill.dialects.imgix.options import Values
from pixmill.dialects.imgix.values import MAX_LENGTH, Side, plain_text, reference
from pixmill.dialects.kit.numbers import angle, half_up
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Effects, Gradient, GradientRamp
from pixmill.plan.ops import MAX_OVERLAY_STAGES, Fit, ImageOverlay, Overlay, Resize, Stage
from pixmill.plan.overlays import (
    DEFAULT_FONT,
    MAX_TEXT_CHARACTERS,
    ZERO_LENGTH,
    Align,
    Blend,
    Length,
    OverlayFit,
    Placement,
    Repeat,
    Shadow,
    Stroke,
    TextOverlay,
)
from pixmill.plan.source import SourceRef, canvas_ref

ValuesOf = Callable[[str], Values]
"""Reads the query of a watermark's path."""
StagesOf = Callable[[Values], tuple[Stage, ...]]
"""Compiles it, without overlays."""

_BLACK: Final = Colour(0, 0, 0)
_WHOLE: Final = Length(100.0, percent=True)
_FITS: Final = {
    "crop": OverlayFit.COVER,
    "scale": OverlayFit.FILL,
    **dict.fromkeys(("clip", "max", "fill", "clamp"), OverlayFit.INSIDE),
}
_TEXT_ENDPOINT: Final = "~text"
_MAX_SHADOW: Final = 10
_MAX_STROKE: Final = 20
_MAX_TEXT_PADDING: Final = 500
_FAMILY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,63}")
_GENERIC: Final = frozenset(("", "sans", "sans-serif", "sans serif", "cursive", "fantasy"))
_STYLES: Final = {"bold": "b", "black": "b", "heavy": "b", "italic": "i", "oblique": "i"}


def draw(draft: Draft, values: Values, values_of: ValuesOf, stages_of: StagesOf) -> None:
    """Add the overlays in their order: blend, watermark, text."""
    shades = (values.get("blend"), values.get("blend-color"))
    overlays: list[Overlay] = [_colour_overlay(values, shade) for shade in shades if isinstance(shade, Colour)]
    if blended := values.find("blend", SourceRef):
        overlays.append(_image(draft, values, "blend", blended, ()))
    if "mark" in values and (mark := _mark(draft, values, values_of, stages_of)):
        overlays.append(mark)
    if "txt" in values and (text := _text(draft, values, _placement(draft, values, "txt"))):
        overlays.append(text)
    if overlays:
        draft.put(overlays=(*draft.current.overlays, *overlays))


def draw_gradient(draft: Draft, values: Values) -> None:
    """Put a gradient behind the image, all over its canvas."""
    colours: tuple[Colour, ...] = values.value("fill-gradient-linear", ())
    is_filled = draft.current.resize.fit is Fit.CONTAIN and values.value("fit", "") != "clamp"
    if not (colours and is_filled and values.value("fill", "") == "gradient"):
        return
    direction: tuple[str, ...] = values.value("fill-gradient-linear-direction", ())
    ramp = GradientRamp(_ANGLES.get(direction, 180.0))
    overlay = ImageOverlay(
        canvas_ref(1, 1, colours[0]),
        _WHOLE,
        _WHOLE,
        OverlayFit.FILL,
        Placement(blend=Blend.BEHIND),
        stages=(Stage(effects=Effects(gradient=Gradient(ramp, colours[0], colours[-1]))),),
    )
    draft.put(overlays=(overlay, *draft.current.overlays))


_ANGLES: Final[dict[tuple[str, ...], float]] = {
    ("top", "bottom"): 180.0,
    ("top",): 180.0,
    ("bottom", "top"): 0.0,
    ("bottom",): 0.0,
    ("left", "right"): 90.0,
    ("left",): 90.0,
    ("right", "left"): 270.0,
    ("right",): 270.0,
}


# Images


def _colour_overlay(values: Values, colour: Colour) -> ImageOverlay:
    placement = Placement(
        opacity=float(values.value("blend-alpha", 100)), blend=values.value("blend-mode", Blend.OVERLAY)
    )
    return ImageOverlay(canvas_ref(1, 1, colour), _WHOLE, _WHOLE, OverlayFit.FILL, placement)


def _image(draft: Draft, values: Values, name: str, source: SourceRef, prepare: tuple[Stage, ...]) -> ImageOverlay:
    width, height = (_length(draft, values.find(f"{name}-{side}", Side)) for side in ("w", "h"))
    scale = values.value(f"{name}-scale", 0)
    if scale and width is None:
        width = Length(float(scale), percent=True)
    if values.value(f"{name}-size", "") == "inherit":
        width = height = _WHOLE
    fit = _FITS[values.value(f"{name}-fit", "clip")]
    if fit is OverlayFit.COVER and width and height and not (width.percent or height.percent) and not prepare:
        gravity = direction_or_content(values.value(f"{name}-crop", ()))
        box = (max(1, int(width.value)), max(1, int(height.value)))
        prepare = (Stage(resize=Resize(*box, fit=Fit.COVER, gravity=gravity, enlarge=True)),)
    return ImageOverlay(source, width, height, fit, _placement(draft, values, name), prepare)


def _length(draft: Draft, side: Side | None) -> Length | None:
    if side is None:
        return None
    return Length(float(side.value * 100), percent=True) if side.is_share else Length(float(draft.pixels(side.value)))


def _mark(draft: Draft, values: Values, values_of: ValuesOf, stages_of: StagesOf) -> Overlay | None:
    """Return the watermark; None if its source cannot be named."""
    name, base = values.value("mark", ""), values.value("mark-base", "")
    if base and "://" not in name:
        name = f"{base.rstrip('/')}/{name.lstrip('/')}"
    path, mark, query = name.partition("?")
    if path.rpartition("/")[2] == _TEXT_ENDPOINT:
        return _typeset(draft, values, values_of(query))
    is_own = "://" not in name
    try:
        source = reference(path if is_own and mark else name)
    except ValueError:
        return None
    prepare = stages_of(values_of(query)) if is_own and query else ()
    is_plain = prepare == (Stage(),) or len(prepare) > MAX_OVERLAY_STAGES
    return _image(draft, values, "mark", source, () if is_plain else prepare)


# Texts


def _typeset(draft: Draft, values: Values, own: Values) -> TextOverlay | None:
    """Return the text of imgix's endpoint for texts, which are watermarks of their own."""
    if "txt" not in own:
        return None
    overlay = _text(draft, own, _placement(draft, values, "mark"))
    if overlay is None:
        return None
    width = values.find("mark-w", Side) or own.find("w", Side)
    background = own.find("bg", Colour)
    words: tuple[str, ...] = own.value("txt-align", ())
    align = next((_ALIGNS[word] for word in words if word in _ALIGNS), Align.LEFT)
    return TextOverlay(
        overlay.markup,
        overlay.font,
        overlay.size,
        overlay.colour,
        _length(draft, width),
        align,
        overlay.stroke,
        background if background and background.alpha else None,
        min(draft.pixels(own.value("txt-pad", 0)), _MAX_TEXT_PADDING) if background else 0,
        overlay.placement,
    )


_ALIGNS: Final = {"left": Align.LEFT, "center": Align.CENTRE, "right": Align.RIGHT}


def _text(draft: Draft, values: Values, placement: Placement) -> TextOverlay | None:
    """Return a text; None if there is nothing to draw."""
    text = plain_text(values.value("txt", ""))[:MAX_TEXT_CHARACTERS]
    if not text.strip():
        return None
    font, styles = _font(values.value("txt-font", ""))
    markup = escape(text, quote=False)
    for element in styles:
        markup = f"<{element}>{markup}</{element}>"
    line = min(draft.pixels(values.value("txt-line", 0)), _MAX_STROKE)
    width = draft.pixels(values.value("txt-width", 0))
    return TextOverlay(
        markup,
        font,
        float(min(max(draft.pixels(values.value("txt-size", 12)), 4), 1_000)),
        values.value("txt-color", _BLACK),
        Length(float(width)) if width else None,
        stroke=Stroke(line, values.value("txt-line-color", Colour())) if line else None,
        placement=placement,
    )


def _font(text: str) -> tuple[str, str]:
    """Return the family, and the elements of markup for its style."""
    words = [word.strip() for word in text.lower().split(",", 8)[:8]]
    styles = "".join(dict.fromkeys(_STYLES[word] for word in words if word in _STYLES))
    family = next((word for word in words if word not in _STYLES), "")
    return (DEFAULT_FONT if family in _GENERIC or not _FAMILY.fullmatch(family) else family), styles


# Places

_HORIZONTAL: Final = {"left": 0.0, "right": 1.0}
_VERTICAL: Final = {"top": 0.0, "bottom": 1.0}
_DEFAULT_ALIGN: Final = {"mark": ("bottom", "right"), "txt": ("bottom", "right"), "blend": ()}
_DEFAULT_PAD: Final = {"mark": 5, "txt": 0, "blend": 0}


def _placement(draft: Draft, values: Values, name: str) -> Placement:
    words: tuple[str, ...] = values.value(f"{name}-align", _DEFAULT_ALIGN[name])
    x = next((_HORIZONTAL[word] for word in words if word in _HORIZONTAL), 0.5)
    y = next((_VERTICAL[word] for word in words if word in _VERTICAL), 0.5)
    pad = draft.pixels(values.value(f"{name}-pad", _DEFAULT_PAD[name]))
    offset_x, offset_y = _inward(pad, x), _inward(pad, y)
    if f"{name}-x" in values or f"{name}-y" in values:
        x = y = 0.0
        offset_x, offset_y = (_offset(draft, values.value(f"{name}-{axis}", 0)) for axis in ("x", "y"))
    is_tiled = values.value(f"{name}-tile", "") == "grid"
    degrees = angle(-values.value(f"{name}-rot", Fraction(0)))
    return Placement(
        0.0 if is_tiled else x,
        0.0 if is_tiled else y,
        ZERO_LENGTH if is_tiled else offset_x,
        ZERO_LENGTH if is_tiled else offset_y,
        degrees=float(degrees),
        opacity=float(values.value(f"{name}-alpha", 100)),
        blend=values.value("blend-mode", Blend.OVERLAY) if name == "blend" else Blend.NORMAL,
        repeat=Repeat.BOTH if is_tiled else Repeat.NONE,
        gap=min(pad, 1_000) if is_tiled else 0,
        shadow=_shadow(values.value(f"{name}-shad", Fraction(0))),
    )


def _inward(pad: int, edge: float) -> Length:
    if not pad or edge == 0.5:  # noqa: PLR2004 - the middle
        return ZERO_LENGTH
    return Length(float(-pad if edge else pad))


def _offset(draft: Draft, distance: int) -> Length:
    length = max(-MAX_LENGTH, min(half_up(distance * draft.dpr), MAX_LENGTH))
    return Length(float(length)) if length else ZERO_LENGTH


def _shadow(strength: Fraction) -> Shadow | None:
    if not strength:
        return None
    offset = max(1, min(half_up(strength), _MAX_SHADOW))
    return Shadow(_BLACK, offset, offset, float(strength))
