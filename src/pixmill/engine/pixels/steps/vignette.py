"""Vignette: darker towards the corners.

Each code is multiplied by 1 − strength · s, where s = t² (3 − 2 t) with t growing from 0 within a quarter of the way from the centre to the corners
to 1 in the corners. The way is measured in an ellipse of the picture's shape.
"""

import pyvips

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.opacity import joined, parted
from pixmill.plan.geometry import Size

_CLEAR = 0.25


def vignette(frame: Frame, job: Job) -> Frame:
    """The frame with dark corners, if that is asked for."""
    strength = job.plan.effects.vignette
    if not strength:
        return frame
    colours, alpha = parted(to_vips(frame))
    return from_vips(joined(colours * (1 - _shade(frame.size) * (strength / 100)), alpha), frame)


def _shade(size: Size) -> VipsImage:
    """0 in the middle, 1 in the corners."""
    places = pyvips.Image.xyz(size.width, size.height)
    x, y = (places[at] * (2 / side) - (side - 1) / side for at, side in enumerate((size.width, size.height)))
    t = ((((x * x + y * y) / 2) ** 0.5 - _CLEAR) / (1 - _CLEAR)).clamp(min=0, max=1)
    return t * t * (3 - 2 * t)
