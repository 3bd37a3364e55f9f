"""JPEG XL codec by libjxl from the wheel of pillow-jxl-plugin, on one thread; the extra ``jxl``.

libjxl applies the orientation, except for a recompressed JPEG, which it returns as it was. Animations are decoded by
libjxl's own API, in pylibjxl's wheel. An ICC profile is known only after decoding; colours named by code points are
those of the original also after decoding.
"""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from pillow_jxl import Decoder, Encoder

from pixmill.engine.codecs import libjxl, pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.frame_sequence import normalized_timing
from pixmill.engine.codecs.jxl_header import JxlHeader, read_header
from pixmill.engine.codecs.metadata import RetainedMetadata, metadata_if_small
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.raster.cicp import cicp_profile
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.engine.raster.orientation import EXIF_ORIENTATIONS
from pixmill.engine.raster.transparent_colours import fill_transparent_colours
from pixmill.errors import UndecodableImage, UnsupportedImage
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, Encoding

_LAYOUTS = {1: Layout.L, 2: Layout.LA, 3: Layout.RGB, 4: Layout.RGBA}
"""By number of channels."""

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_jxl(source: memoryview) -> "JxlDecoder | JxlAnimationDecoder":
    """Open a still or animated JPEG XL."""
    parsed = read_header(source)
    if not parsed.animated:
        return JxlDecoder(source, parsed)
    if not libjxl.available:
        raise UnsupportedImage("This installation cannot read animated JPEG XL")
    return JxlAnimationDecoder(source, parsed)


def _signalled_profile(parsed: JxlHeader) -> bytes | None:
    """Return the profile that stands for the code points of the header; None if it has none."""
    points = parsed.code_points
    return None if points is None else cicp_profile(*points, grey=parsed.grey, bt1886=False)


class JxlAnimationDecoder:
    """An animated JPEG XL, or one of its frames."""

    def __init__(self, source: memoryview, parsed: JxlHeader, page: int = 1) -> None:
        self._source = source
        self._parsed = parsed
        self._page = page
        self._animation = animation = libjxl.read_animation(source)
        self._profile = _signalled_profile(parsed)
        frames = len(animation.delays_ms)
        self.header = ImageHeader(
            format=Format.JXL,
            size=animation.size,
            alpha=animation.alpha,
            colour_space="grey" if animation.grey else "rgb",
            profile=self._profile or b"",
            frame_count=frames,
            exif=metadata_if_small(parsed.exif),
            xmp=metadata_if_small(parsed.xmp),
            orientation_applied=True,
            timing=normalized_timing(animation.delays_ms, animation.loop_count) if frames > 1 else None,
            truncated=animation.truncated,
        )

    def page(self, page: int) -> "JxlAnimationDecoder":
        return JxlAnimationDecoder(self._source, self._parsed, page)

    def decode(self, request: DecodeRequest) -> Frame:
        return next(self._decode_from(self._page, request))

    def frames(self, request: DecodeRequest) -> Iterator[Frame]:
        return self._decode_from(1, request)

    def _decode_from(self, first: int, request: DecodeRequest) -> Iterator[Frame]:
        animation, size = self._animation, self._animation.size
        for pixels in libjxl.decode_frames(self._source, animation, first):
            layout = _LAYOUTS[animation.channels]
            profile = pixels.profile if self._profile is None else self._profile
            frame = Frame(pixels.samples, size.width, size.height, layout, profile, request.area)
            yield replace(frame, truncated=pixels.truncated)


class JxlDecoder:
    """A still JPEG XL."""

    def __init__(self, source: memoryview, parsed: JxlHeader) -> None:
        self._source = source
        self._orientation = parsed.orientation
        self._profile = _signalled_profile(parsed)
        self.header = ImageHeader(
            format=Format.JXL,
            size=EXIF_ORIENTATIONS[parsed.orientation].oriented_size(parsed.size),
            alpha=parsed.alpha,
            colour_space="grey" if parsed.grey else "rgb",
            profile=self._profile or b"",
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
        if self._profile is not None:
            profile = self._profile
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
    image = to_pillow(frame if encoding.lossless else fill_transparent_colours(frame))
    options: dict[str, Any] = {
        "mode": image.mode,
        "lossless": encoding.lossless,
        "quality": 100 if encoding.lossless else codec_quality(Format.JXL, quality, encoding.quality_scale),
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
