"""The value that passes from step to step: a buffer of pixels, and what its numbers mean.

Knows sizes and areas. Must never know a pixel library (``bridge.py`` does) or a plan.
"""

from dataclasses import dataclass, replace

from pixmill.engine.pixels.layout import Layout, Pixels
from pixmill.media import Format
from pixmill.plan.geometry import Size

GREY = (Layout.L, Layout.LA)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in pixels whose edges may lie within a pixel."""

    left: float
    top: float
    width: float
    height: float

    def shrunk(self, scale: float) -> "Area":
        """The same part of a picture with ``scale`` times fewer pixels along each side."""
        return Area(self.left / scale, self.top / scale, self.width / scale, self.height / scale)

    def scaled(self, across: float, down: float) -> "Area":
        """The same part of a picture with so many times as many pixels along each side."""
        return Area(self.left * across, self.top * down, self.width * across, self.height * down)

    def moved(self, left: float, top: float) -> "Area":
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

    pixels: Pixels
    width: int
    height: int
    layout: Layout
    profile: bytes = b""
    area: Area | None = None
    format: Format = Format.PNG
    graphic: bool = False
    lost: float = 0.0

    @property
    def grey(self) -> bool:
        return self.layout in GREY

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)

    def showing(self, pixels: Pixels, size: Size, layout: Layout) -> "Frame":
        """Other pixels in the same colours."""
        return replace(self, pixels=pixels, width=size.width, height=size.height, layout=layout)
