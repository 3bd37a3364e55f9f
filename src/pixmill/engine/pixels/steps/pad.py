"""Pad: the picture on a larger canvas (``fit=contain``, ``padding``), which shows a colour or more of the picture.

The blurred copy covers the canvas as ``fit=cover`` does, and is blurred by a fiftieth of the canvas' longer side (of 128 pixels at least) in
linear light, on a small picture: what a Gaussian leaves has no detail that this could lose.
"""

from collections.abc import Callable
from dataclasses import replace

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.canvas import able, parts
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.light import from_light, to_light
from pixmill.engine.pixels.scale import scaled
from pixmill.plan.extend import Fill
from pixmill.plan.geometry import Size, round_half_up

_SMALL_SIDE = 128
_SIGMA = _SMALL_SIDE / 50


def pad(frame: Frame, job: Job) -> Frame:
    """The frame on its canvas."""
    return _FILLS[job.plan.extend.fill](frame, job) if job.geometry.pads else frame


def _coloured(frame: Frame, job: Job) -> Frame:
    """A grey picture stays grey on a grey canvas; a canvas one sees through needs alpha."""
    colour = job.plan.background
    image = able(to_vips(frame), colour)
    return from_vips(_embedded(image, job, extend="background", background=parts(image, colour)), frame)


def _drawn_out(frame: Frame, job: Job) -> Frame:
    return from_vips(_embedded(to_vips(frame), job, extend="copy"), frame)


def _mirrored(frame: Frame, job: Job) -> Frame:
    return from_vips(_embedded(to_vips(frame), job, extend="mirror"), frame)


def _embedded(image: VipsImage, job: Job, **around: object) -> VipsImage:
    output = job.geometry.output
    return image.embed(*job.geometry.offset, output.width, output.height, **around)


def _blurred(frame: Frame, job: Job) -> Frame:
    """Where one sees through the picture, one sees the copy."""
    left, top = job.geometry.offset
    behind = to_vips(_backdrop(frame, job.geometry.output))
    image = to_vips(frame)
    if not frame.layout.alpha:
        return from_vips(behind.insert(image, left, top), frame)
    space = "b-w" if frame.grey else "srgb"
    return from_vips(behind.composite2(image, "over", x=left, y=top, compositing_space=space).cast("uchar"), frame)


def _backdrop(frame: Frame, canvas: Size) -> Frame:
    """The middle of the frame, in the shape of the canvas, blurred and as large as it."""
    shrink = max(1.0, max(canvas.width, canvas.height) / _SMALL_SIDE)
    small = Size(round_half_up(canvas.width / shrink), round_half_up(canvas.height / shrink))
    light = to_light(to_vips(scaled(_middle(frame, canvas), small))).gaussblur(_SIGMA, precision="float")
    blurred = from_vips(from_light(light, alpha=frame.layout.alpha), frame)
    return scaled(replace(blurred, area=None), canvas)


def _middle(frame: Frame, canvas: Size) -> Frame:
    """The frame with the largest area in its middle that has the shape of the canvas."""
    scale = min(frame.width / canvas.width, frame.height / canvas.height)
    width, height = canvas.width * scale, canvas.height * scale
    area = Area((frame.width - width) / 2, (frame.height - height) / 2, width, height)
    return replace(frame, area=area)


_FILLS: dict[Fill, Callable[[Frame, Job], Frame]] = {
    Fill.COLOUR: _coloured,
    Fill.BLUR: _blurred,
    Fill.EDGE: _drawn_out,
    Fill.MIRROR: _mirrored,
}
