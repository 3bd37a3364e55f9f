"""Vignette: darker towards the corners.

Each code is multiplied by 1 − strength · s, where s = t² (3 − 2 t) with t growing from 0 within a quarter of the way from the centre to the corners
to 1 in the corners. The way is measured in an ellipse of the picture's shape.
"""

import pyvips

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.alpha import join_alpha, split_alpha
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.lengths import Size

_CLEAR_RADIUS = 0.25


def vignette(frame: Frame, job: RenderJob) -> Frame:
    """The frame with dark corners, if that is asked for."""
    strength = job.plan.effects.vignette
    if not strength:
        return frame
    colours, alpha = split_alpha(to_vips(frame))
    return from_vips(join_alpha(colours * (1 - _falloff(frame.size) * (strength / 100)), alpha), frame)


def _falloff(size: Size) -> VipsImage:
    """0 in the middle, 1 in the corners."""
    coordinates = pyvips.Image.xyz(size.width, size.height)
    x, y = (coordinates[at] * (2 / side) - (side - 1) / side for at, side in enumerate((size.width, size.height)))
    t = ((((x * x + y * y) / 2) ** 0.5 - _CLEAR_RADIUS) / (1 - _CLEAR_RADIUS)).clamp(min=0, max=1)
    return t * t * (3 - 2 * t)
