"""Makes plans of the options of Cloudflare's URLs. Must never know how an option is spelled."""

from fractions import Fraction
from typing import Final, NamedTuple

from msgspec.structs import replace

from pixmill.dialects.cloudflare.options import AUTO_WIDTH, FORMATS, Transformation
from pixmill.dialects.kit.effects import blur_sigma, contrast_of_slope
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, ColourAdjustment, Effects, ToneAdjustment, UnsharpMask
from pixmill.plan.gravity import Faces
from pixmill.plan.lengths import round_length
from pixmill.plan.ops import (
    MAX_SIDE,
    BlurSpace,
    Clamp,
    Crop,
    CropInsets,
    CropWindow,
    Fit,
    Flip,
    Input,
    Output,
    Plan,
    Resize,
    Stage,
)
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.transforms import Extend, Trim

SCREEN_WIDTHS: Final = (320, 768, 960, 1_200)
"""The widths of ``width=auto``; the largest for clients that say nothing."""

_ORIGINAL_FORMATS: Final = (Format.JPEG, Format.PNG, Format.GIF)
_MODERN: Final = (Format.AVIF, Format.WEBP)
_LOSSLESS_QUALITY: Final = 100
_MIN_GAMMA: Final = Fraction(1, 10)
_SHARPEN_SIGMA: Final = 1.0
_BLACK: Final = Colour(0, 0, 0)


class _Fitting(NamedTuple):
    """What a fit does with two sides."""

    fit: Fit
    enlarge: bool = False
    shrink: bool = True
    clamp: Clamp = Clamp.SHAPE


_FITTINGS: Final = {
    "scale-down": _Fitting(Fit.INSIDE),
    "contain": _Fitting(Fit.INSIDE, enlarge=True),
    "cover": _Fitting(Fit.COVER, enlarge=True),
    "crop": _Fitting(Fit.COVER, clamp=Clamp.SIDES),
    "aspect-crop": _Fitting(Fit.COVER),
    "pad": _Fitting(Fit.CONTAIN, enlarge=True),
    "squeeze": _Fitting(Fit.FILL, enlarge=True),
    "scale-up": _Fitting(Fit.INSIDE, enlarge=True, shrink=False),
}
_SWAPPED: Final = {Flip.HORIZONTAL: Flip.VERTICAL, Flip.VERTICAL: Flip.HORIZONTAL}


def plan_of(found: Transformation, mode: RenderMode, screen_width: int | None = None, *, is_slow: bool = False) -> Plan:
    """Return the plan of the options, for a client with a screen of this width; ``is_slow``: it wants few bytes."""
    is_turned = found.rotate % 180 != 0
    first = Stage(
        rotate=found.rotate,
        flip=_SWAPPED.get(found.flip, found.flip) if is_turned else found.flip,
        trim=_border_trim(found),
        crop=_crop(found),
        resize=_resize(found, screen_width),
        adjust=_adjust(found),
        blur=blur_sigma(float(found.blur)),
        blur_space=BlurSpace.SRGB if found.blur else BlurSpace.LINEAR,
        effects=Effects(sharpen=UnsharpMask(_SHARPEN_SIGMA, float(found.sharpen)) if found.sharpen else None),
        flatten=found.background,
        background=found.background or Colour(),
    )
    border = _border(found)
    stages = [first, border] if border else [first]
    return plan_of_stages(stages, Input(animated=found.animated), _output(found, mode, is_slow=is_slow))


def _scaled(length: int, dpr: Fraction) -> int:
    return min(round_length(length * dpr), MAX_SIDE) if length else 0


def _resize(found: Transformation, screen_width: int | None) -> Resize:
    width, height = found.width, _scaled(found.height, found.dpr)
    if width == AUTO_WIDTH:
        needed = screen_width or SCREEN_WIDTHS[-1]
        width = next((one for one in SCREEN_WIDTHS if one >= needed), SCREEN_WIDTHS[-1])
    else:
        width = _scaled(width, found.dpr)
    fitting = _FITTINGS[found.fit]
    if not width and not height:
        return Resize()
    if not width or not height:
        fitting = fitting._replace(fit=Fit.INSIDE, clamp=Clamp.SHAPE)
    gravity = replace(found.gravity, closeness=float(found.zoom)) if isinstance(found.gravity, Faces) else found.gravity
    return Resize(
        width,
        height,
        fit=fitting.fit,
        gravity=gravity if fitting.fit is Fit.COVER else Resize().gravity,
        enlarge=fitting.enlarge,
        shrink=fitting.shrink,
        clamp=fitting.clamp,
    )


