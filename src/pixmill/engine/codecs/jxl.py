"""JPEG XL codec by libjxl from the wheel of pillow-jxl-plugin, on one thread; the extra ``jxl``.

libjxl applies the orientation, except for a recompressed JPEG, which it returns as it was. Of an animation the
first frame is decoded. The colour profile is known only after decoding.
"""

from io import BytesIO
from typing import Any

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from pillow_jxl import Decoder, Encoder

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.jxl_header import read_header
from pixmill.engine.codecs.metadata import RetainedMetadata, metadata_if_small
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.orientation import EXIF_ORIENTATIONS
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class JxlDecoder:
    """A JPEG XL."""

    def __init__(self, source: memoryview) -> None:
        self._source = source
        parsed = read_header(source)
        self._orientation = parsed.orientation
        self.header = ImageHeader(
            format=Format.JXL,
            size=EXIF_ORIENTATIONS[parsed.orientation].oriented_size(parsed.size),
            alpha=parsed.alpha,
            colour_space="grey" if parsed.grey else "rgb",
            exif=metadata_if_small(parsed.exif),
            xmp=metadata_if_small(parsed.xmp),
            orientation_applied=True,
        )

    def decode(self, request: DecodeRequest) -> Frame:
        is_jpeg, info, data, profile, _ = Decoder(num_threads=0)(bytes(self._source))
        if is_jpeg:
            return self._decode_jpeg(data, request)
        self._check_size(info.width, info.height)
        image = Image.frombytes(info.mode, (info.width, info.height), data)
        return pillow.decode_frame(image, profile or b"", request.area)

    def _decode_jpeg(self, data: bytes, request: DecodeRequest) -> Frame:
        image: Image.Image = JpegImageFile(BytesIO(data))
        profile = image.info.get("icc_profile") or b""
        if self._orientation in _TRANSPOSE:
            image = image.transpose(_TRANSPOSE[self._orientation])
        self._check_size(*image.size)
        return pillow.decode_frame(image, profile, request.area)

    def _check_size(self, width: int, height: int) -> None:
        if (width, height) != (self.header.size.width, self.header.size.height):
            raise UndecodableImage(detail=f"header has size {self.header.size}, pixels have {width} × {height}")


def encode(frame: Frame, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode an 8-bit JPEG XL. Its only possible profile is sRGB."""
    image = to_pillow(frame)
    options: dict[str, Any] = {
        "mode": image.mode,
        "lossless": encoding.lossless,
        "quality": 100 if encoding.lossless else codec_quality(Format.JXL, quality),
        "decoding_speed": 0,
        "effort": codec_effort(Format.JXL, encoding),
        "use_container": bool(metadata.exif or metadata.xmp),
        "use_original_profile": encoding.lossless,
        "num_threads": 0,
    }
    boxes: dict[str, Any] = {
        "exif": metadata.exif or None,
        "jumb": None,
        "xmp": metadata.xmp or None,
        "compress": False,
    }
    return bytes(Encoder(**options)(image.tobytes(), image.width, image.height, jpeg_encode=False, **boxes))
