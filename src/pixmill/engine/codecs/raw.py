"""Camera raw decoder by LibRaw (rawpy), with the camera's white balance, into sRGB; the extra ``raw``.

Brightness is scaled so that 1 % of the image is white (LibRaw's default). At half size or less, four sensor cells
make one pixel and nothing is interpolated.
"""

from io import BytesIO

import rawpy

from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.lengths import Size

_ORIENTATIONS = {0: 1, 3: 3, 5: 8, 6: 6}
"""LibRaw's flip values as EXIF orientations; 5 rotates left, 6 right."""
_HALF_SIZE_SHRINK = 2.0
_LAYOUTS = {1: Layout.L, 3: Layout.RGB}
"""Monochrome sensors produce grey."""
_SRGB_GAMMA = (2.4, 12.92)
"""The sRGB curve in dcraw's notation: power, and slope of the linear segment."""


class RawDecoder:
    """A camera raw file."""

    def __init__(self, source: memoryview) -> None:
        self._raw = rawpy.RawPy()
        self._raw.open_buffer(BytesIO(source))
        sizes = self._raw.sizes
        self.header = ImageHeader(
            format=Format.RAW,
            size=Size(sizes.iwidth, sizes.iheight),
            alpha=False,
            colour_space="rgb",
            orientation=_ORIENTATIONS.get(sizes.flip, 1),
        )

    def decode(self, request: DecodeRequest) -> Frame:
        self._raw.unpack()
        half_size = request.shrink_factor >= _HALF_SIZE_SHRINK
        pixels = self._raw.postprocess(
            half_size=half_size,
            use_camera_wb=True,
            user_flip=0,
            output_bps=8,
            gamma=_SRGB_GAMMA,
            demosaic_algorithm=rawpy.DemosaicAlgorithm.PPG,
        )
        height, width, channels = pixels.shape
        if channels not in _LAYOUTS:
            raise UndecodableImage(detail=f"{channels} colour channels")
        area = request.area.scaled_down(self.header.size.width / width) if half_size else request.area
        return Frame(memoryview(pixels).cast("B"), width, height, _LAYOUTS[channels], area=area)
