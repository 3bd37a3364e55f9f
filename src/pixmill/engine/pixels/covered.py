"""Parts of a frame taken from another one of the same size: boxes of pixels, widened to whole ones and cut at the picture's edges.

All boxes are cut from one changed copy, so that they may overlap and many cost no more than one. Knows frames and regions.
"""

from collections.abc import Iterable
from math import ceil, floor

from pixmill.engine.pixels.bridge import from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.plan.effects import Region
from pixmill.plan.geometry import Box, Size


def covered(frame: Frame, changed: Frame, regions: Iterable[Region]) -> Frame:
    """The frame with these regions taken from the other one."""
    image, other = to_vips(frame), to_vips(changed)
    for box in filter(None, (_box(region, frame.size) for region in regions)):
        image = image.insert(other.crop(box.left, box.top, box.width, box.height), box.left, box.top)
    return from_vips(image, frame)


def _box(region: Region, size: Size) -> Box | None:
    """Every pixel that the region touches; None where that is none."""
    across, down = (size.width / 100, size.height / 100) if region.percent else (1.0, 1.0)
    left, top = floor(region.left * across), floor(region.top * down)
    right = min(size.width, ceil((region.left + region.width) * across))
    bottom = min(size.height, ceil((region.top + region.height) * down))
    return Box(left, top, right - left, bottom - top) if left < right and top < bottom else None
