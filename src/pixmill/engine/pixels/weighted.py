"""Resampling by other kernels than Lanczos3, through libvips: in linear light, but for the nearest pixel.

libvips shrinks by the kernel itself, stretched as far as is needed. It enlarges by an interpolator, here through ``affine``:
``resize`` would set the picture off by a fifth of a pixel. Knows libvips' kernels. Must never know plans.
"""

from math import ceil, floor

import pyvips

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.engine.pixels.light import from_light, to_light
from pixmill.plan.geometry import Size
from pixmill.plan.ops import Kernel

_SURPLUS = 1e-6
"""What rounding may have added to an area's edge."""

_INTERPOLATORS = {Kernel.NEAREST: "nearest", Kernel.LINEAR: "bilinear"}


def weighted(frame: Frame, area: Area, size: Size, kernel: Kernel) -> Frame:
    """The area of the frame, whose edges may lie within pixels, at ``size``; a side that shrinks is placed to half a pixel."""
    left, top = floor(area.left + _SURPLUS), floor(area.top + _SURPLUS)
    right, bottom = ceil(area.left + area.width - _SURPLUS), ceil(area.top + area.height - _SURPLUS)
    image, area = to_vips(frame).crop(left, top, right - left, bottom - top), area.moved(left, top)
    if kernel is Kernel.NEAREST:
        return from_vips(_sampled(image, area, size, kernel), frame)
    return from_vips(from_light(_sampled(to_light(image), area, size, kernel), alpha=frame.layout.alpha), frame)


def _sampled(image: VipsImage, area: Area, size: Size, kernel: Kernel) -> VipsImage:
    across, down = size.width / area.width, size.height / area.height
    if across < 1 or down < 1:
        image = image.resize(min(across, 1.0), vscale=min(down, 1.0), kernel=kernel.value, gap=0)
    left = area.left if across >= 1 else _whole(area.left * across, image.width - size.width)
    top = area.top if down >= 1 else _whole(area.top * down, image.height - size.height)
    if across <= 1 and down <= 1:
        return image.crop(int(left), int(top), size.width, size.height)
    return _enlarged(image, (left, top), (max(across, 1.0), max(down, 1.0)), size, kernel)


def _enlarged(
    image: VipsImage, corner: tuple[float, float], scale: tuple[float, float], size: Size, kernel: Kernel
) -> VipsImage:
    """Pixel n of the result has its centre at corner + (n + ½) / scale; an interpolator counts from the first pixel's centre,
    but that of the nearest pixel, which rounds down, from its edge.
    """
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


def _whole(start: float, room: int) -> int:
    return max(0, min(round(start), room))