def _crop(found: Transformation) -> Crop | CropWindow | CropInsets | None:
    """Return what is cut off, as the edges of the image lie after it was mirrored and turned."""
    top, right, bottom, left = found.trim or (0, 0, 0, 0)
    dpr = found.dpr
    left = left if found.trim_left is None else found.trim_left
    top = top if found.trim_top is None else found.trim_top
    right = right if found.trim_right is None else found.trim_right
    bottom = bottom if found.trim_bottom is None else found.trim_bottom
    edges = [float(edge * dpr) for edge in (top, right, bottom, left)]
    if found.trim_width is not None:  # counted from the opposite edge
        edges[1] = -float((left + found.trim_width) * dpr)
    if found.trim_height is not None:
        edges[2] = -float((top + found.trim_height) * dpr)
    if not any(edges):
        return None
    if found.flip in {Flip.HORIZONTAL, Flip.BOTH}:
        edges[1], edges[3] = edges[3], edges[1]
    if found.flip in {Flip.VERTICAL, Flip.BOTH}:
        edges[0], edges[2] = edges[2], edges[0]
    quarters = found.rotate // 90
    edges = edges[-quarters:] + edges[:-quarters] if quarters else edges
    top_edge, right_edge, bottom_edge, left_edge = edges
    return CropInsets(left_edge, top_edge, right_edge, bottom_edge)


def _border_trim(found: Transformation) -> Trim | None:
    if found.trim != () and found.trim_colour is None and found.trim_tolerance is None and not found.trim_keep:
        return None
    tolerance = Trim().tolerance if found.trim_tolerance is None else found.trim_tolerance
    return Trim(tolerance, found.trim_colour, padding=_scaled(found.trim_keep, found.dpr))


def _adjust(found: Transformation) -> Adjust:
    tone = ToneAdjustment(
        gamma=float(max(found.gamma, _MIN_GAMMA)) if found.gamma else 1.0,
        brightness_factor=float(found.brightness) if found.brightness else 1.0,
        contrast=contrast_of_slope(float(found.contrast)) if found.contrast else 0.0,
    )
    return Adjust(tone=tone, colour=ColourAdjustment(saturation=float((found.saturation - 1) * 100)))


def _border(found: Transformation) -> Stage | None:
    given = found.border
    every = found.border_width if found.border_width is not None else given.get("width", 0)
    widths = [
        given.get(side, every) if own is None else own
        for side, own in (
            ("top", found.border_top),
            ("right", found.border_right),
            ("bottom", found.border_bottom),
            ("left", found.border_left),
        )
    ]
    top, right, bottom, left = (_scaled(width, found.dpr) if isinstance(width, int) else 0 for width in widths)
    if not (top or right or bottom or left):
        return None
    colour = found.border_colour or given.get("color")
    extend = Extend(top=top, right=right, bottom=bottom, left=left)
    return Stage(extend=extend, background=colour if isinstance(colour, Colour) else _BLACK)


def _output(found: Transformation, mode: RenderMode, *, is_slow: bool) -> Output:
    form = FORMATS.get(found.format)
    quality = found.slow_quality if is_slow and found.slow_quality else found.quality
    is_fast = found.compression == "fast"
    is_lossless = form is Format.WEBP and quality.value == _LOSSLESS_QUALITY
    is_auto = found.format == "auto" and not is_fast
    output = Output(
        formats=_MODERN if is_auto else (form,) if form and not is_fast else (),
        negotiated=is_auto,
        ordered=is_auto,
        source_format=form is None or is_fast,
        original_formats=_ORIGINAL_FORMATS if form is None or is_fast else (),
        metadata=found.metadata,
        encoding=Encoding(
            mode=RenderMode.FAST if is_fast else mode, progressive=found.format in {"jpeg", "jpg"}, lossless=is_lossless
        ),
        passthrough=(Format.SVG,),
    )
    if quality.is_target:
        return replace(output, target_quality=quality.value)
    return replace(output, quality=quality.value)
