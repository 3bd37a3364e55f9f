"""Makes plans of the parameters of weserv/images. Must never know how one is spelled.

Order of work: trim, mirror, crop with ``precrop``, resize, crop, turn, colours, mask. Each group that cannot be part of
the stage before it becomes a stage.
"""

from fractions import Fraction
from typing import Final, NamedTuple

from msgspec.structs import replace

from pixmill.dialects.kit.effects import BOX_BLUR, MILD_SHARPEN, vips_blur_sigma
from pixmill.dialects.kit.numbers import angle
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.dialects.weserv.options import FOCAL, MILD, Parameters, Side
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import (
    Adjust,
    ColourAdjustment,
    Duotone,
    Effects,
    LabSharpen,
    Modulate,
    ToneAdjustment,
)
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.lengths import RoundingMode, round_length
from pixmill.plan.ops import (
    MAX_SIDE,
    BlurSpace,
    Clamp,
    Crop,
    CropInsets,
    CropOverflow,
    CropUnit,
    Fit,
    Flip,
    Input,
    Output,
    Plan,
    Resize,
    Stage,
)
from pixmill.plan.output import Animation, Encoding, RenderMode
from pixmill.plan.shapes import NO_SHAPE, Ellipse, Mask, Polygon, Shape, Star
from pixmill.plan.transforms import FreeRotation, Trim

_WRITABLE: Final = (Format.JPEG, Format.PNG, Format.GIF, Format.TIFF, Format.WEBP)
_FITS: Final = {
    "inside": Fit.INSIDE,
    "outside": Fit.OUTSIDE,
    "cover": Fit.COVER,
    "fill": Fit.FILL,
    "contain": Fit.CONTAIN,
}
_MASKS: Final[dict[str, Mask]] = {
    "circle": Ellipse(circle=True),
    "ellipse": Ellipse(),
    "triangle": Polygon(3),
    "pentagon": Polygon(5),
    "hexagon": Polygon(6),
    "star": Star(),
}
_UPSIDE_DOWN: Final = "-180"
_BLACK: Final = Colour(0, 0, 0)
_MAX_SHARPEN_SIGMA: Final = 10
_MAX_FACTOR: Final = 10
_RIGHT_ANGLE: Final = 90


class _Size(NamedTuple):
    """The sides of the box, in pixels of the result; 0 for a free one."""

    width: int
    height: int
    fit: str
    enlarge: bool


def plan_of(values: Parameters, mode: RenderMode) -> Plan:
    """Return the plan. Raises InvalidParameter for a mask that there is not."""
    size = _size(values)
    resize = _resize(values, size)
    first = Stage(
        flip=_flip(values),
        trim=Trim(values.trim, values.trim_colour) if values.trim else None,
        resize=resize,
        background=values.canvas_colour or _BLACK,
    )
    crops = _crops(values, size)
    stages = [first]
    if values.crops_first and crops:
        stages = [replace(first, crop=crops[0], resize=Resize()), *(Stage(crop=crop) for crop in crops[1:])]
        stages[-1] = replace(stages[-1], resize=resize, background=first.background)
    else:
        stages += [Stage(crop=crop) for crop in crops]
    if resize.fit is Fit.CONTAIN and values.canvas_colour is None:  # transparent, on black where the format is not
        stages = [replace(one, background=TRANSPARENT) if one.resize == resize else one for one in stages]
        stages.insert(0, Stage(background=_BLACK))
    stages = _finished(values, stages)
    return plan_of_stages(stages, _input(values), _output(values, mode))


def _size(values: Parameters) -> _Size:
    fit, only_shrinks = values.fit or values.old_fit or ("inside", False)
    dpr = values.dpr or Fraction(1)
    width, height = (min(round_length(side * dpr), MAX_SIDE) if side else 0 for side in (values.width, values.height))
    return _Size(width, height, fit, not (only_shrinks or values.without_enlargement))


