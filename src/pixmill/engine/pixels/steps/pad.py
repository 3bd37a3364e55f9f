"""Pads the image to a larger canvas, filled with a colour, a blurred copy, repeated edges or the average colour.

The blurred copy covers the canvas as ``fit=cover`` does. Its sigma is a fiftieth of the longer side of the canvas; it
is blurred in linear light at a reduced size, because a Gaussian leaves no detail that this could lose.
"""

from collections.abc import Callable
from dataclasses import replace

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.raster.alpha import split_alpha
from pixmill.engine.raster.colour_bands import OPAQUE, band_values, with_bands_for
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Area, Frame
from pixmill.engine.raster.linear_light import from_linear, to_linear
from pixmill.plan.lengths import Size, round_length
from pixmill.plan.transforms import Fill

_BACKDROP_SIDE = 128
_BACKDROP_SIGMA = _BACKDROP_SIDE / 50


def pad(frame: Frame, job: RenderJob) -> Frame:
    """Pad the frame to the size of the result."""
    return _FILLS[job.plan.extend.fill](frame, job)


def _fill_with_colour(frame: Frame, job: RenderJob) -> Frame:
    """A grey image stays grey on a grey canvas; a translucent canvas adds alpha."""
    colour = job.plan.background
    image = with_bands_for(to_vips(frame), colour)
    return from_vips(_embed(image, job, extend="background", background=band_values(image, colour)), frame)


def _fill_with_edge(frame: Frame, job: RenderJob) -> Frame:
    return from_vips(_embed(to_vips(frame), job, extend="copy"), frame)


def _fill_with_mirror(frame: Frame, job: RenderJob) -> Frame:
    return from_vips(_embed(to_vips(frame), job, extend="mirror"), frame)


def _fill_with_average(frame: Frame, job: RenderJob) -> Frame:
    """The mean of the sRGB values, in which the parts of the image count as much as they are opaque."""
    image = to_vips(frame)
    colours, alpha = split_alpha(image)
    if alpha is None:
        means = [band.avg() for band in colours.bandsplit()]
    else:
        opacity = alpha.avg() or 1.0
        means = [(band * alpha).avg() / opacity for band in colours.bandsplit()]
    average = [round(mean) for mean in means] + ([] if alpha is None else [OPAQUE])
    return from_vips(_embed(image, job, extend="background", background=average), frame)


def _embed(image: VipsImage, job: RenderJob, **options: object) -> VipsImage:
    output = job.geometry.output
    return image.embed(*job.geometry.offset, output.width, output.height, **options)


def _fill_with_blur(frame: Frame, job: RenderJob) -> Frame:
    """The copy shows through transparent parts of the image."""
    left, top = job.geometry.offset
    backdrop = to_vips(_blurred_backdrop(frame, job.geometry.output))
    image = to_vips(frame)
    if not frame.layout.has_alpha:
        return from_vips(backdrop.insert(image, left, top), frame)
    space = "b-w" if frame.is_grey else "srgb"
    return from_vips(backdrop.composite2(image, "over", x=left, y=top, compositing_space=space).cast("uchar"), frame)


def _blurred_backdrop(frame: Frame, canvas: Size) -> Frame:
    """Return the centre of the frame, with the aspect ratio and size of the canvas, blurred."""
    shrink = max(1.0, max(canvas.width, canvas.height) / _BACKDROP_SIDE)
    small = Size(round_length(canvas.width / shrink), round_length(canvas.height / shrink))
    linear = to_linear(to_vips(scale_frame(_central_area(frame, canvas), small))).gaussblur(
        _BACKDROP_SIGMA, precision="float"
    )
    blurred = from_vips(from_linear(linear, has_alpha=frame.layout.has_alpha), frame)
    return scale_frame(replace(blurred, area=None), canvas)


def _central_area(frame: Frame, canvas: Size) -> Frame:
    """Set the largest centred area with the aspect ratio of the canvas."""
    scale = min(frame.width / canvas.width, frame.height / canvas.height)
    width, height = canvas.width * scale, canvas.height * scale
    area = Area((frame.width - width) / 2, (frame.height - height) / 2, width, height)
    return replace(frame, area=area)


_FILLS: dict[Fill, Callable[[Frame, RenderJob], Frame]] = {
    Fill.COLOUR: _fill_with_colour,
    Fill.BLUR: _fill_with_blur,
    Fill.EDGE: _fill_with_edge,
    Fill.MIRROR: _fill_with_mirror,
    Fill.AVERAGE: _fill_with_average,
}
