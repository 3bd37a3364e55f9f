"""All sizes and boxes of a render, resolved before the first pixel moves: integers in, integers out.

How large things become is in ``fitting.py``, where they lie in ``placing.py``, how lengths are rounded in ``lengths.py``.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, cos, radians, sin

from pixmill.errors import InvalidParameter, PixmillError, ResultTooLarge
from pixmill.plan.extend import Extend
from pixmill.plan.fitting import fit
from pixmill.plan.lengths import Box as Box  # noqa: PLC0414 - a word of geometry that others take from here
from pixmill.plan.lengths import Size as Size  # noqa: PLC0414 - as above
from pixmill.plan.lengths import exact, half_up
from pixmill.plan.lengths import round_half_up as round_half_up  # noqa: PLC0414 - as above
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, Plan, Stage, Unit
from pixmill.plan.places import Faces, Smart
from pixmill.plan.placing import picture_at, window_at
from pixmill.plan.spin import Spin

_NOISE = 1e-9
"""What sine and cosine may be off, in pixels, without a whole row being added for it."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """What happens to a turned picture of size ``source``.

    ``crop`` of it is resampled to ``scaled``; of that a ``window`` is cut, placed by ``window_at``, or,
    when ``smart``, wherever the engine finds most to see; turned by any angle it fills ``spun``, which lies at
    ``offset`` on a canvas of size ``output``.
    """

    source: Size
    crop: Box
    scaled: Size
    window: Size
    window_at: tuple[int, int]
    smart: bool
    spun: Size
    offset: tuple[int, int]
    output: Size

    @property
    def resamples(self) -> bool:
        return self.scaled != self.crop.size

    @property
    def pads(self) -> bool:
        return self.output != self.spun


def resolve_all(source: Size, plan: Plan, limits: Limits) -> tuple[Geometry, ...]:
    """The geometry of each stage of ``plan``, the first on a picture whose size, as displayed and trimmed, is ``source``.

    Raises as ``resolve`` does, and says which stage it was unless it was the first.
    """
    found = [resolve(source, plan, limits)]
    for number, stage in enumerate(plan.stages, 2):
        try:
            found.append(resolve(found[-1].output, stage, limits))
        except PixmillError as error:
            raise error.about(stage_name(number), "then") from error
    return tuple(found)


def stage_name(number: int) -> str:
    """What a stage is called: people count from 1, and the first is the request itself."""
    return f"Stage {number}"


def resolve(source: Size, plan: Stage, limits: Limits) -> Geometry:
    """The geometry of one stage on a picture of size ``source``.

    Raises InvalidParameter for a crop that lies outside the picture, ResultTooLarge for a result beyond the limits.
    """
    turned = source.turned if plan.rotate % 180 else source
    crop = resolve_crop(turned, plan.crop)
    fitted = fit(crop.size, plan.resize)
    gravity, extend = plan.resize.gravity, plan.extend
    spun = _spun(fitted.window, plan.spin)
    canvas = _holding(spun, fitted.canvas)
    left, top = picture_at(canvas, spun, gravity)
    geometry = Geometry(
        source=turned,
        crop=crop,
        scaled=fitted.scaled,
        window=fitted.window,
        window_at=window_at(fitted.scaled, fitted.window, gravity),
        smart=isinstance(gravity, Smart | Faces) and fitted.scaled != fitted.window,
        spun=spun,
        offset=(left + extend.left, top + extend.top),
        output=_padded(canvas, extend),
    )
    _check(geometry, limits)
    return geometry


def resolve_crop(source: Size, crop: Crop | None) -> Box:
    """The box of ``crop`` in whole pixels, cut at the picture's edges."""
    if crop is None:
        return Box(0, 0, source.width, source.height)
    across = Fraction(source.width, 100) if crop.unit is Unit.PERCENT else Fraction(1)
    down = Fraction(source.height, 100) if crop.unit is Unit.PERCENT else Fraction(1)
    left, width = _span(exact(crop.left) * across, exact(crop.width) * across, source.width)
    top, height = _span(exact(crop.top) * down, exact(crop.height) * down, source.height)
    return Box(left, top, width, height)


def _span(start: Fraction, length: Fraction, limit: int) -> tuple[int, int]:
    if start >= limit:
        msg = "The crop begins outside the picture"
        raise InvalidParameter(msg, param="crop")
    first = min(half_up(start), limit - 1)
    last = min(limit, half_up(start + length))
    return first, max(1, last - first)


def _spun(size: Size, spin: Spin | None) -> Size:
    """The smallest upright box around a picture turned by any angle, in whole pixels."""
    if spin is None:
        return size
    across, down = abs(cos(radians(spin.degrees))), abs(sin(radians(spin.degrees)))
    width, height = size.width * across + size.height * down, size.width * down + size.height * across
    return Size(max(1, ceil(width - _NOISE)), max(1, ceil(height - _NOISE)))


def _holding(picture: Size, canvas: Size | None) -> Size:
    """The canvas, as large as the picture at least."""
    if canvas is None:
        return picture
    return Size(max(canvas.width, picture.width), max(canvas.height, picture.height))


def _padded(canvas: Size, extend: Extend) -> Size:
    return Size(canvas.width + extend.left + extend.right, canvas.height + extend.top + extend.bottom)


def _check(geometry: Geometry, limits: Limits) -> None:
    """``scaled`` may be longer than any result, as a panorama that is cut to a square is; its pixels count."""
    output = geometry.output
    if max(output.width, output.height) > limits.max_result_side:
        msg = f"No side of the result may be longer than {limits.max_result_side} pixels"
        raise ResultTooLarge(msg)
    if max(geometry.scaled.pixels, output.pixels) > limits.max_result_pixels:
        msg = f"The result may have at most {limits.max_result_pixels} pixels"
        raise ResultTooLarge(msg)