def _resize(values: Parameters, size: _Size) -> Resize:
    width, height, fit, enlarge = size
    if not width and not height:
        return Resize()
    if width and height:
        has_clamp = fit in {"cover", "fill"} and not enlarge
        return Resize(
            width,
            height,
            fit=_FITS[fit],
            gravity=_gravity(values) if fit == "cover" else Point(),
            enlarge=enlarge,
            clamp=Clamp.SIDES if has_clamp else Clamp.SHAPE,
        )
    if fit == "fill":  # the other side is that of the image
        clamp = Clamp.SHAPE if enlarge else Clamp.SIDES
        width_share, height_share = (0.0, 1.0) if width else (1.0, 0.0)
        return Resize(
            width,
            height,
            fit=Fit.FILL,
            enlarge=enlarge,
            clamp=clamp,
            width_share=width_share,
            height_share=height_share,
        )
    return Resize(width, height, enlarge=enlarge)


def _gravity(values: Parameters) -> Gravity:
    if values.align == FOCAL:
        return Point(float(values.focal_x), float(values.focal_y))
    return values.align if not isinstance(values.align, str) else Point()


def _flip(values: Parameters) -> Flip:
    return {
        (False, False): Flip.NONE,
        (True, False): Flip.VERTICAL,
        (False, True): Flip.HORIZONTAL,
        (True, True): Flip.BOTH,
    }[values.flip, values.flop]


def _crops(values: Parameters, size: _Size) -> list[Crop | CropInsets]:
    """Return the crops, one after another, that cut the region out."""
    x, y, width, height = values.crop_x, values.crop_y, values.crop_width, values.crop_height
    if values.crop:
        width, height, x, y = (Side(Fraction(value)) for value in values.crop)
    has_width, has_height = bool(width and width.value), bool(height and height.value)
    if not (has_width or has_height or (x and x.value) or (y and y.value)):
        return []
    is_exact = size.enlarge and size.fit in {"cover", "fill", "contain"} and not values.crops_first
    sides = (size.width, size.height) if is_exact and size.width and size.height else (0, 0)
    left, across = _in_one_unit(x or Side(Fraction(0)), width if has_width else None, sides[0])
    top, down = _in_one_unit(y or Side(Fraction(0)), height if has_height else None, sides[1])
    insets: list[Crop | CropInsets] = []
    if left.percent != across.percent or top.percent != down.percent:
        insets = [CropInsets(float(left.value), float(top.value), unit=_unit(left, top), overflow=CropOverflow.IGNORE)]
        left, top = Side(Fraction(0), across.percent), Side(Fraction(0), down.percent)
    region = Crop(
        float(left.value),
        float(top.value),
        float(across.value),
        float(down.value),
        unit=_unit(across, down),
        overflow=CropOverflow.RESET,
    )
    return [*insets, region]


def _in_one_unit(start: Side, length: Side | None, side: int) -> tuple[Side, Side]:
    """Return both in the same unit if that is possible; without a length, all that is left. ``side``: 0 if unknown."""
    if length is None:
        return start, Side(Fraction(100), percent=True) if start.percent else Side(Fraction(MAX_SIDE))
    if start.percent == length.percent:
        return start, length
    if not start.value:
        return Side(Fraction(0), length.percent), length
    if side:
        pixels = [Side(Fraction(int(one.value * side / 100))) if one.percent else one for one in (start, length)]
        return pixels[0], Side(max(pixels[1].value, Fraction(1)))
    return start, length


def _unit(horizontal: Side, vertical: Side) -> CropUnit:
    return CropUnit.of_axes(is_percent_x=horizontal.percent, is_percent_y=vertical.percent)


