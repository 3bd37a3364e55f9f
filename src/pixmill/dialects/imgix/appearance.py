"""Colours, effects, masks and borders: parameters in, operations on the resized image out.

How strong effects of hosted services are is not published; ``docs/dialects/imgix.md`` says what is an estimate. Must
never know a size or a format.
"""

from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.imgix.geometry import Draft
from pixmill.dialects.imgix.options import Values
from pixmill.dialects.imgix.services import Service
from pixmill.dialects.imgix.values import Edge
from pixmill.dialects.kit.colours import with_opacity
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.numbers import angle
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, ColourAdjustment, Duotone, Effects, ToneAdjustment, UnsharpMask
from pixmill.plan.ops import BlurSpace, ImageOverlay
from pixmill.plan.overlays import Length, OverlayFit, Placement
from pixmill.plan.shapes import Border, CornerRadii, Ellipse, ImageMask, MaskChannel, Shape
from pixmill.plan.source import SourceRef, canvas_ref

_SHARPEN_SIGMA: Final = 1.0
_MIN_SIGMA: Final = 0.3
_MAX_SIGMA: Final = 10.0
_MAX_BORDER: Final = 1_000
_STRONG_NOISE: Final = 50
_FACE_BLUR_SCALE: Final = 2
_WHOLE: Final = Length(100.0, percent=True)


def adjust(draft: Draft, values: Values, service: Service) -> None:
    """Add colours, blur and effects."""
    changes = Adjust(None, _tone(values), _colours(values))
    if changes != Adjust():
        draft.put(adjust=changes)
    if sigma := blur_sigma(float(values.value("blur", Fraction(0))) * service.blur_scale):
        draft.put(blur=sigma, blur_space=BlurSpace.SRGB)
    effects = _effects(values)
    if effects != Effects():
        draft.put(effects=effects)


def _tone(values: Values) -> ToneAdjustment:
    return ToneAdjustment(
        normalise="enhance" in values.value("auto", ("",)),
        gamma=round(2.0 ** (values.value("gam", 0) / 100), 4),
        exposure=values.value("exp", 0) / 50,
        highlights=float(values.value("high", 0)),
        shadows=float(values.value("shad", 0)),
        brightness=float(values.value("bri", 0)),
        contrast=float(values.value("con", 0)),
        invert=values.value("invert", False),
    )


def _colours(values: Values) -> ColourAdjustment:
    return ColourAdjustment(
        vibrance=float(values.value("vib", 0)),
        saturation=float(values.value("sat", 0)),
        hue=float(angle(values.value("hue", 0))),
        sepia=float(values.value("sepia", 0)),
        duotone=_duotone(values),
    )


def _duotone(values: Values) -> Duotone | None:
    colours: tuple[Colour, ...] = values.value("duotone", ())
    if colours:
        strength = Fraction(values.value("duotone-alpha", 100), 100)
        return Duotone(with_opacity(colours[0], strength), with_opacity(colours[-1], strength))
    light = values.find("monochrome", Colour)
    return Duotone(Colour(0, 0, 0, light.alpha), light) if light else None


def _effects(values: Values) -> Effects:
    noise = values.value("nr", 0)
    return Effects(
        median=0 if noise <= 0 else 1 if noise <= _STRONG_NOISE else 2,
        sharpen=_sharpening(values),
        pixelate=_block(values.value("px", 0)),
        blur_faces=blur_sigma(values.value("face-blur", 0) / _FACE_BLUR_SCALE),
        pixelate_faces=_block(values.value("face-pixel", 0)),
    )


def _block(size: int) -> int:
    return size if size > 1 else 0


def _sharpening(values: Values) -> UnsharpMask | None:
    """Return the first of the three kinds that has an effect."""
    usm = values.value("usm", 0) / 50
    radius = min(max(float(values.value("usmrad", Fraction(5, 2))), _MIN_SIGMA), _MAX_SIGMA)
    after_noise = max(values.value("nrs", 0), 0) / 50
    for sigma, amount in ((_SHARPEN_SIGMA, float(values.value("sharp", Fraction(0))) / 20), (radius, usm)):
        if amount > 0:
            return UnsharpMask(sigma, amount)
    return UnsharpMask(_SHARPEN_SIGMA, after_noise) if after_noise else None


# Masks and borders


def outline(draft: Draft, values: Values) -> None:
    """Add the mask, the corners, the border and the colour behind them."""
    mask = values.get("mask")
    border, edges = _borders(draft, values)
    radii = _radii(draft, values, mask)
    shape = Shape(
        radii,
        Ellipse()
        if mask == "ellipse"
        else ImageMask(mask, MaskChannel.LUMINANCE)
        if isinstance(mask, SourceRef)
        else None,
        border,
    )
    if shape != Shape():
        draft.put(shape=shape)
    behind = values.find("mask-bg", Colour) if mask is not None else None
    behind = behind or values.find("bg", Colour)
    if behind is not None and behind.alpha:
        draft.put(flatten=behind)
    if edges:
        draft.put(overlays=(*draft.current.overlays, *edges))


def _radii(draft: Draft, values: Values, mask: object) -> CornerRadii | None:
    name = "corner-radius" if mask == "corners" else "border-radius" if "border" in values else ""
    radii = values.find(name, CornerRadii)
    if radii is None:
        return None
    names = ("top_left", "top_right", "bottom_right", "bottom_left")
    return replace(radii, **{name: float(draft.pixels(Fraction(getattr(radii, name)))) for name in names})


_EDGES: Final = {
    "top": (0.5, 0.0),
    "right": (1.0, 0.5),
    "bottom": (0.5, 1.0),
    "left": (0.0, 0.5),
}


def _borders(draft: Draft, values: Values) -> tuple[Border | None, tuple[ImageOverlay, ...]]:
    """Return a border of one width, or bars at the edges."""
    every = values.find("border", Edge)
    if every is None:
        return None, ()
    widths = {name: draft.pixels(values.value(f"border-{name}", every.width)) for name in _EDGES}
    if len(set(widths.values())) == 1:
        width = min(widths["top"], _MAX_BORDER)
        return (Border(width, every.colour) if width else None), ()
    return None, tuple(bar(every.colour, name, width) for name, width in widths.items() if width)


def bar(colour: Colour, name: str, width: int) -> ImageOverlay:
    """Return a bar of one colour along an edge."""
    thick = Length(float(width))
    is_flat = name in ("top", "bottom")
    x, y = _EDGES[name]
    return ImageOverlay(
        canvas_ref(1, 1, colour),
        _WHOLE if is_flat else thick,
        thick if is_flat else _WHOLE,
        OverlayFit.FILL,
        Placement(x, y),
    )
