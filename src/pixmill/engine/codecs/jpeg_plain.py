"""The face of the reader of plain JPEG in C (``_jpeg.h``): what most JPEGs are, in two thirds of libjpeg-turbo's time.

Nine photographs of 2 and of 6 megapixels, CPU ms, in one run with Pillow's libjpeg-turbo: whole 5.2 and 13.6 (7.9 and 22.0), halved 4.6 and
11.9 (6.1 and 15.6), quartered 4.1 and 10.4 (5.2 and 13.2), an eighth 3.6 and 9.2 (4.5 and 11.4). Halved and quartered pixels are those of libjpeg, but a little lighter where detail was lost,
as light is averaged and not codes. Whole ones have their colours from the nearest sample, where libjpeg blends: of that nothing is left once a
picture is made smaller.

Knows frames. Must never know Pillow.
"""

from typing import Final

from pixmill.engine.codecs.picture import Need
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.layout import Layout
from pixmill.plan.geometry import Size

available: bool
"""Is the compiled reader here, and can this machine run it?"""

try:
    from pixmill.engine.codecs import _jpeg
except ImportError:  # the package was built where no C compiler is
    available = False
else:
    available = bool(_jpeg.able)

_LEAST_SHRINK: Final = 1.5
"""What becomes hardly smaller than it is keeps libjpeg's blending of colours."""

_GREY: Final = 1


def plain(source: memoryview, size: Size, shrink: int, need: Need, profile: bytes) -> Frame | None:
    """The picture, if it is a plain one and whole; everything else is libjpeg's to read, or to refuse."""
    if not available or need.shrink < _LEAST_SHRINK:
        return None
    found = _jpeg.decode(source, size.width, size.height, shrink)
    if found is None:
        return None
    width, height, pixels, components = found
    layout = Layout.L if components == _GREY else Layout.RGBX
    return Frame(memoryview(pixels), width, height, layout, profile, need.area.shrunk(shrink))
