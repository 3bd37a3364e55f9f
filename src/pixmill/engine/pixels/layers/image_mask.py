"""Pictures as masks: what of them lets another picture show.

Knows which part of a picture a mask takes. Overlays are made in ``sprites.py``.
"""

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.layers.layer import stretch_image
from pixmill.engine.raster.alpha import split_alpha
from pixmill.engine.raster.convert import VipsImage, to_vips
from pixmill.errors import PixmillError
from pixmill.plan.lengths import Size
from pixmill.plan.shapes import ImageMask, MaskChannel


def mask_opacity(mask: ImageMask, size: Size, job: RenderJob) -> VipsImage:
    """How much of each pixel shows, as codes of 8 bits. A picture without alpha shows everything; what is transparent has no light."""
    try:
        image = to_vips(stretch_image(job.extras[mask.source], size, job.limits))
    except PixmillError as error:
        raise error.with_subject("The mask", "mask") from error
    colours, alpha = split_alpha(image)
    if mask.channel is MaskChannel.ALPHA:
        return alpha if alpha is not None else colours[0] * 0 + 255
    luminance = colours.colourspace("b-w")[0]
    return luminance if alpha is None else luminance * (alpha / 255)
