"""Rounded corners, a mask, a border along their outline, and the opacity of the whole.

Alpha is multiplied by the share of each pixel inside the outline. The border is composited on sRGB values, as in
browsers, from the outline inwards; an image mask, which has no outline, is applied last. Colours stay the same where
only alpha changes.
"""

from dataclasses import replace

from pixmill.engine.pixels.draw.compositing import composite_over, fill_mask
from pixmill.engine.pixels.draw.distance_field import pixel_coverage, rounded_rectangle_depth, shape_depth
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.layers.layer import mask_opacity
from pixmill.engine.raster.alpha import join_alpha, round_to_8_bit, split_alpha
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.lengths import Size
from pixmill.plan.shapes import Border, CornerRadii, ImageMask, Shape

_SQUARE_CORNERS = CornerRadii()
_OPAQUE = 255


def apply_mask(frame: Frame, job: RenderJob) -> Frame:
    """Apply corners, border and mask."""
    options = job.plan.shape
    image = to_vips(frame)
    if options.corner_radii or options.border or not isinstance(options.mask, ImageMask | None):
        image = _apply_outline(image, options, frame.size)
    if isinstance(options.mask, ImageMask):
        opacity, truncated = mask_opacity(options.mask, frame.size, job)
        image = _multiply_alpha(image, opacity / _OPAQUE)
        frame = replace(frame, truncated=frame.truncated or truncated)
    return from_vips(image, frame)


def multiply_opacity(frame: Frame, job: RenderJob) -> Frame:
    """Multiply alpha by the opacity of the plan."""
    return from_vips(_multiply_alpha(to_vips(frame), job.plan.opacity / 100), frame)


def _apply_outline(image: VipsImage, options: Shape, size: Size) -> VipsImage:
    depth = _outline_depth(options, size).copy_memory()  # read twice
    if options.border:
        image = _draw_border(image, options.border, depth)
    if options.corner_radii or options.mask:
        image = _multiply_alpha(image, pixel_coverage(depth))
    return image


def _outline_depth(options: Shape, size: Size) -> VipsImage:
    """Return how deep each pixel lies inside the corners and the mask."""
    depth = rounded_rectangle_depth(size, options.corner_radii or _SQUARE_CORNERS)
    if options.mask is None or isinstance(options.mask, ImageMask):
        return depth
    mask_depth = shape_depth(options.mask, size)
    return depth.minpair(mask_depth) if options.corner_radii else mask_depth


def _multiply_alpha(image: VipsImage, coverage: VipsImage | float) -> VipsImage:
    colours, alpha = split_alpha(image)
    return join_alpha(colours, (colours[0] * 0 + _OPAQUE if alpha is None else alpha) * coverage)


def _draw_border(image: VipsImage, border: Border, depth: VipsImage) -> VipsImage:
    """Composite the border, from the outline to ``width`` pixels inside it."""
    border_image = fill_mask(round_to_8_bit((1 - pixel_coverage(depth - border.width)) * _OPAQUE), border.colour)
    space = "srgb"
    if image.interpretation == "b-w" and border.colour.red == border.colour.green == border.colour.blue:
        border_image, space = border_image[0].bandjoin(border_image[3]), "b-w"
    result = composite_over(image.colourspace(space), border_image)
    return result if image.hasalpha() else result.extract_band(0, n=result.bands - 1)
