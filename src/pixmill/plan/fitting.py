"""How large a picture and its window become: integers in, integers out.

When nothing may be enlarged, ``cover`` and ``fill`` shrink the box, keeping its shape, until the picture needs no enlarging;
``contain`` keeps the box. Bounds come after that: most sizes scale the result down, least sizes, which hold in any case, up; both keep its shape.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.plan.lengths import Size, exact, round_half_up
from pixmill.plan.ops import Aspect, Fit, Resize

_AS_IT_IS: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A picture ``scaled``, the ``window`` that is cut from it, and the ``canvas`` for it where one was asked for."""

    scaled: Size
    window: Size
    canvas: Size | None = None


def fit(source: Size, resize: Resize) -> Fitted:
    """The picture as the box wants it."""
    resize = _laid(source, resize)
    box = _box(source, resize)
    if box is None:
        return _whole(source, _one_side(source, resize), resize)
    across, down = Fraction(box.width, source.width), Fraction(box.height, source.height)
    match resize.fit:
        case Fit.INSIDE:
            return _whole(source, min(across, down), resize)
        case Fit.OUTSIDE:
            return _whole(source, max(across, down), resize)
        case Fit.CONTAIN:
            return _contained(source, _bound(box, resize), resize)
        case Fit.FILL:
            box = _bound(_shrunk(box, max(across, down), resize), resize)
            return Fitted(box, box)
        case Fit.COVER:
            return _covering(source, _bound(_shrunk(box, max(across, down), resize), resize))


def _laid(source: Size, resize: Resize) -> Resize:
    """An adaptive box the way the picture lies; a square is content with any."""
    shape = (resize.width, resize.height)
    if not all(shape) and resize.aspect:
        shape = (resize.aspect.width, resize.aspect.height)
    if not resize.adaptive or not all(shape) or (source.width - source.height) * (shape[0] - shape[1]) >= 0:
        return resize
    aspect = resize.aspect and Aspect(resize.aspect.height, resize.aspect.width)
    return replace(resize, width=resize.height, height=resize.width, aspect=aspect)


def _box(source: Size, resize: Resize) -> Size | None:
    """Two sides, said or following from a shape alone."""
    if resize.width and resize.height:
        return Size(resize.width, resize.height)
    if resize.width or resize.height or not resize.aspect:
        return None
    shape = Fraction(resize.aspect.width, resize.aspect.height)
    choose = max if resize.fit is Fit.CONTAIN else min
    width = choose(Fraction(source.width), source.height * shape) * exact(resize.zoom)
    return Size(round_half_up(width), round_half_up(width / shape))


def _one_side(source: Size, resize: Resize) -> Fraction:
    """One side asked for, or none: the other follows from the picture's shape."""
    if resize.width:
        return Fraction(resize.width, source.width)
    if resize.height:
        return Fraction(resize.height, source.height)
    return exact(resize.zoom)


def _whole(source: Size, scale: Fraction, resize: Resize) -> Fitted:
    """All of the picture, in its shape."""
    scaled = source.times(_bounded(_capped(scale, resize), source, resize))
    return Fitted(scaled, scaled)


def _contained(source: Size, box: Size, resize: Resize) -> Fitted:
    scale = min(Fraction(box.width, source.width), Fraction(box.height, source.height))
    scaled = source.times(_capped(scale, resize))
    return Fitted(scaled, scaled, box)


def _covering(source: Size, box: Size) -> Fitted:
    scaled = source.times(max(Fraction(box.width, source.width), Fraction(box.height, source.height)))
    return Fitted(Size(max(scaled.width, box.width), max(scaled.height, box.height)), box)


def _capped(scale: Fraction, resize: Resize) -> Fraction:
    return scale if resize.enlarge or scale.numerator <= scale.denominator else _AS_IT_IS


def _shrunk(box: Size, scale: Fraction, resize: Resize) -> Size:
    """The box made smaller, keeping its shape, until a picture scaled by ``scale`` needs no enlarging."""
    return box if resize.enlarge or scale <= 1 else box.times(1 / scale)


def _bound(box: Size, resize: Resize) -> Size:
    scale = _bounded(_AS_IT_IS, box, resize)
    return box if scale == _AS_IT_IS else box.times(scale)


def _bounded(scale: Fraction, size: Size, resize: Resize) -> Fraction:
    """By how much ``size`` is multiplied, so that it is at most and, before all, at least what is asked for."""
    if resize.max_width:
        scale = min(scale, Fraction(resize.max_width, size.width))
    if resize.max_height:
        scale = min(scale, Fraction(resize.max_height, size.height))
    if resize.min_width or resize.min_height:
        scale = max(scale, Fraction(resize.min_width, size.width), Fraction(resize.min_height, size.height))
    return scale
