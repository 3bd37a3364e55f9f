"""All sizes and boxes of a render, resolved before the first pixel moves: integers in, integers out.

How large things become is in ``fitting.py``, where they lie in ``placing.py``, how lengths are rounded in ``lengths.py``.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, cos, radians, sin

from pixmill.errors import InvalidParameter, PixmillError, ResultTooLarge
from pixmill.plan.fitting import fit
from pixmill.plan.gravity import Faces, Smart
from pixmill.plan.lengths import Box, Size, exact_fraction, round_position
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, CropUnit, Plan, Stage
from pixmill.plan.placement import image_position, window_position
from pixmill.plan.transforms import Extend, FreeRotation

_TRIGONOMETRY_ERROR_PX = 1e-9
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
    window_offset: tuple[int, int]
    smart_crop: bool
    rotated: Size
    offset: tuple[int, int]
    output: Size

    @property
    def needs_resampling(self) -> bool:
        return self.scaled != self.crop.size

    @property
    def needs_padding(self) -> bool:
        return self.output != self.rotated


def resolve_all(source: Size, plan: Plan, limits: Limits) -> tuple[Geometry, ...]:
    """The geometry of each stage of ``plan``, the first on a picture whose size, as displayed and trimmed, is ``source``.

    Raises as ``resolve`` does, and says which stage it was unless it was the first.
    """
    geometries = [resolve(source, plan, limits)]
    for number, stage in enumerate(plan.stages, 2):
        try:
            geometries.append(resolve(geometries[-1].output, stage, limits))
        except PixmillError as error:
            raise error.with_subject(stage_name(number), "then") from error
    return tuple(geometries)


def stage_name(number: int) -> str:
    """What a stage is called: people count from 1, and the first is the request itself."""
    return f"Stage {number}"


def resolve(source: Size, plan: Stage, limits: Limits) -> Geometry:
    """The geometry of one stage on a picture of size ``source``.

    Raises InvalidParameter for a crop that lies outside the picture, ResultTooLarge for a result beyond the limits.
    """
    oriented = source.transposed if plan.rotate % 180 else source
    crop = resolve_crop(oriented, plan.crop)
    fitted = fit(crop.size, plan.resize)
    gravity, extend = plan.resize.gravity, plan.extend
    rotated = _rotated_size(fitted.window, plan.rotate_free)
    canvas = _canvas_size(rotated, fitted.canvas)
    left, top = image_position(canvas, rotated, gravity)
    geometry = Geometry(
        source=oriented,
        crop=crop,
        scaled=fitted.scaled,
        window=fitted.window,
        window_offset=window_position(fitted.scaled, fitted.window, gravity),
        smart_crop=isinstance(gravity, Smart | Faces) and fitted.scaled != fitted.window,
        rotated=rotated,
        offset=(left + extend.left, top + extend.top),
        output=_extended_size(canvas, extend),
    )
    _check_limits(geometry, limits)
    return geometry


def resolve_crop(source: Size, crop: Crop | None) -> Box:
    """The box of ``crop`` in whole pixels, cut at the picture's edges."""
    if crop is None:
        return Box(0, 0, source.width, source.height)
    unit_x = Fraction(source.width, 100) if crop.unit is CropUnit.PERCENT else Fraction(1)
    unit_y = Fraction(source.height, 100) if crop.unit is CropUnit.PERCENT else Fraction(1)
    left, width = _span(exact_fraction(crop.left) * unit_x, exact_fraction(crop.width) * unit_x, source.width)
    top, height = _span(exact_fraction(crop.top) * unit_y, exact_fraction(crop.height) * unit_y, source.height)
    return Box(left, top, width, height)


def _span(start: Fraction, length: Fraction, limit: int) -> tuple[int, int]:
    if start >= limit:
        msg = "The crop begins outside the picture"
        raise InvalidParameter(msg, param="crop")
    first = min(round_position(start), limit - 1)
    last = min(limit, round_position(start + length))
    return first, max(1, last - first)


def _rotated_size(size: Size, rotation: FreeRotation | None) -> Size:
    """The smallest upright box around a picture turned by any angle, in whole pixels."""
    if rotation is None:
        return size
    cosine, sine = abs(cos(radians(rotation.degrees))), abs(sin(radians(rotation.degrees)))
    width, height = size.width * cosine + size.height * sine, size.width * sine + size.height * cosine
    return Size(max(1, ceil(width - _TRIGONOMETRY_ERROR_PX)), max(1, ceil(height - _TRIGONOMETRY_ERROR_PX)))


def _canvas_size(image: Size, canvas: Size | None) -> Size:
    """The canvas, as large as the picture at least."""
    if canvas is None:
        return image
    return Size(max(canvas.width, image.width), max(canvas.height, image.height))


def _extended_size(canvas: Size, extend: Extend) -> Size:
    return Size(canvas.width + extend.left + extend.right, canvas.height + extend.top + extend.bottom)


def _check_limits(geometry: Geometry, limits: Limits) -> None:
    """``scaled`` may be longer than any result, as a panorama that is cut to a square is; its pixels count."""
    output = geometry.output
    if max(output.width, output.height) > limits.max_result_side:
        msg = f"No side of the result may be longer than {limits.max_result_side} pixels"
        raise ResultTooLarge(msg)
    if max(geometry.scaled.pixels, output.pixels) > limits.max_result_pixels:
        msg = f"The result may have at most {limits.max_result_pixels} pixels"
        raise ResultTooLarge(msg)
