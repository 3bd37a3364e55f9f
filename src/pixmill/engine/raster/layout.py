"""How the samples of a pixel lie in a buffer."""

from enum import StrEnum

PixelBuffer = bytes | bytearray | memoryview
"""A contiguous buffer."""

ResampleBox = tuple[float, float, float, float]
"""Left, top, width and height of a region, in pixels of its picture."""


class Layout(StrEnum):
    """The samples of a pixel, in order. Colours are sRGB, A is linear and not multiplied in; X is neither read nor written."""

    L = "L"
    LA = "LA"
    RGB = "RGB"
    RGBA = "RGBA"
    RGBX = "RGBX"

    @property
    def stored_channels(self) -> int:
        """Samples per pixel in the source."""
        return len(self)

    @property
    def channels(self) -> int:
        """Samples per pixel in the result."""
        return len(self.rstrip("X"))

    @property
    def has_alpha(self) -> bool:
        return self.endswith("A")