def _finished(values: Parameters, stages: list[Stage]) -> list[Stage]:
    """Return the stages with the turn, colours and mask, which follow the size."""
    quarters, rest = divmod(values.rotation, _RIGHT_ANGLE)
    if values.rotation and not rest:
        stages = [*stages, Stage(rotate=int(quarters) * _RIGHT_ANGLE)]
    if rest:
        colour = values.rotation_colour or TRANSPARENT
        rotation = FreeRotation(float(values.rotation), colour, RoundingMode.HALF_UP)
        stages[-1] = replace(stages[-1], rotate_free=rotation)
    sigma = vips_blur_sigma(float(values.blur[0])) if values.blur else 0.0
    shape = _shape(values)
    last = replace(
        stages[-1],
        adjust=_adjust(values),
        grayscale=values.filter == "greyscale",
        blur=sigma,
        blur_space=BlurSpace.SRGB if sigma else BlurSpace.LINEAR,
        effects=_effects(values),
        shape=shape,
        flatten=values.background,
    )
    if values.mask.endswith(_UPSIDE_DOWN):  # the mask stands on its head, the image does not
        mask = Stage(rotate=180, shape=shape)
        stages = [*stages[:-1], replace(last, shape=NO_SHAPE), mask, Stage(rotate=180)]
    else:
        stages = [*stages[:-1], last]
    if not values.mask:
        return stages
    if values.trims_mask:
        stages.append(Stage(trim=Trim(colour=TRANSPARENT)))
    if values.mask_colour:
        stages[-1] = replace(stages[-1], flatten=values.mask_colour)
    return stages


def _shape(values: Parameters) -> Shape:
    if not values.mask:
        return NO_SHAPE
    mask = _MASKS.get(values.mask.removesuffix(_UPSIDE_DOWN))
    if mask is None:
        raise InvalidParameter(f"mask={values.mask} is not supported", param="mask")
    return Shape(mask=mask)


def _adjust(values: Parameters) -> Adjust:
    given, defaults = values.modulate, (Fraction(1), values.saturation, Fraction(values.hue))
    lightness, chroma, hue = given + defaults[len(given) :]
    modulate = Modulate(_factor(lightness), _factor(chroma), float(angle(hue)))
    return Adjust(
        tone=ToneAdjustment(
            brightness=float(values.brightness),
            contrast=float(values.contrast),
            gamma=float(values.gamma),
            invert=values.filter == "negate",
        ),
        colour=ColourAdjustment(
            modulate=modulate if modulate != Modulate() else None,
            sepia=100.0 if values.filter == "sepia" else 0.0,
            duotone=Duotone(values.duotone_start, values.duotone_stop) if values.filter == "duotone" else None,
            tint=values.tint,
        ),
    )


def _factor(value: Fraction) -> float:
    return float(min(value, Fraction(_MAX_FACTOR)))


def _effects(values: Parameters) -> Effects:
    sharpen = values.sharpen
    lab = None
    if sharpen:
        factors = sharpen[1:] + (values.sharpen_flat, values.sharpen_jagged)[len(sharpen) - 1 :]
        sigma = min(max(float(sharpen[0]), 0.1), _MAX_SHARPEN_SIGMA)
        lab = LabSharpen(sigma, _factor(factors[0]), _factor(factors[1]))
    convolution = BOX_BLUR if values.blur == MILD else MILD_SHARPEN if sharpen == MILD else None
    return Effects(sharpen_lab=lab, convolution=convolution)


def _input(values: Parameters) -> Input:
    is_animated = values.pages not in {0, 1} and values.page == 0
    return Input(
        animated=is_animated,
        page=values.page + 1,
        max_frames=max(values.pages, 0) if is_animated else 0,
    )


def _output(values: Parameters, mode: RenderMode) -> Output:
    form = values.output if isinstance(values.output, Format) else None
    return Output(
        formats=(form,) if form else (),
        source_format=form is None,
        original_formats=() if form else _WRITABLE,
        quality=values.quality,
        encoding=Encoding(
            mode=mode,
            effort=values.level if form is Format.PNG else None,
            progressive=values.interlaced,
            lossless=values.lossless,
        ),
        animation=Animation(delays_ms=values.delays_ms, loop=values.loop),
    )
