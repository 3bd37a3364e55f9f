"""A frame in blocks of one colour each: their mean in linear light, with alpha multiplied in.

Knows frames. Must never know plans.
"""

from pixmill.engine.pixels.bridge import from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.light import from_light, to_light


def in_blocks(frame: Frame, side: int) -> Frame:
    """Blocks of ``side`` pixels from the upper left corner on. One that the edge cuts goes on beyond it as the picture ends."""
    means = to_light(to_vips(frame)).shrink(side, side, ceil=True)
    blocks = from_light(means, alpha=frame.layout.alpha).zoom(side, side)
    return from_vips(blocks.crop(0, 0, frame.width, frame.height), frame)
