"""The size of the scaled image and of the window cropped from it: integers in, integers out; vector drawings have real
sides.

Without enlarging, ``cover`` and ``fill`` shrink the box, keeping its shape, until the image needs no enlarging;
``contain`` keeps the box. With ``Clamp.SIDES`` each side of the box, also of ``contain``, is at most that of the image;
with ``Clamp.BOX`` the box is shrunk into the image first, keeping its shape, and every fit follows from that.
Without shrinking, the same holds the other way round: the box grows. Limits are applied last and keep the shape:
maximum sizes scale down, or are refused, then minimum sizes, which take precedence, scale up.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Final

from msgspec.structs import replace

from pixmill.errors import InvalidParameter
from pixmill.plan.lengths import RealSize, RoundingMode, Size, exact_fraction, round_length
from pixmill.plan.ops import Aspect, Clamp, Fit, Resize

_UNSCALED: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class FitResult:
    """The ``scaled`` image, the ``window`` cropped from it, and the ``canvas`` around it, if one is requested.

    ``scale`` is the exact factor of both sides, None if they have one each. ``dpr`` is the ratio by which lengths in
    CSS pixels are still to be multiplied.
    """

    scaled: Size
    window: Size
    canvas: Size | None = None
    scale: Fraction | None = None
    dpr: Fraction = _UNSCALED

    @property
    def output(self) -> Size:
        return self.canvas or self.window


def fit(source: Size | RealSize, resize: Resize) -> FitResult:
    """Fit an image of size ``source`` to the box."""
    resize = oriented_resize(source, resize)
    box = _target_box(source, resize)
    if box is None:
        return _fit_whole_image(source, _scale_from_one_side(source, resize), resize)
    if resize.clamp is Clamp.BOX and not resize.enlarge:
        box = _box_in_image(source, box)
    scale_x, scale_y = Fraction(box.width, source.width), Fraction(box.height, source.height)
    match resize.fit:
        case Fit.INSIDE:
            return _fit_whole_image(source, min(scale_x, scale_y), resize)
        case Fit.OUTSIDE:
            return _fit_whole_image(source, max(scale_x, scale_y), resize)
        case Fit.CONTAIN:
            if resize.clamp is Clamp.SIDES:
                box = _clamp_sides(source, box, resize)
            return _fit_contain(source, box, resize)
        case Fit.FILL:
            box = _clamp_box(
                _reachable_box(source, box, (min(scale_x, scale_y), max(scale_x, scale_y)), resize), resize
            )
            return FitResult(box, box)
        case _:
            scale = max(scale_x, scale_y)
            return _fit_cover(source, _clamp_box(_reachable_box(source, box, (scale, scale), resize), resize))


def oriented_resize(source: Size | RealSize, resize: Resize) -> Resize:
    """Resolve what depends on the orientation of the image: an adaptive box, then ``Fit.AUTO``."""
    if resize.adaptive:
        resize = _adapted_resize(source, resize)
    if resize.fit is not Fit.AUTO:
        return resize
    has_same_orientation = (source.width >= source.height) == (resize.width >= resize.height)
    is_filled = resize.width and resize.height and has_same_orientation
    return replace(resize, fit=Fit.COVER if is_filled else Fit.INSIDE)


def needed_scale(source: Size | RealSize, resize: Resize) -> Fraction:
    """Return the largest factor that the fit needs for a side of the image, whether it is allowed or not."""
    if not resize.width or not resize.height:
        return _scale_from_one_side(source, resize)
    scales = Fraction(resize.width, source.width), Fraction(resize.height, source.height)
    return min(scales) if resize.fit in (Fit.INSIDE, Fit.CONTAIN) else max(scales)


def _adapted_resize(source: Size | RealSize, resize: Resize) -> Resize:
    """Swap the sides of the box to match the orientation of the image; a square matches any."""
    shape = (resize.width, resize.height)
    if not any(shape) and resize.aspect:
        shape = (resize.aspect.width, resize.aspect.height)
    if not all(shape) or (source.width - source.height) * (shape[0] - shape[1]) >= 0:
        return resize
    aspect = resize.aspect and Aspect(resize.aspect.height, resize.aspect.width)
    return replace(resize, width=resize.height, height=resize.width, aspect=aspect)


def _target_box(source: Size | RealSize, resize: Resize) -> Size | None:
    """Return the box of two sides, given or computed from an aspect ratio alone; None for a box with a free side."""
    if resize.width and resize.height:
        return Size(resize.width, resize.height)
    if resize.rounding is RoundingMode.COMPLETED_BOX and (resize.width or resize.height):
        return _completed_box(source, resize)
    if resize.width or resize.height or not resize.aspect:
        return None
    shape = Fraction(resize.aspect.width, resize.aspect.height)
    choose = max if resize.fit is Fit.CONTAIN else min
    width = choose(Fraction(source.width), source.height * shape) * exact_fraction(resize.zoom)
    return Size(round_length(width, resize.rounding), round_length(width / shape, resize.rounding))


def _completed_box(source: Size | RealSize, resize: Resize) -> Size:
    """Return the box whose free side follows from the aspect ratio of the image."""
    ratio = Fraction(source.width) / Fraction(source.height)
    width = resize.width or round_length(resize.height * ratio, RoundingMode.HALF_EVEN)
    return Size(width, resize.height or round_length(resize.width / ratio, RoundingMode.HALF_EVEN))


def _scale_from_one_side(source: Size | RealSize, resize: Resize) -> Fraction:
    """Return the scale for one side or none; the other follows from the aspect ratio of the image."""
    if resize.width:
        return Fraction(resize.width, source.width)
    if resize.height:
        return Fraction(resize.height, source.height)
    return exact_fraction(resize.zoom)


def _fit_whole_image(source: Size | RealSize, scale: Fraction, resize: Resize) -> FitResult:
    """Scale the whole image, keeping its aspect ratio."""
    scale = _clamp_scale(_allowed_scale(scale, resize), source, resize)
    scaled = _scaled(source, scale, resize)
    if resize.rounding is RoundingMode.DOUBLE_TRUNCATE:
        scaled = _with_given_side(source, scaled, scale, resize)
    return FitResult(scaled, scaled, scale=scale)


def _with_given_side(source: Size | RealSize, scaled: Size, scale: Fraction, resize: Resize) -> Size:
    """Return the size with the side of the box that sets the scale, which is not computed; the height if both do.

    A product in double precision is a little less at most; it may be much less if the area is limited.
    """
    if resize.height and scale == Fraction(resize.height) / source.height:
        return Size(scaled.width, _given(scaled.height, resize.height))
    if resize.width and scale == Fraction(resize.width) / source.width:
        return Size(_given(scaled.width, resize.width), scaled.height)
    return scaled


def _given(computed: int, side: int) -> int:
    return side if computed == side - 1 else computed


def _fit_contain(source: Size | RealSize, box: Size, resize: Resize) -> FitResult:
    """Scale the image into the box; if it may not be shrunk, grow the box around it, and limit both."""
    if resize.shrink:
        box = _clamp_box(box, resize)
    scale = _allowed_scale(min(Fraction(box.width, source.width), Fraction(box.height, source.height)), resize)
    scaled = source.scaled(scale, resize.rounding)
    if not resize.shrink:
        canvas = Size(max(box.width, scaled.width), max(box.height, scaled.height))
        limit = _clamp_scale(_UNSCALED, canvas, resize)
        scale *= limit
        box = _scaled(canvas, limit, resize)
        scaled = _inside(source.scaled(scale, resize.rounding), box)
    return FitResult(scaled, scaled, box, scale)


def _fit_cover(source: Size | RealSize, box: Size) -> FitResult:
    scale = max(Fraction(box.width, source.width), Fraction(box.height, source.height))
    return FitResult(_around(source.scaled(scale), box), box, scale=scale)


def shrink_fit(source: Size | RealSize, fitted: FitResult, factor: Fraction, rounding: RoundingMode) -> FitResult:
    """Multiply all sizes of a fit by a factor below 1, each from its exact length where that is known."""
    scaled = fitted.scaled.scaled(factor, rounding)
    if fitted.scale is not None:
        scaled = source.scaled(fitted.scale * factor, rounding)
    window = fitted.window.scaled(factor, rounding) if fitted.window != fitted.scaled else scaled
    return FitResult(
        _around(scaled, window),
        window,
        fitted.canvas and fitted.canvas.scaled(factor, rounding),
        None if fitted.scale is None else fitted.scale * factor,
        fitted.dpr * factor,
    )


def _around(size: Size, part: Size) -> Size:
    return Size(max(size.width, part.width), max(size.height, part.height))


def _inside(size: Size, whole: Size) -> Size:
    return Size(min(size.width, whole.width), min(size.height, whole.height))


def _allowed_scale(scale: Fraction, resize: Resize) -> Fraction:
    _check_enlarging(scale, resize)
    is_allowed = resize.enlarge if scale.numerator > scale.denominator else resize.shrink
    return scale if is_allowed else _UNSCALED


def _reachable_box(source: Size | RealSize, box: Size, scales: tuple[Fraction, Fraction], resize: Resize) -> Size:
    """Change the box until the image, whose sides need at least and at most these ``scales``, may be scaled to it."""
    smallest, largest = scales
    _check_enlarging(largest, resize)
    if (resize.enlarge or largest <= 1) and (resize.shrink or smallest >= 1):
        return box
    if resize.clamp is Clamp.SIDES or not (resize.enlarge or resize.shrink or smallest == largest):
        return _clamp_sides(source, box, resize)
    return box.scaled(1 / (largest if largest > 1 and not resize.enlarge else smallest), resize.rounding)


def _check_enlarging(scale: Fraction, resize: Resize) -> None:
    if resize.refuse_enlarging and not resize.enlarge and scale > 1:
        raise InvalidParameter("The image would have to be enlarged to this size", param="enlarge")


def clamped_by_original(source: Size | RealSize, resize: Resize) -> Resize:
    """Return the resize to a box that is shrunk into ``source``, to which an image may be enlarged if it may shrink."""
    if resize.enlarge or not (resize.shrink and resize.width and resize.height):
        return replace(resize, clamp=Clamp.SHAPE)
    box = _box_in_image(source, Size(resize.width, resize.height))
    return replace(resize, width=box.width, height=box.height, enlarge=True, clamp=Clamp.SHAPE)


def _box_in_image(source: Size | RealSize, box: Size) -> Size:
    """Shrink the box until it lies in the image, first its width, then its height; each time the other side follows."""
    shape, limits = Fraction(box.width, box.height), source.scaled(_UNSCALED)
    if box.width > limits.width:
        box = Size(limits.width, round_length(limits.width / shape))
    if box.height > limits.height:
        box = Size(round_length(limits.height * shape), limits.height)
    return box


def _clamp_sides(source: Size | RealSize, box: Size, resize: Resize) -> Size:
    """Limit each side of the box by that of the image."""
    return Size(
        _clamp_side(Fraction(source.width), box.width, resize),
        _clamp_side(Fraction(source.height), box.height, resize),
    )


def _clamp_side(limit: Fraction, side: int, resize: Resize) -> int:
    is_allowed = resize.enlarge if side > limit else resize.shrink
    return side if is_allowed else round_length(limit, resize.rounding)


def _clamp_box(box: Size, resize: Resize) -> Size:
    scale = _clamp_scale(_UNSCALED, box, resize)
    return box if scale == _UNSCALED else _scaled(box, scale, resize)


def _scaled(size: Size | RealSize, scale: Fraction, resize: Resize) -> Size:
    """Multiply both sides, then round: down if the area would exceed its maximum otherwise."""
    scaled = size.scaled(scale, resize.rounding)
    if not resize.max_area or scaled.pixels <= resize.max_area or resize.min_width or resize.min_height:
        return scaled
    return size.scaled(scale, RoundingMode.TRUNCATE)


def _clamp_scale(scale: Fraction, size: Size | RealSize, resize: Resize) -> Fraction:
    """Limit the scale of ``size`` to the maximum sizes, then to the minimum sizes, which take precedence.

    Raises InvalidParameter if the maximum sizes are not to be exceeded at all.
    """
    if resize.refuse_exceeding:
        _check_maximums(size.scaled(scale, resize.rounding), resize)
    else:
        scale = _within_maximums(scale, size, resize)
    if resize.min_width or resize.min_height:
        scale = max(scale, Fraction(resize.min_width, size.width), Fraction(resize.min_height, size.height))
    return scale


def _within_maximums(scale: Fraction, size: Size | RealSize, resize: Resize) -> Fraction:
    if resize.max_width:
        scale = min(scale, Fraction(resize.max_width, size.width))
    if resize.max_height:
        scale = min(scale, Fraction(resize.max_height, size.height))
    if resize.max_area:
        scale = min(scale, _scale_to_area(size, resize.max_area))
    return scale


def _scale_to_area(size: Size | RealSize, max_area: int) -> Fraction:
    """Return the square root of the ratio of the areas, rounded down to a multiple of 2^-32."""
    area = Fraction(size.width) * Fraction(size.height)
    return Fraction(isqrt(max_area * area.denominator * _ROOT_UNIT**2 // area.numerator), _ROOT_UNIT)


_ROOT_UNIT: Final = 2**32


def _check_maximums(size: Size, resize: Resize) -> None:
    is_wide = 0 < resize.max_width < size.width
    is_high = 0 < resize.max_height < size.height
    if is_wide or is_high or 0 < resize.max_area < size.pixels:
        raise InvalidParameter("The result would exceed the largest size", param="exceeding")
