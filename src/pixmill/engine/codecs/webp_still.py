"""A WebP of one picture by libwebp itself: only the part of it that is needed is decoded, straight into the memory of the frame.

Knows where libwebp may cut, and from which size on it should scale.
"""

from math import ceil, floor
from typing import Final

from pixmill.engine.codecs import libwebp
from pixmill.engine.codecs.metadata import orientation
from pixmill.engine.codecs.modes import MODES, shrink_of
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.codecs.pillow import bounded
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.engine.pixels.layout import Layout
from pixmill.media import Format
from pixmill.plan.geometry import Size

_LARGE: Final = 25_000_000
"""From so many needed pixels on they are scaled while they are decoded, as in a JPEG: to a tenth of the width, 24 megapixels take 69 MB and 362 ms in full,
5 MB and 303 ms by 4, and 47 megapixels 136 MB and 633 ms, 9 MB and 507 ms. It is the memory that counts: of 6 megapixels into 512 × 512 the result scores
98.6 in full and 90.0 scaled, before it is written, for 14 of 88 ms."""

_AROUND: Final = 2
"""Colours have half the resolution and are interpolated: the pixels at an edge of the box are those of the whole where one more sample of colour lies beyond."""


class WebPStill:
    """One picture, within its limits or not: only its header was read."""

    def __init__(self, source: memoryview, found: libwebp.Found) -> None:
        self._encoded = source[found.pixels]
        self.header = Header(
            format=Format.WEBP,
            size=found.size,
            alpha=found.alpha,
            colour_space="rgb",
            orientation=orientation(found.exif),
            profile=found.profile,
            exif=bounded(found.exif),
            xmp=bounded(found.xmp),
        )

    def decode(self, need: Need) -> Frame:
        header, box = self.header, _box(need.area, self.header.size)
        shrink = shrink_of(MODES[need.mode].shrinks, need.shrink) if box.width * box.height > _LARGE else 1
        size = Size(max(1, round(box.width / shrink)), max(1, round(box.height / shrink)))
        return Frame(
            libwebp.decode(self._encoded, box, size, alpha=header.alpha),
            size.width,
            size.height,
            Layout.RGBA if header.alpha else Layout.RGB,
            header.profile,
            _within(need.area, box, size),
            lost=MODES[need.mode].lost_light[shrink],
        )


def _box(area: Area, whole: Size) -> libwebp.Box:
    """What the area touches, and a bit around it."""
    left, top = (max(0, floor(first) - _AROUND) & ~1 for first in (area.left, area.top))
    right = min(whole.width, ceil(area.left + area.width) + _AROUND)
    bottom = min(whole.height, ceil(area.top + area.height) + _AROUND)
    return libwebp.Box(left, top, right - left, bottom - top)


def _within(area: Area, box: libwebp.Box, size: Size) -> Area:
    """The area as it lies in the box, of which so many pixels were made."""
    return area.moved(box.left, box.top).scaled(size.width / box.width, size.height / box.height)
