"""Resamples pixel buffers by Lanczos3: the interface of the compiled kernel.

The compiled kernel works in linear light or on sRGB values. Without it (``available`` is False) libvips works on sRGB
values, because in linear light it is five to ten times slower. Must never know plans, formats or files.
"""

from pixmill.engine.pixels.resample import vips_fallback
from pixmill.engine.raster.frame import Layout, PixelBuffer, ResampleBox

available: bool
"""Whether the compiled kernel was built."""

instructions: str
"""The implementation in use: ``avx2``, ``portable`` or ``libvips``."""

try:
    from pixmill.engine.pixels.resample import _kernel
except ImportError:  # built without a C compiler
    available, instructions = False, "libvips"
else:
    available, instructions = True, _kernel.instructions

__all__ = ["Layout", "PixelBuffer", "ResampleBox", "available", "instructions", "resample"]

_LAYOUT_NUMBERS = {layout: number for number, layout in enumerate(Layout)}


def resample(  # noqa: PLR0913  # an image, a box and a size are many numbers
    pixels: PixelBuffer,
    *,
    width: int,
    height: int,
    layout: Layout,
    box: ResampleBox,
    out_width: int,
    out_height: int,
    stride: int = 0,
    depth: int = 8,
    out_depth: int = 8,
    light_compensation: float = 0.0,
    droop_compensation: float = 0.0,
    linear: bool = True,
    halve: bool = False,
) -> bytearray:
    """Resample ``box`` of the image to ``out_width`` × ``out_height``, in rows without gaps.

    The box is in pixels or fractions of them.

    ``stride`` is the number of bytes from one row to the next, 0 for rows without gaps. ``depth`` and ``out_depth`` are
    8 or 16 bits per sample, those of 16 in native byte order; all are sRGB values. ``linear``: their light is mixed,
    else the values (by libvips always the values).

    If the pixels are means of several ones, by a decoder that scales, two losses are made up for (not by libvips):
    ``light_compensation``, 0 to 1, is the part of the squared differences between neighbours that is added back as
    light (linear light of 8 bits without alpha); ``droop_compensation``, 0 to 0.25, sharpens the filter by -a, 1 + 2a,
    -a, since a mean has the less contrast the finer the detail. ``halve``: 2 × 2 pixels are averaged first, and the
    droop of these means is made up for too.

    No pixel outside the box contributes: the filter is cut off at its edge, rounded outward to whole pixels, and the
    rest is normalised to a sum of 1. Releases the GIL. Raises ValueError for inconsistent arguments, MemoryError.
    """
    if not available:
        request = vips_fallback.ResampleRequest(
            width, height, layout, box, out_width, out_height, stride, depth, out_depth
        )
        return vips_fallback.resample(pixels, request)
    return _kernel.resample(
        pixels,
        width,
        height,
        _LAYOUT_NUMBERS[layout],
        box,
        out_width,
        out_height,
        stride,
        depth,
        out_depth,
        light_compensation,
        droop_compensation,
        linear,
        halve,
        1,
    )
