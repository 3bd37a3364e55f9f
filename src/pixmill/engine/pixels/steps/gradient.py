"""Gradient: two colours that run into each other, laid over the picture.

As a CSS ``linear-gradient`` over an ``img`` looks: mixed with alpha multiplied in and composited in sRGB codes, inside of what the picture shows, so
that alpha stays as it is. A grey picture stays grey under greys.
"""

from pixmill.engine.pixels.bridge import from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.opacity import joined, parted
from pixmill.engine.pixels.ramp import along
from pixmill.plan.colour import Colour


def gradient(frame: Frame, job: Job) -> Frame:
    """The frame under the gradient that is asked for."""
    asked = job.plan.effects.gradient
    if asked is None:
        return frame
    grey = frame.grey and _grey(asked.start) and _grey(asked.stop)
    colours, alpha = parted(to_vips(frame))
    if not grey:
        colours = colours.colourspace("srgb")
    first, last = _multiplied(asked.start), _multiplied(asked.stop)
    over = along(asked.ramp, frame.size).linear([b - a for a, b in zip(first, last, strict=True)], first)
    shown = over[0] if grey else over.extract_band(0, n=3)
    return from_vips(joined(colours * (1 - over[3]) + shown, alpha), frame)


def _grey(colour: Colour) -> bool:
    return colour.red == colour.green == colour.blue


def _multiplied(colour: Colour) -> list[float]:
    """Colours from 0 to 255 with alpha multiplied in, and alpha from 0 to 1."""
    opacity = colour.alpha / 255
    return [colour.red * opacity, colour.green * opacity, colour.blue * opacity, opacity]
