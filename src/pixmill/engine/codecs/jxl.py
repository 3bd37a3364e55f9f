"""JPEG XL by libjxl from the wheel of pillow-jxl-plugin, on one thread; the extra ``jxl``.

Knows JPEG XL's ways: libjxl turns pictures as they say, but for a JPEG kept within, which it gives back as it was; of an animation
the first frame. The colour profile is known with the pixels only.
"""

from io import BytesIO
from typing import Any

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from pillow_jxl import Decoder, Encoder

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.jxl_header import read_header
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.pixels.bridge import to_pillow
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.turn import ORIENTATIONS
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.output import PLAIN, Encoding

_TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class JxlPicture:
    """A JPEG XL."""

    def __init__(self, source: memoryview) -> None:
        self._source = source
        found = read_header(source)
        self._orientation = found.orientation
        self.header = Header(
            format=Format.JXL,
            size=ORIENTATIONS[found.orientation].size(found.size),
            alpha=found.alpha,
            colour_space="grey" if found.grey else "rgb",
            exif=pillow.bounded(found.exif),
            xmp=pillow.bounded(found.xmp),
            upright=True,
        )

    def decode(self, need: Need) -> Frame:
        is_jpeg, info, data, profile, _ = Decoder(num_threads=0)(bytes(self._source))
        if is_jpeg:
            return self._jpeg(data, need)
        size = (info.width, info.height)
        if size != (self.header.size.width, self.header.size.height):
            raise UndecodableImage(detail=f"its header says {self.header.size}, its pixels {size}")
        image = Image.frombytes(info.mode, size, data)
        return pillow.frame(image, profile or b"", need.area)

    def _jpeg(self, data: bytes, need: Need) -> Frame:
        image: Image.Image = JpegImageFile(BytesIO(data))
        profile = image.info.get("icc_profile") or b""
        if self._orientation in _TRANSPOSED:
            image = image.transpose(_TRANSPOSED[self._orientation])
        return pillow.frame(image, profile, need.area)


def write(frame: Frame, quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """A JPEG XL of 8 bits; it carries no profile but sRGB's own."""
    image = to_pillow(frame)
    options: dict[str, Any] = {
        "mode": image.mode,
        "lossless": encoding.lossless,
        "quality": 100 if encoding.lossless else codec_quality(Format.JXL, quality),
        "decoding_speed": 0,
        "effort": codec_effort(Format.JXL, encoding),
        "use_container": bool(kept.exif or kept.xmp),
        "use_original_profile": encoding.lossless,
        "num_threads": 0,
    }
    boxes: dict[str, Any] = {"exif": kept.exif or None, "jumb": None, "xmp": kept.xmp or None, "compress": False}
    return bytes(Encoder(**options)(image.tobytes(), image.width, image.height, jpeg_encode=False, **boxes))
