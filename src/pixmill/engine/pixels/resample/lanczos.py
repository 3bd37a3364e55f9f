"""The kernel's face: pixels in, resampled pixels out, by Lanczos3.

Knows buffers, layouts and boxes. Must never know plans, formats or files.

With the compiled kernel the work is done in linear light. Without it (``available`` is False) libvips does it
in gamma light, because libvips is five to ten times slower in linear light than in gamma.
"""

from pixmill.engine.pixels.resample import vips_fallback
from pixmill.engine.raster.frame import Layout, PixelBuffer, ResampleBox

available: bool
"""Is the compiled kernel here?"""

instructions: str
"""What does the work on this machine: ``avx2``, ``portable`` or ``libvips``."""

try:
    from pixmill.engine.pixels.resample import _kernel
except ImportError:  # the package was built where no C compiler is
    available, instructions = False, "libvips"
else:
    available, instructions = True, _kernel.instructions

__all__ = ["Layout", "PixelBuffer", "ResampleBox", "available", "instructions", "resample"]

_LAYOUT_NUMBERS = {layout: number for number, layout in enumerate(Layout)}


def resample(  # noqa: PLR0913  # a picture, a box and a size are many numbers
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
) -> bytearray:
    """``box`` of the picture, in pixels and perhaps fractions of them, at ``out_width`` × ``out_height``, rows without gaps.

    ``stride`` is the number of bytes from one row to the next, 0 for rows without gaps. ``depth`` and ``out_depth`` are
    8 or 16 bits per sample, those of 16 in the machine's byte order; all are sRGB codes. ``lost``, 0 to 1: the pixels are means of codes,
    and so much is given back of the light that this is estimated to have cost (8 bits without alpha; not by libvips). No pixel outside of the box
    bleeds in: the filter is cut off at its edge, rounded outward to whole pixels, and the rest is scaled to a sum of 1.
    Runs without the GIL. Raises ValueError for whatever is inconsistent, MemoryError where there is not enough.
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
        1,
    )
