"""Finds borders of one colour on the whole decoded image, or on the result of a stage, before the geometry is resolved.

Compares the values of the file (of linear light and HDR: what they are shown as) by libvips' find_trim without its
median filter: on 33 megapixels that would take five seconds instead of a third of one. Must never know where the image
goes.
"""

from fractions import Fraction
from math import ceil

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.pixels.cost import check_drawing
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.error_boundary import process_errors
from pixmill.engine.pixels.job import total_orientation
from pixmill.engine.pixels.open_image import open_image
from pixmill.engine.raster.convert import VipsImage, to_vips
from pixmill.engine.raster.frame import Area, Frame
from pixmill.engine.raster.orientation import Orientation
from pixmill.errors import UndecodableImage
from pixmill.plan.colour import Colour
from pixmill.plan.lengths import Box, Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.output import Profile
from pixmill.plan.transforms import LengthUnit, Trim, TrimCorner

_TRANSPARENT = 0
_HUNDREDTHS = 10_000
_CORNERS = {
    TrimCorner.TOP_LEFT: (0, 0),
    TrimCorner.TOP_RIGHT: (1, 0),
    TrimCorner.BOTTOM_LEFT: (0, 1),
    TrimCorner.BOTTOM_RIGHT: (1, 1),
}


def find_trim_box(source: memoryview, plan: Plan, limits: Limits) -> Box | None:
    """Return the part of the stored image within its borders; None if there is nothing to trim, or all."""
    if plan.trim is None:
        return None
    decoder = open_image(source, limits, plan.input)
    size = decoder.header.size
    check_drawing(decoder.header, size, limits)
    request = DecodeRequest(Area(0, 0, size.width, size.height), size, profile=Profile.SRGB)
    frame = decode_frame(decoder, request, limits)
    if frame.width < size.width or frame.height < size.height:
        raise UndecodableImage(detail=f"header has size {size}, pixels have {frame.size}")
    with process_errors():
        return trim_box_of(
            to_vips(frame).crop(0, 0, size.width, size.height), plan.trim, total_orientation(decoder.header, plan)
        )


def find_frame_trim_box(frame: Frame, trim: Trim, orientation: Orientation) -> Box | None:
    """Return the part of the result of a stage within its borders; None if there is nothing to trim, or all."""
    return trim_box_of(to_vips(frame), trim, orientation)


def trim_box_of(image: VipsImage, trim: Trim, orientation: Orientation) -> Box | None:
    """Return the box within the borders.

    ``orientation`` defines which stored corner is displayed at the corner that has the border colour.
    """
    size = Size(image.width, image.height)
    displayed_size = orientation.oriented_size(size)
    x, y = _CORNERS[trim.corner]
    displayed = Area(x * (displayed_size.width - 1), y * (displayed_size.height - 1), 1, 1)
    corner = orientation.stored_area(displayed, displayed_size)
    colour = trim.colour or _colour_of_pixel(image(int(corner.left), int(corner.top)), alpha=image.hasalpha())
    if colour.alpha == _TRANSPARENT:
        if not image.hasalpha():
            return None
        bounds = image[image.bands - 1].find_trim(threshold=trim.tolerance, background=[0], line_art=True)
    else:
        background = [colour.red, colour.green, colour.blue]
        bounds = image.colourspace("srgb").find_trim(threshold=trim.tolerance, background=background, line_art=True)
    box = Box(*bounds)
    if not box.width or not box.height:
        return None
    horizontal, vertical = (
        (trim.equal_vertical, trim.equal_horizontal)
        if orientation.quarter_turns % 2
        else (trim.equal_horizontal, trim.equal_vertical)
    )
    return _padded(_equalise_margins(box, size, horizontal=horizontal, vertical=vertical), size, trim)


def _padded(box: Box, size: Size, trim: Trim) -> Box:
    """Keep some of the border, or cut off more than it."""
    padding = trim.padding
    if trim.padding_unit is LengthUnit.PERCENT:
        length = ceil(Fraction(abs(padding) * (box.width + box.height), 2 * _HUNDREDTHS))
        padding = length if padding > 0 else -length
    left, width = _padded_span(box.left, box.width, size.width, padding)
    top, height = _padded_span(box.top, box.height, size.height, padding)
    return Box(left, top, width, height)


def _padded_span(start: int, length: int, side: int, padding: int) -> tuple[int, int]:
    """Move both ends by the padding, within the image; at least one pixel in the middle is left."""
    padding = max(padding, -((length - 1) // 2))
    first, last = max(0, start - padding), min(side, start + length + padding)
    return first, last - first


def _colour_of_pixel(pixel: list[float], *, alpha: bool) -> Colour:
    *colours, alpha_value = map(int, pixel if alpha else [*pixel, 255])
    red, green, blue = colours * 3 if len(colours) == 1 else colours
    return Colour(red, green, blue, alpha_value)


def _equalise_margins(box: Box, size: Size, *, horizontal: bool, vertical: bool) -> Box:
    """Cut the smaller of two opposite margins off both sides."""
    left, width = _centre_span(box.left, box.width, size.width) if horizontal else (box.left, box.width)
    top, height = _centre_span(box.top, box.height, size.height) if vertical else (box.top, box.height)
    return Box(left, top, width, height)


def _centre_span(start: int, length: int, side: int) -> tuple[int, int]:
    margin = min(start, side - start - length)
    return margin, side - 2 * margin
