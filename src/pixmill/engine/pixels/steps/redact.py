"""Makes parts unreadable: pixelates the image, blurs or pixelates regions and faces.

All regions are cut from one changed copy of the frame, so that they may overlap and many cost no more than one.

The detector finds faces from a sixtieth of the longer side on; there is no guarantee that nobody is recognised. It runs
on every frame of an animation. A detected box reaches from the brows to the chin. An ellipse covers the whole head:
hair, ears and chin. Its edge is soft, outside of what it covers.
"""

from collections.abc import Iterable
from math import ceil, floor

import pyvips
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from pixmill.engine.pixels.analysis.faces import THOROUGH_SIDE, detect_faces
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.linear_filters import gaussian_blur, pixelate_frame
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.effects import Effects, RedactionBox
from pixmill.plan.gravity import FocalRegion
from pixmill.plan.lengths import Box, Size, round_length

_MAX_FACES = 100
_SIDE_MARGIN, _UPPER_MARGIN, _LOWER_MARGIN = 0.3, 0.55, 0.2
"""In sides of the face. Its lower corners then lie just inside the ellipse."""
_SOFT_EDGE = 0.12
"""In mean sides of the face."""


def pixelate(frame: Frame, job: RenderJob) -> Frame:
    """Pixelate the whole image."""
    return pixelate_frame(frame, job.plan.effects.pixelate)


def redact_regions(frame: Frame, job: RenderJob) -> Frame:
    """Blur the regions of ``blur_areas``, then pixelate those of ``pixelate_areas``."""
    effects = job.plan.effects
    if effects.blur_areas is not None:
        frame = _replace_regions(frame, gaussian_blur(frame, effects.blur_areas.sigma), effects.blur_areas.regions)
    if effects.pixelate_areas is not None:
        pixelated = pixelate_frame(frame, effects.pixelate_areas.block_size)
        frame = _replace_regions(frame, pixelated, effects.pixelate_areas.regions)
    return frame


def redact_faces(frame: Frame, job: RenderJob) -> Frame:
    """Blur, then pixelate, the faces that are detected. Raises MissingExtra."""
    effects = job.plan.effects
    detected = detect_faces(to_vips(_detection_frame(frame)), _requesting_param(effects), _MAX_FACES)
    if not detected:
        return frame
    mask = _head_mask(frame.size, detected)
    if effects.blur_faces:
        frame = _replace_masked(frame, gaussian_blur(frame, effects.blur_faces), mask)
    if effects.pixelate_faces:
        frame = _replace_masked(frame, pixelate_frame(frame, effects.pixelate_faces), mask)
    return frame


def _requesting_param(effects: Effects) -> str:
    return "blur_faces" if effects.blur_faces else "pixelate_faces"


def _detection_frame(frame: Frame) -> Frame:
    shrink = max(1.0, max(frame.width, frame.height) / THOROUGH_SIDE)
    return scale_frame(frame, Size(round_length(frame.width / shrink), round_length(frame.height / shrink)))


def _head_mask(size: Size, faces: Iterable[FocalRegion]) -> Image.Image:
    """Return a mask of the heads: 255 where they are, less at a soft edge around them."""
    mask = Image.new("L", size.sides)
    for face in faces:
        width, height = face.width * size.width, face.height * size.height
        edge = ceil(_SOFT_EDGE * (width + height) / 2)
        left, top = (
            floor(face.x * size.width - _SIDE_MARGIN * width),
            floor(face.y * size.height - _UPPER_MARGIN * height),
        )
        across = ceil((1 + 2 * _SIDE_MARGIN) * width) + 1
        down = ceil((1 + _UPPER_MARGIN + _LOWER_MARGIN) * height) + 1
        head = Image.new("L", (across + 4 * edge, down + 4 * edge))
        ImageDraw.Draw(head).ellipse((edge, edge, across + 3 * edge, down + 3 * edge), fill=255)
        head = head.filter(ImageFilter.GaussianBlur(edge / 3))  # of three box blurs: it reaches as far as the edge
        corner = left - 2 * edge, top - 2 * edge
        before = mask.crop((*corner, corner[0] + head.width, corner[1] + head.height))
        mask.paste(ImageChops.lighter(before, head), corner)
    return mask


def _replace_masked(frame: Frame, replacement: Frame, mask: Image.Image) -> Frame:
    """Blend with ``replacement``, which has the same size."""
    condition = pyvips.Image.new_from_memory(mask.tobytes(), mask.width, mask.height, 1, "uchar")
    return from_vips(condition.ifthenelse(to_vips(replacement), to_vips(frame), blend=True), frame)


def _replace_regions(frame: Frame, replacement: Frame, regions: Iterable[RedactionBox]) -> Frame:
    """Copy these regions from ``replacement``, which has the same size."""
    image, replacement_image = to_vips(frame), to_vips(replacement)
    for box in filter(None, (_pixel_box(region, frame.size) for region in regions)):
        image = image.insert(replacement_image.crop(box.left, box.top, box.width, box.height), box.left, box.top)
    return from_vips(image, frame)


def _pixel_box(region: RedactionBox, size: Size) -> Box | None:
    """Return the whole pixels that the region touches; None if it lies outside the image."""
    x_unit, y_unit = (size.width / 100, size.height / 100) if region.percent else (1.0, 1.0)
    left, top = floor(region.left * x_unit), floor(region.top * y_unit)
    right = min(size.width, ceil((region.left + region.width) * x_unit))
    bottom = min(size.height, ceil((region.top + region.height) * y_unit))
    return Box(left, top, right - left, bottom - top) if left < right and top < bottom else None
