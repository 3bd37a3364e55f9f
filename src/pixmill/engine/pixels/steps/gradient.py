"""Overlays that vary with the position: a linear gradient and a vignette.

The gradient looks like a CSS ``linear-gradient`` over an ``img``: interpolated with premultiplied alpha and composited
on sRGB values, within the image's own alpha, which does not change. A grey image stays grey under a grey gradient.

The vignette multiplies each value by 1 − strength · s, where s = t² (3 − 2 t), and t grows from 0 at a quarter of the
distance from the centre to the corners to 1 in the corners. The distance is measured in an ellipse with the image's
aspect ratio.
"""

import pyvips

from pixmill.engine.pixels.draw.gradient_ramp import ramp_positions
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.alpha import join_alpha, split_alpha
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.colour import Colour
from pixmill.plan.lengths import Size

_CLEAR_RADIUS = 0.25


def gradient(frame: Frame, job: RenderJob) -> Frame:
    """Composite the linear gradient of the plan over the image."""
    options = job.plan.effects.gradient
    if options is None:
        return frame
    grey = frame.is_grey and _is_grey(options.start) and _is_grey(options.stop)
    colours, alpha = split_alpha(to_vips(frame))
    if not grey:
        colours = colours.colourspace("srgb")
    start_values, stop_values = _premultiplied_values(options.start), _premultiplied_values(options.stop)
    overlay_pixels = ramp_positions(options.ramp, frame.size).linear(
        [b - a for a, b in zip(start_values, stop_values, strict=True)], start_values
    )
    overlay_colours = overlay_pixels[0] if grey else overlay_pixels.extract_band(0, n=3)
    return from_vips(join_alpha(colours * (1 - overlay_pixels[3]) + overlay_colours, alpha), frame)


def vignette(frame: Frame, job: RenderJob) -> Frame:
    """Darken the image towards its corners."""
    strength = job.plan.effects.vignette / 100
    colours, alpha = split_alpha(to_vips(frame))
    return from_vips(join_alpha(colours * (1 - _falloff(frame.size) * strength), alpha), frame)


def _is_grey(colour: Colour) -> bool:
    return colour.red == colour.green == colour.blue


def _premultiplied_values(colour: Colour) -> list[float]:
    """Return premultiplied colours from 0 to 255, and alpha from 0 to 1."""
    opacity = colour.alpha / 255
    return [colour.red * opacity, colour.green * opacity, colour.blue * opacity, opacity]


def _falloff(size: Size) -> VipsImage:
    """Return s: 0 in the middle, 1 in the corners."""
    coordinates = pyvips.Image.xyz(size.width, size.height)
    x, y = (coordinates[at] * (2 / side) - (side - 1) / side for at, side in enumerate((size.width, size.height)))
    t = ((((x * x + y * y) / 2) ** 0.5 - _CLEAR_RADIUS) / (1 - _CLEAR_RADIUS)).clamp(min=0, max=1)
    return t * t * (3 - 2 * t)
