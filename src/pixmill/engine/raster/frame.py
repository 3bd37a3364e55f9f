"""The raster image that codecs produce and pipeline steps pass on: pixels, layout and colour space.

Knows sizes and areas. Must never know a pixel library (``convert.py`` does) or a plan.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, floor
from typing import Final

from pixmill.media import Format
from pixmill.plan.lengths import Size

MAX_SIDE: Final = 65_535
"""The longest side of a frame: the limit of the resampling kernel, and of most formats."""

PixelBuffer = bytes | bytearray | memoryview
"""A contiguous buffer."""

ResampleBox = tuple[float, float, float, float]
"""Left, top, width and height of a region, in pixels of its image."""


class Layout(StrEnum):
    """The channels of a pixel, in memory order.

    A is straight (not premultiplied) alpha; X is padding, neither read nor written.
    """

    L = "L"
    LA = "LA"
    RGB = "RGB"
    RGBA = "RGBA"
    RGBX = "RGBX"

    @property
    def stored_channels(self) -> int:
        """Samples per pixel in memory, with padding."""
        return len(self)

    @property
    def channels(self) -> int:
        """Samples per pixel, without padding."""
        return len(self.rstrip("X"))

    @property
    def has_alpha(self) -> bool:
        return self.endswith("A")


GREY_LAYOUTS = (Layout.L, Layout.LA)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in pixels, with subpixel edges."""

    left: float
    top: float
    width: float
    height: float

    def scaled_down(self, factor: float) -> "Area":
        """The same part of an image with ``factor`` times fewer pixels along each side."""
        return Area(self.left / factor, self.top / factor, self.width / factor, self.height / factor)

    def scaled(self, x_scale: float, y_scale: float) -> "Area":
        """The same part of an image scaled by these factors."""
        return Area(self.left * x_scale, self.top * y_scale, self.width * x_scale, self.height * y_scale)

    def relative_to(self, left: float, top: float) -> "Area":
        """The same part, with the origin moved to (left, top)."""
        return Area(self.left - left, self.top - top, self.width, self.height)

    def outer_box(self, size: Size) -> tuple[int, int, int, int]:
        """The whole pixels that it touches in an image of this size: left, top, right, bottom."""
        left, top = max(0, floor(self.left)), max(0, floor(self.top))
        right, bottom = ceil(self.left + self.width), ceil(self.top + self.height)
        return left, top, min(size.width, right), min(size.height, bottom)


@dataclass(frozen=True, slots=True)
class Compensation:
    """What the resampler makes up for in pixels that are means of several ones (``pixels/resample/lanczos.py``).

    ``light``: share of the squared differences that was lost by averaging sRGB values; ``droop``: loss of contrast in
    fine detail.
    """

    light: float = 0.0
    droop: float = 0.0


NO_COMPENSATION: Final = Compensation()


@dataclass(frozen=True, slots=True)
class Frame:
    """One image, or one frame of an animation, in 8 bits per channel.

    ``profile`` is the ICC profile of its colours, empty for sRGB. ``area`` is the part still needed, until the
    frame is resized. ``format`` is the format to encode; PNG, which holds anything, until it is chosen.
    ``is_graphic``: its content is drawn rather than photographed (``pixels/analysis/content.py``); set with the format.
    ``truncated``: the file, or that of an overlay or a mask, is cut off, and what could not be decoded is transparent.
    ``compensation``: for what scaling in the decoder has lost.
    """

    pixels: PixelBuffer
    width: int
    height: int
    layout: Layout
    profile: bytes = b""
    area: Area | None = None
    format: Format = Format.PNG
    is_graphic: bool = False
    compensation: Compensation = NO_COMPENSATION
    truncated: bool = False

    @property
    def is_grey(self) -> bool:
        return self.layout in GREY_LAYOUTS

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)

    def with_pixels(self, pixels: PixelBuffer, size: Size, layout: Layout) -> "Frame":
        """The same frame with other pixels in the same colour space."""
        return replace(self, pixels=pixels, width=size.width, height=size.height, layout=layout)
