"""All sizes and boxes of a render, resolved before any pixel is processed: integers in, integers out.

Sizes are computed in ``fitting.py``, ``fit_rules.py`` and ``canvas.py``, positions in ``placement.py``, roundings in
``lengths.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import cos, radians, sin
from typing import NamedTuple

from msgspec.structs import replace

from pixmill.errors import PixmillError, ResultTooLarge
from pixmill.plan.canvas import canvas_size, in_pixels
from pixmill.plan.close_up import close_up, may_close_up
from pixmill.plan.cropping import resolve_crop
from pixmill.plan.fit_rules import fit_by_rules
from pixmill.plan.fitting import FitResult, clamped_by_original, shrink_fit
from pixmill.plan.gravity import Faces, Gravity, Point, Smart
from pixmill.plan.lengths import Box, RealSize, RoundingMode, Size, round_length
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Clamp, CropWindow, Plan, Stage
from pixmill.plan.placement import image_position, window_position
from pixmill.plan.relative_sides import absolute_resize
from pixmill.plan.transforms import FreeRotation

_TRIGONOMETRY_ERROR_PX = 1e-9
"""The error of sine and cosine, in pixels, for which no row is added or taken away."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """The geometry of one stage on an oriented image of size ``source``.

    Its ``crop`` is resampled to ``scaled``. A ``window`` is cropped from that at ``window_offset``, or, if
    ``smart_crop``, where the engine finds the most salient region; if ``smart_window``, so is the crop itself, which is
    centred until then. Rotated by any angle it has the size ``rotated``, and is placed at ``offset`` on a canvas of
    size ``output``.
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
    smart_window: bool = False
    may_close_up: bool = False

    @property
    def is_placed_by_pixels(self) -> bool:
        """Whether the crop or the window depends on the pixels."""
        return self.smart_window or self.smart_crop

    @property
    def searched(self) -> Box:
        """The part of ``source`` in which the crop or the window is placed."""
        return Box.whole(self.source) if self.smart_window else self.crop

    @property
    def searched_scaled(self) -> Size:
        """The size of ``searched`` at the scale of the result."""
        if not self.smart_window:
            return self.scaled
        return Size(
            round_length(Fraction(self.source.width * self.scaled.width, self.crop.width)),
            round_length(Fraction(self.source.height * self.scaled.height, self.crop.height)),
        )

    @property
    def rendered(self) -> Size:
        """The size of what is decoded: for a close-up, of which the scale is not known yet, that of the original."""
        if self.is_placed_by_pixels:
            return self.searched.size if self.may_close_up else self.searched_scaled
        return self.window

    @property
    def needs_resampling(self) -> bool:
        return self.scaled != self.crop.size

    @property
    def needs_padding(self) -> bool:
        return self.output != self.rotated


def resolve_all(source: Size, plan: Plan, limits: Limits, exact_source: RealSize | None = None) -> tuple[Geometry, ...]:
    """Resolve the geometry of each stage, the first on an image whose size, oriented and trimmed, is ``source``.

    ``exact_source`` is that of a vector drawing: the shape follows it.

    Raises as ``resolve`` does; the error names the stage unless it is the first.
    """
    first = resolve(source, plan, limits, exact_source)
    return (first, *resolve_stages(first.output, plan.stages, limits))


def resolve_stages(
    source: Size, stages: Sequence[Stage], limits: Limits, first_number: int = 2
) -> tuple[Geometry, ...]:
    """Resolve the geometry of stages after the first. Borders that are trimmed count, unless ``source`` is without."""
    geometries: list[Geometry] = []
    for number, stage in enumerate(stages, first_number):
        try:
            geometries.append(resolve(source, stage, limits))
        except PixmillError as error:
            raise error.with_subject(stage_name(number), "then") from error
        source = geometries[-1].output
    return tuple(geometries)


def stage_name(number: int) -> str:
    """Return the name of a stage in messages, counted from 1; the first is the request itself."""
    return f"Stage {number}"


