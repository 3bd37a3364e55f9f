"""Sizes and boxes, resolved before the first pixel moves: integers in, integers out.

The one rounding rule: a length is computed exactly, as a fraction, and rounded half up to a whole
pixel, never below 1.

When nothing may be enlarged, ``cover`` and ``fill`` shrink the box, keeping its shape, until
the picture needs no enlarging; ``contain`` keeps the box and leaves the picture at its own size in the middle of it.
"""

from dataclasses import dataclass
from fractions import Fraction

from pixmill.errors import InvalidParameter, ResultTooLarge
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, Fit, Plan, Point, Resize, Smart, Unit


@dataclass(frozen=True, slots=True)
class Size:
    """A width and a height in pixels, both at least 1."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def turned(self) -> "Size":
        """The same, lying on its side."""
        return Size(self.height, self.width)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels inside a picture."""

    left: int
    top: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)


@dataclass(frozen=True, slots=True)
class Geometry:
    """What happens to a turned picture of size ``source``.

    ``crop`` of it is resampled to ``scaled``; of that a ``window`` is cut, placed by ``window_at``, or,
    when ``smart``, wherever the engine finds most to see; the window lies at ``offset`` on a canvas of size ``output``.
    """

    source: Size
    crop: Box
    scaled: Size
    window: Size
    window_at: tuple[int, int]
    smart: bool
    offset: tuple[int, int]
    output: Size

    @property
    def resamples(self) -> bool:
        return self.scaled != self.crop.size

    @property
    def pads(self) -> bool:
        return self.output != self.window


def round_half_up(length: Fraction | float) -> int:
    """The one rounding rule for lengths: half up, never below 1."""
    return max(1, _half_up(Fraction(length)))


def resolve(source: Size, plan: Plan, limits: Limits) -> Geometry:
    """The geometry of ``plan`` on a picture whose size, as displayed, is ``source``.

    Raises InvalidParameter for a crop that lies outside the picture, ResultTooLarge for a result beyond the limits.
    """
    turned = source.turned if plan.rotate % 180 else source
    crop = resolve_crop(turned, plan.crop)
    scaled, window, output = _fit(crop.size, plan.resize)
    _check(scaled, output, limits)
    return Geometry(
        source=turned,
        crop=crop,
        scaled=scaled,
        window=window,
        window_at=_place(scaled, window, plan.resize.gravity),
        smart=isinstance(plan.resize.gravity, Smart) and scaled != window,
        offset=((output.width - window.width) // 2, (output.height - window.height) // 2),
        output=output,
    )


def resolve_crop(source: Size, crop: Crop | None) -> Box:
    """The box of ``crop`` in whole pixels, cut at the picture's edges."""
    if crop is None:
        return Box(0, 0, source.width, source.height)
    across = Fraction(source.width, 100) if crop.unit is Unit.PERCENT else Fraction(1)
    down = Fraction(source.height, 100) if crop.unit is Unit.PERCENT else Fraction(1)
    left, width = _span(_exact(crop.left) * across, _exact(crop.width) * across, source.width)
    top, height = _span(_exact(crop.top) * down, _exact(crop.height) * down, source.height)
    return Box(left, top, width, height)


def _span(start: Fraction, length: Fraction, limit: int) -> tuple[int, int]:
    if start >= limit:
        msg = "The crop begins outside the picture"
        raise InvalidParameter(msg, param="crop")
    first = min(_half_up(start), limit - 1)
    last = min(limit, _half_up(start + length))
    return first, max(1, last - first)


def _exact(number: float) -> Fraction:
    """The decimal that was written, not the binary number next to it: 0.3 % of 500 is 1.5, not a little less."""
    return Fraction(repr(number))


def _half_up(length: Fraction) -> int:
    return (length + Fraction(1, 2)).__floor__()


def _fit(source: Size, resize: Resize) -> tuple[Size, Size, Size]:
    """Scaled size, window and canvas."""
    if not resize.width or not resize.height:
        scaled = _one_side(source, resize)
        return scaled, scaled, scaled
    across = Fraction(resize.width, source.width)
    down = Fraction(resize.height, source.height)
    box = Size(resize.width, resize.height)
    match resize.fit:
        case Fit.INSIDE:
            scaled = _scale(source, _cap(min(across, down), resize))
            return scaled, scaled, scaled
        case Fit.OUTSIDE:
            scaled = _scale(source, _cap(max(across, down), resize))
            return scaled, scaled, scaled
        case Fit.CONTAIN:
            scaled = _scale(source, _cap(min(across, down), resize))
            return scaled, scaled, box
        case Fit.FILL:
            box = _shrink(box, max(across, down), resize)
            return box, box, box
        case Fit.COVER:
            box = _shrink(box, max(across, down), resize)
            scale = max(Fraction(box.width, source.width), Fraction(box.height, source.height))
            scaled = _at_least(_scale(source, scale), box)
            return scaled, box, box


def _one_side(source: Size, resize: Resize) -> Size:
    """One side asked for, or none: the other follows from the picture's shape."""
    if resize.width:
        scale = Fraction(resize.width, source.width)
    elif resize.height:
        scale = Fraction(resize.height, source.height)
    else:
        scale = Fraction(1)
    return _scale(source, _cap(scale, resize))


def _cap(scale: Fraction, resize: Resize) -> Fraction:
    return scale if resize.enlarge else min(scale, Fraction(1))


def _scale(size: Size, scale: Fraction) -> Size:
    return Size(round_half_up(size.width * scale), round_half_up(size.height * scale))


def _shrink(box: Size, scale: Fraction, resize: Resize) -> Size:
    """The box made smaller, keeping its shape, until a picture scaled by ``scale`` needs no enlarging."""
    return box if resize.enlarge or scale <= 1 else _scale(box, 1 / scale)


def _at_least(size: Size, box: Size) -> Size:
    return Size(max(size.width, box.width), max(size.height, box.height))


def _place(scaled: Size, window: Size, gravity: Point | Smart) -> tuple[int, int]:
    if isinstance(gravity, Smart):
        gravity = Point()
    return (
        _centred(scaled.width, window.width, gravity.x),
        _centred(scaled.height, window.height, gravity.y),
    )


def _centred(length: int, window: int, at: float) -> int:
    """Where a window begins that is centred on the fraction ``at`` of a length, as far as the edges allow."""
    start = _half_up(_exact(at) * length - Fraction(window, 2))
    return min(max(start, 0), length - window)


def _check(scaled: Size, output: Size, limits: Limits) -> None:
    """``scaled`` may be longer than any result, as a panorama that is cut to a square is; its pixels count."""
    if max(output.width, output.height) > limits.max_result_side:
        msg = f"No side of the result may be longer than {limits.max_result_side} pixels"
        raise ResultTooLarge(msg)
    if max(scaled.pixels, output.pixels) > limits.max_result_pixels:
        msg = f"The result may have at most {limits.max_result_pixels} pixels"
        raise ResultTooLarge(msg)
