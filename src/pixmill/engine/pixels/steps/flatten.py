"""Flattens an image with alpha onto the background, if its format has no alpha.

Composited on sRGB values, as browsers do (https://www.w3.org/TR/compositing-1/#simplealphacompositing): so a JPEG looks
like the PNG of the same image on a page of that colour. A translucent background is itself composited on white.
"""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.media import MEDIA
from pixmill.plan.colour import Colour


def flatten(frame: Frame, job: RenderJob) -> Frame:
    """Remove alpha if the format of the frame has none."""
    if MEDIA[frame.format].alpha or not frame.layout.has_alpha:
        return frame
    red, green, blue = _opaque_background(job.plan.background)
    image = to_vips(frame)
    if frame.is_grey and red == green == blue:
        return from_vips(image.flatten(background=[red]), frame)
    return from_vips(image.colourspace("srgb").flatten(background=[red, green, blue]), frame)


def _opaque_background(colour: Colour) -> tuple[int, int, int]:
    opacity = colour.alpha / 255
    red, green, blue = (round(part * opacity + 255 * (1 - opacity)) for part in (colour.red, colour.green, colour.blue))
    return red, green, blue
