"""Filter specs, ``fill-300x200-c50|format-webp``: read into operations, and compiled to stages.

Knows texts and plans; must never know a URL. Sizes are exact where the size of the image is known.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from msgspec import Struct

from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.wagtail.options import TABLE, Box, TargetFormat, Value
from pixmill.dialects.wagtail.transform import Rectangle, Transform
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import FocalPixels, Gravity, PixelRegion, Point
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.ops import Crop, Fit, Resize

PARAM: Final = "filter spec"
MAX_SPEC_CHARS: Final = 1_024

Operation = tuple[str, Value]
_RESIZE: Final[tuple[str, ...]] = ("resize",)
_FITS: Final = {"min": Fit.OUTSIDE}


class Filter(Struct, frozen=True):
    """A filter spec: what changes the size, in order, then the output. ``qualities`` are those of formats by name."""

    transforms: tuple[Operation, ...] = ()
    background: Colour | None = None
    target: TargetFormat | None = None
    preserves_svg: bool = False
    qualities: dict[str, int] = {}


def read_filter(spec: str) -> Filter:
    """Read a filter spec; of several formats or qualities the last counts. Raises InvalidParameter."""
    transforms: list[Operation] = []
    background: Colour | None = None
    target: TargetFormat | None = None
    qualities: dict[str, int] = {}
    preserves_svg = False
    for name, value in _operations(spec):
        match name, value:
            case _, Box() | Fraction():
                transforms.append((name, value))
            case _, Colour():
                background = background or value  # nothing is transparent after the first
            case _, TargetFormat():
                target = value
            case _, int():
                qualities[name.removesuffix("quality")] = value
            case "preserve", _:
                preserves_svg = True
    return Filter(tuple(transforms), background, target, preserves_svg, qualities)


def _operations(spec: str) -> Iterable[Operation]:
    shown = spec[:MAX_SPEC_CHARS] if spec.isprintable() else ""
    if len(spec) > MAX_SPEC_CHARS:
        raise InvalidParameter(f"Invalid filter spec: {shown}", param=PARAM)
    for part in spec.split("|"):
        name, *values = part.split("-")
        try:
            yield name, TABLE[name].read(values)
        except (KeyError, ValueError):
            raise InvalidParameter(f"Invalid filter spec: {shown}", param=PARAM, detail=part[:64]) from None


def add_transforms(
    sequence: StageSequence, spec: Filter, size: tuple[int, int] | None, focus: Rectangle | None
) -> None:
    """Add what changes the size of an image; ``size`` is None if it is not known. Raises InvalidParameter."""
    if size is None:
        for name, value in spec.transforms:
            sequence.put(_RESIZE, _resize(name, value, focus))
        return
    transform = transformed(size, spec, focus)
    region = transform.region
    left, top = max(0.0, region.left), max(0.0, region.top)
    width, height = min(region.right, size[0]) - left, min(region.bottom, size[1]) - top
    if (width, height) != size:
        sequence.put(("crop",), Crop(left, top, width, height))
    if (width, height) != (transform.width, transform.height):
        sequence.put(_RESIZE, Resize(transform.width, transform.height, fit=Fit.FILL, enlarge=True))


def transformed(size: tuple[int, int], spec: Filter, focus: Rectangle | None) -> Transform:
    """Return what a filter makes of an image of this size."""
    transform = Transform(*size)
    for name, value in spec.transforms:
        transform = _transformed(transform, name, value, focus)
    return transform


def _transformed(transform: Transform, name: str, value: Value, focus: Rectangle | None) -> Transform:
    match name, value:
        case _, Fraction():
            return transform.scaled(_factor(value))
        case "fill", Box(width, height, closeness):
            return transform.filled(width, height, closeness, focus)
        case "min", Box(width, height):
            return transform.around(width, height)
        case "max", Box(width, height):
            return transform.inside(width, height)
        case _, Box(width, 0):
            return transform.limited_width(width)
        case _, Box(_, height):
            return transform.limited_height(height)
    raise AssertionError(name)


def _resize(name: str, value: Value, focus: Rectangle | None) -> Resize:
    """Return an operation on an image of any size."""
    match value:
        case Fraction() if value == 0:
            return Resize(1, 1, fit=Fit.FILL)
        case Fraction():
            return Resize(zoom=_factor(value), enlarge=True, rounding=RoundingMode.DOUBLE_TRUNCATE)
        case Box(width, height, closeness) if name == "fill":
            return Resize(width, height, Fit.COVER, _gravity(focus, closeness))
        case Box(width, height):
            return Resize(width, height, _FITS.get(name, Fit.INSIDE), rounding=RoundingMode.DOUBLE_TRUNCATE)
    raise AssertionError(name)


def _factor(scale: Fraction) -> float:
    """Return a scale as the percentage divided by 100, in double precision."""
    return float(scale * 100) / 100


def _gravity(focus: Rectangle | None, closeness: float) -> Gravity:
    if focus is None:
        return Point()
    whole = focus.outward()
    left, top = max(int(whole.left), 0), max(int(whole.top), 0)
    region = PixelRegion(left, top, max(int(whole.right) - left, 0), max(int(whole.bottom) - top, 0))
    return FocalPixels((region,), closeness=closeness)
