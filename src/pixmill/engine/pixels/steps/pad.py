"""Pad: the picture in the middle of a canvas of the background's colour (``fit=contain``)."""

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.plan.ops import Colour

_OPAQUE = 255


def pad(frame: Frame, job: Job) -> Frame:
    """The frame on its canvas. A grey picture stays grey on a grey canvas; a canvas one sees through needs alpha."""
    geometry, colour = job.geometry, job.plan.background
    if not geometry.pads:
        return frame
    image = _able(to_vips(frame), colour, grey=frame.grey)
    grey = image.interpretation == "b-w"
    parts = [colour.red, colour.alpha] if grey else [colour.red, colour.green, colour.blue, colour.alpha]
    canvas = image.embed(
        *geometry.offset,
        geometry.output.width,
        geometry.output.height,
        extend="background",
        background=parts[: image.bands],
    )
    return from_vips(canvas, frame)


def _able(image: VipsImage, colour: Colour, *, grey: bool) -> VipsImage:
    """The picture with the bands that the colour needs."""
    if grey and not colour.red == colour.green == colour.blue:
        image = image.colourspace("srgb")
    if colour.alpha < _OPAQUE and not image.hasalpha():
        image = image.bandjoin(_OPAQUE)
    return image
