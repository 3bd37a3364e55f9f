"""The value that passes from step to step: a buffer of pixels, and what its numbers mean.

Knows sizes and areas. Must never know a pixel library (``bridge.py`` does) or a plan.
"""

from dataclasses import dataclass, replace

from pixmill.engine.raster.layout import Layout, PixelBuffer
from pixmill.media import Format
from pixmill.plan.geometry import Size

GREY_LAYOUTS = (Layout.L, Layout.LA)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in pixels whose edges may lie within a pixel."""

    left: float
    top: float
    width: float
    height: float

    def scaled_down(self, factor: float) -> "Area":
        """The same part of a picture with ``scale`` times fewer pixels along each side."""
        return Area(self.left / factor, self.top / factor, self.width / factor, self.height / factor)

    def scaled(self, x_scale: float, y_scale: float) -> "Area":
        """The same part of a picture with so many times as many pixels along each side."""
        return Area(self.left * x_scale, self.top * y_scale, self.width * x_scale, self.height * y_scale)

    def relative_to(self, left: float, top: float) -> "Area":
        """The same part seen from another corner."""
        return Area(self.left - left, self.top - top, self.width, self.height)


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture on its way. ``profile`` is the ICC profile that its colours are in, empty for sRGB.

    Until it is resized only ``area`` of it is wanted. ``format`` is what it will be written
    as: PNG, which holds anything, until that is settled. ``graphic``: it was found to be drawn, not photographed; looked for only where
    the format is free. ``lost``: its pixels are means of codes, and so much is to be given back of the light that this cost
    (``resample.py``).
    """

    pixels: PixelBuffer
    width: int
    height: int
    layout: Layout
    profile: bytes = b""
    area: Area | None = None
    format: Format = Format.PNG
    is_graphic: bool = False
    light_compensation: float = 0.0

    @property
    def is_grey(self) -> bool:
        return self.layout in GREY_LAYOUTS

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)

    def with_pixels(self, pixels: PixelBuffer, size: Size, layout: Layout) -> "Frame":
        """Other pixels in the same colours."""
        return replace(self, pixels=pixels, width=size.width, height=size.height, layout=layout)
