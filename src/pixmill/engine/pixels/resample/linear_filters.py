"""Gaussian blur and pixelation of a frame, in linear light with premultiplied alpha, and a blur of sRGB values.

Must never know plans.
"""

from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.raster.alpha import join_alpha, premultiply, split_alpha, unpremultiply
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.linear_light import from_linear, to_linear
from pixmill.plan.lengths import Size, round_length

MAX_DIRECT_SIGMA = 6.0
"""Above this the image is reduced first, so that time does not grow with sigma."""

MIN_AMPLITUDE = 0.01
"""The filter ends where it falls below this fraction of its peak (libvips' default of 0.2 leaves a visible edge)."""


def gaussian_blur(frame: Frame, sigma: float, *, max_direct_sigma: float = MAX_DIRECT_SIGMA) -> Frame:
    """Blur by ``sigma`` pixels.

    Above ``max_direct_sigma`` the image is reduced first and enlarged afterwards: a Gaussian leaves no detail that this
    could lose.
    """
    shrink = max(1.0, sigma / max_direct_sigma)
    reduced_size = Size(round_length(frame.width / shrink), round_length(frame.height / shrink))
    linear = to_linear(to_vips(scale_frame(frame, reduced_size))).gaussblur(
        sigma / shrink, min_ampl=MIN_AMPLITUDE, precision="float"
    )
    return scale_frame(from_vips(from_linear(linear, has_alpha=frame.layout.has_alpha), frame), frame.size)


def gaussian_blur_of_values(frame: Frame, sigma: float) -> Frame:
    """Blur premultiplied sRGB values by ``sigma`` pixels, on a reduced image above ``MAX_DIRECT_SIGMA``."""
    shrink = max(1.0, sigma / MAX_DIRECT_SIGMA)
    colours, alpha = split_alpha(to_vips(frame))
    premultiplied = premultiply(colours, alpha).cast("float")
    image = premultiplied if alpha is None else premultiplied.bandjoin(alpha.cast("float"))
    if shrink > 1:
        size = round_length(frame.width / shrink), round_length(frame.height / shrink)
        image = _stretch(image, *size)
    image = image.gaussblur(sigma / shrink, min_ampl=MIN_AMPLITUDE, precision="float")
    if shrink > 1:
        image = _stretch(image, frame.width, frame.height)
    if alpha is None:
        return from_vips(join_alpha(image, None), frame)
    bands = image.bands - 1
    return from_vips(join_alpha(unpremultiply(image.extract_band(0, n=bands), image[bands]), image[bands]), frame)


def _stretch(image: VipsImage, width: int, height: int) -> VipsImage:
    return image.resize(width / image.width, vscale=height / image.height, kernel="linear")


def pixelate_frame(frame: Frame, block_side: int) -> Frame:
    """Replace blocks of ``block_side`` pixels, from the upper left corner on, by their mean.

    In a block that the edge cuts, the outermost pixels are repeated beyond the edge.
    """
    means = to_linear(to_vips(frame)).shrink(block_side, block_side, ceil=True)
    blocks = from_linear(means, has_alpha=frame.layout.has_alpha).zoom(block_side, block_side)
    return from_vips(blocks.crop(0, 0, frame.width, frame.height), frame)
