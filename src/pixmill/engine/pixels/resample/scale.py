"""Resizes an area of a frame by the resampling kernel; crops if no pixel changes.

Must never know plans.
"""

from dataclasses import replace

from pixmill.engine.pixels.resample.lanczos import resample
from pixmill.engine.pixels.resample.vips_kernels import resample_with_kernel
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import NO_COMPENSATION, Area, Frame, Layout
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Kernel, ResampleSpace

_MIN_HALVING_FACTOR = 4.5
"""From this factor on 2 × 2 pixels are averaged in linear light before the filter, which then is short and has few
pixels to read. SSIMULACRA2 against the filter alone: 98.1 at 4.4, 98.6 and more from there on."""


def scale_frame(
    frame: Frame, size: Size, kernel: Kernel = Kernel.LANCZOS3, space: ResampleSpace = ResampleSpace.LINEAR
) -> Frame:
    """Resize the frame's area to ``size``, with premultiplied alpha."""
    area, compensation = _clamped_area(frame), frame.compensation
    frame = replace(frame, area=None, compensation=NO_COMPENSATION)
    if _is_whole_pixel_crop(area, size):
        return _crop_frame(frame, area)
    if kernel is not Kernel.LANCZOS3:
        return resample_with_kernel(frame, area, size, kernel, space)
    pixels = resample(
        frame.pixels,
        width=frame.width,
        height=frame.height,
        layout=frame.layout,
        box=(area.left, area.top, area.width, area.height),
        out_width=size.width,
        out_height=size.height,
        light_compensation=compensation.light,
        droop_compensation=compensation.droop,
        linear=space is ResampleSpace.LINEAR,
        halve=space is ResampleSpace.LINEAR and _shrinks_by(_MIN_HALVING_FACTOR, area, size),
    )
    return frame.with_pixels(pixels, size, Layout(frame.layout.rstrip("X")))


def _clamped_area(frame: Frame) -> Area:
    """Return the area, clamped to the image: rounding may have put an edge slightly outside."""
    if frame.area is None:
        return Area(0, 0, frame.width, frame.height)
    left, top = max(0.0, frame.area.left), max(0.0, frame.area.top)
    return Area(left, top, min(frame.area.width, frame.width - left), min(frame.area.height, frame.height - top))


def _shrinks_by(factor: float, area: Area, size: Size) -> bool:
    return area.width >= factor * size.width and area.height >= factor * size.height


def _is_whole_pixel_crop(area: Area, size: Size) -> bool:
    """Whether the area consists of whole pixels, as many as requested."""
    return (area.width, area.height) == (size.width, size.height) and area.left % 1 == 0 == area.top % 1


def _crop_frame(frame: Frame, area: Area) -> Frame:
    if (area.width, area.height) == (frame.width, frame.height):
        image = to_vips(frame)
    else:
        image = to_vips(frame).crop(int(area.left), int(area.top), int(area.width), int(area.height))
    return from_vips(image, frame)
