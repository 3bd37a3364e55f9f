"""Places the crop and the window that depend on the pixels, on a reduced image.

By the subject, by libvips' attention or entropy, or by faces.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from msgspec.structs import replace as replace_plan

from pixmill.engine.codecs.decoder import Decoder
from pixmill.engine.pixels.analysis.attention import measure_attention
from pixmill.engine.pixels.analysis.faces import QUICK_SIDE, THOROUGH_SIDE, detect_faces, detect_faces_if_possible
from pixmill.engine.pixels.analysis.objects import weigh_objects
from pixmill.engine.pixels.analysis.subjects import place_window
from pixmill.engine.pixels.cost import check_drawing
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.error_boundary import process_errors
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.pixels.transform.geometric import orient_image
from pixmill.engine.raster.convert import VipsImage, to_vips
from pixmill.engine.raster.frame import Area, Frame
from pixmill.plan.close_up import placed_gravity, shows_all
from pixmill.plan.gravity import Faces, FocalRegion, FocalRegions, Gravity, Interest, Point, Smart
from pixmill.plan.lengths import Size, round_length
from pixmill.plan.ops import CropWindow

_ANALYSIS_SIDE = 256
"""libvips itself reduces to about 32 × 32 pixels (smartcrop.c), so this size loses nothing."""
_SUBJECT_SIDE = 320
"""Fine detail shows what is in focus down to this size."""


def smart_crop(frame: Frame, job: RenderJob) -> Frame:
    """Reduce ``frame.area`` to the crop, if its place depends on the pixels, then to the window in it."""
    if job.geometry.smart_window:
        placed_job = _place_crop(frame, job)
        frame, job = _narrow(frame, job, placed_job), placed_job
    if job.geometry.smart_crop:
        frame = _narrow(frame, job, _place_window(frame, job))
    return frame


def _narrow(frame: Frame, job: RenderJob, placed_job: RenderJob) -> Frame:
    """Reduce the area, which is the one that ``job`` decodes, to that of ``placed_job``.

    An area of None is the whole frame: drawings are rendered without what is not requested.
    """
    area = frame.area or Area(0, 0, frame.width, frame.height)
    full_area, placed_area = job.decode_request.area, placed_job.decode_request.area
    x_scale, y_scale = area.width / full_area.width, area.height / full_area.height
    left, top = (
        area.left + (placed_area.left - full_area.left) * x_scale,
        area.top + (placed_area.top - full_area.top) * y_scale,
    )
    return replace(frame, area=Area(left, top, placed_area.width * x_scale, placed_area.height * y_scale))


def place_vector_window(decoder: Decoder, job: RenderJob) -> RenderJob:
    """Place the crop and the window of a vector image, each on a small rendering if the whole would have more pixels
    than a result may.

    Other originals are decoded at their own size, whatever the size that the window is cut from.
    """
    if job.header.is_vector and job.geometry.smart_window and _is_too_large(job):
        placed_job = _on_small_rendering(_place_crop, decoder, job)
        job = replace(job, plan=replace_plan(job.plan, crop=placed_job.plan.crop), geometry=placed_job.geometry)
    if job.header.is_vector and job.geometry.smart_crop and not job.geometry.smart_window and _is_too_large(job):
        return replace(job, geometry=_on_small_rendering(_place_window, decoder, job).geometry)
    return job


def _is_too_large(job: RenderJob) -> bool:
    """Return whether the rendering would be too large, or of a scale that is known only when it is placed."""
    return job.geometry.may_close_up or job.geometry.rendered.pixels > job.limits.max_result_pixels


def _on_small_rendering(place: Callable[[Frame, RenderJob], RenderJob], decoder: Decoder, job: RenderJob) -> RenderJob:
    searched = job.geometry.searched_scaled
    size = _shrink_size(searched, _shrink_factor(searched, THOROUGH_SIDE))
    check_drawing(job.header, size, job.limits)
    request = replace(job.decode_request, target_size=job.orientation.oriented_size(size))
    frame = decode_frame(decoder, request, job.limits)
    with process_errors():
        return place(frame, job)


def _place_crop(frame: Frame, job: RenderJob) -> RenderJob:
    """Return the job with its crop placed; the frame shows the whole image."""
    crop = job.plan.crop
    if not isinstance(crop, CropWindow):
        raise TypeError("The crop is no window")
    return job.with_crop_gravity(crop, _find_gravity(frame, job, crop.gravity, job.geometry.scaled, "crop_gravity"))


def _place_window(frame: Frame, job: RenderJob) -> RenderJob:
    """Return the job with its window placed; the frame shows the crop."""
    return job.with_gravity(_find_gravity(frame, job, job.plan.resize.gravity, job.geometry.window, "gravity"))


def _find_gravity(frame: Frame, job: RenderJob, gravity: Gravity, window: Size, param: str) -> Gravity:
    """Return the faces, or the point to keep, for a window of this size at the scale of the result."""
    if isinstance(gravity, Smart) and gravity.interest is not Interest.AUTO:
        return placed_gravity(gravity, _find_point(frame, job, gravity.interest, window))
    image = _detailed_image(frame, job, _SUBJECT_SIDE).copy_memory()
    reduced = image.resize(min(1.0, QUICK_SIDE / max(image.width, image.height))).copy_memory()
    faces = _find_faces(frame, job, gravity, reduced, param)
    if faces and not shows_all(gravity):
        return placed_gravity(gravity, FocalRegions(tuple(faces)))
    searched, zoom = job.geometry.searched_scaled, max(1.0, gravity.zoom)
    width_share, height_share = (
        min(1.0, part / side / zoom) for part, side in zip(window.sides, searched.sides, strict=True)
    )
    weights = measure_attention(image)
    if not faces:
        weights = weigh_objects(weights, reduced)
    return placed_gravity(gravity, Point(*place_window(weights, width_share, height_share, faces)))


def _find_faces(frame: Frame, job: RenderJob, gravity: Gravity, image: VipsImage, param: str) -> Sequence[FocalRegion]:
    """Return the faces of ``image``; if faces were asked for and there are none, smaller ones. Raises MissingExtra."""
    if not isinstance(gravity, Faces):
        return detect_faces_if_possible(image)
    return detect_faces(image, param) or detect_faces(_detailed_image(frame, job, THOROUGH_SIDE), param)


def _analysis_image(frame: Frame, job: RenderJob, max_side: int) -> VipsImage:
    """Return the oriented image, with no side longer than ``max_side``."""
    oriented_size = job.orientation.oriented_size(job.geometry.searched_scaled)
    return orient_image(
        to_vips(scale_frame(frame, _shrink_size(oriented_size, _shrink_factor(oriented_size, max_side)))),
        job.orientation,
    )


def _detailed_image(frame: Frame, job: RenderJob, max_side: int) -> VipsImage:
    """Return the oriented image with all pixels that were decoded, up to ``max_side``: a small result says little."""
    area = frame.area or Area(0, 0, frame.width, frame.height)
    shrink = max(1.0, max(area.width, area.height) / max_side)
    size = Size(max(1, round(area.width / shrink)), max(1, round(area.height / shrink)))
    return orient_image(to_vips(scale_frame(frame, size)), job.orientation)


def _find_point(frame: Frame, job: RenderJob, interest: Interest, window: Size) -> Point:
    """Return the most salient point, or the centre of the window with the highest entropy."""
    image = _analysis_image(frame, job, _ANALYSIS_SIDE)
    reduced_window = _shrink_size(window, _shrink_factor(job.geometry.searched_scaled, _ANALYSIS_SIDE))
    width, height = min(reduced_window.width, image.width), min(reduced_window.height, image.height)
    cropped, attention = image.smartcrop(width, height, interesting=interest.value, attention_x=True, attention_y=True)
    if interest is Interest.ENTROPY:
        return _to_point(width / 2 - cropped.xoffset, height / 2 - cropped.yoffset, image)
    return _to_point(attention["attention_x"] + 0.5, attention["attention_y"] + 0.5, image)


def _to_point(x: float, y: float, image: VipsImage) -> Point:
    return Point(min(1.0, x / image.width), min(1.0, y / image.height))


def _shrink_factor(size: Size, max_side: int) -> float:
    return max(1.0, max(size.width, size.height) / max_side)


def _shrink_size(size: Size, shrink: float) -> Size:
    return Size(round_length(size.width / shrink), round_length(size.height / shrink))
