"""Flatten: a picture that one sees through laid on the background, where its format has no alpha.

Composited in sRGB codes, as browsers do (https://www.w3.org/TR/compositing-1/#simplealphacompositing): so a JPEG looks as the PNG of
the same picture does on a page of that colour. A background that one sees through itself lies on white.
"""

from pixmill.engine.pixels.bridge import from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.media import MEDIA
from pixmill.plan.ops import Colour


def flatten(frame: Frame, job: Job) -> Frame:
    """The frame without alpha, if its format has none."""
    if MEDIA[frame.format].alpha or not frame.layout.alpha:
        return frame
    red, green, blue = _solid(job.plan.background)
    image = to_vips(frame)
    if frame.grey and red == green == blue:
        return from_vips(image.flatten(background=[red]), frame)
    return from_vips(image.colourspace("srgb").flatten(background=[red, green, blue]), frame)


def _solid(colour: Colour) -> tuple[int, int, int]:
    opacity = colour.alpha / 255
    red, green, blue = (round(part * opacity + 255 * (1 - opacity)) for part in (colour.red, colour.green, colour.blue))
    return red, green, blue
