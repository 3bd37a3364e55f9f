"""Decodes still WebPs with libwebp's API.

Only the requested area is decoded, straight into the memory of the frame; very large ones scaled.
"""

from math import ceil, floor
from typing import Final

from pixmill.engine.codecs import libwebp
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.metadata import exif_orientation, metadata_if_small
from pixmill.engine.codecs.modes import compensation, max_shrink, webp_thresholds
from pixmill.engine.raster.frame import Area, Frame, Layout
from pixmill.media import Format
from pixmill.plan.lengths import Size

_MIN_SCALED_PIXELS: Final = 25_000_000
"""Above this many requested pixels the decoder scales, as for JPEG. To a tenth of the width, 24 megapixels take 69
MB and 362 ms in full, 5 MB and 303 ms scaled by 4; 47 megapixels 136 MB and 633 ms, 9 MB and 507 ms. Only the
memory justifies it: for 6 megapixels into 512 × 512 the result scores 98.6 in full and 90.0 scaled, before
encoding, to save 14 of 88 ms."""

_MARGIN: Final = 2
"""Chroma has half the resolution and is interpolated: edge pixels match a full decode only if one more chroma
sample is inside the box."""


class WebPStillDecoder:
    """A still WebP of which only the header was read."""

    def __init__(self, source: memoryview, info: libwebp.WebPInfo, *, truncated: bool = False) -> None:
        self._encoded = source[info.frame_slice]
        self.header = ImageHeader(
            format=Format.WEBP,
            size=info.size,
            alpha=info.alpha,
            colour_space="rgb",
            orientation=exif_orientation(info.exif),
            profile=info.profile,
            exif=metadata_if_small(info.exif),
            xmp=metadata_if_small(info.xmp),
            truncated=truncated,
        )

    def decode(self, request: DecodeRequest) -> Frame:
        header, box = self.header, _crop_box(request.area, self.header.size)
        shrink = (
            max_shrink(webp_thresholds(request.mode, request.scaling), request.shrink_factor)
            if box.width * box.height > _MIN_SCALED_PIXELS
            else 1
        )
        size = Size(max(1, round(box.width / shrink)), max(1, round(box.height / shrink)))
        alpha = header.alpha or header.truncated  # what is missing is transparent
        return Frame(
            libwebp.decode(self._encoded, box, size, alpha=alpha, allow_partial=header.truncated),
            size.width,
            size.height,
            Layout.RGBA if alpha else Layout.RGB,
            header.profile,
            _area_in_box(request.area, box, size),
            compensation=compensation(request.mode, request.scaling, shrink),
        )


def _crop_box(area: Area, canvas: Size) -> libwebp.CropBox:
    """The pixels that the area touches, plus the margin."""
    left, top = (max(0, floor(first) - _MARGIN) & ~1 for first in (area.left, area.top))
    right = min(canvas.width, ceil(area.left + area.width) + _MARGIN)
    bottom = min(canvas.height, ceil(area.top + area.height) + _MARGIN)
    return libwebp.CropBox(left, top, right - left, bottom - top)


def _area_in_box(area: Area, box: libwebp.CropBox, size: Size) -> Area:
    """The area relative to the box, in pixels of the decoded size."""
    return area.relative_to(box.left, box.top).scaled(size.width / box.width, size.height / box.height)
