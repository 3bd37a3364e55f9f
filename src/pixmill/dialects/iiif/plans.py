"""Compiles the parameters of an IIIF image URL to a plan. Knows no URL.

Region and size are the first stage, mirroring and rotation the second, and the quality belongs to the last of them.
"""

from typing import Final, TypeVar

from msgspec.structs import replace

from pixmill.dialects.iiif.grammar import ImageParams, Region, RegionKind, Rotation, SizeForm, SizeKind
from pixmill.dialects.iiif.options import FORMATS, IiifOptions, Maximum
from pixmill.errors import InvalidParameter
from pixmill.plan.effects import Adjust, ColourAdjustment
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import (
    Aspect,
    Crop,
    CropUnit,
    CropWindow,
    Fit,
    Flip,
    Input,
    Output,
    Plan,
    ResampleSpace,
    Resize,
    Stage,
)
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.transforms import FreeRotation

S = TypeVar("S", bound=Stage)

_QUARTER: Final = 90
_WHOLE: Final = 360
_MAX_ZOOM: Final = 100
_MIDDLE_GREY: Final = 128
_SQUARE: Final = CropWindow(aspect=Aspect(1, 1))


def plan_of(params: ImageParams, options: IiifOptions, maximum: Maximum, mode: RenderMode) -> Plan:
    """Return the plan. Raises InvalidParameter."""
    plan = Plan(
        crop=_crop(params.region),
        resize=resize_of(params.size, options, maximum),
        input=Input(animated=False),
        output=Output((FORMATS[params.extension],), quality=options.quality, encoding=Encoding(mode=mode)),
        resample_space=ResampleSpace.LINEAR,  # in each tile the same
    )
    rotated = _rotation(params.rotation)
    if rotated is None:
        return normal_form(_with_quality(plan, params.quality))
    return normal_form(replace(plan, stages=(_with_quality(rotated, params.quality),)))


def _crop(region: Region) -> Crop | CropWindow | None:
    match region.kind:
        case RegionKind.FULL:
            return None
        case RegionKind.SQUARE:
            return _SQUARE
        case _:
            unit = CropUnit.PIXELS if region.kind is RegionKind.PIXELS else CropUnit.PERCENT
            return Crop(float(region.left), float(region.top), float(region.width), float(region.height), unit)


def resize_of(size: SizeForm, options: IiifOptions, maximum: Maximum) -> Resize:
    """Return the box of a size. Raises InvalidParameter."""
    limits = Resize(max_width=maximum.width, max_height=maximum.height, max_area=maximum.area)
    upscales = size.upscales and options.upscaling
    match size.kind:
        case SizeKind.MAX if not upscales:
            return limits
        case SizeKind.MAX:
            return replace(limits, width=maximum.width, height=maximum.height, enlarge=True)
        case SizeKind.CONFINED:
            # A box that is larger than what is allowed is no error: the image is the largest one in both.
            box = replace(limits, width=min(size.width, maximum.width), height=min(size.height, maximum.height))
            return _with_rules(box, upscales=upscales, refuses=options.confined_upscale == "error")
        case SizeKind.PERCENT:
            if not upscales and size.percent > 100:  # noqa: PLR2004 - percent
                raise InvalidParameter("The size is above 100 percent, which needs ^", param="size")
            if size.percent > 100 * _MAX_ZOOM:
                raise InvalidParameter(f"The size is above {100 * _MAX_ZOOM} percent", param="size")
            box = replace(limits, zoom=float(size.percent / 100), refuse_exceeding=True)
        case SizeKind.BOX:
            if not maximum.holds(size.width or 1, size.height or 1):
                raise InvalidParameter(
                    f"The size exceeds {maximum.width} × {maximum.height} or {maximum.area} pixels", param="size"
                )
            is_distorted = size.width and size.height
            box = replace(limits, width=size.width, height=size.height, refuse_exceeding=True)
            if is_distorted:  # the result has this size, which is allowed
                box = Resize(size.width, size.height, Fit.FILL)
    return _with_rules(box, upscales=upscales, refuses=True)


def _with_rules(box: Resize, *, upscales: bool, refuses: bool) -> Resize:
    """Return a box to which the image may be enlarged, or with the rule against it."""
    if upscales:
        return replace(box, enlarge=True)
    return replace(box, refuse_enlarging=refuses, enlarge_drawings=False)


def _rotation(rotation: Rotation) -> Stage | None:
    """Return the stage that mirrors and then rotates; None if it would do neither.

    A stage rotates by right angles before it mirrors, which is the same as the other way round in the opposite sense.
    """
    degrees, flip = rotation.degrees, Flip.HORIZONTAL if rotation.is_mirrored else Flip.NONE
    if degrees % _QUARTER:
        return Stage(flip=flip, rotate_free=FreeRotation(float(degrees)))
    if not degrees and not rotation.is_mirrored:
        return None
    right = int(degrees)
    return Stage(rotate=-right % _WHOLE if rotation.is_mirrored else right, flip=flip)


def _with_quality(stage: S, quality: str) -> S:
    match quality:
        case "gray":
            return replace(stage, grayscale=True)
        case "bitonal":
            return replace(stage, grayscale=True, adjust=Adjust(colour=ColourAdjustment(threshold=_MIDDLE_GREY)))
        case _:
            return stage
