"""Composites overlay images and texts over the canvas, one after the other.

On sRGB values as browsers do (https://www.w3.org/TR/compositing-1/): the blend modes are those of CSS, with source over
backdrop. An opaque image stays opaque, except for the modes that reduce alpha.
"""

from dataclasses import replace
from math import ceil

from pixmill.engine.pixels.draw.compositing import blend_images
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.layers.layer import OverlayLayer, RenderStages, overlay_layer
from pixmill.engine.raster.alpha import join_alpha, split_alpha
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.errors import PixmillError
from pixmill.plan.geometry import check_result_size
from pixmill.plan.lengths import Box, Size, exact_fraction, round_position
from pixmill.plan.limits import Limits
from pixmill.plan.overlays import Blend, Placement, Repeat
from pixmill.plan.references import overlay_name

_OPAQUE = 255
_NOTHING = (255, 255, 255, 0)
_ALPHA_REDUCING_BLENDS = (Blend.ERASE, Blend.XOR)


def overlay(frame: Frame, job: RenderJob, render_stages: RenderStages) -> Frame:
    """Composite all overlays of the plan; ``render_stages`` renders those that have stages of their own."""
    image, truncated = to_vips(frame).colourspace("srgb"), frame.truncated
    for number, item in enumerate(job.plan.overlays):
        try:
            canvas = Size(image.width, image.height)
            layer = overlay_layer(item, canvas, frame.profile, job, render_stages)
            image, truncated = _composite_layer(image, layer, item.placement, job.limits), truncated or layer.truncated
        except PixmillError as error:
            raise error.with_subject(overlay_name(number), "overlay") from error
    return replace(from_vips(image, frame), truncated=truncated)


def _composite_layer(image: VipsImage, layer: OverlayLayer, placement: Placement, limits: Limits) -> VipsImage:
    canvas = Size(image.width, image.height)
    layer_image = to_vips(layer.frame)
    left, top = _top_left(canvas, layer, placement)
    if placement.may_grow:
        image, left, top = _grow(image, layer.frame.size, left, top, limits)
        canvas = Size(image.width, image.height)
    if placement.repeat is not Repeat.NONE:
        layer_image, left, top = _tile(layer_image, canvas, placement, left, top)
    box = _visible_box(canvas, layer_image, left, top)
    if placement.blend is Blend.MASK:
        return _mask(image, layer_image, box, left, top)
    if box is None:
        return image
    layer_image = layer_image.crop(box.left - left, box.top - top, box.width, box.height)
    return _blend_into(image, layer_image, box, placement.blend)


def _grow(image: VipsImage, layer: Size, left: int, top: int, limits: Limits) -> tuple[VipsImage, int, int]:
    """Return the image on a canvas that holds the layer too, and the position of the layer on it.

    Raises ResultTooLarge.
    """
    canvas_left, canvas_top = max(0, -left), max(0, -top)
    size = Size(canvas_left + max(image.width, left + layer.width), canvas_top + max(image.height, top + layer.height))
    if size == Size(image.width, image.height):
        return image, left, top
    check_result_size(size, limits)
    with_alpha = image if image.hasalpha() else image.bandjoin(_OPAQUE)
    grown = with_alpha.embed(canvas_left, canvas_top, size.width, size.height, background=_NOTHING, extend="background")
    return grown.copy(interpretation="srgb"), left + canvas_left, top + canvas_top


def _mask(image: VipsImage, layer_image: VipsImage, box: Box | None, left: int, top: int) -> VipsImage:
    """Multiply the alpha of the image by that of the layer, which is 0 outside of it."""
    colours, alpha = split_alpha(image)
    if box is None:
        return join_alpha(colours, colours[0] * 0)
    visible = layer_image[3].crop(box.left - left, box.top - top, box.width, box.height)
    mask = visible.embed(box.left, box.top, image.width, image.height)
    return join_alpha(colours, mask if alpha is None else mask * (alpha / _OPAQUE))


def _top_left(canvas: Size, layer: OverlayLayer, placement: Placement) -> tuple[int, int]:
    """Return the position of the layer, its shadow included."""
    x_shift, y_shift = placement.offset_x.pixels(canvas.width), placement.offset_y.pixels(canvas.height)
    left = (
        round_position(exact_fraction(placement.x) * (canvas.width - layer.content_size.width))
        + x_shift
        - layer.shadow_left
    )
    top = (
        round_position(exact_fraction(placement.y) * (canvas.height - layer.content_size.height))
        + y_shift
        - layer.shadow_top
    )
    return left, top


def _tile(
    layer_image: VipsImage, canvas: Size, placement: Placement, left: int, top: int
) -> tuple[VipsImage, int, int]:
    """Repeat the layer to cover the canvas, aligned with the position of a single one."""
    width, height = layer_image.width + placement.gap, layer_image.height + placement.gap
    repeats_x = placement.repeat in (Repeat.HORIZONTAL, Repeat.BOTH)
    repeats_y = placement.repeat in (Repeat.VERTICAL, Repeat.BOTH)
    left, columns = (left % width - width, ceil(canvas.width / width) + 1) if repeats_x else (left, 1)
    top, rows = (top % height - height, ceil(canvas.height / height) + 1) if repeats_y else (top, 1)
    return layer_image.embed(0, 0, width, height).replicate(columns, rows), left, top


def _visible_box(canvas: Size, layer_image: VipsImage, left: int, top: int) -> Box | None:
    """Return the part of the canvas that the layer covers, None for none."""
    x_start, x_end = max(0, left), min(canvas.width, left + layer_image.width)
    y_start, y_end = max(0, top), min(canvas.height, top + layer_image.height)
    return Box(x_start, y_start, x_end - x_start, y_end - y_start) if x_start < x_end and y_start < y_end else None


def _blend_into(image: VipsImage, layer_image: VipsImage, box: Box, blend: Blend) -> VipsImage:
    if blend in _ALPHA_REDUCING_BLENDS and not image.hasalpha():
        image = image.bandjoin(255)
    backdrop = image.crop(box.left, box.top, box.width, box.height)
    result = blend_images(backdrop, layer_image, blend)
    if not image.hasalpha():
        result = result.extract_band(0, n=3)
    return image.insert(result, box.left, box.top)
