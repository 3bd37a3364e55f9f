"""Flattens an image with alpha: onto a colour of a stage, and onto the background if its format has no alpha.

Composited on sRGB values, as browsers do (https://www.w3.org/TR/compositing-1/#simplealphacompositing): so a JPEG looks
like the PNG of the same image on a page of that colour. A translucent background is itself composited on white.
"""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.colour_bands import OPAQUE, band_values, with_bands_for
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.media import MEDIA
from pixmill.plan.colour import Colour


def flatten(frame: Frame, job: RenderJob) -> Frame:
    """Remove alpha if the format of the frame has none."""
    if MEDIA[frame.format].alpha or not frame.layout.has_alpha:
        return frame
    return _flattened(frame, *_opaque_background(job.plan.background))


def put_colour_behind(frame: Frame, job: RenderJob) -> Frame:
    """Composite the image on the colour of the stage; the result is as opaque as either of them."""
    colour = job.plan.flatten
    if colour is None or not frame.layout.has_alpha:
        return frame
    if colour.alpha == OPAQUE:
        return _flattened(frame, colour.red, colour.green, colour.blue)
    image = with_bands_for(to_vips(frame), colour)
    sheet = (image * 0 + band_values(image, colour)).cast("uchar").copy(interpretation=image.interpretation)
    return from_vips(sheet.composite2(image, "over", compositing_space=image.interpretation).cast("uchar"), frame)


def _flattened(frame: Frame, red: int, green: int, blue: int) -> Frame:
    image = to_vips(frame)
    if frame.is_grey and red == green == blue:
        return from_vips(image.flatten(background=[red]), frame)
    return from_vips(image.colourspace("srgb").flatten(background=[red, green, blue]), frame)


def _opaque_background(colour: Colour) -> tuple[int, int, int]:
    opacity = colour.alpha / 255
    red, green, blue = (round(part * opacity + 255 * (1 - opacity)) for part in (colour.red, colour.green, colour.blue))
    return red, green, blue
