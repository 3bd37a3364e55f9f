"""Parts of a frame taken from another one of the same size: boxes of pixels, widened to whole ones and cut at the picture's edges.

All boxes are cut from one changed copy, so that they may overlap and many cost no more than one. Knows frames and regions.
"""

from collections.abc import Iterable
from math import ceil, floor

from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.effects import RedactionBox
from pixmill.plan.lengths import Box, Size


def replace_regions(frame: Frame, replacement: Frame, regions: Iterable[RedactionBox]) -> Frame:
    """The frame with these regions taken from the other one."""
    image, replacement_image = to_vips(frame), to_vips(replacement)
    for box in filter(None, (_pixel_box(region, frame.size) for region in regions)):
        image = image.insert(replacement_image.crop(box.left, box.top, box.width, box.height), box.left, box.top)
    return from_vips(image, frame)


def _pixel_box(region: RedactionBox, size: Size) -> Box | None:
    """Every pixel that the region touches; None where that is none."""
    x_unit, y_unit = (size.width / 100, size.height / 100) if region.percent else (1.0, 1.0)
    left, top = floor(region.left * x_unit), floor(region.top * y_unit)
    right = min(size.width, ceil((region.left + region.width) * x_unit))
    bottom = min(size.height, ceil((region.top + region.height) * y_unit))
    return Box(left, top, right - left, bottom - top) if left < right and top < bottom else None
