"""Plans of Scene7's commands: region, rotation, region, size, region of the result, colours. Knows values and plans."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.numbers import angle
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.scene7.options import MAX_SIDE
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Gravity, Point, Smart
from pixmill.plan.ops import (
    Aspect,
    Canvas,
    Clamp,
    Crop,
    CropInsets,
    CropOverflow,
    CropUnit,
    CropWindow,
    Fit,
    Flip,
    Kernel,
    Resize,
)
from pixmill.plan.transforms import Extend, FreeRotation

_HALF: Final = Fraction(1, 2)
_RIGHT_ANGLE: Final = 90
_SHARPEN: Final = UnsharpMask(1.0, 1.0)
_FITS: Final = {
    "fit": Fit.CONTAIN,
    "constrain": Fit.INSIDE,
    "crop": Fit.COVER,
    "wrap": Fit.OUTSIDE,
    "stretch": Fit.FILL,
}


class SmartCrop(Struct, frozen=True):
    """A named crop around what matters, and its size, which counts if a URL has none."""

    width: int
    height: int


class Values(Struct, frozen=True):
    """The values of the commands that change pixels; hyphens and capitals as in the table."""

    crop: tuple[int, ...] = ()
    cropN: tuple[Fraction, ...] = ()  # noqa: N815 - the name of the command
    extend: tuple[int, ...] = ()
    rotate: Fraction = Fraction(0)
    flip: Flip = Flip.NONE
    rgn: tuple[int, ...] = ()
    rgnN: tuple[Fraction, ...] = ()  # noqa: N815 - the name of the command
    wid: int = 0
    hei: int = 0
    scl: Fraction | None = None
    fit: tuple[str, bool] = ("fit", True)
    align: tuple[Fraction, ...] = (Fraction(0), Fraction(0))
    dpr: Fraction = Fraction(1)
    rect: tuple[int, ...] = ()
    resMode: Kernel = Kernel.LANCZOS3  # noqa: N815 - the name of the command
    bgc: Colour | None = None
    op_usm: UnsharpMask | None = None
    op_sharpen: bool = False
    op_blur: Fraction = Fraction(0)
    op_brightness: Fraction = Fraction(0)
    op_contrast: Fraction = Fraction(0)
    op_saturation: Fraction = Fraction(0)
    op_hue: Fraction = Fraction(0)
    op_invert: bool = False
    op_noise: Fraction = Fraction(0)
    op_colorbalance: tuple[Fraction, ...] = ()
    op_colorize: Colour | None = None


def stages_of(values: Values, smart: SmartCrop | None, *, keeps_alpha: bool, grey: bool) -> StageSequence:
    """Return the stages. Raises InvalidParameter."""
    stages = StageSequence("commands")
    background = TRANSPARENT if keeps_alpha and values.bgc is None else values.bgc or Colour()
    _cut(stages, "crop", values.crop, values.cropN)
    _extend(stages, values.extend, background)
    _rotate(stages, values)
    _cut(stages, "rgn", values.rgn, values.rgnN)
    if smart is not None:
        values = _sized(stages, values, smart)
    _resize(stages, values, background)
    _adjust(stages, values, grey=grey)
    if not keeps_alpha:
        _flatten(stages, background)
    if values.rect:
        left, top, width, height, *_ = values.rect
        _put_region(stages, "rect", left, top, width, height)
    return stages


def _cut(stages: StageSequence, name: str, pixels: Sequence[int], shares: Sequence[Fraction]) -> None:
    """Cut a region out; what lies beyond the image is left out."""
    if pixels:
        left, top, width, height = pixels
        _put_region(stages, name, left, top, width, height)
    elif shares:
        across, down, wide, high = (float(share * 100) for share in shares)
        _put_region(stages, name, across, down, wide, high, CropUnit.PERCENT)


def _put_region(
    stages: StageSequence,
    name: str,
    left: float,
    top: float,
    width: float,
    height: float,
    unit: CropUnit = CropUnit.PIXELS,
) -> None:
    width, height = width + min(left, 0), height + min(top, 0)
    if width <= 0 or height <= 0:
        raise InvalidParameter(f"{name} must have a width and a height in the image", param=name)
    stages.put(("crop",), Crop(max(left, 0), max(top, 0), width, height, unit, CropOverflow.CLIP))


def _extend(stages: StageSequence, edges: Sequence[int], background: Colour) -> None:
    if not any(edges):
        return
    left, right, top, bottom = edges
    if min(edges) < 0:
        cut_left, cut_top, cut_right, cut_bottom = (max(-edge, 0) for edge in (left, top, right, bottom))
        stages.put(("crop",), CropInsets(cut_left, cut_top, cut_right, cut_bottom))
    if max(edges) > 0:
        left, right, top, bottom = (max(edge, 0) for edge in edges)
        stages.put(("extend",), Extend(top=top, right=right, bottom=bottom, left=left))
        stages.change(("background",), background)


def _rotate(stages: StageSequence, values: Values) -> None:
    degrees = angle(values.rotate)
    if degrees % _RIGHT_ANGLE:
        stages.put(("rotate_free",), FreeRotation(float(degrees)))
    elif degrees:
        stages.put(("rotate",), int(degrees))
    if values.flip is not Flip.NONE:
        stages.put(("flip",), values.flip)


def _sized(stages: StageSequence, values: Values, smart: SmartCrop) -> Values:
    """Cut a smart crop out by its shape; its size counts if there is none."""
    ratio = Fraction(smart.width, smart.height)
    window = CropWindow(gravity=Smart(), aspect=Aspect(ratio.numerator, ratio.denominator))
    stages.put(("crop",), window)
    if values.wid or values.hei or values.scl is not None:
        return values
    return replace(values, wid=smart.width, hei=smart.height, fit=("constrain", True))


def _resize(stages: StageSequence, values: Values, background: Colour) -> None:
    width, height = (min(int(side * values.dpr + _HALF), MAX_SIDE) for side in (values.wid, values.hei))
    gravity = _gravity(values.align)
    if values.scl is not None:
        stages.put(
            ("resize",), Resize(zoom=float(min(1 / values.scl, Fraction(100))), enlarge=True, kernel=values.resMode)
        )
        _put_canvas(stages, width, height, gravity, background)
        return
    mode, enlarge = values.fit
    if not (width and height):
        stages.put(("resize",), Resize(width, height, enlarge=enlarge, kernel=values.resMode))
        return
    if mode in ("hfit", "vfit"):
        one = Resize(width=width) if mode == "hfit" else Resize(height=height)
        stages.put(("resize",), replace(one, enlarge=enlarge, kernel=values.resMode))
        _put_canvas(stages, width, height, gravity, background)
        return
    fit = _FITS[mode]
    clamp = Clamp.SIDES if fit in (Fit.COVER, Fit.FILL) and not enlarge else Clamp.SHAPE
    box = Resize(width, height, fit=fit, gravity=gravity, enlarge=enlarge, clamp=clamp, kernel=values.resMode)
    stages.put(("resize",), box)
    if clamp is Clamp.SIDES:
        _put_canvas(stages, width, height, gravity, background)
    elif fit is Fit.CONTAIN:
        stages.change(("background",), background)


def _put_canvas(stages: StageSequence, width: int, height: int, gravity: Gravity, background: Colour) -> None:
    """Cut and pad the image to both sides."""
    if (width or height) and isinstance(gravity, Point):
        stages.put(("canvas",), Canvas(width, height, gravity=gravity, cut=True))
        stages.change(("background",), background)


def _gravity(align: Sequence[Fraction]) -> Point:
    x, y = (float((place + 1) / 2) for place in align)
    return Point(x, y, proportional=(x, y) != (0.5, 0.5))


def _adjust(stages: StageSequence, values: Values, *, grey: bool) -> None:
    changes = (
        (("grayscale",), grey, bool(grey)),
        (("adjust", "tone", "brightness"), float(values.op_brightness), bool(values.op_brightness)),
        (("adjust", "tone", "contrast"), float(values.op_contrast), bool(values.op_contrast)),
        *(
            (("adjust", "tone", name), float(value), bool(value))
            for name, value in zip(("red", "green", "blue"), values.op_colorbalance, strict=False)
        ),
        (("adjust", "tone", "invert"), True, values.op_invert),
        (("adjust", "colour", "saturation"), float(values.op_saturation), bool(values.op_saturation)),
        (("adjust", "colour", "hue"), float(angle(values.op_hue)), bool(values.op_hue)),
        (("adjust", "colour", "tint"), values.op_colorize, values.op_colorize is not None),
    )
    for field, value, is_set in changes:
        if is_set:
            stages.put(field, value)
    sigma = blur_sigma(float(values.op_blur) / 2)
    if sigma:
        stages.blur(sigma)
    sharpening = values.op_usm or (_SHARPEN if values.op_sharpen else None)
    if sharpening is not None:
        stages.put(("effects", "sharpen"), sharpening)
    if values.op_noise:
        stages.put(("effects", "noise"), float(values.op_noise))


def _flatten(stages: StageSequence, background: Colour) -> None:
    """Put the background behind what is transparent, padding included."""
    stages.put(("flatten",), background)
