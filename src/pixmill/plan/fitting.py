"""How large a picture and its window become: integers in, integers out.

When nothing may be enlarged, ``cover`` and ``fill`` shrink the box, keeping its shape, until the picture needs no enlarging;
``contain`` keeps the box. Bounds come after that: most sizes scale the result down, least sizes, which hold in any case, up; both keep its shape.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.plan.lengths import Size, exact_fraction, round_length
from pixmill.plan.ops import Aspect, Fit, Resize

_UNSCALED: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class FitResult:
    """A picture ``scaled``, the ``window`` that is cut from it, and the ``canvas`` for it where one was asked for."""

    scaled: Size
    window: Size
    canvas: Size | None = None


def fit(source: Size, resize: Resize) -> FitResult:
    """The picture as the box wants it."""
    resize = _oriented_resize(source, resize)
    box = _target_box(source, resize)
    if box is None:
        return _fit_whole_image(source, _scale_from_one_side(source, resize), resize)
    scale_x, scale_y = Fraction(box.width, source.width), Fraction(box.height, source.height)
    match resize.fit:
        case Fit.INSIDE:
            return _fit_whole_image(source, min(scale_x, scale_y), resize)
        case Fit.OUTSIDE:
            return _fit_whole_image(source, max(scale_x, scale_y), resize)
        case Fit.CONTAIN:
            return _fit_contain(source, _clamp_box(box, resize), resize)
        case Fit.FILL:
            box = _clamp_box(_shrink_box(box, max(scale_x, scale_y), resize), resize)
            return FitResult(box, box)
        case Fit.COVER:
            return _fit_cover(source, _clamp_box(_shrink_box(box, max(scale_x, scale_y), resize), resize))


def _oriented_resize(source: Size, resize: Resize) -> Resize:
    """An adaptive box the way the picture lies; a square is content with any."""
    shape = (resize.width, resize.height)
    if not all(shape) and resize.aspect:
        shape = (resize.aspect.width, resize.aspect.height)
    if not resize.adaptive or not all(shape) or (source.width - source.height) * (shape[0] - shape[1]) >= 0:
        return resize
    aspect = resize.aspect and Aspect(resize.aspect.height, resize.aspect.width)
    return replace(resize, width=resize.height, height=resize.width, aspect=aspect)


def _target_box(source: Size, resize: Resize) -> Size | None:
    """Two sides, said or following from a shape alone."""
    if resize.width and resize.height:
        return Size(resize.width, resize.height)
    if resize.width or resize.height or not resize.aspect:
        return None
    shape = Fraction(resize.aspect.width, resize.aspect.height)
    choose = max if resize.fit is Fit.CONTAIN else min
    width = choose(Fraction(source.width), source.height * shape) * exact_fraction(resize.zoom)
    return Size(round_length(width), round_length(width / shape))


def _scale_from_one_side(source: Size, resize: Resize) -> Fraction:
    """One side asked for, or none: the other follows from the picture's shape."""
    if resize.width:
        return Fraction(resize.width, source.width)
    if resize.height:
        return Fraction(resize.height, source.height)
    return exact_fraction(resize.zoom)


def _fit_whole_image(source: Size, scale: Fraction, resize: Resize) -> FitResult:
    """All of the picture, in its shape."""
    scaled = source.scaled(_clamp_scale(_cap_without_enlarging(scale, resize), source, resize))
    return FitResult(scaled, scaled)


def _fit_contain(source: Size, box: Size, resize: Resize) -> FitResult:
    scale = min(Fraction(box.width, source.width), Fraction(box.height, source.height))
    scaled = source.scaled(_cap_without_enlarging(scale, resize))
    return FitResult(scaled, scaled, box)


def _fit_cover(source: Size, box: Size) -> FitResult:
    scaled = source.scaled(max(Fraction(box.width, source.width), Fraction(box.height, source.height)))
    return FitResult(Size(max(scaled.width, box.width), max(scaled.height, box.height)), box)


def _cap_without_enlarging(scale: Fraction, resize: Resize) -> Fraction:
    return scale if resize.enlarge or scale.numerator <= scale.denominator else _UNSCALED


def _shrink_box(box: Size, scale: Fraction, resize: Resize) -> Size:
    """The box made smaller, keeping its shape, until a picture scaled by ``scale`` needs no enlarging."""
    return box if resize.enlarge or scale <= 1 else box.scaled(1 / scale)


def _clamp_box(box: Size, resize: Resize) -> Size:
    scale = _clamp_scale(_UNSCALED, box, resize)
    return box if scale == _UNSCALED else box.scaled(scale)


def _clamp_scale(scale: Fraction, size: Size, resize: Resize) -> Fraction:
    """By how much ``size`` is multiplied, so that it is at most and, before all, at least what is asked for."""
    if resize.max_width:
        scale = min(scale, Fraction(resize.max_width, size.width))
    if resize.max_height:
        scale = min(scale, Fraction(resize.max_height, size.height))
    if resize.min_width or resize.min_height:
        scale = max(scale, Fraction(resize.min_width, size.width), Fraction(resize.min_height, size.height))
    return scale
