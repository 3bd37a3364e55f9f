"""Resampling by other kernels than Lanczos3, in libvips: in linear light or on sRGB values.

libvips reduces by the kernel itself, stretched as needed. It enlarges by an interpolator, here through ``affine``:
``resize`` would shift the image by a fifth of a pixel. Must never know plans.
"""

from math import ceil, floor

import pyvips

from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Area, Frame
from pixmill.engine.raster.linear_light import from_floats, to_floats
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Kernel, ResampleSpace

_XY = tuple[float, float]
"""Horizontal and vertical."""

_ROUNDING_TOLERANCE = 1e-6
"""Rounding errors that an area's edge may have."""

_MAX_REDUCTION = 256
"""libvips has no kernel of more than 2,000 pixels; those stretched further are averaged over blocks first."""
_BLOCK_GAP = 2.0

_INTERPOLATORS = {Kernel.NEAREST: "nearest", Kernel.LINEAR: "bilinear"}


def resample_with_kernel(
    frame: Frame, area: Area, size: Size, kernel: Kernel, space: ResampleSpace = ResampleSpace.LINEAR
) -> Frame:
    """Resize an area whose edges may lie within pixels; a side that shrinks is placed to half a pixel."""
    left, top = floor(area.left + _ROUNDING_TOLERANCE), floor(area.top + _ROUNDING_TOLERANCE)
    right, bottom = (
        ceil(area.left + area.width - _ROUNDING_TOLERANCE),
        ceil(area.top + area.height - _ROUNDING_TOLERANCE),
    )
    image, area = to_vips(frame).crop(left, top, right - left, bottom - top), area.relative_to(left, top)
    scale = size.width / area.width, size.height / area.height
    if kernel is Kernel.NEAREST:
        return from_vips(_interpolate(image, (area.left, area.top), scale, size, kernel), frame)
    image, is_linear = to_floats(image, linear=space is ResampleSpace.LINEAR), space is ResampleSpace.LINEAR
    if min(scale) < 1:
        gap = 0.0 if min(scale) * _MAX_REDUCTION >= 1 else _BLOCK_GAP
        image = image.resize(min(scale[0], 1.0), vscale=min(scale[1], 1.0), kernel=kernel.value, gap=gap)
    corner = (
        area.left if scale[0] >= 1 else _clamped_offset(area.left * scale[0], image.width - size.width),
        area.top if scale[1] >= 1 else _clamped_offset(area.top * scale[1], image.height - size.height),
    )
    return from_vips(
        from_floats(
            _interpolate(image, corner, _upscale_factors(scale), size, kernel),
            linear=is_linear,
            has_alpha=frame.layout.has_alpha,
        ),
        frame,
    )


def _interpolate(image: VipsImage, corner: _XY, scale: _XY, size: Size, kernel: Kernel) -> VipsImage:
    """Enlarge by an interpolator: pixel n of the result has its centre at corner + (n + ½) / scale.

    Interpolators count from the centre of the first pixel; nearest neighbour, which rounds down, from its edge.
    """
    if scale == (1.0, 1.0) and corner[0] % 1 == 0 == corner[1] % 1:
        return image.crop(int(corner[0]), int(corner[1]), size.width, size.height)
    centre = 0.0 if kernel is Kernel.NEAREST else 0.5
    return image.affine(
        [scale[0], 0, 0, scale[1]],
        interpolate=pyvips.Interpolate.new(_INTERPOLATORS.get(kernel, "bicubic")),
        oarea=[0, 0, size.width, size.height],
        odx=scale[0] * (centre - corner[0]) - 0.5,
        ody=scale[1] * (centre - corner[1]) - 0.5,
        extend="copy",
        premultiplied=True,
    )


def _upscale_factors(scale: _XY) -> _XY:
    """Return the scales that remain for an interpolator."""
    return max(scale[0], 1.0), max(scale[1], 1.0)


def _clamped_offset(start: float, max_offset: int) -> float:
    return float(max(0, min(round(start), max_offset)))