def resolve(source: Size, plan: Stage, limits: Limits, exact_source: RealSize | None = None) -> Geometry:
    """Resolve the geometry of one stage on an image of size ``source``.

    Raises InvalidParameter for a crop outside the image, ResultTooLarge for a result beyond the limits.
    """
    if plan.resize.clamp is Clamp.ORIGINAL:
        plan = replace(plan, resize=clamped_by_original(source, plan.resize))
    oriented = source.transposed if plan.rotate % 180 else source
    crop = resolve_crop(oriented, plan.crop)
    exact_crop = _exact_crop(crop, oriented, plan, exact_source)
    fitted = fit_by_rules(
        exact_crop,
        absolute_resize(exact_crop, plan.resize),
        has_canvas=plan.canvas is not None and plan.canvas.aspect is None,
    )
    fitted = close_up(exact_crop, fitted, plan.resize, crop)
    layout = _lay_out(fitted, plan, crop)
    longest = max(layout.output.sides)
    if 0 < plan.resize.max_side < longest:
        fitted = shrink_fit(exact_crop, fitted, Fraction(plan.resize.max_side, longest), plan.resize.rounding)
        layout = _lay_out(fitted, plan, crop)
    geometry = Geometry(
        source=oriented,
        crop=crop,
        scaled=fitted.scaled,
        window=layout.window,
        window_offset=layout.window_offset,
        smart_crop=isinstance(plan.resize.gravity, Smart | Faces)
        and (fitted.scaled != layout.window or may_close_up(plan.resize)),
        rotated=layout.rotated,
        offset=layout.offset,
        output=layout.output,
        smart_window=isinstance(plan.crop, CropWindow)
        and isinstance(plan.crop.gravity, Smart | Faces)
        and crop.size != oriented,
        may_close_up=may_close_up(plan.resize),
    )
    check_result_size(geometry.output, limits)
    return geometry


def _exact_crop(crop: Box, oriented: Size, plan: Stage, exact_source: RealSize | None) -> Size | RealSize:
    if exact_source is None:
        return crop.size
    return (exact_source.transposed if plan.rotate % 180 else exact_source).part(crop.size, oriented)


def _rotated_size(size: Size, rotation: FreeRotation | None) -> Size:
    """Return the bounding box of a rotated image in whole pixels."""
    if rotation is None:
        return size
    cosine, sine = abs(cos(radians(rotation.degrees))), abs(sin(radians(rotation.degrees)))
    width, height = size.width * cosine + size.height * sine, size.width * sine + size.height * cosine
    error = -_TRIGONOMETRY_ERROR_PX if rotation.rounding is RoundingMode.CEIL else _TRIGONOMETRY_ERROR_PX
    return Size(round_length(width + error, rotation.rounding), round_length(height + error, rotation.rounding))


class _Layout(NamedTuple):
    """What is shown of the scaled image, and where it lies in the result."""

    window: Size
    window_offset: tuple[int, int]
    rotated: Size
    offset: tuple[int, int]
    output: Size


def _lay_out(fitted: FitResult, plan: Stage, crop: Box) -> _Layout:
    """Place the window in the scaled image and the image on its canvas, and add the padding."""
    anchor = _scaled_offsets(plan.resize.gravity, fitted.dpr)
    window, window_offset = fitted.window, window_position(fitted.scaled, fitted.window, anchor, crop)
    canvas = fitted.canvas
    if plan.canvas:
        anchor = _scaled_offsets(plan.canvas.gravity, fitted.dpr)
        canvas = canvas_size(plan.canvas, window, fitted.dpr)
        shown = Size(min(window.width, canvas.width), min(window.height, canvas.height))
        left, top = window_position(window, shown, anchor)
        window, window_offset = shown, (window_offset[0] + left, window_offset[1] + top)
    rotated = _rotated_size(window, plan.rotate_free)
    canvas = _canvas_size(rotated, canvas)
    left, top = image_position(canvas, rotated, anchor)
    above, beyond, below, before = in_pixels(plan.extend, canvas, fitted.dpr)
    output = Size(canvas.width + before + beyond, canvas.height + above + below)
    return _Layout(window, window_offset, rotated, (left + before, top + above), output)


def _scaled_offsets(gravity: Gravity, dpr: Fraction) -> Gravity:
    """Multiply the offsets of a gravity by a device pixel ratio, halves to even."""
    if dpr == 1 or not isinstance(gravity, Point):
        return gravity
    return replace(gravity, offset_x=round(gravity.offset_x * dpr), offset_y=round(gravity.offset_y * dpr))


def _canvas_size(image: Size, canvas: Size | None) -> Size:
    """Return the canvas, at least as large as the image."""
    if canvas is None:
        return image
    return Size(max(canvas.width, image.width), max(canvas.height, image.height))


def check_result_size(output: Size, limits: Limits) -> None:
    """Check the result, the largest image that is made: of ``scaled`` only the window is ever resampled.

    Raises ResultTooLarge.
    """
    if max(output.width, output.height) > limits.max_result_side:
        raise ResultTooLarge(f"No side of the result may be longer than {limits.max_result_side} pixels")
    if output.pixels > limits.max_result_pixels:
        raise ResultTooLarge(f"The result may have at most {limits.max_result_pixels} pixels")
