"""Camera originals by LibRaw from the wheel of rawpy, developed with the camera's white balance into sRGB; the extra ``raw``.

It is made so bright that a hundredth of it is white, as LibRaw does. Knows what LibRaw calls sizes and turns. At half size or less, four sensor cells make a pixel and nothing is interpolated.
"""

from io import BytesIO

import rawpy

from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.layout import Layout
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.geometry import Size

_ORIENTATIONS = {0: 1, 3: 3, 5: 8, 6: 6}
"""LibRaw's numbers for turns as those of EXIF; 5 is to the left, 6 to the right."""
_HALF = 2.0
_LAYOUTS = {1: Layout.L, 3: Layout.RGB}
"""A sensor without filters sees grey."""
_SRGB = (2.4, 12.92)
"""The curve as dcraw says it: a power, and the slope of its beginning."""


class RawPicture:
    """What a camera's sensor saw."""

    def __init__(self, source: memoryview) -> None:
        self._raw = rawpy.RawPy()
        self._raw.open_buffer(BytesIO(source))
        sizes = self._raw.sizes
        self.header = Header(
            format=Format.RAW,
            size=Size(sizes.iwidth, sizes.iheight),
            alpha=False,
            colour_space="rgb",
            orientation=_ORIENTATIONS.get(sizes.flip, 1),
        )

    def decode(self, need: Need) -> Frame:
        self._raw.unpack()
        half = need.shrink >= _HALF
        pixels = self._raw.postprocess(
            half_size=half,
            use_camera_wb=True,
            user_flip=0,
            output_bps=8,
            gamma=_SRGB,
            demosaic_algorithm=rawpy.DemosaicAlgorithm.PPG,
        )
        height, width, colours = pixels.shape
        if colours not in _LAYOUTS:
            raise UndecodableImage(detail=f"{colours} colours")
        area = need.area.shrunk(self.header.size.width / width) if half else need.area
        return Frame(memoryview(pixels).cast("B"), width, height, _LAYOUTS[colours], area=area)
