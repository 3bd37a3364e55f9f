"""Geometric transforms: crop and resize, orientation, rotation by any angle.

A free rotation is done with premultiplied alpha, by bicubic interpolation. The canvas is the bounding
box of the rotated image, with the same centre. A pixel (x, y) of the result, counted from the centre, shows the point
(x cos α + y sin α, y cos α − x sin α) of the image: α clockwise, as y grows downward.
"""

from math import cos, radians, sin

import pyvips

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.raster.colour_bands import band_values, with_bands_for
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.linear_light import from_floats, to_floats
from pixmill.engine.raster.orientation import Orientation
from pixmill.plan.ops import ResampleSpace

_VIPS_ANGLES = {1: "d90", 2: "d180", 3: "d270"}


def resize(frame: Frame, job: RenderJob) -> Frame:
    """Crop to ``frame.area`` and resize it to its size in the result, in one pass.

    The orientation stays that of the file.
    """
    size = job.orientation.oriented_size(job.geometry.window)
    return scale_frame(frame, size, job.plan.resize.kernel, job.resample_space)


def orient(frame: Frame, job: RenderJob) -> Frame:
    """Apply EXIF orientation, rotation by right angles and flip at once.

    Follows ``resize``, because then the pixels are few.
    """
    if not job.orientation.quarter_turns and not job.orientation.mirrored:
        return frame
    return from_vips(orient_image(to_vips(frame), job.orientation), frame)


def orient_image(image: VipsImage, orientation: Orientation) -> VipsImage:
    """Mirror and rotate pixels from the stored to the displayed orientation."""
    if orientation.mirrored:
        image = image.fliphor()
    return image.rot(_VIPS_ANGLES[orientation.quarter_turns]) if orientation.quarter_turns else image


def rotate_free(frame: Frame, job: RenderJob) -> Frame:
    """Rotate clockwise by any angle, and fill the corners with their colour."""
    rotation = job.plan.rotate_free
    if rotation is None:
        return frame
    image, size = with_bands_for(to_vips(frame), rotation.corner_colour), job.geometry.rotated
    cosine, sine = cos(radians(rotation.degrees)), sin(radians(rotation.degrees))
    x, y = (frame.width - 1) / 2, (frame.height - 1) / 2
    is_linear = job.resample_space is ResampleSpace.LINEAR
    corners = to_floats(_single_pixel(band_values(image, rotation.corner_colour), image), linear=is_linear)
    rotated = to_floats(image, linear=is_linear).affine(
        [cosine, -sine, sine, cosine],
        interpolate=pyvips.Interpolate.new("bicubic"),
        oarea=[0, 0, size.width, size.height],
        odx=(size.width - 1) / 2 - (x * cosine - y * sine),
        ody=(size.height - 1) / 2 - (x * sine + y * cosine),
        background=corners(0, 0),
        premultiplied=True,
    )
    return from_vips(from_floats(rotated, linear=is_linear, has_alpha=image.hasalpha()), frame)


def _single_pixel(values: list[int], like: VipsImage) -> VipsImage:
    """Return an image of one pixel in the colour space of ``like``."""
    pixel = pyvips.Image.new_from_memory(bytes(values), 1, 1, len(values), "uchar")
    return pixel.copy(interpretation=like.interpretation)
