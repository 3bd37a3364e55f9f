"""Makes parts unreadable: pixelates the image, blurs or pixelates regions and faces.

All regions are cut from one changed copy of the frame, so that they may overlap and many cost no more than one.

The face detector finds frontal faces from a twentieth of the image's height on; there is no guarantee that nobody is
recognised. It runs on every frame of an animation. A detected box reaches from the brows to the chin, and is widened by
a fifth of its sides to cover hair and ears.
"""

from collections.abc import Iterable
from math import ceil, floor

from pixmill.engine.pixels.analysis.faces import DETECTION_SIDE, detect_faces
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.linear_filters import gaussian_blur, pixelate_frame
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.raster.convert import from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.effects import Effects, RedactionBox
from pixmill.plan.gravity import FocalRegion
from pixmill.plan.lengths import Box, Size, round_length

_MAX_FACES = 100
_MARGIN = 0.2


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
    regions = [_widen_region(face) for face in detected]
    if regions and effects.blur_faces:
        frame = _replace_regions(frame, gaussian_blur(frame, effects.blur_faces), regions)
    if regions and effects.pixelate_faces:
        frame = _replace_regions(frame, pixelate_frame(frame, effects.pixelate_faces), regions)
    return frame


def _requesting_param(effects: Effects) -> str:
    return "blur_faces" if effects.blur_faces else "pixelate_faces"


def _detection_frame(frame: Frame) -> Frame:
    shrink = max(1.0, max(frame.width, frame.height) / DETECTION_SIDE)
    return scale_frame(frame, Size(round_length(frame.width / shrink), round_length(frame.height / shrink)))


def _widen_region(face: FocalRegion) -> RedactionBox:
    """Return the face with its margin, in percent; clamped at the left and upper edge."""
    left, top = max(0.0, face.x - _MARGIN * face.width), max(0.0, face.y - _MARGIN * face.height)
    right, bottom = face.x + (1 + _MARGIN) * face.width, face.y + (1 + _MARGIN) * face.height
    return RedactionBox(100 * left, 100 * top, 100 * (right - left), 100 * (bottom - top), percent=True)


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
