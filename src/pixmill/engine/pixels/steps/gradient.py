"""Gradient: two colours that run into each other, laid over the picture.

As a CSS ``linear-gradient`` over an ``img`` looks: mixed with alpha multiplied in and composited in sRGB codes, inside of what the picture shows, so
that alpha stays as it is. A grey picture stays grey under greys.
"""

from pixmill.engine.pixels.draw.gradient_ramp import ramp_positions
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.alpha import join_alpha, split_alpha
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.colour import Colour


def gradient(frame: Frame, job: RenderJob) -> Frame:
    """The frame under the gradient that is asked for."""
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


def _is_grey(colour: Colour) -> bool:
    return colour.red == colour.green == colour.blue


def _premultiplied_values(colour: Colour) -> list[float]:
    """Colours from 0 to 255 with alpha multiplied in, and alpha from 0 to 1."""
    opacity = colour.alpha / 255
    return [colour.red * opacity, colour.green * opacity, colour.blue * opacity, opacity]
