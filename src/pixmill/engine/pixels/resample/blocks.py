"""A frame in blocks of one colour each: their mean in linear light, with alpha multiplied in.

Knows frames. Must never know plans.
"""

from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.linear_light import from_linear, to_linear


def pixelate_frame(frame: Frame, block_side: int) -> Frame:
    """Blocks of ``side`` pixels from the upper left corner on. One that the edge cuts goes on beyond it as the picture ends."""
    means = to_linear(to_vips(frame)).shrink(block_side, block_side, ceil=True)
    blocks = from_linear(means, has_alpha=frame.layout.has_alpha).zoom(block_side, block_side)
    return from_vips(blocks.crop(0, 0, frame.width, frame.height), frame)
