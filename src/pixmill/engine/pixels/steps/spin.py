"""Spin: a turn by any angle, in linear light with alpha multiplied in, by bicubic interpolation.

The canvas is the smallest upright box around the turned picture; both share their centre. A pixel (x, y) of the result, counted
from the centre, shows the place (x cos α + y sin α, y cos α - x sin α) of the picture: α clockwise, as y grows downward.
"""

from math import cos, radians, sin

import pyvips

from pixmill.engine.pixels.bridge import from_vips, to_vips
from pixmill.engine.pixels.canvas import able, parts
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.light import from_light, to_light


def spin(frame: Frame, job: Job) -> Frame:
    """The frame turned clockwise by as much as is asked for, with its corners in their colour."""
    asked = job.plan.spin
    if asked is None:
        return frame
    image, size = able(to_vips(frame), asked.corners), job.geometry.spun
    across, down = cos(radians(asked.degrees)), sin(radians(asked.degrees))
    x, y = (frame.width - 1) / 2, (frame.height - 1) / 2
    corners = to_light(_dot(parts(image, asked.corners), image))
    light = to_light(image).affine(
        [across, -down, down, across],
        interpolate=pyvips.Interpolate.new("bicubic"),
        oarea=[0, 0, size.width, size.height],
        odx=(size.width - 1) / 2 - (x * across - y * down),
        ody=(size.height - 1) / 2 - (x * down + y * across),
        background=corners(0, 0),
        premultiplied=True,
    )
    return from_vips(from_light(light, alpha=image.hasalpha()), frame)


def _dot(codes: list[int], like: pyvips.Image) -> pyvips.Image:
    """One pixel of a colour."""
    dot = pyvips.Image.new_from_memory(bytes(codes), 1, 1, len(codes), "uchar")
    return dot.copy(interpretation=like.interpretation)
