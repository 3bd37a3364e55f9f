"""Equalise (CLAHE): contrast-limited adaptive histogram equalisation, of luma.

libvips' ``hist_local``: each pixel goes to its rank among its window's pixels, where no rank rises faster than ``slope`` times
the straight line. What it adds to luma is added to all channels, so that hues stay. What one sees through counts towards mid-grey.
"""

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.luma import luma
from pixmill.engine.pixels.opacity import joined, parted, rounded

_MIDDLE = 128


def equalise(frame: Frame, job: Job) -> Frame:
    """The frame with its contrast evened out, if that is asked for."""
    asked = job.plan.adjust.equalise
    if asked is None:
        return frame
    colours, alpha = parted(to_vips(frame))
    light = rounded(_shown(luma(colours), alpha))
    even = light.hist_local(min(asked.window, frame.width), min(asked.window, frame.height), max_slope=asked.slope)
    return from_vips(joined(colours + (even - light), alpha), frame)


def _shown(light: VipsImage, alpha: VipsImage | None) -> VipsImage:
    return light if alpha is None else (light - _MIDDLE) * (alpha / 255) + _MIDDLE
