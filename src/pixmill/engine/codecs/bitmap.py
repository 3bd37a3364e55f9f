"""BMP by Pillow, since libvips' wheel has no reader for it.

Knows BMP. Sizes are in the first bytes; pixels come on demand.
"""

from io import BytesIO

from PIL.BmpImagePlugin import BmpImageFile

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.pixels.bridge import to_pillow
from pixmill.engine.pixels.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import PLAIN, Encoding


class BmpPicture:
    """A Windows bitmap."""

    def __init__(self, source: memoryview) -> None:
        self._image = BmpImageFile(BytesIO(source))
        self.header: Header = pillow.header(self._image, Format.BMP)

    def decode(self, need: Need) -> Frame:
        return pillow.frame(self._image, b"", need.area)


def write(frame: Frame, _quality: int, _kept: Kept, _encoding: Encoding = PLAIN) -> bytes:
    """A bitmap of 8 or 24 bits a pixel; it carries nothing else."""
    out = BytesIO()
    to_pillow(frame).save(out, "BMP")
    return out.getvalue()
