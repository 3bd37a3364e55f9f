"""BMP codec by Pillow, since libvips' wheel has no loader for it."""

from io import BytesIO

from PIL.BmpImagePlugin import BmpImageFile

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding


class BmpDecoder:
    """A Windows bitmap."""

    def __init__(self, source: memoryview) -> None:
        self._image = BmpImageFile(BytesIO(source))
        self.header: ImageHeader = pillow.image_header(self._image, Format.BMP)

    def decode(self, request: DecodeRequest) -> Frame:
        return pillow.decode_frame(self._image, b"", request.area)


def encode(frame: Frame, _quality: int, _metadata: RetainedMetadata, _encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode a bitmap of 8 or 24 bits per pixel, without metadata."""
    out = BytesIO()
    to_pillow(frame).save(out, "BMP")
    return out.getvalue()
