"""Spin: a turn by any angle, in linear light with alpha multiplied in, by bicubic interpolation.

The canvas is the smallest upright box around the turned picture; both share their centre. A pixel (x, y) of the result, counted
from the centre, shows the place (x cos α + y sin α, y cos α - x sin α) of the picture: α clockwise, as y grows downward.
"""

from math import cos, radians, sin

import pyvips

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.colour_bands import band_values, with_bands_for
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.linear_light import from_linear, to_linear


def rotate_free(frame: Frame, job: RenderJob) -> Frame:
    """The frame turned clockwise by as much as is asked for, with its corners in their colour."""
    rotation = job.plan.rotate_free
    if rotation is None:
        return frame
    image, size = with_bands_for(to_vips(frame), rotation.corner_colour), job.geometry.rotated
    cosine, sine = cos(radians(rotation.degrees)), sin(radians(rotation.degrees))
    x, y = (frame.width - 1) / 2, (frame.height - 1) / 2
    corners = to_linear(_single_pixel(band_values(image, rotation.corner_colour), image))
    linear = to_linear(image).affine(
        [cosine, -sine, sine, cosine],
        interpolate=pyvips.Interpolate.new("bicubic"),
        oarea=[0, 0, size.width, size.height],
        odx=(size.width - 1) / 2 - (x * cosine - y * sine),
        ody=(size.height - 1) / 2 - (x * sine + y * cosine),
        background=corners(0, 0),
        premultiplied=True,
    )
    return from_vips(from_linear(linear, has_alpha=image.hasalpha()), frame)


def _single_pixel(values: list[int], like: pyvips.Image) -> pyvips.Image:
    """One pixel of a colour."""
    pixel = pyvips.Image.new_from_memory(bytes(values), 1, 1, len(values), "uchar")
    return pixel.copy(interpretation=like.interpretation)
