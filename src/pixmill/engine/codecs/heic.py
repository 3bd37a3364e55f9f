"""HEIC codec by libheif (libde265 decodes, x265 encodes), on one thread; the extra ``heic``.

libheif applies the container's rotation, so EXIF orientation is ignored. Top-level images are pages. Auxiliary images
(depth and gain maps) are ignored, and so are thumbnails: they may show what was cut off, blurred or replaced in the
image, which only decoding the image could tell.
"""

from dataclasses import replace
from io import BytesIO
from typing import Final

import pillow_heif
import pyvips
from PIL import Image

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.isobmff_colours import CodePoints, read_code_points
from pixmill.engine.codecs.metadata import RetainedMetadata, metadata_if_small
from pixmill.engine.codecs.modes import MODES
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.codecs.subsampling import needs_full_chroma, subsampling_of
from pixmill.engine.raster.convert import from_vips, to_pillow
from pixmill.engine.raster.early_conversion import convert_16_bit, needs_early_conversion
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.transparent_colours import fill_transparent_colours
from pixmill.errors import ResultTooLarge, UndecodableImage
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.output import DEFAULT_ENCODING, Encoding, Profile

pillow_heif.options.DECODE_THREADS = 1  # parallelism comes from processes
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False
pillow_heif.options.THUMBNAILS = False

_BITS: Final = 8
_DEEP_BANDS: Final = {"I;16": 1, "L;16": 1, "LA;16": 2, "RGB;16": 3, "RGBA;16": 4}
"""By mode of pillow_heif with more than 8 bits."""

_MAX_SIDE_OF_SMALL_BLOCKS: Final = 4_208
"""x265 opens no encoder for a longer side with blocks of 16 pixels, which level 5 and above do not allow (H.265
§A.4.1)."""
_LARGE_BLOCK: Final = 32


class HeicDecoder:
    """One of the images of a HEIC; the primary one by default."""

    def __init__(self, source: memoryview, page: int = 1) -> None:
        self._source = source
        file = pillow_heif.open_heif(BytesIO(source), convert_hdr_to_8bit=True)
        number = _page_order(len(file), file.primary_index)[page - 1]
        self._image = file[number]
        info = self._image.info
        is_grey = self._image.mode.startswith(("L", "I"))
        self.header = ImageHeader(
            format=Format.HEIC,
            size=Size(*self._image.size),
            alpha=self._image.has_alpha,
            colour_space="grey" if is_grey else "rgb",
            frame_count=len(file),
            profile=info.get("icc_profile") or _signalled_profile(source, info.get("nclx_profile"), grey=is_grey),
            exif=metadata_if_small(info.get("exif")),
            xmp=metadata_if_small(info.get("xmp")),
            orientation_applied=True,
        )
        self._deep = info["bit_depth"] > _BITS and needs_early_conversion(
            self.header.profile, Profile.SRGB, grey=is_grey
        )
        if self._deep:
            self.header = replace(self.header, deep=True)
            self._image = pillow_heif.open_heif(BytesIO(source), convert_hdr_to_8bit=False)[number]

    def page(self, page: int) -> "HeicDecoder":
        return HeicDecoder(self._source, page)

    def decode(self, request: DecodeRequest) -> Frame:
        if self._deep:
            return self._decode_deep(request)
        image = self._decoded_image()
        scale_x, scale_y = image.width / self.header.size.width, image.height / self.header.size.height
        area = request.area.scaled(scale_x, scale_y)
        return pillow.decode_frame(image, self.header.profile, area)

    def _decode_deep(self, request: DecodeRequest) -> Frame:
        """Decode colours that 8 bits are too few for with 16."""
        size, bands = self.header.size, _DEEP_BANDS[self._image.mode]
        data, row_samples = self._image.data, self._image.stride // 2
        if self._image.size != (size.width, size.height) or len(data) < 2 * row_samples * size.height:
            raise UndecodableImage(detail=f"header has size {size}, pixels have {self._image.size}")
        stored = pyvips.Image.new_from_memory(data, row_samples, size.height, 1, "ushort")
        image = stored.crop(0, 0, size.width * bands, size.height).bandfold(factor=bands)
        image = image.copy(interpretation="grey16" if self.header.colour_space == "grey" else "rgb16")
        image, profile = convert_16_bit(image, self.header.profile, request.profile)
        return replace(from_vips(image), profile=profile, area=request.area)

    def _decoded_image(self) -> Image.Image:
        image: Image.Image = self._image.to_pillow()
        if image.size != self._image.size:
            raise UndecodableImage(detail=f"header has size {self.header.size}, pixels have {image.size}")
        return image


def _signalled_profile(source: memoryview, nclx: dict[str, int] | None, *, grey: bool) -> bytes:
    """Return the profile that stands for the code points of an image without an ICC profile."""
    primary = read_code_points(source)
    if nclx is None:
        return b""
    points = CodePoints(nclx["color_primaries"], nclx["transfer_characteristics"], primary.max_nits if primary else 0)
    return points.profile(grey=grey)


def _page_order(count: int, primary: int) -> list[int]:
    """The primary image first, as it is the one to show (ISO/IEC 23008-12 §6.2), then the others as in the file."""
    return [primary, *(number for number in range(count) if number != primary)]


def encode(frame: Frame, quality: int, metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode an 8-bit HEIC. Raises ResultTooLarge for a thin image with alpha."""
    out = BytesIO()
    image = to_pillow(fill_transparent_colours(frame))
    image.info = {"icc_profile": frame.profile} if frame.profile else {}
    pillow_heif.from_pillow(image).save(
        out,
        quality=codec_quality(Format.HEIC, quality, encoding.quality_scale),
        chroma=int(subsampling_of(encoding, full_chroma=needs_full_chroma(frame)).value),
        exif=b"Exif\0\0" + metadata.exif if metadata.exif else None,
        xmp=metadata.xmp or None,
        enc_params={"preset": MODES[encoding.mode].x265_preset, "x265:pools": "none"} | _block_size(frame),
    )
    return out.getvalue()


def _block_size(frame: Frame) -> dict[str, str]:
    """Return the block size for a thin image, for which libheif chooses one that x265 refuses.

    The option does not reach the encoder of the alpha channel.
    """
    if max(frame.width, frame.height) <= _MAX_SIDE_OF_SMALL_BLOCKS or min(frame.width, frame.height) >= _LARGE_BLOCK:
        return {}
    if frame.layout.has_alpha:
        message = (
            f"heic with transparency allows no side above {_MAX_SIDE_OF_SMALL_BLOCKS} pixels "
            f"where the other is below {_LARGE_BLOCK}"
        )
        raise ResultTooLarge(message, param="format")
    return {"x265:ctu": str(_LARGE_BLOCK)}
