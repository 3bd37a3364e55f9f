"""Pictures as masks: what of them lets another picture show.

Knows which part of a picture a mask takes. Overlays are made in ``sprites.py``.
"""

from pixmill.engine.pixels.bridge import VipsImage, to_vips
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.opacity import parted
from pixmill.engine.pixels.sprites import stretched
from pixmill.errors import PixmillError
from pixmill.plan.geometry import Size
from pixmill.plan.shapes import Channel, Stencil


def stencil(asked: Stencil, size: Size, job: Job) -> VipsImage:
    """How much of each pixel shows, as codes of 8 bits. A picture without alpha shows everything; what is transparent has no light."""
    try:
        image = to_vips(stretched(job.extras[asked.source], size, job.limits))
    except PixmillError as error:
        raise error.about("The mask", "mask") from error
    colours, alpha = parted(image)
    if asked.channel is Channel.ALPHA:
        return alpha if alpha is not None else colours[0] * 0 + 255
    light = colours.colourspace("b-w")[0]
    return light if alpha is None else light * (alpha / 255)
